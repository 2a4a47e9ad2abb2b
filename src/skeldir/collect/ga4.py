"""`POST /mp/collect`: the Measurement Protocol of Google Analytics 4. Pure.

The body is `{client_id, timestamp_micros?, consent?, events: [{name, params, timestamp_micros?}]}`. Libraries also send
one event in place of the list, and `app_instance_id` in place of `client_id`. By GA4's reference of events, the `value`
of a purchase is the sum of its items "without shipping or tax": it is the order's revenue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from skeldir.collect.mapped import (
    Answer,
    Asked,
    DropReason,
    Mapped,
    OrderEvent,
    OrderKind,
    Path,
    Wire,
)
from skeldir.collect.order_maps import apply_order_map
from skeldir.collect.outcomes import (
    NO_OBJECT,
    Outcome,
    collect_outcomes,
    judge_visit,
)
from skeldir.collect.saying import say_event
from skeldir.collect.visits import (
    Seen,
    digest_of_value,
    message_key,
    moment_of_number,
    object_of,
    parse_json,
    text_of,
    token_of,
)
from skeldir.inbox import explain_trouble
from skeldir.ingest import UnreadableItem

PATHS: Final = (Path("/mp/collect"), Path("/debug/mp/collect", "debug"))

_PAGES: Final = frozenset({"page_view"})
_ORDERS: Final[Mapping[str, OrderKind]] = {"purchase": "completed", "refund": "refunded"}
_CLICK_IDS: Final = ("gclid", "dclid", "wbraid", "gbraid", "srsltid")
_NO_EVENTS: Final = UnreadableItem("item_not_an_object", "The body has no list of events.", {})
# The parameters that hold the fields of an order, and the fields by what a trouble's code is about.
_ORDER_PARAMS: Final[Mapping[str, str]] = {
    "order_id": "transaction_id",
    "currency": "currency",
    "revenue": "value",
}
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("order_id",),
    "amount": ("total", "revenue"),
    "currency": ("currency",),
}
# Where the cause is, GA4's word for it, and the cause, for each reason.
_CAUSES: Final[Mapping[DropReason, tuple[str, str, str]]] = {
    "no_journey": ("client_id", "VALUE_REQUIRED", "A visit needs a client_id."),
    "no_consent": ("consent.ad_user_data", "VALUE_INVALID", "The visitor does not agree."),
    "not_a_visit": ("events[{}].name", "NAME_INVALID", "It is no order and shows no campaign."),
    "no_evidence": ("events[{}].params", "VALUE_REQUIRED", "Nothing shows where it came from."),
    "is_internal": (
        "events[{}].params.page_referrer",
        "VALUE_INVALID",
        "The page was reached from another one of its site.",
    ),
    "of_a_person": ("events[{}].name", "NAME_INVALID", "It describes a person."),
}


@dataclass(frozen=True, slots=True)
class _Sender:
    """What a body says for all its events."""

    client: str | None
    moment: datetime | None
    agrees: bool


def _read(value: object, asked: Asked) -> Mapped:
    if not isinstance(value, Mapping):
        outcome = Outcome(value if isinstance(value, UnreadableItem) else NO_OBJECT)
        return _mapped([outcome], asked)
    sender = _Sender(
        token_of(value.get("client_id")) or token_of(value.get("app_instance_id")),
        _moment_in(value),
        _agrees(value.get("consent")),
    )
    events = _events_in(value)
    names = [event.get("name") if isinstance(event, Mapping) else None for event in events]
    return _mapped([_read_event(event, sender, asked) for event in events], asked, names)


def _mapped(outcomes: list[Outcome], asked: Asked, names: Sequence[object] = ()) -> Mapped:
    return collect_outcomes(outcomes).mapped(answer=_explain(outcomes, asked, names))


def _events_in(body: Mapping[str, object]) -> list[object]:
    events = body.get("events")
    if isinstance(events, list):
        return events
    return [events if isinstance(events, Mapping) else _NO_EVENTS]


def _agrees(consent: object) -> bool:
    """Return whether a visit may be used. Attribution is a use for advertising, so `ad_user_data` decides."""
    if consent is None:
        return True
    if not isinstance(consent, Mapping):
        return False
    said = (consent.get(name, "GRANTED") for name in ("ad_user_data", "analytics_storage"))
    return all(isinstance(one, str) and one.upper() == "GRANTED" for one in said)


def _moment_in(fields: Mapping[str, object]) -> datetime | None:
    micros = fields.get("timestamp_micros")
    if isinstance(micros, float) and micros.is_integer():
        micros = int(micros)
    return moment_of_number(micros, per_second=1_000_000)


def _read_event(event: object, sender: _Sender, asked: Asked) -> Outcome:
    if not isinstance(event, Mapping):
        return Outcome(event if isinstance(event, UnreadableItem) else NO_OBJECT)
    name, params = event.get("name"), object_of(event, "params")
    moment = _moment_in(event) or sender.moment
    journey = token_of(params.get("skeldir_journey")) or sender.client
    visit = Outcome(reason="no_consent")
    if sender.agrees:
        visit = judge_visit(
            "ga4",
            _seen_in(name, params),
            is_page=name in _PAGES if isinstance(name, str) else False,
            at=moment or asked.now,
            journey=journey,
            session=params.get("session_id"),
            moment=moment,
        )
    if not isinstance(name, str) or (name not in _ORDERS and name not in asked.order_events):
        return visit
    order = _order_in(
        name,
        params,
        asked,
        message_id=message_key("ga4", "order", digest_of_value([sender.client, event]), moment),
        at=moment or asked.now,
        journey=journey if sender.agrees else None,
    )
    return Outcome(visit.touch, order)


def _seen_in(name: object, params: Mapping[str, object]) -> Seen:
    url, referrer = text_of(params.get("page_location")), text_of(params.get("page_referrer"))
    if name != "campaign_details":
        return Seen(url, referrer)
    source, medium, campaign = (
        text_of(params.get(tag)) for tag in ("source", "medium", "campaign")
    )
    clicks = tuple(kind for kind in _CLICK_IDS if text_of(params.get(kind)) is not None)
    # The event says itself what brought the visitor; the page may have been reached from another one of the site.
    return Seen(url, None, source, medium, campaign, clicks)


def _order_in(
    name: str,
    params: Mapping[str, object],
    asked: Asked,
    *,
    message_id: str,
    at: datetime,
    journey: str | None,
) -> OrderEvent:
    """Return the order that an event states. What the tenant says of the event comes first."""
    own = asked.order_events.get(name)
    if own is not None:
        return apply_order_map(own, params, message_id=message_id, at=at, journey=journey)
    return OrderEvent(
        _ORDERS[name],
        message_id,
        params.get("transaction_id"),
        at,
        journey,
        currency=params.get("currency"),
        revenue=params.get("value"),
        tax=params.get("tax"),
        shipping=params.get("shipping"),
    )


def _explain(outcomes: list[Outcome], asked: Asked, names: Sequence[object]) -> Answer | None:
    """Return what `/debug/mp/collect` answers: what each event becomes, and why nothing is made of some."""
    if asked.verb != "debug":
        return None
    faults: list[dict[str, str]] = []
    events: list[dict[str, object]] = []
    for place, outcome in enumerate(outcomes):
        becomes = []
        if outcome.touch is not None and not isinstance(outcome.touch, UnreadableItem):
            becomes.append("touch")
        found = list(_faults(outcome))
        if outcome.order is not None:
            trouble = say_event("ga4", outcome.order, asked.now).trouble
            becomes.append("order" if trouble is None else "dead_order")
            if trouble is not None:
                found.append(_fault_of_order(trouble.code, _params_of(names[place], asked)))
        events.append({"event": place, "becomes": becomes})
        for path, code, cause in found:
            field = path.replace("{}", str(place), 1)
            faults.append({"fieldPath": field, "description": cause, "validationCode": code})
    return Answer(body=orjson.dumps({"validationMessages": faults, "events": events}))


def _faults(outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    """Yield where the cause is that it is no touch, GA4's word for it, and the cause."""
    if isinstance(outcome.touch, UnreadableItem):
        yield "events[{}]", "VALUE_INVALID", outcome.touch.detail
    if outcome.reason is not None:
        yield _CAUSES[outcome.reason]


def _params_of(name: object, asked: Asked) -> Mapping[str, str]:
    """Return the names of the parameters that hold an order's fields in an event."""
    own = asked.order_events.get(name) if isinstance(name, str) else None
    return _ORDER_PARAMS if own is None else own.fields


def _fault_of_order(code: str, params: Mapping[str, str]) -> tuple[str, str, str]:
    """Return why an order will be dead, as `_faults`."""
    subject, _, kind = code.partition("_")
    known = [f".{params[one]}" for one in _FIELDS.get(subject, ()) if one in params]
    within = "timestamp_micros" if subject == "time" else "".join(["params", *known[:1]])
    explained = explain_trouble(code)
    cause = code if explained is None else explained.meaning
    return (
        f"events[{{}}].{within}",
        "VALUE_REQUIRED" if kind == "missing" else "VALUE_INVALID",
        cause,
    )


def _key_of(_value: object, query: Mapping[str, str]) -> str | None:
    return text_of(query.get("api_secret"))


def _answer(_asked: Asked) -> Answer:
    return Answer(204)


WIRE: Final = Wire("ga4", parse_json, _key_of, _read, _answer, frozenset({"debug"}))
