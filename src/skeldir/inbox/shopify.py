"""What a delivery of Shopify says. Money moves by transactions and disputes; orders and refunds only link. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from skeldir.inbox.fields import (
    Json,
    keep,
    list_of,
    mapping_of,
    moment_of_text,
    word_of,
)
from skeldir.inbox.saying import (
    Context,
    Erasure,
    Fact,
    Movement,
    MovementKind,
    Notice,
    NoticeKind,
    Provider,
    Said,
    Trouble,
)
from skeldir.inbox.shopify_bodies import (
    KEEPS,
    Kind,
    day_of,
    domain_of,
    gateway_of,
    kind_of,
    noun_of,
    number_of,
    other_shop_in,
)
from skeldir.inbox.shopify_orders import (
    is_renewal,
    order_notices,
    read_journey,
    read_parts,
    read_visit,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal

# A gift card was paid for earlier, and store credit is a debt of the shop: neither is new money.
_GIFT_CARD: Final = "gift_card"
# The name is unchecked: reports of merchants have `shopify_store_credit`.
_STORE_CREDIT: Final = "store_credit"
_BOGUS: Final = "bogus"
_GATEWAYS: Final[Mapping[str, Provider]] = {
    "shopify_payments": "shopify",
    "cash": "shopify",
    "stripe": "stripe",
    "paypal": "paypal",
}

_MOVING_KINDS: Final[Mapping[str, MovementKind]] = {
    "sale": "capture",
    "capture": "capture",
    "refund": "refund",
}
_PENDING_NOTICES: Final[Mapping[str, NoticeKind]] = {
    "sale": "capture_pending",
    "capture": "capture_pending",
    "refund": "refund_pending",
}
_FAILED_NOTICES: Final[Mapping[str, NoticeKind]] = {
    "authorization": "capture_failed",
    "sale": "capture_failed",
    "capture": "capture_failed",
    "refund": "refund_failed",
}
_FAILED_STATUSES: Final = frozenset({"failure", "error"})
_PENDING_STATUSES: Final = frozenset({"pending", "awaiting_response"})

_OPEN_DISPUTES: Final = frozenset({"needs_response", "under_review"})
_LOST_DISPUTES: Final = frozenset({"lost", "accepted"})
# Shopify's own money in both directions: it disputes nothing that another gateway moved.
_DISPUTED_VIA: Final[Provider] = "shopify"
_MOST_REFS: Final = 200


def translate(body: Json, context: Context) -> Said:
    """Return what a delivery of Shopify says. Raises nothing, whichever object the body is.

    The id of the delivery is in unsigned headers only, so `event_id` is "". The shop is that of the endpoint.
    """
    kind = kind_of(body)
    if kind is None:
        return _said_of_unknown(body, context)
    said = Said(type=kind, account=context.account, kept=keep(body, KEEPS[kind]))
    said = _TRANSLATORS[kind](body, context, said)
    return replace(said, facts=()) if said.trouble else said


def _said_of_unknown(body: Json, context: Context) -> Said:
    noun = noun_of(body)
    if noun is None and {"order_id", "amount"} <= body.keys():
        # Something about an order's money: it must not be lost without a trace.
        trouble = Trouble(
            "kind_missing", "The body has an amount, and nothing that names its kind."
        )
        return Said(type="unknown", account=context.account, trouble=trouble)
    return Said(type=noun or "unknown", account=context.account, is_ignored=True)


def _linked(
    said: Said, context: Context, order: str | None, *others: tuple[str, str | None]
) -> Said:
    """Return the names of an order, and of (noun, number) that belong to it; the first name is its own."""
    refs: list[str] = []
    order_ref = None
    if order is not None:
        order_ref = f"{context.order_prefix}{order}"
        refs += [f"shopify:order:{order}", f"order:{order_ref}"]
    refs += [f"shopify:{noun}:{number}" for noun, number in others if number is not None]
    unique = tuple(dict.fromkeys(refs))[:_MOST_REFS]
    return replace(said, refs=unique, order_ref=order_ref, own_ref=unique[0] if unique else None)


def _mode_of(*parts: Json) -> bool | None:
    """Return whether money is live by `test` and the gateways; None if nothing says so."""
    tests: list[object] = [part.get("test") for part in parts]
    gateways = {gateway_of(part.get("gateway")) for part in parts}
    for part in parts:
        names = part.get("payment_gateway_names")
        gateways |= set(map(gateway_of, names)) if isinstance(names, list) else set()
    if True in [test is True for test in tests] or _BOGUS in gateways:
        return False
    return True if any(test is False for test in tests) else None


def _time_of(body: Json, *names: str) -> datetime | None:
    """Return the first of these moments that can be read."""
    return next((found for name in names if (found := moment_of_text(body.get(name)))), None)


def _read_money(body: Json) -> tuple[int, str]:
    """Return `amount` in minor units ≥ 0 and `currency`. Raises MoneyUnreadable."""
    currency = read_currency(body.get("currency"))
    minor = read_decimal(body.get("amount"), currency)
    if minor < 0:
        raise MoneyUnreadable("amount_invalid", "amount is negative.")
    return minor, currency


def _translate_transaction(body: Json, context: Context, said: Said) -> Said:
    number, parent = number_of(body.get("id")), number_of(body.get("parent_id"))
    order = number_of(body.get("order_id"))
    at = _time_of(body, "processed_at", "created_at")
    said = _linked(said, context, order, ("transaction", number), ("transaction", parent))
    said = replace(said, is_live=_mode_of(body), reported_at=at)
    if number is None:
        return replace(said, trouble=Trouble("id_missing", "The transaction has no id."))
    gateway = gateway_of(body.get("gateway"))
    if gateway == _GIFT_CARD or _STORE_CREDIT in gateway:
        return said
    kind, status = word_of(body.get("kind")), word_of(body.get("status"))
    if kind is None or status is None:
        return replace(
            said, trouble=Trouble("kind_missing", "The transaction lacks kind or status.")
        )
    notices = _transaction_notices(kind, status, parent or number, number, at)
    moving = _movement_kind(kind, status)
    if moving is None:
        return replace(said, facts=notices)
    if at is None:
        return replace(said, trouble=Trouble("time_missing", "The transaction has no time."))
    try:
        minor, currency = _read_money(body)
    except MoneyUnreadable as error:
        return replace(said, trouble=Trouble(error.code, error.detail))
    via = "shopify" if body.get("manual_payment_gateway") is True else _GATEWAYS.get(gateway)
    moved = Movement(moving, "transaction", number, minor, currency, at, via)
    return replace(said, facts=(*notices, moved) if minor else notices)


def _movement_kind(kind: str, status: str) -> MovementKind | None:
    """Return what a transaction moves; a refund that fails takes back what was booked of it, if anything was."""
    if status == "success":
        return _MOVING_KINDS.get(kind)
    return "refund_reversal" if kind == "refund" and status in _FAILED_STATUSES else None


def _transaction_notices(
    kind: str, status: str, authorization: str, number: str, at: datetime | None
) -> tuple[Notice, ...]:
    notice: NoticeKind | None = None
    if status == "success" and kind == "authorization":
        notice = "authorized"
    elif status == "success" and kind == "void":
        return (Notice("voided", authorization, at),) if at else ()
    elif status in _PENDING_STATUSES:
        notice = _PENDING_NOTICES.get(kind)
    elif status in _FAILED_STATUSES:
        notice = _FAILED_NOTICES.get(kind)
    return (Notice(notice, number, at),) if notice and at else ()


def _translate_order(body: Json, context: Context, said: Said) -> Said:
    number = number_of(body.get("id"))
    said = replace(
        _linked(said, context, number, *_refs_of_refunds(body)),
        is_live=_mode_of(body),
        reported_at=_time_of(body, "updated_at", "created_at"),
        journey=read_journey(body, context),
        visit=read_visit(body),
        is_renewal=is_renewal(body),
        parts=read_parts(body),
    )
    if number is None:
        return replace(said, trouble=Trouble("id_missing", "The order has no id."))
    if other_shop_in(body, context.account) is not None:
        return replace(said, trouble=Trouble("wrong_shop", "The order is of another shop."))
    return replace(said, facts=tuple(order_notices(body, number, said.reported_at)))


def _refs_of_refunds(body: Json) -> Iterator[tuple[str, str | None]]:
    for refund in list_of(body, "refunds"):
        yield "refund", number_of(refund.get("id"))
        yield from _refs_of_transactions(refund)


def _refs_of_transactions(refund: Json) -> Iterator[tuple[str, str | None]]:
    for transaction in list_of(refund, "transactions"):
        yield "transaction", number_of(transaction.get("id"))
        yield "transaction", number_of(transaction.get("parent_id"))


def _translate_refund(body: Json, context: Context, said: Said) -> Said:
    """Link only: a refund may have no money yet, and its transactions are delivered on their own."""
    number, order = number_of(body.get("id")), number_of(body.get("order_id"))
    said = _linked(said, context, order, ("refund", number), *_refs_of_transactions(body))
    return replace(
        said,
        is_live=_mode_of(*list_of(body, "transactions")),
        reported_at=_time_of(body, "processed_at", "created_at"),
    )


def _translate_tender(body: Json, context: Context, said: Said) -> Said:
    """Link only: it repeats the money of a transaction under another id."""
    number, order = number_of(body.get("id")), number_of(body.get("order_id"))
    said = _linked(said, context, order, ("tender_transaction", number))
    return replace(said, is_live=_mode_of(body), reported_at=_time_of(body, "processed_at"))


def _translate_edit(body: Json, context: Context, said: Said) -> Said:
    edit = mapping_of(body, "order_edit")
    said = _linked(said, context, number_of(edit.get("order_id")))
    return replace(said, reported_at=_time_of(edit, "committed_at", "created_at"))


def _translate_dispute(body: Json, context: Context, said: Said) -> Said:
    number, order = number_of(body.get("id")), number_of(body.get("order_id"))
    opened_at = _time_of(body, "initiated_at")
    closed_at = day_of(body.get("finalized_on")) or _time_of(body, "updated_at")
    if opened_at and closed_at:
        closed_at = max(
            opened_at, closed_at
        )  # A day without a time starts before what happened on it.
    said = _linked(said, context, order, ("dispute", number))
    said = replace(said, is_live=_mode_of(body), reported_at=closed_at or opened_at)
    kind, status = word_of(body.get("type")), word_of(body.get("status"))
    if number is None:
        return replace(said, trouble=Trouble("id_missing", "The dispute has no id."))
    if kind == "inquiry":
        return replace(said, facts=_inquiry_notices(number, status, opened_at, closed_at))
    if kind != "chargeback":
        return replace(said, trouble=Trouble("kind_missing", "The dispute's type is not known."))
    if status == "prevented":
        return said
    if opened_at is None or (status == "won" and closed_at is None):
        return replace(said, trouble=Trouble("time_missing", "The dispute lacks a time."))
    try:
        minor, currency = _read_money(body)
    except MoneyUnreadable as error:
        return replace(said, trouble=Trouble(error.code, error.detail))
    disputed = Movement("dispute", "dispute", number, minor, currency, opened_at, _DISPUTED_VIA)
    facts: list[Fact] = [Notice("dispute_opened", number, opened_at)]
    facts += [disputed] if minor else []
    if status == "won" and closed_at is not None:
        # Both, so that a reversal is booked rightly even if the report of the opening was lost.
        won = replace(disputed, kind="dispute_reversal", moved_at=closed_at)
        facts += [Notice("dispute_won", number, closed_at), *([won] if minor else [])]
    elif status in _LOST_DISPUTES:
        facts.append(Notice("dispute_lost", number, closed_at or opened_at))
    return replace(said, facts=tuple(facts))


def _inquiry_notices(
    number: str, status: str | None, opened_at: datetime | None, closed_at: datetime | None
) -> tuple[Notice, ...]:
    """Return the state of an inquiry: it moves no money, unless it becomes a chargeback."""
    notices: list[Notice] = []
    if opened_at is not None:
        notices.append(Notice("inquiry_opened", number, opened_at))
    ended_at = closed_at or opened_at
    if status is not None and status not in _OPEN_DISPUTES and ended_at is not None:
        notices.append(Notice("inquiry_closed", number, ended_at))
    return tuple(notices)


def _translate_data_request(body: Json, _: Context, said: Said) -> Said:
    return replace(said, erasure=Erasure("data_request", _orders_of(body, "orders_requested")))


def _translate_redaction(body: Json, _: Context, said: Said) -> Said:
    return replace(said, erasure=Erasure("redact_customer", _orders_of(body, "orders_to_redact")))


def _orders_of(body: Json, name: str) -> tuple[str, ...]:
    """Return all orders that a privacy request names, none left out: they are of many orders, so they are no refs."""
    value = body.get(name)
    numbers = map(number_of, value) if isinstance(value, list) else ()
    return tuple(dict.fromkeys(f"shopify:order:{number}" for number in numbers if number))


def _translate_shop_redaction(body: Json, context: Context, said: Said) -> Said:
    if not _is_own_shop(body.get("shop_domain"), context):
        return replace(said, is_ignored=True)
    return replace(said, erasure=Erasure("redact_shop"))


def _translate_uninstalled(body: Json, context: Context, said: Said) -> Said:
    if not _is_own_shop(body.get("myshopify_domain"), context):
        return replace(said, is_ignored=True)
    trouble = Trouble("uninstalled", "The shop has uninstalled the app: it sends nothing any more.")
    return replace(said, trouble=trouble)


def _is_own_shop(value: object, context: Context) -> bool:
    """Return whether a domain is that of the endpoint's shop.

    One secret signs for all shops of an app, so another shop's body has a true signature here too.
    """
    return not context.account or domain_of(value) == context.account.lower()


def _translate_event(_: Json, __: Context, said: Said) -> Said:
    trouble = Trouble("thin_event", "The delivery is of Shopify's Events, not of its webhooks.")
    return replace(said, trouble=trouble)


_TRANSLATORS: Final[Mapping[Kind, Callable[[Json, Context, Said], Said]]] = {
    "order": _translate_order,
    "order_transaction": _translate_transaction,
    "refund": _translate_refund,
    "tender_transaction": _translate_tender,
    "dispute": _translate_dispute,
    "order_edited": _translate_edit,
    "customers_data_request": _translate_data_request,
    "customers_redact": _translate_redaction,
    "shop_redact": _translate_shop_redaction,
    "app_uninstalled": _translate_uninstalled,
    "event": _translate_event,
}
