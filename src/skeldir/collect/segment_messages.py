"""What one message of Segment's or RudderStack's format says: a visit, an order, or nothing that is kept. Pure.

The browser libraries send the address of the page, its campaign and its referrer with every event. In a page that
changes without being loaded again, the referrer stays that of the visit. So one visit is seen in many messages, and
they all become the same touch: its idempotency key is that of the visit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from skeldir.collect.mapped import Asked, OrderKind, OrderMap
from skeldir.collect.order_maps import apply_order_map
from skeldir.collect.outcomes import NO_OBJECT, TAGS, Outcome, judge_visit
from skeldir.collect.visits import (
    NOTHING,
    Seen,
    correct_moment,
    digest_of_value,
    message_key,
    moment_of_text,
    object_of,
    text_of,
    token_of,
)
from skeldir.ingest import LONGEST_LABEL, UnreadableItem

_OF_A_PERSON: Final = frozenset({"identify", "group", "alias", "merge"})
_OF_A_VISIT: Final = frozenset({"page", "screen", "track"})
_IN_BROWSERS: Final = frozenset({"analytics.js", "RudderLabs JavaScript SDK"})
# RudderStack's browser library writes this for a page without a referrer.
_NO_REFERRER: Final = "$direct"
# A message that is sent again has another time of sending; the rest of it is the same.
_CHANGES: Final = frozenset({"sentAt", "receivedAt", "writeKey", "_metadata"})
_TO_THE_HOUR: Final = len("2026-06-01T11")
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
_UNKNOWN_TYPE: Final = UnreadableItem(
    "message_type_unknown", "The message's type is missing or unknown.", {}
)
_NO_TIME: Final = UnreadableItem(
    "occurred_at_invalid", "The message's timestamp is not ISO 8601 with an offset.", {}
)


class Batch(NamedTuple):
    """What a message has from its surroundings: the request, the type that the path names, and the batch's fields."""

    asked: Asked
    kind: str | None = None
    sent_at: object = None
    context: Mapping[str, object] = NOTHING


def read_message(message: object, batch: Batch) -> Outcome:
    """Return what becomes of a message.

    A page is a visit if it shows a campaign, a click id or another site, or if it has an address and no referrer. Of
    the other events only those with a campaign or a click id are. `userId` is never read: it names a person, and
    somebody who is known by it and by an `anonymousId` would have two journeys.
    """
    if not isinstance(message, Mapping):
        return Outcome(NO_OBJECT)
    kind = batch.kind or (text_of(message.get("type"), LONGEST_LABEL) or "").lower()
    if kind in _OF_A_PERSON:
        return Outcome(reason="of_a_person")
    if kind not in _OF_A_VISIT:
        return Outcome(_UNKNOWN_TYPE)
    properties = object_of(message, "properties")
    order_map = _order_map(message.get("event"), batch.asked) if kind == "track" else None
    seen = _see(kind, message, properties, batch)
    is_visit = kind == "page" or _may_be_tagged(seen)
    if order_map is None and not is_visit:
        return Outcome(reason="not_a_visit")
    at = _moment_of(message, batch)
    if at is None:
        return Outcome(_NO_TIME)
    journey = token_of(properties.get("skeldir_journey")) or token_of(message.get("anonymousId"))
    visit = Outcome()
    if is_visit:
        visit = _judge(kind, message, seen, journey, at, batch)
    if order_map is None:
        return visit
    order = apply_order_map(
        order_map,
        _with_order_id(properties),
        message_id=_key_of(kind, message, batch),
        at=at,
        journey=journey,
    )
    return Outcome(visit.touch, order)


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


def _key_of(kind: str, message: Mapping[str, object], batch: Batch) -> str:
    """Return the idempotency key: of `messageId`, which a library repeats when it sends a message again.

    Without one it is of the message's fields except for its time of sending; if it has no time of its own either, also
    of the minute in which it came, so that the same words later are another event.
    """
    message_id = message.get("messageId")
    if not isinstance(message_id, str):
        message_id = token_of(message_id)
    if message_id:
        return message_key("segment", message_id)
    fields = {name: value for name, value in message.items() if name not in _CHANGES}
    minute = "" if _stamp_of(message) else f"{batch.asked.now:%Y-%m-%dT%H:%M}"
    return message_key("segment", kind, digest_of_value(fields), minute)


def _judge(
    kind: str,
    message: Mapping[str, object],
    seen: Seen,
    journey: str | None,
    at: datetime,
    batch: Batch,
) -> Outcome:
    """Return the touch of a visit, or why it is none.

    The touch of a browser library has the visit's key, since many messages repeat it: the visitor, the evidence and the
    session, or the hour by the visitor's clock if the library has no sessions. The evidence is the query of an address
    with a campaign or a click id, or else the referrer.
    """
    context = object_of(message, "context")
    session = context.get("sessionId")
    is_of_browser = text_of(object_of(context, "library").get("name")) in _IN_BROWSERS
    visit = judge_visit(
        "segment",
        seen,
        is_page=kind == "page",
        at=at,
        journey=journey,
        session=session,
        key="" if is_of_browser else _key_of(kind, message, batch),
    )
    if not is_of_browser or not isinstance(visit.touch, Mapping):
        return visit
    window = token_of(session) or str(_stamp_of(message) or batch.asked.now)[:_TO_THE_HOUR]
    evidence: tuple[object, ...] = ("referrer", seen.referrer)
    if any(visit.touch[name] for name in TAGS):
        query = (seen.url or "").partition("?")[2]
        evidence = (seen.source, seen.medium, seen.campaign, query)
    key = message_key("segment", "visit", journey, window, *evidence)
    return Outcome({**visit.touch, "idempotency_key": key})


def _stamp_of(message: Mapping[str, object]) -> object:
    return message.get("timestamp") or message.get("originalTimestamp")


def _order_map(event: object, asked: Asked) -> OrderMap | None:
    """Return how an event names an order: by the tenant's own map, then by the specification's names."""
    if not isinstance(event, str):
        return None
    return asked.order_events.get(event) or _STANDARD.get(event.strip())


def _with_order_id(properties: Mapping[str, object]) -> Mapping[str, object]:
    """Return properties with an order's id, which the first version of the specification writes `orderId`."""
    if properties.get("order_id") is not None or "orderId" not in properties:
        return properties
    return {**properties, "order_id": properties["orderId"]}
