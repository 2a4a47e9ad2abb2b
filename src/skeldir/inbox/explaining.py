"""Why a delivery was refused or not understood, and what a payment's flags mean: in words, with what to do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from skeldir.inbox.basis import BASIS_UNKNOWN
from skeldir.inbox.payments import COUNTED_ELSEWHERE
from skeldir.inbox.standings import (
    BASIS_OPEN,
    REFUND_OVERLAPS,
    REFUND_UNSIZED,
    REVENUE_MISSING,
    TOTAL_MISSING,
)

if TYPE_CHECKING:
    from skeldir.inbox.saying import Provider, TroubleCode
    from skeldir.inbox.signatures import Outcome


@dataclass(frozen=True, slots=True)
class Explanation:
    """What something means, and what to do about it, each in whole sentences."""

    meaning: str
    cure: str


_CLOCK = (
    "Check this machine's clock. If it is right, somebody may be sending recorded deliveries again."
)
_NOT_THE_PROVIDER = (
    "The provider does not send such deliveries. Check whether a proxy in front changes headers; "
    "otherwise somebody else is trying the address."
)

REFUSALS: Final[Mapping[Outcome, Explanation]] = {
    "header_missing": Explanation("A header of the signature was missing.", _NOT_THE_PROVIDER),
    "signature_missing": Explanation("The delivery was not signed.", _NOT_THE_PROVIDER),
    "signature_malformed": Explanation(
        "The signature is not of the form that the provider uses.", _NOT_THE_PROVIDER
    ),
    "signature_wrong": Explanation(
        "The signature was made with another secret, or the body was changed on its way.",
        "Enter the secret of this very endpoint with `skeldir webhooks secret`: each endpoint has its own, those of "
        "test and live mode differ, and one that was rolled at the provider must be entered again. "
        "A proxy in front must pass the body on unchanged.",
    ),
    "timestamp_malformed": Explanation("The time of the signature is not one.", _NOT_THE_PROVIDER),
    "too_old": Explanation("The delivery was signed too long ago.", _CLOCK),
    "from_the_future": Explanation("The delivery was signed in the future.", _CLOCK),
    "algorithm_refused": Explanation(
        "The signature is of a kind that is not accepted.",
        "The provider signs with the kind that is, too: look for what is between it and this address.",
    ),
    "certificate_refused": Explanation(
        "The certificate that the signature names is not PayPal's.",
        "Events of PayPal's simulator never verify: make a payment in its sandbox instead. Otherwise somebody else is "
        "trying the address.",
    ),
    "certificate_unreachable": Explanation(
        "PayPal's certificate could not be fetched; PayPal tries again.",
        "Let this machine reach api.paypal.com and api-m.paypal.com, for test payments api.sandbox.paypal.com and "
        "api-m.sandbox.paypal.com, or set SKELDIR_PAYPAL_CERTIFICATES. The log of the API has the reason.",
    ),
    "secret_unusable": Explanation(
        "No secret was entered yet, or the former one has ended.",
        "Enter it with `skeldir webhooks secret`.",
    ),
}
"""By outcome of the check; the accepted ones are missing."""

_KEPT = (
    "Nothing of it was booked. If your own program sends it, correct that, and send the event again under a new id; "
    "otherwise ask the provider."
)

TROUBLES: Final[Mapping[TroubleCode, Explanation]] = {
    "body_unreadable": Explanation("The body is not a JSON object.", _KEPT),
    "kind_missing": Explanation("The body does not say what it is about.", _KEPT),
    "amount_missing": Explanation("The amount is missing.", _KEPT),
    "amount_invalid": Explanation("The amount cannot be read exactly.", _KEPT),
    "currency_missing": Explanation("The currency is missing.", _KEPT),
    "currency_unknown": Explanation("The currency is not one of ISO 4217.", _KEPT),
    "time_missing": Explanation("The time of the event is missing, or has no offset.", _KEPT),
    "id_missing": Explanation("An id that names the payment is missing.", _KEPT),
    "thin_event": Explanation(
        "It is a thin event, which has no amounts.",
        "At Stripe, make the endpoint for snapshot events, and enter its secret here. At Shopify, subscribe to webhook "
        "topics instead of Events.",
    ),
    "wrapped_event": Explanation(
        "It is an event in the wrapping of another system.",
        "Let the provider deliver to this address itself: Stripe not by EventBridge, Shopify by webhook topics, not by "
        "Events.",
    ),
    "error_body": Explanation(
        "The shop delivered an error message instead of the order.",
        "Look in the shop for what fails when it builds the order, such as a plugin.",
    ),
    "rights_lost": Explanation(
        "The shop may not read its own orders any more: the user who made the webhook has lost the right to.",
        "At WooCommerce, save the webhook again as an administrator.",
    ),
    "uninstalled": Explanation(
        "The app was uninstalled, and Shopify sends nothing more.",
        "Install it again, and subscribe to the topics again; then close the gap from the list of orders.",
    ),
    "wrong_mode": Explanation(
        "A test delivery came to a live endpoint, or the other way round; it is not booked.",
        "Enter each address at the provider in its own mode; `skeldir webhooks create --test` makes one for tests.",
    ),
    "wrong_shop": Explanation(
        "It is an order of another shop: an app of Shopify's signs for all its shops with one secret.",
        "Make an endpoint for each shop with `skeldir webhooks create --shop`, and let each shop deliver to its own. "
        "What came of the other shop's transactions is booked, since these do not name their shop: take it back with "
        "`skeldir imports undo --order`.",
    ),
    "time_in_the_future": Explanation(
        "The event says that it happened more than a day after it came.",
        "Correct the clock of the sender, or the time that it writes into the body, and send the event again under a "
        "new id.",
    ),
    "order_too_busy": Explanation(
        "Too many deliveries share a name with this one: that cannot be one order.",
        "Send a reference that is different for each order.",
    ),
}


@dataclass(frozen=True, slots=True)
class _Fields:
    """What the event of an SDK calls an order's fields: as they stand in a sentence."""

    order_id: str
    amount: str
    currency: str
    time: str


_FIELDS_OF_SDKS: Final[Mapping[Provider, _Fields]] = {
    "segment": _Fields("`order_id`", "`total` or `revenue`", "`currency`", "`timestamp`"),
    "ga4": _Fields("`transaction_id`", "`value`", "`currency`", "`timestamp_micros`"),
    "posthog": _Fields(
        "the property that the key's order event names for `order_id`",
        "the property that it names for `total` or `revenue`",
        "the property that it names for `currency`",
        "`timestamp`",
    ),
    "snowplow": _Fields(
        "`tr_id` or `transaction_id`",
        "`tr_tt`, `revenue` or `refund_amount`",
        "`tr_cu` or `currency`",
        "`dtm`",
    ),
    "matomo": _Fields("`ec_id`", "`revenue`", "`skeldir_currency`", "`cdt`"),
}
"""By protocol; the events that a tenant states for a key name fields of their own in all of them."""


def _cures_of(fields: _Fields) -> Mapping[TroubleCode, str]:
    begins = "Nothing of it was booked. Send "
    ends = ", and send the event again as a new message."
    amount = f"{begins}the sum in {fields.amount}, as a plain decimal such as 12.50{ends}"
    currency = f"{begins}the currency in {fields.currency}, as an ISO 4217 code such as EUR{ends}"
    time = f"{begins}the time in {fields.time}{ends}"
    return {
        "amount_missing": amount,
        "amount_invalid": amount,
        "currency_missing": currency,
        "currency_unknown": currency,
        "time_missing": time,
        "id_missing": f"{begins}the order's id in {fields.order_id}, which is no e-mail address{ends}",
    }


_CURES_OF_SDKS: Final[Mapping[tuple[str, str], str]] = {
    (provider, code): cure
    for provider, fields in _FIELDS_OF_SDKS.items()
    for code, cure in _cures_of(fields).items()
}

GapCode = Literal["nothing_of_use", "transactions_missing"]

GAPS: Final[Mapping[GapCode, Explanation]] = {
    "nothing_of_use": Explanation(
        "Nothing in the file says anything of money here.",
        "Give a list of the objects that docs/webhooks.md names in its section on closing gaps, as the provider's API "
        "returns it.",
    ),
    "transactions_missing": Explanation(
        "Paid orders came without their transactions, which alone have the money: nothing of them is booked.",
        "Shopify's list of orders has no transactions. Fetch those of each order from its orders/ID/transactions.json, "
        "and give these files as well.",
    ),
}
"""By what a file of a backfill leaves out."""

FLAGS: Final[Mapping[str, str]] = {
    "amount_changed": "the same movement was reported with different amounts; the earliest is booked",
    BASIS_UNKNOWN: "the parts of the sum are not known, so all of it is booked as revenue",
    "captured_after_void": "money was captured after the authorization had been voided",
    "captures_differ": "the shop and the gateway report different sums captured",
    COUNTED_ELSEWHERE: "the order has entries from a file or the API as well: the same money may be counted twice",
    "currencies_differ": "its money is in more than one currency",
    "dispute_missing": "a dispute was lost, and no report says that its money was withdrawn, or, if it had been won "
    "before, withdrawn again",
    "journeys_differ": "reports name different journeys; the earliest counts",
    "order_refs_differ": "reports name different orders; the earliest reference of the shop counts",
    "order_unknown": "no report names an order or a payment that could be one, so its money waits",
    "over_disputed": "more was disputed than captured",
    "over_refunded": "more was refunded than captured",
    REFUND_OVERLAPS: "a refund, or a lower sum of the order, came after a refund by the same SDK and may be of the "
    "same money; a lower sum, and what follows a complete refund, refund at most what is left",
    REFUND_UNSIZED: "all of an order was refunded, and no sum of the order is known, so the refund waits",
    "refund_missing": "the total of refunds is higher than the refunds that were reported singly",
    "refunded_and_disputed": "refunds and disputes together exceed what was captured",
    "refunded_before_capture": "a refund is dated before the first capture",
    "refunds_differ": "the shop and the gateway report different sums refunded",
    REVENUE_MISSING: "an SDK's report has no revenue, which is what counts, or a refund has none and no total that "
    "shows it, so it waits. Send the revenue as well, or let the total count with `skeldir webhooks sdk-basis TENANT "
    "total`",
    "reversal_exceeds": "more came back than the refund or dispute that is reversed",
    "reversal_unclear": "reports do not show whether a refund, or a dispute, or its reversal came last; the reversal "
    "is taken as the last, unless a movement was reported after it. Compare it with the provider",
    BASIS_OPEN: "an SDK reports the order, and it is not chosen which sum counts, so its money waits; choose with "
    "`skeldir webhooks sdk-basis`",
    "total_fell": "a total that can only rise was reported lower than before; nothing is booked for that",
    TOTAL_MISSING: "an SDK's report has no total, which is what counts, so it waits. Send the total as well, or let "
    "the revenue count with `skeldir webhooks sdk-basis TENANT revenue`",
    "two_shops": "two shops report it; one with webhooks counts before an SDK, and otherwise the one with the earliest "
    "report",
}


def explain_refusal(outcome: str) -> Explanation | None:
    """Return why a delivery was refused; None for an outcome of another version of the program."""
    return {str(name): one for name, one in REFUSALS.items()}.get(outcome)


def explain_trouble(code: str, provider: str | None = None) -> Explanation | None:
    """Return why a delivery was not understood; None for a trouble of another version of the program.

    If the provider is an SDK's protocol, the cure names the field of its events.
    """
    found = {str(name): one for name, one in TROUBLES.items()}.get(code)
    cure = _CURES_OF_SDKS.get((provider or "", code))
    return found if found is None or cure is None else Explanation(found.meaning, cure)


def say_trouble(code: str, detail: str | None) -> str:
    """Return why a delivery was not understood, with its detail if that says more; "" if nothing is known."""
    explained = explain_trouble(code)
    if explained is None:
        return detail or ""
    says_more = detail and _bare(detail) != _bare(explained.meaning)
    return f"{explained.meaning} {detail}" if says_more else explained.meaning


def _bare(sentence: str) -> str:
    return sentence.casefold().removeprefix("the ")


def explain_gap(code: GapCode) -> Explanation:
    """Return what a file of a backfill leaves out."""
    return GAPS[code]


def explain_flag(flag: str) -> str:
    """Return what a flag of a payment means; the flag itself if it is of another version of the program."""
    return FLAGS.get(flag, flag)
