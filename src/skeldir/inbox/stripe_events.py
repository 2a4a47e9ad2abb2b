"""Stripe's events that say something here, and the fields of each that may be kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Literal, TypeAlias

from skeldir.inbox.fields import (
    Json,
    Keep,
    amount_of,
    flag_of,
    id_of,
    keep,
    list_of,
    mapping_of,
    moment_of_unix,
    reference_of,
    word_of,
)
from skeldir.inbox.saying import Context, Said, Trouble

Reader: TypeAlias = Callable[[object], object] | Keep
Noun = Literal[
    "charge", "refund", "dispute", "payment_intent", "session", "invoice", "invoice_payment"
]

_NOUNS: Final[Mapping[str, Noun]] = {
    "charge.succeeded": "charge",
    "charge.captured": "charge",
    "charge.refunded": "charge",
    "charge.expired": "charge",
    "charge.failed": "charge",
    "charge.pending": "charge",
    "refund.created": "refund",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "charge.refund.updated": "refund",
    "charge.dispute.created": "dispute",
    "charge.dispute.updated": "dispute",
    "charge.dispute.closed": "dispute",
    "charge.dispute.funds_withdrawn": "dispute",
    "charge.dispute.funds_reinstated": "dispute",
    "payment_intent.succeeded": "payment_intent",
    "payment_intent.canceled": "payment_intent",
    "invoice.paid": "invoice",
    "invoice_payment.paid": "invoice_payment",
}
_SESSIONS: Final = "checkout.session."
_MOST_LINKS: Final = 20
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_\[\]]+)+", re.ASCII)
_LONGEST_TYPE: Final = 80

_BASIL: Final = "2025-03-31"
_ACACIA: Final = "2024-10-28"
_VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


_BALANCE: Final[Keep] = {
    "id": id_of,
    "amount": amount_of,
    "currency": word_of,
    "fee": amount_of,
    "created": moment_of_unix,
    "reporting_category": word_of,
}
_PRESENTMENT: Final[Keep] = {"presentment_amount": amount_of, "presentment_currency": word_of}
_COMMON: Final[Keep] = {
    "id": id_of,
    "object": word_of,
    "created": moment_of_unix,
    "currency": word_of,
    "livemode": flag_of,
    "status": word_of,
}
_OBJECTS: Final[Mapping[Noun, Keep]] = {
    "charge": {
        "amount": amount_of,
        "amount_captured": amount_of,
        "amount_refunded": amount_of,
        "balance_transaction": id_of,
        "captured": flag_of,
        "disputed": flag_of,
        "failure_code": word_of,
        "invoice": id_of,
        "paid": flag_of,
        "payment_intent": id_of,
        "presentment_details": _PRESENTMENT,
        "refunded": flag_of,
    },
    "refund": {
        "amount": amount_of,
        "balance_transaction": id_of,
        "charge": id_of,
        "failure_reason": word_of,
        "payment_intent": id_of,
        "pending_reason": word_of,
        "presentment_details": _PRESENTMENT,
        "reason": word_of,
    },
    "dispute": {
        "amount": amount_of,
        "balance_transactions": _BALANCE,
        "charge": id_of,
        "payment_intent": id_of,
        "reason": word_of,
    },
    "payment_intent": {
        "amount": amount_of,
        "amount_capturable": amount_of,
        "amount_received": amount_of,
        "canceled_at": moment_of_unix,
        "cancellation_reason": word_of,
        "invoice": id_of,
        "latest_charge": id_of,
        "presentment_details": _PRESENTMENT,
    },
    "session": {
        "amount_subtotal": amount_of,
        "amount_total": amount_of,
        "invoice": id_of,
        "mode": word_of,
        "payment_intent": id_of,
        "payment_status": word_of,
        "presentment_details": _PRESENTMENT,
        "subscription": id_of,
        "total_details": {
            "amount_discount": amount_of,
            "amount_shipping": amount_of,
            "amount_tax": amount_of,
        },
    },
    "invoice": {
        "amount_due": amount_of,
        "amount_paid": amount_of,
        "billing_reason": word_of,
        "charge": id_of,
        "paid": flag_of,
        "parent": {"type": word_of, "subscription_details": {"subscription": id_of}},
        "payment_intent": id_of,
        "subscription": id_of,
        "subtotal": amount_of,
        "tax": amount_of,
        "total": amount_of,
    },
    "invoice_payment": {
        "amount_paid": amount_of,
        "amount_requested": amount_of,
        "invoice": id_of,
        "payment": {"charge": id_of, "payment_intent": id_of, "type": word_of},
    },
}


@dataclass(frozen=True, slots=True)
class Event:
    """An event whose type is known. `object` is what it is about; `created_at` is None if it is not readable.

    `is_listed`: it stands for an object of a list, so that its time may be some seconds before that of its delivery.
    """

    type: str
    noun: Noun
    object: Json
    id: str | None
    created_at: datetime | None
    is_before_basil: bool
    refunds_releases: bool
    is_listed: bool


def read_event(body: Json) -> Event | None:
    """Return the event of a body; None if nothing is done with its type."""
    kind = type_of(body)
    noun = _NOUNS.get(kind)
    if noun is None and kind.startswith(_SESSIONS):
        noun = "session"
    if noun is None:
        return None
    about = mapping_of(mapping_of(body, "data"), "object")
    return Event(
        type=kind,
        noun=noun,
        object=about,
        id=id_of(about.get("id")),
        created_at=moment_of_unix(body.get("created")),
        is_before_basil=_is_before_basil(body.get("api_version")),
        refunds_releases=_refunds_releases(body.get("api_version")),
        # Stripe gives each of its events an id.
        is_listed=body.get("id") is None,
    )


def type_of(body: Json) -> str:
    """Return the event's type as Stripe names it; "unknown" for another text, "" if there is none."""
    kind = body.get("type")
    if not isinstance(kind, str) or not kind:
        return ""
    return kind if len(kind) <= _LONGEST_TYPE and _TYPE.fullmatch(kind) else "unknown"


def _is_before_basil(version: object) -> bool:
    """Return whether a version, such as "2025-03-31.basil" or "2022-11-15", is older than basil.

    Only events from before November 2014 have none, so that a missing version is an old one.
    """
    if not isinstance(version, str) or not _VERSION.match(version):
        return True
    return version[:10] < _BASIL


def _refunds_releases(version: object) -> bool:
    """Return whether endpoints of a version get a single refund for what was released of an authorization."""
    return isinstance(version, str) and _ACACIA <= version[:10] < _BASIL


def keep_body(body: Json, event: Event | None, context: Context) -> dict[str, object]:
    """Return the fields of an event that may be kept: without an event, only those of the envelope."""
    allowed: dict[str, Reader] = {
        "id": id_of,
        "created": moment_of_unix,
        "livemode": flag_of,
        "api_version": id_of,
        "account": id_of,
    }
    if event is not None:
        fields: dict[str, Reader] = {**_COMMON, **_OBJECTS[event.noun]}
        # A journey's token is not kept, even if the order's reference has the same field.
        if context.order_name != context.journey_name:
            fields["metadata"] = {context.order_name: reference_of}
        allowed["data"] = {"object": fields}
    kind = type_of(body)
    return ({"type": kind} if kind else {}) | keep(body, allowed)


def refuse_body(body: Json) -> Said | None:
    """Return what to say of a body that is no snapshot event; None for one."""
    form = body.get("object")
    is_v2 = isinstance(form, str) and form.startswith("v2.")
    kind = type_of(body)
    if not is_v2 and kind and isinstance(mapping_of(body, "data").get("object"), Mapping):
        return None
    is_live = flag_of(body.get("livemode"))
    if "detail-type" in body or isinstance(body.get("detail"), Mapping):
        detail = mapping_of(body, "detail")
        return Said(
            type_of(detail),
            is_live=flag_of(detail.get("livemode")),
            trouble=Trouble(
                "wrapped_event", "The event is wrapped by EventBridge. Use a webhook endpoint."
            ),
        )
    if not is_v2 and not kind:
        return Said(
            "", is_live=is_live, trouble=Trouble("kind_missing", "type is missing or is not text.")
        )
    return Said(
        kind,
        event_id=id_of(body.get("id")) or "",
        is_live=is_live,
        trouble=Trouble(
            "thin_event", "The event has no data.object. Use an endpoint with snapshot payloads."
        ),
    )


def names_of(event: Event) -> tuple[str, ...]:
    """Return the names of an event's object and of the payment that it belongs to, each once."""
    own = None if event.noun == "invoice_payment" else _name(event.noun, event.id)
    return _distinct([own, *payment_names_of(event)])


def payment_names_of(event: Event) -> list[str]:
    """Return the names of the payment that the object belongs to, without its own."""
    about = event.object
    payments = [about]
    if event.noun == "invoice_payment":
        payments = [mapping_of(about, "payment")]
    elif event.noun == "invoice":
        several = list_of(mapping_of(about, "payments"), "data")[:_MOST_LINKS]
        payments += [mapping_of(one, "payment") for one in several]
    names = [
        _name(noun, id_under(one, noun))
        for one in payments
        for noun in ("payment_intent", "charge")
    ]
    if event.noun == "payment_intent":
        charges = list_of(mapping_of(about, "charges"), "data")[:_MOST_LINKS]
        names += [_name("charge", id_of(one.get("id"))) for one in charges]
        names.append(_name("charge", id_under(about, "latest_charge")))
    elif event.noun == "charge":
        refunds = list_of(mapping_of(about, "refunds"), "data")[:_MOST_LINKS]
        names += [_name("refund", id_of(one.get("id"))) for one in refunds]
    if event.noun in ("charge", "payment_intent", "session", "invoice_payment"):
        names.append(_name("invoice", id_under(about, "invoice")))
    return [name for name in names if name is not None]


def runs_of(dispute: Json) -> list[tuple[int, list[Json]]]:
    """Return the balance transactions of a dispute in the order of their time, those that follow each other together.

    Each with its sign: -1 for money that was withdrawn, 1 for money that was reinstated.
    """
    dated = [
        (one.get("created"), amount, one)
        for one in list_of(dispute, "balance_transactions")
        if isinstance(amount := one.get("amount"), int) and amount
    ]
    dated.sort(key=lambda one: one[0] if isinstance(one[0], int) else 0)
    runs = groupby(dated, key=lambda one: 1 if one[1] > 0 else -1)
    return [(sign, [one for _, _, one in run]) for sign, run in runs]


def _name(noun: str, id_: str | None) -> str | None:
    return None if id_ is None else f"stripe:{noun}:{id_}"


def id_under(fields: Json, name: str) -> str | None:
    """Return the id under a name, of an expanded object too."""
    return id_of(fields.get(name)) or id_of(mapping_of(fields, name).get("id"))


def _distinct(names: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name is not None))


def own_name_of(names: tuple[str, ...]) -> str | None:
    """Return the name for the order: the same one from as many of its events as possible."""
    for noun in ("payment_intent", "charge", "invoice", "session"):
        for name in names:
            if name.startswith(f"stripe:{noun}:"):
                return name
    return None
