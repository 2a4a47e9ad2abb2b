"""`POST /com.snowplowanalytics.snowplow/tp2` and `GET /i`: what Snowplow's trackers send. Pure.

The body is `{"schema", "data": [event, …]}`; a GET has one event in its query. The values of an event are texts: `e`
its type, `eid` its id, `url`, `refr`, `duid` the visitor, `sid` the session, `dtm` and `stm` when it happened and was
sent, in milliseconds, `ttm` the true moment if the sender knows it. Orders are events `tr`, and the transactions and
refunds of the ecommerce schemas, whose fields are in the entities `cx` or `co`. By Snowplow's documentation `tr_tt`
and `revenue` are the total value of the transaction. The write key is in the path, or takes the place of `aid`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Asked, Mapped, OrderEvent, OrderKind, Path, Wire
from skeldir.collect.outcomes import (
    NO_OBJECT,
    PIXEL,
    Outcome,
    Sums,
    collect_outcomes,
    judge_visit,
    key_shaped,
)
from skeldir.collect.visits import (
    Seen,
    correct_moment,
    digest_of_value,
    message_key,
    moment_of_number,
    object_of,
    parse_json,
    text_of,
    token_of,
)
from skeldir.ingest import UnreadableItem

_TP2: Final = "/com.snowplowanalytics.snowplow/tp2"
_READ: Final = ("GET", "HEAD")
PATHS: Final = (
    Path(_TP2),
    Path("/k/{key}" + _TP2),
    Path("/i", "pixel", _READ),
    Path("/k/{key}/i", "pixel", _READ),
    Path("/ice.png", "pixel", _READ),
    Path("/k/{key}/ice.png", "pixel", _READ),
)

_NO_DATA: Final = UnreadableItem("item_not_an_object", "The body has no list named data.", {})
_NO_ITEMS: Final = frozenset({"pp", "ti"})  # pings of a page, and items of an order
_ECOMMERCE: Final = "iglu:com.snowplowanalytics.snowplow.ecommerce/"
_LONGEST_ENTITIES: Final = 100_000


def _parse(body: bytes, query: Mapping[str, str], content_type: str) -> object:
    return parse_json(body, query, content_type) if body else {"data": [query]}


def _events_in(value: object) -> list[object]:
    if isinstance(value, UnreadableItem):
        return [value]
    data = value.get("data") if isinstance(value, Mapping) else None
    return data if isinstance(data, list) else [_NO_DATA]


def _read(value: object, asked: Asked) -> Mapped:
    return collect_outcomes(_read_event(event, asked) for event in _events_in(value)).mapped()


def _read_event(event: object, asked: Asked) -> Outcome:
    if not isinstance(event, Mapping):
        return Outcome(event if isinstance(event, UnreadableItem) else NO_OBJECT)
    kind = event.get("e")
    if kind in _NO_ITEMS if isinstance(kind, str) else False:
        return Outcome(reason="not_a_visit")
    journey = None if "sp-anonymous" in asked.headers else token_of(event.get("duid"))
    at, said = _moment_of(event, asked.now)
    own_id = text_of(event.get("eid"))
    visit = judge_visit(
        "snowplow",
        Seen(text_of(event.get("url")), text_of(event.get("refr"))),
        is_page=kind == "pv",
        at=at,
        journey=journey,
        session=event.get("sid"),
        key=None if own_id is None else message_key("snowplow", own_id),
        moment=said,
    )
    stated = _order_in(event)
    if stated is None:
        return visit
    order_kind, sums = stated
    # `stm` changes whenever a tracker sends an event again.
    lasting = {name: one for name, one in event.items() if name != "stm"}
    message_id = message_key("snowplow", "order", own_id or digest_of_value(lasting))
    return Outcome(visit.touch, OrderEvent(order_kind, message_id, at=at, journey=journey, **sums))


def _moment_of(event: Mapping[str, object], now: datetime) -> tuple[datetime, datetime | None]:
    """Return when an event happened by our clock, and by the tracker's, if it says so."""
    true, said, sent_at = (
        moment_of_number(event.get(name), per_second=1_000) for name in ("ttm", "dtm", "stm")
    )
    if true is not None:
        return true, true
    return correct_moment(said, sent_at, now), said


def _order_in(event: Mapping[str, object]) -> tuple[OrderKind, Sums] | None:
    kind = event.get("e")
    if kind == "tr":
        return "completed", {
            "order_id": event.get("tr_id"),
            "currency": event.get("tr_cu"),
            "total": event.get("tr_tt"),
            "tax": event.get("tr_tx"),
            "shipping": event.get("tr_sh"),
        }
    if kind != "ue":
        return None
    action = object_of(_decoded(event, "ue_px", "ue_pr"), "data")
    if not _has_schema(action, "snowplow_ecommerce_action"):
        return None
    act = object_of(action, "data").get("type")
    if act == "transaction":
        paid = _entity(event, "transaction")
        return "completed", {
            "order_id": paid.get("transaction_id"),
            "currency": paid.get("currency"),
            "total": paid.get("revenue"),
            "tax": paid.get("tax"),
            "shipping": paid.get("shipping"),
            "discount": paid.get("discount_amount"),
        }
    if act == "refund":
        paid = _entity(event, "refund")
        return "refunded", {
            "order_id": paid.get("transaction_id"),
            "currency": paid.get("currency"),
            "total": paid.get("refund_amount"),
        }
    return None


def _entity(event: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return the fields of the first entity of an event with this ecommerce schema."""
    entities = object_of({"all": _decoded(event, "cx", "co")}, "all").get("data")
    for entity in entities if isinstance(entities, list) else []:
        if isinstance(entity, Mapping) and _has_schema(entity, name):
            return object_of(entity, "data")
    return {}


def _has_schema(fields: Mapping[str, object], name: str) -> bool:
    schema = fields.get("schema")
    return isinstance(schema, str) and schema.startswith(f"{_ECOMMERCE}{name}/")


def _decoded(event: Mapping[str, object], encoded: str, plain: str) -> object:
    """Return the JSON value in a field of an event, which may be encoded with Base64."""
    text = text_of(event.get(encoded), _LONGEST_ENTITIES)
    try:
        if text is not None:
            return orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return orjson.loads(text_of(event.get(plain), _LONGEST_ENTITIES) or "null")
    except ValueError:
        return None


def _key_of(value: object, query: Mapping[str, str]) -> str | None:
    events = _events_in(value)
    first = events[0] if events else None
    return query.get("key") or key_shaped(first.get("aid") if isinstance(first, Mapping) else None)


def _answer(asked: Asked) -> Answer:
    return PIXEL if asked.verb == "pixel" else Answer(body=b"ok", media_type="text/plain")


WIRE: Final = Wire("snowplow", _parse, _key_of, _read, _answer)
