"""Translates PayPal's webhooks: captures and refunds of v2, sales of v1, authorizations, orders, disputes. Pure.

Sources of what is read and booked: PayPal's OpenAPI specifications and list of event names. Where the two versions of
the API name a field differently, both names are read for every event, since some events exist in both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from skeldir.inbox.fields import (
    EMPTY,
    Json,
    id_of,
    keep,
    list_of,
    mapping_of,
    moment_of_text,
    word_of,
)
from skeldir.inbox.paypal_events import (
    COMPLETED,
    FAMILIES,
    OUTCOMES,
    PENDING,
    UNSUCCESSFUL,
    allowed_of,
    disputed_of,
    find_mode,
    journey_of,
    linked_of,
    paid_for_units,
    reference_in,
    related_ids_of,
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
    Total,
    Trouble,
    TroubleCode,
)
from skeldir.inbox.wire_money import MoneyUnreadable, read_currency, read_decimal


class _Unclear(Exception):
    """A field that the facts of an event need is missing or unreadable."""

    def __init__(self, code: TroubleCode, detail: str) -> None:
        super().__init__(detail)
        self.code: TroubleCode = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class _Event:
    """An event of a type that matters. `noun`: what its resource is, as far as the type says."""

    type: str
    noun: str
    resource: Json
    created_at: datetime | None

    @property
    def id(self) -> str | None:
        return id_of(self.resource.get("dispute_id" if self.noun == "dispute" else "id"))

    @property
    def status(self) -> str | None:
        word = word_of(self.resource.get("status")) or word_of(self.resource.get("state"))
        return word.upper() if word else None

    @property
    def is_payment_itself(self) -> bool:
        """Whether the resource is the capture or the sale by its own link, though the type promises a refund of it."""
        if self.noun != "refund":
            return False
        own = [linked_of(one) for one in _links_of(self.resource) if one.get("rel") == "self"]
        return ("capture", self.id) in own

    def require_id(self) -> str:
        if (found := self.id) is None:
            name = "dispute_id" if self.noun == "dispute" else "id"
            raise _Unclear("id_missing", f"resource.{name} is missing or is no id.")
        return found

    def require_moment(self, *names: str) -> datetime:
        """Return the first readable moment of the resource's fields, else that of the event."""
        for name in names:
            if (moment := moment_of_text(self.resource.get(name))) is not None:
                return moment
        if self.created_at is None:
            raise _Unclear("time_missing", "create_time is missing or is no time with an offset.")
        return self.created_at


_Reader: TypeAlias = Callable[[_Event], Sequence[Fact]]


def translate(body: Json, context: Context) -> Said:
    """Return what an event says; `body` as from `read_json`. Whatever its fields are, nothing is raised.

    Amounts are decimals in major units. The time of a capture or a refund is that of its making, which stays the same
    in all reports about it; that of a notice is the event's.
    """
    type_ = word_of(body.get("event_type"))
    if type_ is None:
        return Said("", is_live=find_mode(body), trouble=_why_no_event(body))
    noun = _noun_of(type_)
    created_at = moment_of_text(body.get("create_time"))
    if noun is None:
        return Said(
            type_,
            reported_at=created_at,
            event_id=id_of(body.get("id")) or "",
            is_live=find_mode(body),
            is_ignored=True,
            kept=keep(body, allowed_of(type_, is_known=False)),
        )
    event = _Event(type_, noun, mapping_of(body, "resource"), created_at)
    facts, trouble = _find_facts(event)
    names = _names_of(event)
    reference = reference_in(type_, event.resource)
    order_ref = None if reference is None else f"{context.order_prefix}{reference}"
    refs = [f"paypal:{noun}:{id_}" for noun, id_ in names]
    return Said(
        type_,
        reported_at=created_at or moment_of_text(event.resource.get("update_time")),
        event_id=id_of(body.get("id")) or "",
        is_live=find_mode(body),
        facts=facts,
        refs=(*refs, f"order:{order_ref}") if order_ref else tuple(refs),
        order_ref=order_ref,
        own_ref=_own_ref_of(event, names),
        journey=journey_of(event.type, event.resource),
        agreement=id_of(event.resource.get("billing_agreement_id")),
        parts=_parts_of(event.resource) if _has_capture(facts) else (),
        trouble=trouble,
        kept=keep(body, allowed_of(type_, is_known=True)),
    )


def _why_no_event(body: Json) -> Trouble:
    is_error = isinstance(body.get("name"), str) and ("message" in body or "debug_id" in body)
    if is_error or isinstance(body.get("error"), str):
        return Trouble("error_body", "The body is an error of PayPal's API, not an event.")
    return Trouble("kind_missing", "event_type is missing or is not the name of a type.")


def _noun_of(type_: str) -> str | None:
    """Return what the resource of a type is; None for types that are ignored."""
    if type_ in _READERS:
        return _READERS[type_][0]
    family = next((one for one in FAMILIES if type_.startswith(one)), None)
    return family.split(".")[1].lower() if family else None


def _find_facts(event: _Event) -> tuple[tuple[Fact, ...], Trouble | None]:
    _, read = _READERS.get(event.type, (event.noun, None))
    if read is None and event.noun == "dispute":
        read = _read_dispute
    if read is None:
        return (), None
    try:
        return tuple(read(event)), None
    except (_Unclear, MoneyUnreadable) as trouble:
        return (), Trouble(trouble.code, trouble.detail)


def _read_money(amount: Json, name: str = "amount") -> tuple[int, str]:
    """Return the minor units, of either sign, and the currency of v2's `value` or v1's `total`."""
    value = next((amount[one] for one in ("value", "total") if amount.get(one) is not None), None)
    if value is None or value == "":
        raise MoneyUnreadable("amount_missing", f"{name} is missing.")
    code = amount.get("currency_code")
    currency = read_currency(amount.get("currency") if code is None else code, f"{name}'s currency")
    return read_decimal(value, currency, name), currency


def _notice(event: _Event, kind: NoticeKind) -> Notice:
    return Notice(
        kind,
        event.require_id(),
        event.created_at or event.require_moment("update_time", "create_time"),
    )


def _read_payment(event: _Event) -> Sequence[Fact]:
    """A completed capture or sale. A status that contradicts the type decides."""
    status = event.status
    if status == PENDING:
        return [_notice(event, "capture_pending")]
    if status in UNSUCCESSFUL:
        return [_notice(event, "capture_failed")]
    if status is not None and status not in COMPLETED:
        return []
    id_ = event.require_id()
    minor, currency = _read_money(mapping_of(event.resource, "amount"))
    if minor < 0:
        raise MoneyUnreadable("amount_invalid", "amount is negative.")
    # Its update moves with each refund, so that two reports of one capture would differ.
    moved_at = event.require_moment("create_time", "update_time")
    return [Movement("capture", event.noun, id_, minor, currency, moved_at)] if minor else []


def _read_refund(event: _Event) -> Sequence[Fact]:
    """A refund of a capture or a sale; the total so far is compared only, as each refund is reported."""
    if event.is_payment_itself:
        raise _Unclear("id_missing", "The resource is what was refunded, not the refund.")
    status = event.status
    if status == PENDING:
        return [_notice(event, "refund_pending")]
    if status in UNSUCCESSFUL:
        return _read_failed_refund(event)
    if status is not None and status not in COMPLETED:
        return []
    moved = _moved_back(
        event, "refund", "refund", event.require_moment("create_time", "update_time")
    )
    return [*moved, *_total_of(event)]


def _moved_back(event: _Event, kind: MovementKind, noun: str, at: datetime) -> list[Fact]:
    """Return the movement of a refund, a reversal or a dispute, whose amount has either sign."""
    id_ = event.require_id()
    minor, currency = _read_money(mapping_of(event.resource, "amount"))
    return [Movement(kind, noun, id_, abs(minor), currency, at)] if minor else []


def _total_of(event: _Event) -> list[Fact]:
    resource = event.resource
    total = mapping_of(mapping_of(resource, "seller_payable_breakdown"), "total_refunded_amount")
    total = total or mapping_of(resource, "total_refunded_amount")
    parent = next((id_ for noun, id_ in _names_of(event) if noun == "capture"), None)
    if parent is None:
        return []
    try:
        minor, currency = _read_money(total)
    except MoneyUnreadable:
        return []  # Without a total there is nothing to compare, and the refund is not less certain.
    at = event.require_moment("create_time", "update_time")
    return [Total("refund", "capture", parent, abs(minor), currency, at, is_booked=False)]


def _read_failed_refund(event: _Event) -> Sequence[Fact]:
    """A refund that failed: it takes back what was booked of it, if anything was."""
    at = event.require_moment("update_time")
    return [
        *_moved_back(event, "refund_reversal", "refund", at),
        _notice(event, "refund_failed"),
    ]


def _read_reversal(event: _Event) -> Sequence[Fact]:
    """Money that PayPal took back for a dispute. That `amount` is this one only is unchecked."""
    if event.status == PENDING or event.status in UNSUCCESSFUL:
        return []
    # The resource has the shape of a refund, made when the money moved. A sale itself was made long before that.
    first = () if event.is_payment_itself else ("create_time",)
    return _moved_back(event, "dispute", "dispute", event.require_moment(*first, "update_time"))


def _read_authorization(event: _Event) -> Sequence[Fact]:
    if event.status == PENDING or event.status in UNSUCCESSFUL:
        return []
    return [_notice(event, "authorized")]


def _read_dispute(event: _Event) -> Sequence[Fact]:
    """A dispute's state. Its money comes as a reversal or a refund; none is known for a seller who won."""
    outcome = word_of(mapping_of(event.resource, "dispute_outcome").get("outcome_code"))
    is_over = event.type == "CUSTOMER.DISPUTE.RESOLVED" or event.status == "RESOLVED"
    if not is_over:
        return [_notice(event, "dispute_opened")]
    kind = OUTCOMES.get(outcome.upper()) if outcome else None
    return [_notice(event, kind)] if kind else []


def _say(kind: NoticeKind) -> _Reader:
    return lambda event: [_notice(event, kind)]


_READERS: Final[Mapping[str, tuple[str, _Reader]]] = {
    "PAYMENT.CAPTURE.COMPLETED": ("capture", _read_payment),
    "PAYMENT.CAPTURE.PENDING": ("capture", _say("capture_pending")),
    "PAYMENT.CAPTURE.DENIED": ("capture", _say("capture_failed")),
    "PAYMENT.CAPTURE.DECLINED": ("capture", _say("capture_failed")),
    "PAYMENT.CAPTURE.REFUNDED": ("refund", _read_refund),
    "PAYMENT.CAPTURE.REVERSED": ("refund", _read_reversal),
    "PAYMENT.SALE.COMPLETED": ("capture", _read_payment),
    "PAYMENT.SALE.PENDING": ("capture", _say("capture_pending")),
    "PAYMENT.SALE.DENIED": ("capture", _say("capture_failed")),
    "PAYMENT.SALE.REFUNDED": ("refund", _read_refund),
    "PAYMENT.SALE.REVERSED": ("refund", _read_reversal),
    "PAYMENT.REFUND.PENDING": ("refund", _say("refund_pending")),
    "PAYMENT.REFUND.FAILED": ("refund", _read_failed_refund),
    "PAYMENT.AUTHORIZATION.CREATED": ("authorization", _read_authorization),
    "PAYMENT.AUTHORIZATION.VOIDED": ("authorization", _say("voided")),
}
"""What the resource of each type is, and who reads its facts."""


def _links_of(resource: Json) -> Sequence[Json]:
    return list_of(resource, "links")


def _names_of(event: _Event) -> list[tuple[str, str]]:
    """Return the nouns and ids that a resource connects, each once. An agreement has many orders: it is none."""
    resource = event.resource
    related = related_ids_of(resource)
    given: list[tuple[str, object]] = [
        (event.noun, None if event.is_payment_itself else event.id),
        ("capture", resource.get("capture_id")),
        ("capture", resource.get("sale_id")),
        ("payment", resource.get("parent_payment")),
        ("capture", related.get("capture_id")),
        ("authorization", related.get("authorization_id")),
        ("order", related.get("order_id")),
        *(linked for link in _links_of(resource) if (linked := linked_of(link))),
    ]
    if event.noun == "order":
        given += paid_for_units(resource)
    if event.noun == "dispute":
        given += [("capture", one.get("seller_transaction_id")) for one in disputed_of(resource)]
    read = [(noun, id_) for noun, value in given if (id_ := id_of(value)) is not None]
    return list(dict.fromkeys(read))


_BEST_NAMES: Final = ("order", "authorization", "capture", "payment", "refund")


def _own_ref_of(event: _Event, names: Sequence[tuple[str, str]]) -> str | None:
    """Return the name that serves as an order's id. A dispute only guesses the names of what is disputed."""
    if event.noun == "dispute":
        return None
    ranked = sorted(
        (_BEST_NAMES.index(noun), index, noun, id_)
        for index, (noun, id_) in enumerate(names)
        if noun in _BEST_NAMES
    )
    return f"paypal:{ranked[0][2]}:{ranked[0][3]}" if ranked else None


def _has_capture(facts: Sequence[Fact]) -> bool:
    return any(isinstance(fact, Movement) and fact.kind == "capture" for fact in facts)


def _parts_of(resource: Json) -> tuple[Part, ...]:
    """Return the parts of a capture's or a sale's sum that can be read. v1 has no net amount."""
    amount = mapping_of(resource, "amount")
    breakdown = mapping_of(resource, "seller_receivable_breakdown")
    details = mapping_of(amount, "details")
    fee = mapping_of(breakdown, "paypal_fee") or mapping_of(resource, "transaction_fee")
    given: list[tuple[PartName, Json]] = [
        ("gross", mapping_of(breakdown, "gross_amount") or amount),
        ("fee", fee),
        ("net", mapping_of(breakdown, "net_amount")),
    ]
    names: Mapping[str, PartName] = {
        "tax": "tax",
        "shipping": "shipping",
        "shipping_discount": "discount",
    }
    currency = amount.get("currency")
    for field, name in names.items():
        value = details.get(field)
        given.append((name, {"total": value, "currency": currency} if value else EMPTY))
    parts: list[Part] = []
    for name, sum_ in given:
        try:
            parts.append(Part(name, *_read_money(sum_, name)))
        except MoneyUnreadable:
            continue  # A part that is missing or unreadable takes nothing from the capture.
    return tuple(parts)
