"""What an order says that an analytics SDK reported, in the form of a delivery of a provider. Pure.

The protocols differ, so whoever reads one hands its order over as an `SdkOrder`. Amounts are as they were sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Final, Literal, TypeAlias
from uuid import UUID

from skeldir.inbox.fields import (
    FIRST_YEAR,
    LAST_YEAR,
    Json,
    Keep,
    amount_of,
    id_of,
    keep,
    reference_of,
    token_of,
    word_of,
)
from skeldir.inbox.recording import Arrival
from skeldir.inbox.saying import (
    CLOCK_ERROR,
    Fact,
    Notice,
    OrderRefund,
    Part,
    PartName,
    Said,
    SdkProvider,
    Standing,
    Trouble,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal

SdkOrderKind: TypeAlias = Literal["completed", "updated", "refunded", "cancelled"]

_PARTS: Final[Mapping[PartName, str]] = {
    "gross": "total",
    "tax": "tax",
    "shipping": "shipping",
    "discount": "discount",
}
_KEEP: Final[Keep] = {
    "order_id": reference_of,
    "currency": word_of,
    "total": amount_of,
    "revenue": amount_of,
    "tax": amount_of,
    "shipping": amount_of,
    "discount": amount_of,
}
_LONGEST_REFUND: Final = 32
"""Characters of the id of a refund: half a digest in hex."""


@dataclass(frozen=True, slots=True)
class SdkOrder:
    """A message of an SDK about an order.

    `message_id` is the SDK's id of the message: a message with the same one is the same again. `total`, `revenue`,
    which is the total without tax and shipping, and the other amounts are in units of the currency as they were sent: a
    number, a Decimal or text; None: not sent. `at` is when it happened. `journey` is the token of the buyer's journey.
    """

    provider: SdkProvider
    kind: SdkOrderKind
    message_id: str
    order_id: object
    currency: object
    at: datetime
    total: object = None
    revenue: object = None
    tax: object = None
    shipping: object = None
    discount: object = None
    journey: str | None = None


def say_order(order: SdkOrder, now: datetime) -> Said:
    """Return what an order's message says. Never raises: what is unreadable becomes the Said's `trouble`.

    `completed` and `updated` say what the order's sum is at a moment, and need `total` or `revenue`, and the currency.
    `refunded` with one of these sums refunds that much; without, and `cancelled` in any case, refunds all that is left.
    """
    fields = _fields_of(order)
    said = Said(
        f"order_{order.kind}",
        event_id=id_of(order.message_id) or "",
        kept=keep(fields, _KEEP),
    )
    try:
        at = _read_moment(order.at, now)
        reference = reference_of(fields["order_id"])
        if reference is None or not order.message_id:
            named = "order_id" if reference is None else "The message's id"
            raise MoneyUnreadable("id_missing", f"{named} is missing or is not an id.")
        own_ref = f"{order.provider}:order:{reference}"
        return replace(
            said,
            reported_at=at,
            facts=_read_facts(order, fields, reference, at),
            refs=(own_ref, f"order:{reference}"),
            order_ref=reference,
            own_ref=own_ref,
            journey=token_of(order.journey),
            parts=_read_parts(order, fields),
        )
    except MoneyUnreadable as problem:
        return replace(said, trouble=Trouble(problem.code, problem.detail))


def order_arrival(
    tenant_id: UUID, key_id: UUID, said: Said, provider: SdkProvider, message_id: str
) -> Arrival:
    """Return what is recorded of an order that an SDK sent with an API key.

    The message is the same again whichever key of the tenant brings it.
    """
    named = b":".join((tenant_id.bytes, provider.encode(), _encode(message_id)))
    return Arrival(tenant_id, key_id, provider, said, hashlib.sha256(named).digest(), {})


def _encode(text: str) -> bytes:
    # JSON may have halves of letters, which UTF-8 has not.
    return text.encode("utf-8", "surrogatepass")


def _fields_of(order: SdkOrder) -> Json:
    """Return the fields of an order; its floats as the shortest decimal that is the same float."""
    values = {name: getattr(order, name) for name in _KEEP}
    return {name: _exact(value) for name, value in values.items()}


def _exact(value: object) -> object:
    if not isinstance(value, float):
        return value
    return Decimal(repr(value)) if isfinite(value) else Decimal("NaN")


def _read_moment(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None or not FIRST_YEAR <= at.year < LAST_YEAR:
        raise MoneyUnreadable("time_missing", "The time of the event is missing, or has no offset.")
    if at > now + CLOCK_ERROR:
        raise MoneyUnreadable(
            "time_in_the_future", "The time of the event is more than a day ahead."
        )
    return at.astimezone(UTC)


def _read_facts(order: SdkOrder, fields: Json, reference: str, at: datetime) -> tuple[Fact, ...]:
    """Return what the order's sum is, or what is refunded of it. Raises MoneyUnreadable."""
    if order.kind == "cancelled":
        id_ = _refund_id(order)
        refund = OrderRefund("cancellation", id_, reference, None, None, None, at)
        return refund, Notice("cancelled", reference, at)
    is_sized = any(_is_given(fields[name]) for name in ("total", "revenue"))
    if order.kind == "refunded":
        if not is_sized:
            refund = OrderRefund("refund", _refund_id(order), reference, None, None, None, at)
        else:
            total, revenue, currency = _read_sums(fields)
            id_ = _refund_id(order)
            refund = OrderRefund("refund", id_, reference, total, revenue, currency, at)
        return (refund,)
    if not is_sized:
        raise MoneyUnreadable("amount_missing", "total and revenue are missing; one is needed.")
    total, revenue, currency = _read_sums(fields)
    is_update = order.kind == "updated"
    return (Standing(reference, total, revenue, currency, at, is_update),)


def _is_given(value: object) -> bool:
    return value is not None and value != ""


def _read_sums(fields: Json) -> tuple[int | None, int | None, str]:
    """Return total and revenue in minor units, None if not given, and the currency. Raises MoneyUnreadable."""
    currency = read_currency(fields["currency"])
    sums: list[int | None] = []
    for name in ("total", "revenue"):
        minor = None
        if _is_given(fields[name]):
            minor = read_decimal(fields[name], currency, name)
            if minor < 0:
                raise MoneyUnreadable("amount_invalid", f"{name} is negative.")
        sums.append(minor)
    return sums[0], sums[1], currency


def _refund_id(order: SdkOrder) -> str:
    """Return the id of a refund: SDKs give none, so it is made of the message's, which may be any text."""
    return hashlib.sha256(_encode(order.message_id)).hexdigest()[:_LONGEST_REFUND]


def _read_parts(order: SdkOrder, fields: Json) -> tuple[Part, ...]:
    """Return the parts of the order's sum that can be read; a refund says nothing of them."""
    parts: list[Part] = []
    if order.kind not in ("completed", "updated"):
        return ()
    currency = read_currency(fields["currency"])
    for name, field in _PARTS.items():
        try:
            parts.append(Part(name, read_decimal(fields[field], currency, field), currency))
        except MoneyUnreadable:
            continue
    return tuple(parts)
