"""What a delivery of Standard Webhooks says, in the body documented here: the way in for any sender. Pure.

The body is a JSON object with three fields:

- `type`, text: one of the types below. Other types are counted and ignored.
- `timestamp`, text: when it happened, ISO 8601 with an offset, such as `2026-11-02T10:00:00Z`; at most a day after
  the delivery comes, as the sender's clock may be fast.
- `data`, an object, with the fields below.

| type                    | needs                                 | what it books                                  |
|-------------------------|---------------------------------------|------------------------------------------------|
| `payment.captured`      | `payment_id`, `amount`, `currency`    | a capture                                      |
| `payment.refunded`      | `refund_id`, `amount`, `currency`     | a refund                                       |
| `payment.refund_failed` | `refund_id`, `amount`, `currency`     | the reversal of a refund that was reported     |
| `payment.disputed`      | `dispute_id`, `amount`, `currency`    | a dispute: the money was withdrawn             |
| `payment.dispute_won`   | `dispute_id`, `amount`, `currency`    | the reversal of a dispute: the money came back |
| `payment.dispute_lost`  | `dispute_id`                          | nothing; the order's state                     |
| `payment.authorized`    | `payment_id`                          | nothing; the order's state                     |
| `payment.voided`        | `payment_id`                          | nothing; the order's state                     |

Fields of `data`:

- `payment_id`, `refund_id`, `dispute_id`: texts of at most 120 letters, digits and `_ . : / # -`, the first a letter
  or a digit, or whole numbers. An id stands for one payment, refund or dispute forever: reports with the same id are
  of the same one. Send `payment_id` or `order_id` with each refund and dispute: they join it to its payment. A refund
  that succeeds after it had failed, and a dispute that takes the money again after it was won, keep their id, and have
  the later `timestamp`.
- `amount`: what was moved by this one refund or capture, never a sum of several; text in units of the currency,
  such as `"12.50"`, above zero. An amount of zero moves nothing. A JSON number is refused, since 1250 may be meant
  as cents.
- `currency`: the code of ISO 4217, such as `"USD"`.
- `order_id`, optional: the merchant's reference of the order. Its name is a setting of the endpoint.
- `skeldir_journey`, optional: the token of the buyer's journey. Its name is a setting of the endpoint.
- `livemode`, optional: true for real money, false for tests. It is compared with the endpoint's mode.
- `agreement`, optional, an id: the subscription that is paid. `is_renewal`, optional: true for a later payment of a
  subscription, false for its first.
- `fee`, `tax`, `shipping`, `discount`, optional, with `payment.captured`: the parts of the amount, as text as
  `amount`. A part that is no such text is left out.

Nothing else is read or stored. The delivery's id is in its signed headers, so `event_id` is "".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from skeldir.inbox.fields import (
    Json,
    Keep,
    amount_of,
    flag_of,
    id_of,
    keep,
    mapping_of,
    moment_of_text,
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
    Said,
    Trouble,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a type says: the noun whose id it needs, and the movement and the notice under that id."""

    noun: str
    movement: MovementKind | None = None
    notice: NoticeKind | None = None


_MEANINGS: Final[Mapping[str, _Meaning]] = {
    "payment.authorized": _Meaning("payment", notice="authorized"),
    "payment.voided": _Meaning("payment", notice="voided"),
    "payment.captured": _Meaning("payment", "capture"),
    "payment.refunded": _Meaning("refund", "refund"),
    "payment.refund_failed": _Meaning("refund", "refund_reversal", "refund_failed"),
    "payment.disputed": _Meaning("dispute", "dispute", "dispute_opened"),
    "payment.dispute_won": _Meaning("dispute", "dispute_reversal", "dispute_won"),
    "payment.dispute_lost": _Meaning("dispute", notice="dispute_lost"),
}
_NOUNS: Final = ("payment", "refund", "dispute")
_PARTS: Final[Mapping[PartName, str]] = {
    "gross": "amount",
    "fee": "fee",
    "tax": "tax",
    "shipping": "shipping",
    "discount": "discount",
}
_DATA_KEEP: Final[Keep] = {
    "payment_id": id_of,
    "refund_id": id_of,
    "dispute_id": id_of,
    "order_id": reference_of,
    "amount": amount_of,
    "currency": word_of,
    "fee": amount_of,
    "tax": amount_of,
    "shipping": amount_of,
    "discount": amount_of,
    "agreement": id_of,
    "is_renewal": flag_of,
    "livemode": flag_of,
}


def translate(body: Json, context: Context) -> Said:
    """Return what a body says, as documented above. Never raises: what is unreadable becomes `trouble`."""
    kind = body.get("type")
    if not isinstance(kind, str):
        return Said("", trouble=Trouble("kind_missing", "type is missing or is not text."))
    meaning = _MEANINGS.get(kind)
    if meaning is None:
        return Said(word_of(kind) or "unknown", is_ignored=True)
    data = mapping_of(body, "data")
    happened_at = moment_of_text(body.get("timestamp"))
    said = _about_payment(kind, data, happened_at, context)
    try:
        facts = _read_facts(meaning, data, happened_at)
        return replace(said, facts=facts, parts=_read_parts(kind, data))
    except MoneyUnreadable as problem:
        return replace(said, trouble=Trouble(problem.code, problem.detail))


def _about_payment(kind: str, data: Json, happened_at: datetime | None, context: Context) -> Said:
    ids = {noun: id_of(data.get(f"{noun}_id")) for noun in _NOUNS}
    # Two senders of a tenant may number their payments alike.
    prefix = context.order_prefix
    refs = [f"standard:{noun}:{prefix}{one}" for noun, one in ids.items() if one is not None]
    own_ref = refs[0] if refs else None
    reference = reference_of(data.get(context.order_name))
    order_ref = None if reference is None else f"{prefix}{reference}"
    if order_ref is not None:
        refs.append(f"order:{order_ref}")
    # An endpoint may use a field of its own as the journey's token; a token is not kept under any name.
    allowed = {name: reader for name, reader in _DATA_KEEP.items() if name != context.journey_name}
    kept: dict[str, object] = {"type": kind}
    if happened_at is not None:
        kept["timestamp"] = happened_at.isoformat()
    if kept_data := keep(data, allowed):
        kept["data"] = kept_data
    return Said(
        kind,
        reported_at=happened_at,
        account=prefix,
        is_live=flag_of(data.get("livemode")),
        refs=tuple(refs),
        order_ref=order_ref,
        own_ref=own_ref,
        journey=token_of(data.get(context.journey_name)),
        agreement=id_of(data.get("agreement")),
        is_renewal=flag_of(data.get("is_renewal")),
        kept=kept,
    )


def _read_facts(meaning: _Meaning, data: Json, happened_at: datetime | None) -> tuple[Fact, ...]:
    """Return the movement and the notice of a type. Raises MoneyUnreadable."""
    money = _read_money(data) if meaning.movement is not None else None
    name = f"{meaning.noun}_id"
    about = id_of(data.get(name))
    if about is None:
        raise MoneyUnreadable("id_missing", f"data.{name} is missing or is not an id.")
    if happened_at is None:
        raise MoneyUnreadable(
            "time_missing", "timestamp is missing, has no offset or is no moment."
        )
    facts: list[Fact] = []
    if meaning.movement is not None and money is not None:
        minor, currency = money
        if minor > 0:
            facts.append(
                Movement(meaning.movement, meaning.noun, about, minor, currency, happened_at)
            )
    if meaning.notice is not None:
        facts.append(Notice(meaning.notice, about, happened_at))
    return tuple(facts)


def _read_money(data: Json) -> tuple[int, str]:
    """Return minor units ≥ 0 and their currency. Raises MoneyUnreadable."""
    amount = data.get("amount")
    if amount is None or amount == "":
        raise MoneyUnreadable("amount_missing", "data.amount is missing.")
    if not isinstance(amount, str):
        raise MoneyUnreadable(
            "amount_invalid",
            'data.amount is not text. Send units of the currency, such as "12.50".',
        )
    currency = read_currency(data.get("currency"), "data.currency")
    minor = read_decimal(amount, currency, "data.amount")
    if minor < 0:
        raise MoneyUnreadable("amount_invalid", "data.amount is negative.")
    return minor, currency


def _read_parts(kind: str, data: Json) -> tuple[Part, ...]:
    """Return the parts of a captured amount that can be read. Raises MoneyUnreadable without a currency."""
    if kind != "payment.captured":
        return ()
    currency = read_currency(data.get("currency"))
    parts: list[Part] = []
    for name, field in _PARTS.items():
        value = data.get(field)
        if not isinstance(value, str):
            continue
        try:
            parts.append(Part(name, read_decimal(value, currency, field), currency))
        except MoneyUnreadable:
            continue
    return tuple(parts)
