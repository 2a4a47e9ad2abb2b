"""What one message of Segment's or RudderStack's format says: a visit, an order, or nothing that is kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import orjson

from skeldir.collect.mapped import Asked, OrderEvent, OrderKind, OrderMap, Touch
from skeldir.collect.visits import (
    NOTHING,
    Reading,
    Seen,
    correct_moment,
    digest_of_value,
    is_internal,
    make_touch,
    message_key,
    moment_of_text,
    object_of,
    text_of,
    token_of,
)
from skeldir.ingest import LONGEST_LABEL, UnreadableItem

_OF_A_PERSON: Final = frozenset({"identify", "group", "alias", "merge"})
_OF_A_VISIT: Final = frozenset({"page", "screen", "track"})
# RudderStack's browser library writes this for a page without a referrer.
_NO_REFERRER: Final = "$direct"
# A retried message has another time of sending; the rest of it is the same.
_CHANGES: Final = frozenset({"sentAt", "receivedAt", "writeKey", "_metadata"})
_FIELDS: Final = ("order_id", "currency", "total", "revenue", "tax", "shipping", "discount")
_ORDERS: Final[Mapping[str, OrderKind]] = {
    "Order Completed": "completed",
    "Order Updated": "updated",
    "Order Refunded": "refunded",
    "Order Cancelled": "cancelled",
    # Names before the second version of the specification, which calls them aliases.
    "Completed Order": "completed",
    "Updated Order": "updated",
}
_STANDARD: Final[Mapping[str, OrderMap]] = {
    name: OrderMap(kind, {field: field for field in _FIELDS}) for name, kind in _ORDERS.items()
}


class Batch(NamedTuple):
    """What a message has from its surroundings: the request, the type that the path names, and the batch's fields."""

    asked: Asked
    kind: str | None = None
    sent_at: object = None
    context: Mapping[str, object] = NOTHING


def read_message(reading: Reading, place: int, message: object, batch: Batch) -> None:
    """Add what a message says.

    A page becomes a touch if it shows a campaign, a click id or another site, or if it has an address and no referrer.
    Of the other events only those with a campaign or a click id do. `userId` is never read: it names a person, and
    somebody who is known by it and by an `anonymousId` would have two journeys.
    """
    if not isinstance(message, Mapping):
        reading.add_touch(place, _unreadable("item_not_an_object", "The message is no object."))
        return
    kind = batch.kind or (text_of(message.get("type"), LONGEST_LABEL) or "").lower()
    if kind in _OF_A_PERSON:
        reading.drop("of_a_person")
        return
    if kind not in _OF_A_VISIT:
        reading.add_touch(place, _unreadable("field_invalid", "The message's type is unknown."))
        return
    properties = object_of(message, "properties")
    order_map = _order_map(message.get("event"), batch.asked) if kind == "track" else None
    seen = _see(kind, message, properties, batch)
    may_be_tagged = _may_be_tagged(seen)
    if kind != "page" and order_map is None and not may_be_tagged:
        reading.drop("not_a_visit")
        return
    at = _moment_of(message, batch)
    key = _key_of(kind, message, batch)
    if at is None:
        detail = "The message's timestamp is not ISO 8601 with an offset."
        reading.add_touch(place, _unreadable("occurred_at_invalid", detail))
        return
    if key is None:
        detail = "The message has no messageId, and its fields are nested too deeply for a digest."
        reading.add_touch(place, _unreadable("idempotency_key_missing", detail))
        return
    journey = token_of(properties.get("skeldir_journey")) or token_of(message.get("anonymousId"))
    if order_map is not None:
        reading.add_order(place, _order_of(order_map, properties, key, at, journey))
        if journey is None or not may_be_tagged:
            return
    if journey is None:
        reading.drop("no_journey")
        return
    session = object_of(message, "context").get("sessionId")
    touch = make_touch("segment", seen, key=key, at=at, journey=journey, session=session)
    _add(reading, place, touch, seen, kind=kind, is_order=order_map is not None)


def _add(
    reading: Reading, place: int, touch: Touch, seen: Seen, *, kind: str, is_order: bool
) -> None:
    """Add a touch if it shows enough; else count why not, unless the message is an order."""
    if any(touch[name] for name in ("source", "medium", "campaign", "click_ids")):
        reading.add_touch(place, touch)
    elif kind != "page":
        if not is_order:
            reading.drop("not_a_visit")
    elif touch["referrer_host"] or (seen.referrer is None and seen.url is not None):
        reading.add_touch(place, touch)
    else:
        reading.drop("is_internal" if is_internal(seen) else "no_evidence")


def _see(
    kind: str, message: Mapping[str, object], properties: Mapping[str, object], batch: Batch
) -> Seen:
    """Return what a message shows of a visit: its campaign and page, which may be in a page's properties."""
    context = object_of(message, "context")
    page = object_of(context, "page") or object_of(batch.context, "page")
    campaign = object_of(context, "campaign") or object_of(batch.context, "campaign")
    url, referrer = text_of(page.get("url")), text_of(page.get("referrer"))
    if kind == "page":
        url = url or text_of(properties.get("url"))
        referrer = referrer or text_of(properties.get("referrer"))
    return Seen(
        url=_with_search(url, text_of(page.get("search"))),
        referrer=None if referrer == _NO_REFERRER else referrer,
        source=_label(campaign.get("source")),
        medium=_label(campaign.get("medium")),
        campaign=_label(campaign.get("name")),
    )


def _label(value: object) -> str | None:
    """Return a campaign's text, cut like the tags of an address."""
    text = text_of(value)
    return None if text is None else text[:LONGEST_LABEL]


def _with_search(url: str | None, search: str | None) -> str | None:
    """Return the address with the query of the page, which it lacks if it is a canonical link."""
    if url is None or search is None:
        return url
    query = search.lstrip("?")
    if not query or query in url:
        return url
    before, mark, fragment = url.partition("#")
    return f"{before}{'&' if '?' in before else '?'}{query}{mark}{fragment}"


def _may_be_tagged(seen: Seen) -> bool:
    """Return whether there is a campaign, or an address that may hold one."""
    if seen.source or seen.medium or seen.campaign:
        return True
    return seen.url is not None and any(mark in seen.url for mark in "?#%")


def _moment_of(message: Mapping[str, object], batch: Batch) -> datetime | None:
    """Return when a message happened; None if it has a time that is none.

    `timestamp` beside a different `originalTimestamp` was corrected already, by whoever passed the message on.
    """
    original, stamp = message.get("originalTimestamp"), message.get("timestamp")
    if not original and not stamp:
        return batch.asked.now
    said = moment_of_text(stamp or original)
    if said is None or (original and stamp and original != stamp):
        return said
    # A library that tries again may correct only the time beside the batch.
    sent_at = moment_of_text(batch.sent_at) or moment_of_text(message.get("sentAt"))
    return correct_moment(said, sent_at, batch.asked.now)


def _key_of(kind: str, message: Mapping[str, object], batch: Batch) -> str | None:
    """Return the idempotency key: of `messageId`, which a library repeats when it sends a message again.

    Without one it is of the message's fields except for its time of sending; if it has no time of its own either, also
    of the minute in which it came, so that the same words later are another event. None if it is nested too deeply.
    """
    message_id = message.get("messageId")
    if not isinstance(message_id, str):
        message_id = token_of(message_id)
    if message_id:
        return message_key("segment", message_id)
    fields = {name: value for name, value in message.items() if name not in _CHANGES}
    minute = ""
    if not fields.get("timestamp") and not fields.get("originalTimestamp"):
        minute = f"{batch.asked.now:%Y-%m-%dT%H:%M}"
    try:
        return message_key("segment", kind, digest_of_value(fields), minute)
    except orjson.JSONEncodeError:
        return None


def _order_map(event: object, asked: Asked) -> OrderMap | None:
    """Return how an event names an order: by the tenant's own map, then by the specification's names."""
    if not isinstance(event, str):
        return None
    return asked.order_events.get(event) or _STANDARD.get(event.strip())


def _order_of(
    order_map: OrderMap,
    properties: Mapping[str, object],
    key: str,
    at: datetime,
    journey: str | None,
) -> OrderEvent:
    """Return what an event says of an order. `orderId` is how the first version of the specification writes it."""
    values = {
        field: properties.get(name) for field, name in order_map.fields.items() if field in _FIELDS
    }
    if values.get("order_id") is None and order_map.fields.get("order_id") == "order_id":
        values["order_id"] = properties.get("orderId")
    return OrderEvent(order_map.kind, key, at=at, journey=journey, **_all_fields(values))


def _all_fields(values: Mapping[str, object]) -> dict[str, object]:
    return {field: values.get(field) for field in _FIELDS}


def _unreadable(code: str, detail: str) -> UnreadableItem:
    return UnreadableItem(code, detail, {})
