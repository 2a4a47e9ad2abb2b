"""What a delivery of WooCommerce says: an order as it was when the delivery was built. Pure.

A delivery's topic is an unsigned header, so the kind of a body is read from its shape. An order never says what
happened, only how things stand: that it was paid, and which refunds it has now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from skeldir.inbox.fields import (
    Json,
    Keep,
    amount_of,
    id_of,
    keep,
    list_of,
    moment_of_text,
    token_of,
    word_of,
)
from skeldir.inbox.saying import (
    Context,
    Fact,
    Listed,
    Movement,
    Notice,
    NoticeKind,
    Part,
    PartName,
    Provider,
    Said,
    Trouble,
    Visit,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal

# Of products, coupons, customers and refunds, which other webhooks and the REST API send, none has two of these.
_ORDER_FIELDS: Final = frozenset(
    [
        "status",
        "currency",
        "total",
        "date_paid_gmt",
        "refunds",
        "line_items",
        "order_key",
        "payment_method",
    ]
)
_SUBSCRIPTION_FIELDS: Final = frozenset({"billing_period", "billing_interval"})
_PAID_STATUSES: Final = frozenset({"processing", "completed", "refunded"})
_NOTICES: Final[Mapping[str, NoticeKind]] = {"cancelled": "cancelled", "failed": "capture_failed"}
_UNPAID_STATUSES: Final = frozenset({"pending", "on-hold"})

_BY_SHOP: Final = frozenset({"cod", "bacs", "cheque"})
_STRIPE_CHARGE: Final = re.compile(r"(?:ch|py)_[A-Za-z0-9]+", re.ASCII)
_STRIPE_INTENT: Final = re.compile(r"pi_[A-Za-z0-9]+", re.ASCII)
_PAYPAL_ID: Final = re.compile(r"[A-Z0-9]{10,30}", re.ASCII)

_ATTRIBUTION: Final = "_wc_order_attribution_"
_MADE_BY_THE_SHOP: Final = frozenset({"admin", "mobile_app"})
_WITHOUT_SOURCE: Final = frozenset({"typein", "direct"})
_LONGEST_LABEL, _LONGEST_ADDRESS = 200, 2000

_PARTS: Final[Mapping[PartName, str]] = {
    "gross": "total",
    "tax": "total_tax",
    "shipping": "shipping_total",
    "discount": "discount_total",
}


def _utc_of(value: object) -> datetime | None:
    return moment_of_text(value, is_utc_without_offset=True)


def _number_of(value: object) -> str | None:
    """Return the number of an order, a refund or a subscription as text: a whole number above zero."""
    number = id_of(value)
    return number if number is not None and number.isdigit() and number[0] != "0" else None


_ORDER_KEEP: Final[Keep] = {
    "id": _number_of,
    "status": word_of,
    "created_via": word_of,
    "currency": word_of,
    "total": amount_of,
    "total_tax": amount_of,
    "shipping_total": amount_of,
    "discount_total": amount_of,
    "payment_method": word_of,
    "transaction_id": id_of,
    "date_created_gmt": _utc_of,
    "date_modified_gmt": _utc_of,
    "date_paid_gmt": _utc_of,
    "date_completed_gmt": _utc_of,
    "refunds": {"id": _number_of, "total": amount_of},
}
_ATTRIBUTION_KEEP: Final[Keep] = {
    "source_type": word_of,
    "utm_source": word_of,
    "utm_medium": word_of,
    "utm_campaign": word_of,
}

MOST_REFUNDS: Final = 500
"""Refunds of an order that are read; with more, the sum of an order might not fit in 64 bits."""


def translate(body: Json, context: Context) -> Said:
    """Return what a body says. Never raises: what is unreadable becomes the Said's `trouble`.

    Types: `order`; `order_deleted`, a body of only an id, which has no facts; `action`, `refund` (an answer of the REST
    API), `subscription` and `unknown`, which are ignored; `error`, when WooCommerce could not read the order in the
    name of the webhook's user. A deleted product has the body of a deleted order: it refers to an order without facts.

    Of an order: a paid one is a capture of its `total`. The shop may edit the total later, so two reports may differ.
    `refunds`, if it is a list, is all refunds that there are at `date_modified_gmt`. Amounts are decimal texts with
    as many decimals as the shop shows; moments without an offset are UTC.
    """
    if _is_order(body):
        return _read_order(body, context)
    if "code" in body and "id" not in body:
        return _read_error(body)
    if "action" in body:
        return Said("action", is_ignored=True, kept=keep(body, {"action": word_of}))
    if "refunded_payment" in body:
        return Said("refund", is_ignored=True)
    number = _number_of(body.get("id"))
    if body.keys() == {"id"} and number is not None:
        return _about_order("order_deleted", number, context)
    return Said("unknown", is_ignored=True)


def _is_order(body: Json) -> bool:
    return len(_ORDER_FIELDS & body.keys()) >= 2 and "refunded_payment" not in body


def _read_error(body: Json) -> Said:
    code = word_of(body.get("code"))
    kept = keep(body, {"code": word_of, "data": {"status": amount_of}})
    if code is not None and "cannot_view" in code:
        trouble = Trouble("rights_lost", "The webhook's user may no longer read orders.")
    else:
        trouble = Trouble("error_body", "The body is an error of WooCommerce, not an order.")
    return Said("error", kept=kept, trouble=trouble)


def _about_order(kind: str, number: str, context: Context) -> Said:
    order = f"{context.order_prefix}{number}"
    own_ref = f"woocommerce:order:{order}"
    return Said(
        kind,
        account=context.order_prefix,
        refs=(own_ref, f"order:{order}"),
        order_ref=order,
        own_ref=own_ref,
        kept={"id": number},
    )


def _read_order(body: Json, context: Context) -> Said:
    if body.keys() >= _SUBSCRIPTION_FIELDS:
        # Of the Subscriptions plugin: it looks like an order, and repeats the date of payment of its last one.
        return Said("subscription", is_ignored=True)
    kept = keep(body, _ORDER_KEEP)
    number = _number_of(body.get("id"))
    if body.get("status") == "checkout-draft":
        return Said("order", is_ignored=True, kept=kept)
    if number is None:
        trouble = Trouble("id_missing", "id is not the number of an order.")
        return Said("order", account=context.order_prefix, trouble=trouble, kept=kept)
    said = _about_order("order", number, context)
    meta = _read_meta(body)
    attribution = {
        name.removeprefix(_ATTRIBUTION): value
        for name, value in meta.items()
        if name.startswith(_ATTRIBUTION) and name != context.journey_name
    }
    if kept_attribution := keep(attribution, _ATTRIBUTION_KEEP):
        kept["attribution"] = kept_attribution
    agreement = _number_of(meta.get("_subscription_renewal"))
    is_renewal = bool(agreement) or body.get("created_via") == "subscription"
    said = replace(
        said,
        reported_at=_utc_of(body.get("date_modified_gmt")),
        refs=said.refs + _gateway_refs(body),
        journey=token_of(meta.get(context.journey_name)),
        visit=_read_visit(attribution),
        agreement=agreement,
        is_renewal=is_renewal or None,
        parts=_read_parts(body),
        kept=kept,
    )
    try:
        return replace(said, facts=_read_facts(body, number))
    except MoneyUnreadable as problem:
        return replace(said, trouble=Trouble(problem.code, problem.detail))


def _read_facts(body: Json, number: str) -> tuple[Fact, ...]:
    """Return what moved, what is refunded, and the state. Raises MoneyUnreadable."""
    facts: list[Fact] = []
    via = _read_via(body)
    paid_at = _read_paid_at(body)
    changed_at = _utc_of(body.get("date_modified_gmt"))
    if paid_at is not None:
        currency = read_currency(body.get("currency"))
        minor = read_decimal(body.get("total"), currency, "total")
        if minor < 0:
            raise MoneyUnreadable("amount_invalid", "total is negative.")
        if minor > 0:
            facts.append(Movement("capture", "order", number, minor, currency, paid_at, via))
    if isinstance(body.get("refunds"), list):
        listed = _read_refunds(body, changed_at, via)
        if listed is not None:
            facts.append(listed)
    status = word_of(body.get("status")) or ""
    notice = _NOTICES.get(status)
    if notice is None and paid_at is None and status in _UNPAID_STATUSES:
        notice = "capture_pending"
    if notice is not None and changed_at is not None:
        facts.append(Notice(notice, number, changed_at))
    return tuple(facts)


def _read_paid_at(body: Json) -> datetime | None:
    """Return the moment of payment; None if the order is not paid. Raises MoneyUnreadable if it is not said when."""
    value = body.get("date_paid_gmt")
    if value is None or value == "":
        local = body.get("date_paid")
        says_nothing = "date_paid_gmt" not in body and "date_paid" not in body
        if (local is not None and local != "") or (
            says_nothing and word_of(body.get("status")) in _PAID_STATUSES
        ):
            raise MoneyUnreadable(
                "time_missing", "date_paid_gmt is missing. Set the webhook's API version to v3."
            )
        return None
    paid_at = _utc_of(value)
    if paid_at is None:
        raise MoneyUnreadable("time_missing", "date_paid_gmt is not a moment.")
    return paid_at


def _read_refunds(body: Json, changed_at: datetime | None, via: Provider | None) -> Listed | None:
    """Return the list of refunds; None if it is empty and of no known moment. Raises MoneyUnreadable.

    An element that is unreadable is never skipped: a refund that is missing in the list counts as taken back.
    """
    elements = body.get("refunds")
    if not isinstance(elements, list) or (not elements and changed_at is None):
        return None
    if changed_at is None:
        raise MoneyUnreadable("time_missing", "date_modified_gmt is missing or is not a moment.")
    if len(elements) > MOST_REFUNDS:
        raise MoneyUnreadable("amount_invalid", f"The order has more than {MOST_REFUNDS} refunds.")
    currency = read_currency(body.get("currency"))
    refunds: dict[str, int] = {}
    for element in elements:
        number = _number_of(element.get("id")) if isinstance(element, Mapping) else None
        if number is None:
            raise MoneyUnreadable("id_missing", "An element of refunds has no id.")
        # The sign is that of the order's money, so a refund is negative.
        minor = abs(read_decimal(element.get("total"), currency, "total of a refund"))
        if refunds.setdefault(number, minor) != minor:
            raise MoneyUnreadable("amount_invalid", "A refund is listed with two amounts.")
    above_zero = tuple((number, minor) for number, minor in refunds.items() if minor > 0)
    return Listed("refund", above_zero, currency, changed_at, via)


def _read_via(body: Json) -> Provider | None:
    """Return who moved the money.

    None for WooPayments: Stripe works for it, but in an account of WooCommerce's that sends the merchant no events. So
    the shop's report is the only one, as with any gateway that is not known here.
    """
    method = word_of(body.get("payment_method")) or ""
    if method.startswith("stripe"):
        return "stripe"
    if method.startswith(("ppcp", "paypal")):
        return "paypal"
    return "woocommerce" if method in _BY_SHOP else None


def _gateway_refs(body: Json) -> tuple[str, ...]:
    """Return the gateway's names of the payment.

    The PayPal plugin overwrites the id of a capture with that of a refund later. This name is then nobody's, which
    does no harm: the order keeps the names of its earlier reports.
    """
    transaction = body.get("transaction_id")
    if not isinstance(transaction, str):
        return ()
    if _STRIPE_CHARGE.fullmatch(transaction) and id_of(transaction):
        return (f"stripe:charge:{transaction}",)
    if _STRIPE_INTENT.fullmatch(transaction) and id_of(transaction):
        return (f"stripe:payment_intent:{transaction}",)
    if _read_via(body) == "paypal" and _PAYPAL_ID.fullmatch(transaction):
        # PayPal's subscriptions report sales instead of captures; the ids of both are of one kind.
        return (f"paypal:capture:{transaction}",)
    return ()


def _read_meta(body: Json) -> dict[str, object]:
    """Return the order's metadata by key; the first value of a key counts, as in WooCommerce."""
    meta: dict[str, object] = {}
    for one in list_of(body, "meta_data"):
        key = one.get("key")
        if isinstance(key, str):
            meta.setdefault(key, one.get("value"))
    return meta


def _read_visit(attribution: Json) -> Visit | None:
    """Return where the buyer came from; None if that is not known, or the shop made the order itself.

    `session_start_time` has no zone, so the visit has no moment.
    """
    kind = word_of(attribution.get("source_type"))
    if kind in _MADE_BY_THE_SHOP:
        return None
    visit = Visit(
        source=_label_of(attribution.get("utm_source")),
        medium=_label_of(attribution.get("utm_medium")),
        campaign=_label_of(attribution.get("utm_campaign")),
        referrer=_text_of(attribution.get("referrer"), _LONGEST_ADDRESS),
        landing=_text_of(attribution.get("session_entry"), _LONGEST_ADDRESS),
    )
    if kind in _WITHOUT_SOURCE:
        return replace(visit, source=None, medium=None, campaign=None)
    return visit if kind is not None or visit != Visit() else None


def _text_of(value: object, longest: int) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return text if text and len(text) <= longest and text.isprintable() else None


def _label_of(value: object) -> str | None:
    """Return a tag of the visit; None for a placeholder such as "(none)"."""
    label = _text_of(value, _LONGEST_LABEL)
    return None if label is None or (label[0] == "(" and label[-1] == ")") else label


def _read_parts(body: Json) -> tuple[Part, ...]:
    """Return the parts of the order's sum that can be read."""
    parts: list[Part] = []
    for name, field in _PARTS.items():
        try:
            currency = read_currency(body.get("currency"))
            parts.append(Part(name, read_decimal(body.get(field), currency, field), currency))
        except MoneyUnreadable:
            continue
    return tuple(parts)
