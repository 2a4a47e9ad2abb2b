"""What one event of PostHog's libraries says: a visit, an order, or nothing that is kept. Pure.

The browser library (`$lib` is `web`) copies the campaign and the referrer of a session's first page into every later
event, so for its events `utm_…`, `gclid` and `$referrer` in the properties are no evidence of a new visit. What counts
there is the address of the page, and the address and referrer of the session's first page (`$session_entry_…`). Events
of other libraries say themselves what they are about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from skeldir.collect.mapped import Asked, DropReason, Touch
from skeldir.collect.order_maps import apply_order_map
from skeldir.collect.posthog_bodies import key_of_message
from skeldir.collect.visits import (
    Reading,
    Seen,
    correct_moment,
    digest_of_value,
    has_evidence,
    is_internal,
    make_touch,
    message_key,
    moment_of_text,
    object_of,
    text_of,
    token_of,
)
from skeldir.ingest import LONGEST_LABEL, UnreadableItem, read_landing

_PAGE_VIEW: Final = "$pageview"
_OF_A_PERSON: Final = frozenset(
    {"$identify", "$set", "$unset", "$create_alias", "$merge_dangerously", "$groupidentify"}
)
_OF_A_PERSON_FIELDS: Final = ("$set", "$set_once", "$unset", "$add")
_BROWSERS: Final = frozenset({"web", "js"})
_NO_REFERRER: Final = "$direct"
# Ids that a program sends for many visitors at once, by a mistake or, as the first one, on purpose. In lower case.
_OF_NOBODY: Final = frozenset(
    {
        "$posthog_cookieless",
        "anonymous",
        "guest",
        "distinct_id",
        "distinctid",
        "id",
        "email",
        "not_authenticated",
        "undefined",
        "null",
        "none",
        "nan",
        "true",
        "false",
        "0",
        "[object object]",
        "00000000-0000-0000-0000-000000000000",
    }
)
# How many characters the library keeps of the address of a session's first page.
_KEPT_OF_ENTRY: Final = 1000
_LONGEST_OFFSET_MS: Final = 31 * 24 * 3600 * 1000
_CLICK_IDS: Final = (
    "gclid",
    "gbraid",
    "wbraid",
    "gad_source",
    "dclid",
    "fbclid",
    "msclkid",
    "ttclid",
    "twclid",
    "li_fat_id",
    "rdt_cid",
    "sccid",
    "epik",
    "igshid",
    "mc_cid",
    "_kx",
)


class Request(NamedTuple):
    """What a message has from its request: the key of all messages, and when the request was sent."""

    asked: Asked
    key: str | None
    sent_at: datetime | None


class _Visit(NamedTuple):
    """What a message shows of a visit. `key` has what the same visit has again in other messages, if that is known."""

    seen: Seen
    is_tagged: bool
    key: tuple[str, ...] = ()


def read_message(reading: Reading, place: int, message: object, request: Request) -> None:
    """Add what a message says."""
    if not isinstance(message, Mapping):
        reading.add_touch(place, _unreadable("item_not_an_object", "The event is no object."))
        return
    name = message.get("event")
    if not isinstance(name, str) or not name:
        if request.asked.verb == "engage" or any(one in message for one in _OF_A_PERSON_FIELDS):
            reading.drop("of_a_person")
        else:
            reading.add_touch(place, _unreadable("event_unnamed", "The event has no name."))
        return
    is_order = name in request.asked.order_events
    if name in _OF_A_PERSON:
        reading.drop("of_a_person")
    elif name.startswith("$") and name != _PAGE_VIEW and not is_order:
        reading.drop("not_a_visit")
    elif request.key is not None and (key_of_message(message) or request.key) != request.key:
        detail = "The event has another key than the first one of its request."
        reading.add_touch(place, _unreadable("key_differs", detail))
    else:
        _read_event(reading, place, name, message, request)


def _read_event(
    reading: Reading, place: int, name: str, message: Mapping[str, object], request: Request
) -> None:
    """Add what an event says that may be a visit or an order."""
    properties = object_of(message, "properties")
    order_map = request.asked.order_events.get(name)
    visit = _see(name, properties)
    if order_map is None and not isinstance(visit, _Visit):
        reading.drop(visit)
        return
    at = _moment_of(message, properties, request)
    if at is None:
        detail = "The event's timestamp is not ISO 8601."
        reading.add_touch(place, _unreadable("occurred_at_invalid", detail))
        return
    key = _key_of(name, message, properties, request.asked.now)
    journey = _journey_of(message, properties)
    if order_map is not None:
        order = apply_order_map(order_map, properties, message_id=key, at=at, journey=journey)
        reading.add_order(place, order)
    result: Touch | DropReason = "no_journey"
    if not isinstance(visit, _Visit):
        result = visit
    elif journey is not None:
        key = message_key("posthog", *visit.key) if visit.key else key
        session = properties.get("$session_id") or message.get("session_id")
        touch = make_touch("posthog", visit.seen, key=key, at=at, journey=journey, session=session)
        result = _judge(name, visit, touch)
    if not isinstance(result, str):
        reading.add_touch(place, result)
    elif order_map is None:
        reading.drop(result)


def _judge(name: str, visit: _Visit, touch: Touch) -> Touch | DropReason:
    """Return a touch that shows enough, or why it is dropped."""
    if name != _PAGE_VIEW:
        is_tagged = any(touch[one] for one in ("source", "medium", "campaign", "click_ids"))
        return touch if is_tagged else "not_a_visit"
    is_direct = visit.seen.url is not None and visit.seen.referrer is None and not visit.is_tagged
    return touch if is_direct or has_evidence(touch) else "no_evidence"


def _see(name: str, properties: Mapping[str, object]) -> _Visit | DropReason:
    """Return what an event shows of a visit, or why that is nothing."""
    is_of_browser = (
        text_of(properties.get("$lib")) in _BROWSERS or "$session_entry_url" in properties
    )
    visit = _see_in_browser(name, properties) if is_of_browser else _see_in_message(properties)
    if isinstance(visit, _Visit) and not visit.is_tagged:
        if name != _PAGE_VIEW:
            return "not_a_visit"
        if is_internal(visit.seen):
            return "is_internal"
    return visit


def _see_in_browser(name: str, properties: Mapping[str, object]) -> _Visit | DropReason:
    """Return what an event of the browser library shows.

    A session's first page is one visit, however often it is shown: it is seen where the address is that of the
    session's first page, which may lack its query by then. Older versions do not say which page was the first; of their
    sessions, each referrer counts once.
    """
    if name != _PAGE_VIEW and text_of(properties.get("$pageview_id")) is not None:
        return "not_a_visit"
    session = text_of(properties.get("$session_id"), LONGEST_LABEL)
    url = text_of(properties.get("$current_url"))
    entry = text_of(properties.get("$session_entry_url"))
    is_tagged = _is_tagged(url)
    is_same = entry is not None and url is not None and url[:_KEPT_OF_ENTRY] == entry
    if is_same or (entry is not None and not is_tagged and _page_of(url) == _page_of(entry)):
        seen = Seen(url if is_same else entry, _referrer_of(properties, "$session_entry_referrer"))
        first = ("entry", session) if session is not None else ()
        return _Visit(seen, is_tagged if is_same else _is_tagged(entry), first)
    if is_tagged:
        # Which site led here is not said: `$referrer` is that of the session's first page.
        return _Visit(Seen(url), is_tagged=True)
    if entry is not None:
        return "is_internal"
    referrer = _referrer_of(properties, "$referrer")
    key = ("entry", session, referrer or "") if session is not None else ()
    return _Visit(Seen(url, referrer), is_tagged=False, key=key)


def _see_in_message(properties: Mapping[str, object]) -> _Visit:
    """Return what an event shows of which each property is its own."""
    url = text_of(properties.get("$current_url"))
    seen = Seen(
        url,
        _referrer_of(properties, "$referrer"),
        _label(properties.get("utm_source")),
        _label(properties.get("utm_medium")),
        _label(properties.get("utm_campaign")),
        tuple(name for name in _CLICK_IDS if text_of(properties.get(name)) is not None),
    )
    is_tagged = bool(seen.source or seen.medium or seen.campaign or seen.click_ids)
    return _Visit(seen, is_tagged or _is_tagged(url))


def _is_tagged(url: str | None) -> bool:
    """Return whether an address has a campaign or a click id."""
    if url is None or not any(mark in url for mark in "?#%"):
        return False
    landing = read_landing(url)
    return bool(landing.source or landing.medium or landing.campaign or landing.click_id_kinds)


def _page_of(url: str | None) -> str:
    return (url or "").partition("#")[0].partition("?")[0]


def _referrer_of(properties: Mapping[str, object], name: str) -> str | None:
    referrer = text_of(properties.get(name))
    return None if referrer == _NO_REFERRER else referrer


def _label(value: object) -> str | None:
    """Return a campaign's text, cut like the tags of an address."""
    text = text_of(value)
    return None if text is None else text[:LONGEST_LABEL]


def _journey_of(message: Mapping[str, object], properties: Mapping[str, object]) -> str | None:
    """Return the token of a visitor's journey; None for an id that stands for many visitors.

    It is the site's own `skeldir_journey`, or else `$device_id`, which stays when `identify` changes `distinct_id`.
    """
    for value in (
        properties.get("skeldir_journey"),
        properties.get("$device_id"),
        message.get("distinct_id"),
        message.get("$distinct_id"),
        properties.get("distinct_id"),
        properties.get("$distinct_id"),
    ):
        token = token_of(value)
        if token is not None:
            return None if token.lower() in _OF_NOBODY else token
    return None


def _moment_of(
    message: Mapping[str, object], properties: Mapping[str, object], request: Request
) -> datetime | None:
    """Return when an event happened; None if it has a time that is none.

    As for PostHog, a time without an offset is UTC, and `offset` says how many milliseconds ago it was.
    """
    now = request.asked.now
    stamp = message.get("timestamp")
    if stamp is None or stamp == "":
        ago = message.get("offset")
        is_known = isinstance(ago, int) and 0 <= ago <= _LONGEST_OFFSET_MS
        return now - timedelta(milliseconds=ago) if is_known and isinstance(ago, int) else now
    if not isinstance(stamp, str):
        return None
    said = moment_of_text(stamp) or moment_of_text(f"{stamp}Z")
    if said is None:
        return None
    options = object_of(message, "options")
    is_exact = True in (properties.get("$ignore_sent_at"), options.get("disable_skew_correction"))
    return correct_moment(said, None if is_exact else request.sent_at, now)


def _key_of(
    name: str, message: Mapping[str, object], properties: Mapping[str, object], now: datetime
) -> str:
    """Return the idempotency key: of `uuid`, which a library repeats when it sends an event again.

    Without one it is of the event's fields; if the event has no time of its own either, also of the minute in which it
    came, so that the same words later are another event.
    """
    uuid = text_of(message.get("uuid"))
    if uuid is not None:
        return message_key("posthog", uuid)
    stamp = message.get("timestamp") or f"{now:%Y-%m-%dT%H:%M}"
    distinct = message.get("distinct_id") or message.get("$distinct_id")
    return message_key("posthog", digest_of_value([name, stamp, distinct, properties]))


def _unreadable(code: str, detail: str) -> UnreadableItem:
    return UnreadableItem(code, detail, {})
