"""What an event of Stripe says. Pure.

Only snapshot events are read: their `data.object` is what the event is about, as it was then. Thin events and wrapped
ones are refused, as they come from a wrong set-up.

With `Context.books_totals`, for an endpoint that gets no single refunds, `charge.refunded` books the increases of its
total. A single refund that comes nevertheless books nothing: only its notices are reported, and so a refund that fails
stays in the total.

Before basil, what is released of an authorization is in the total of refunds, and is taken out of it. From acacia on it
is a single refund as well, which does not say so: a `Release` gives its sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from skeldir.inbox.fields import (
    Json,
    flag_of,
    id_of,
    list_of,
    mapping_of,
    moment_of_unix,
    reference_of,
    token_of,
    word_of,
)
from skeldir.inbox.saying import (
    Context,
    Fact,
    Movement,
    MovementKind,
    Notice,
    NoticeKind,
    Part,
    PartName,
    Release,
    Said,
    Total,
    Trouble,
)
from skeldir.inbox.stripe_events import (
    Event,
    id_under,
    keep_body,
    names_of,
    own_name_of,
    payment_names_of,
    read_event,
    refuse_body,
    runs_of,
    type_of,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_stripe_integer

_NOTICES: Final[Mapping[str, NoticeKind]] = {
    "charge.expired": "voided",
    "charge.failed": "capture_failed",
    "charge.pending": "capture_pending",
    "payment_intent.canceled": "voided",
}
_DISPUTE_ENDS: Final[Mapping[str, NoticeKind]] = {
    "won": "dispute_won",
    "lost": "dispute_lost",
    "warning_closed": "inquiry_closed",
    # Ended before money was withdrawn (unchecked): a refund instead has events of its own.
    "prevented": "inquiry_closed",
}
_RENEWALS: Final[Mapping[str, bool]] = {"subscription_cycle": True, "subscription_create": False}
"""Other reasons, such as `subscription_update` and `manual`, do not tell."""

_BALANCE_PARTS: Final[tuple[PartName, ...]] = ("fee", "net")

_REFUND_ENDS: Final = frozenset({"failed", "canceled"})
_REFUND_WAITS: Final = frozenset({"pending", "requires_action"})
_EXPIRY: Final = "expired_uncaptured_charge"
# The remainder of a partial capture, before basil. Stripe's library does not list this reason (unchecked).
_REMAINDER: Final = "partial_capture"


def translate(body: Json, context: Context) -> Said:
    """Return what an event says. Never raises: what is unreadable becomes `trouble`."""
    refusal = refuse_body(body)
    if refusal is not None:
        return refusal
    event = read_event(body)
    said = Said(
        type_of(body),
        reported_at=moment_of_unix(body.get("created")),
        event_id=id_of(body.get("id")) or "",
        account=id_of(body.get("account")) or "",
        is_live=flag_of(body.get("livemode")),
        is_ignored=event is None,
        kept=keep_body(body, event, context),
    )
    if event is None:
        return said
    said = _link(said, event, context)
    try:
        facts = _read_facts(event, context)
        if not facts and not said.refs:
            raise MoneyUnreadable("id_missing", "The object has no id, nor one of its payment.")
    except MoneyUnreadable as problem:
        return replace(said, trouble=Trouble(problem.code, problem.detail))
    return replace(said, facts=facts)


# What belongs together


def _link(said: Said, event: Event, context: Context) -> Said:
    """Return `said` with the names, the references, the subscription and the parts of the event's object."""
    about = event.object
    if event.noun in ("refund", "dispute") and not payment_names_of(event):
        # Without a parent, not even the merchant's reference is taken as proof of which payment it is of.
        return replace(said, refs=names_of(event))
    metadata = mapping_of(about, "metadata")
    reference = reference_of(metadata.get(context.order_name))
    order_ref = None if reference is None else f"{context.order_prefix}{reference}"
    names = names_of(event)
    return replace(
        said,
        refs=names if order_ref is None else (*names, f"order:{order_ref}"),
        order_ref=order_ref,
        own_ref=own_name_of(names),
        journey=_read_journey(event, metadata, context),
        agreement=_read_agreement(event),
        is_renewal=_read_renewal(event),
        parts=_read_parts(event),
    )


def _read_journey(event: Event, metadata: Json, context: Context) -> str | None:
    token = token_of(metadata.get(context.journey_name))
    if token is None and event.noun == "session":
        # On payment links the buyer may set this (unchecked): a token that the tenant did not give matches nothing.
        return token_of(event.object.get("client_reference_id"))
    if token is None and event.noun == "invoice":
        details = (
            _subscription_details(event.object),
            mapping_of(event.object, "subscription_details"),
        )
        tokens = [
            token_of(mapping_of(one, "metadata").get(context.journey_name)) for one in details
        ]
        return tokens[0] or tokens[1]
    return token


def _subscription_details(invoice: Json) -> Json:
    return mapping_of(mapping_of(invoice, "parent"), "subscription_details")


def _read_agreement(event: Event) -> str | None:
    if event.noun not in ("session", "invoice"):
        return None
    # Invoices: before basil, and since.
    since_basil = id_under(_subscription_details(event.object), "subscription")
    return id_under(event.object, "subscription") or since_basil


def _read_renewal(event: Event) -> bool | None:
    if event.noun == "invoice":
        return _RENEWALS.get(word_of(event.object.get("billing_reason")) or "")
    if event.noun == "session" and event.object.get("mode") == "subscription":
        return False
    return None


# What moved


def _read_facts(event: Event, context: Context) -> tuple[Fact, ...]:
    """Return the facts of an event. Raises MoneyUnreadable."""
    notice = _NOTICES.get(event.type)
    if notice is not None:
        return (_notice(notice, event),)
    match event.noun:
        case "charge" if event.type == "charge.refunded":
            return (_read_refunded(event, context), *_read_release(event))
        case "charge":
            return (_read_captured(event), *_read_release(event))
        case "refund":
            return _read_refund(event, context)
        case "dispute":
            return _read_dispute(event)
        case _:
            return ()


def _id(event: Event) -> str:
    if event.id is None:
        raise MoneyUnreadable("id_missing", f"The id of the {event.noun} is missing or is not one.")
    return event.id


def _moment(event: Event) -> datetime:
    if event.created_at is None:
        raise MoneyUnreadable("time_missing", "created is missing or is no moment.")
    return event.created_at


def _notice(kind: NoticeKind, event: Event, id_: str | None = None) -> Notice:
    return Notice(kind, id_ or _id(event), _moment(event))


def _currency(event: Event) -> str:
    return read_currency(event.object.get("currency"))


def _minor(event: Event, name: str, currency: str) -> int:
    minor = read_stripe_integer(event.object.get(name), currency, name)
    if minor < 0:
        raise MoneyUnreadable("amount_invalid", f"{name} is negative.")
    return minor


def _read_captured(event: Event) -> Fact:
    """Return how much of a charge is captured so far, or that it is only authorized."""
    captured = flag_of(event.object.get("captured"))
    has_total = event.object.get("amount_captured") is not None
    if event.type == "charge.succeeded" and captured is False:
        return _notice("authorized", event)
    currency = _currency(event)
    # An old shape has no `amount_captured`: all was captured then.
    name = "amount" if captured and not has_total else "amount_captured"
    minor = _minor(event, name, currency)
    if event.type == "charge.succeeded" and captured is None and minor == 0:
        return _notice("authorized", event)
    return Total("capture", "charge", _id(event), minor, currency, _moment(event), is_booked=True)


def _read_refunded(event: Event, context: Context) -> Fact:
    """Return how much of a charge is refunded so far, or that its authorization was cancelled, as before basil."""
    about = event.object
    if flag_of(about.get("captured")) is False and not about.get("amount_captured"):
        return _notice("voided", event)
    currency = _currency(event)
    refunded = _minor(event, "amount_refunded", currency)
    if event.is_before_basil and about.get("amount_captured") is not None:
        captured = _minor(event, "amount_captured", currency)
        released = max(_minor(event, "amount", currency) - captured, 0)
        # Less than was released: the release is not in it. So it is after a capture by a caller who uses basil, and
        # while more captures of the same charge may follow.
        refunded -= released if released <= refunded else 0
    return Total(
        "refund",
        "charge",
        _id(event),
        refunded,
        currency,
        _moment(event),
        is_booked=context.books_totals,
    )


def _read_release(event: Event) -> tuple[Release, ...]:
    """Return what was released of a charge, if the endpoint also gets a refund for that.

    Only at the capture, or when an authorization is cancelled, is the total of refunds sure to be what was released.
    """
    about = event.object
    is_later = event.type == "charge.refunded" and flag_of(about.get("captured")) is not False
    if is_later or not event.refunds_releases or about.get("amount_captured") is None:
        return ()
    currency = _currency(event)
    released = _minor(event, "amount", currency) - _minor(event, "amount_captured", currency)
    if released <= 0 or _minor(event, "amount_refunded", currency) < released:
        return ()
    return (Release(_id(event), released, currency, _moment(event)),)


def _read_refund(event: Event, context: Context) -> tuple[Fact, ...]:
    """Return what a single refund says; a reversal stands for nothing if the refund never succeeded."""
    reason = word_of(event.object.get("reason"))
    if reason == _EXPIRY:
        return (_notice("voided", event, id_under(event.object, "charge")),)
    if reason == _REMAINDER and not event.refunds_releases:
        return ()
    status = word_of(event.object.get("status"))
    if event.type == "refund.failed" or status in _REFUND_ENDS:
        notice = _notice("refund_failed", event)
        return (*_single_refund("refund_reversal", event, context), notice)
    if status in _REFUND_WAITS:
        return (_notice("refund_pending", event),)
    if status == "succeeded":
        return _single_refund("refund", event, context)
    raise MoneyUnreadable("kind_missing", "The status of the refund is missing or is not known.")


def _single_refund(
    kind: Literal["refund", "refund_reversal"], event: Event, context: Context
) -> tuple[Movement, ...]:
    if context.books_totals:
        return ()
    currency = _currency(event)
    return _movement(kind, event, _minor(event, "amount", currency), currency)


def _movement(kind: MovementKind, event: Event, minor: int, currency: str) -> tuple[Movement, ...]:
    """Return a movement of the event's object; none if it moves nothing."""
    turn = _listed_turn(event) if event.is_listed else None
    movement = Movement(kind, event.noun, _id(event), minor, currency, _moment(event), turn=turn)
    return (movement,) if minor > 0 else ()


def _listed_turn(event: Event) -> int:
    """Return how often a listed object had moved money by then: a dispute that was won may be lost after all."""
    return max(1, sum(sign < 0 for sign, _ in runs_of(event.object)))


def _read_dispute(event: Event) -> tuple[Fact, ...]:
    """Return what moves when a dispute withdraws money or gives it back, or its turn without money."""
    status = word_of(event.object.get("status")) or ""
    match event.type:
        case "charge.dispute.funds_withdrawn":
            currency = _currency(event)
            return _movement("dispute", event, _minor(event, "amount", currency), currency)
        case "charge.dispute.funds_reinstated":
            currency = _currency(event)
            return _movement("dispute_reversal", event, _read_reinstated(event, currency), currency)
        case "charge.dispute.created":
            is_inquiry = status.startswith("warning_")
            return (_notice("inquiry_opened" if is_inquiry else "dispute_opened", event),)
        case "charge.dispute.closed" if status in _DISPUTE_ENDS:
            return (_notice(_DISPUTE_ENDS[status], event),)
        case _:
            return ()


def _read_reinstated(event: Event, currency: str) -> int:
    """Return how much of a dispute came back: what was paid in, if that is in its currency (unchecked), else all."""
    disputed = _minor(event, "amount", currency)
    sign, latest = next(reversed(runs_of(event.object)), (0, []))
    paid_in = 0
    for one in latest if sign > 0 else ():
        code = one.get("currency")
        if isinstance(code, str) and code.upper() == currency:
            paid_in += max(read_stripe_integer(one.get("amount"), currency), 0)
    # After an appeal the money may have come back twice.
    return min(paid_in, disputed) if paid_in else disputed


# Parts of the sum


def _read_parts(event: Event) -> tuple[Part, ...]:
    """Return the parts of an order's sum that can be read; of a charge only if its balance transaction is expanded."""
    about = event.object
    found: list[Part | None] = []
    if event.noun == "session":
        details = mapping_of(about, "total_details")
        found = [
            _part("gross", about.get("amount_total"), about),
            _part("tax", details.get("amount_tax"), about),
            _part("shipping", details.get("amount_shipping"), about),
            _part("discount", details.get("amount_discount"), about),
        ]
    elif event.noun == "invoice":
        taxes = list_of(about, "total_taxes") or list_of(about, "total_tax_amounts")
        found = [
            _part("gross", about.get("total"), about),
            _part("tax", _sum_of(taxes) if taxes else about.get("tax"), about),
            _part("shipping", mapping_of(about, "shipping_cost").get("amount_subtotal"), about),
            _part("discount", _sum_of(list_of(about, "total_discount_amounts")), about),
        ]
    elif event.noun == "charge":
        balance = mapping_of(about, "balance_transaction")
        found = [_part(name, balance.get(name), balance) for name in _BALANCE_PARTS]
    return tuple(part for part in found if part is not None)


def _sum_of(amounts: Sequence[Json]) -> int | None:
    """Return the sum of the amounts in Stripe's units; None if there are none, or one is no whole number."""
    values = [one.get("amount") for one in amounts]
    whole = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
    return sum(whole) if whole and len(whole) == len(values) else None


def _part(name: PartName, value: object, owner: Json) -> Part | None:
    try:
        currency = read_currency(owner.get("currency"))
        return Part(name, read_stripe_integer(value, currency), currency)
    except MoneyUnreadable:
        return None
