"""Messages of every protocol that collecting endpoints take, with most of the fields that its libraries send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Body = dict[str, Any]
SHOP: Final = "https://shop.example"
ORDER_MAPS: Final = ("paid=completed:order_id=order,total=amount,currency=currency",)
"""The tenant's own order events, which PostHog's messages need."""
_PAGE: Final = f"{SHOP}/shoes?utm_source=news&utm_medium=email&utm_campaign=spring&gclid=1#top"
_SEARCH: Final = "https://search.example/find?q=shoes"
_AT: Final = "2026-11-02T10:00:00Z"
_SUMS: Final = {"total": 59.9, "revenue": "50", "tax": 9.9, "shipping": 1, "discount": 0}


def _segment() -> Iterator[Body]:
    page = {"url": _PAGE, "referrer": _SEARCH, "search": "?q=1", "path": "/shoes", "title": "Shoes"}
    context = {
        "page": page,
        "campaign": {"source": "news", "medium": "email", "name": "spring", "term": "x"},
        "library": {"name": "x"},
        "sessionId": "s-1",
        "ip": "1",
        "userAgent": "x",
    }
    message = {"messageId": "m", "anonymousId": "visitor", "timestamp": _AT, "context": context}
    order = {"order_id": "1001", "currency": "EUR", "skeldir_journey": "j", **_SUMS}
    yield message | {
        "type": "page",
        "userId": "u",
        "properties": {"url": _PAGE, "referrer": _SEARCH},
    }
    for name in ("Order Completed", "Order Refunded", "Order Cancelled"):
        yield message | {"type": "track", "event": name, "properties": order, "messageId": name}
    yield {"type": "identify", "userId": "u", "traits": {"email": "x"}, "messageId": "i"}


def _ga4() -> Iterator[Body]:
    page = {"page_location": _PAGE, "page_referrer": _SEARCH, "page_title": "x", "session_id": "1"}
    tags = {"campaign_id": "1", "campaign": "spring", "source": "news", "medium": "email"}
    order = {"transaction_id": "1002", "value": 20, "currency": "EUR", "tax": 1, "shipping": 1}
    for name, params in (("page_view", page), ("campaign_details", tags | {"gclid": "1"})):
        yield {"client_id": "1.2", "user_id": "u", "events": [{"name": name, "params": params}]}
    for name in ("purchase", "refund"):
        yield {"client_id": "1.3", "events": [{"name": name, "params": order}]}


def _plausible() -> Iterator[Body]:
    props = {"journey": "j", "plan": "x"}
    yield {"n": "pageview", "u": _PAGE, "d": "shop.example", "r": _SEARCH, "p": props}
    yield {"name": "x", "url": _PAGE, "domain": "shop.example", "referrer": _SEARCH, "props": props}


def _posthog() -> Iterator[Body]:
    properties = {
        "distinct_id": "visitor",
        "$device_id": "device",
        "$current_url": _PAGE,
        "$referrer": _SEARCH,
        "$session_id": "s-1",
        "$lib": "x",
        "utm_source": "news",
        "utm_medium": "email",
        "utm_campaign": "spring",
        "gclid": "1",
        "order": "1003",
        "amount": 12,
        "currency": "EUR",
        "$set": {"email": "x"},
    }
    for name in ("$pageview", "paid", "$identify"):
        yield {"event": name, "uuid": name, "timestamp": _AT, "properties": properties}


def _snowplow() -> Iterator[Body]:
    common = {"duid": "d", "sid": "s", "uid": "u", "url": _PAGE, "refr": _SEARCH, "page": "x"}
    entities = {"data": [{"schema": "iglu:x/user/1-0-0", "data": {"email": "x"}}]}
    yield common | {"e": "pv", "eid": "e-1", "ip": "x", "ua": "x", "tna": "x", "co": str(entities)}
    money = {"tr_id": "1004", "tr_tt": "59.90", "tr_tx": "9", "tr_sh": "1", "tr_cu": "EUR"}
    yield common | money | {"e": "tr", "eid": "e-2", "tr_ci": "x", "tr_af": "x"}


def _matomo() -> Iterator[Body]:
    common = {"url": _PAGE, "urlref": _SEARCH, "_id": "0123456789abcdef", "uid": "u", "cip": "x"}
    yield common | {"action_name": "x", "_rcn": "spring", "_rck": "x", "ua": "x"}
    money = {"revenue": "9.90", "ec_tx": "1", "ec_sh": "1", "skeldir_currency": "EUR"}
    yield common | money | {"idgoal": "0", "ec_id": "1005", "ec_items": "[]"}


def _umami() -> Iterator[Body]:
    payload = {"website": "w", "hostname": "shop.example", "url": _PAGE, "referrer": _SEARCH}
    others = {"title": "x", "data": {"journey": "j"}, "id": "i", "vid": "v", "tag": "x"}
    yield {"type": "event", "payload": payload | others}
    yield {"type": "identify", "payload": payload | {"data": {"email": "x"}}}


def _collector() -> Iterator[Body]:
    own = {"j": "0" * 32, "i": "0" * 31 + "1", "o": "granted", "w": 0}
    yield own | {"p": SHOP, "r": "search.example", "s": "news", "m": "x", "c": "x", "g": ["gclid"]}


BODIES: Final[Mapping[str, Callable[[], Iterator[Body]]]] = {
    "segment": _segment,
    "ga4": _ga4,
    "plausible": _plausible,
    "posthog": _posthog,
    "snowplow": _snowplow,
    "matomo": _matomo,
    "umami": _umami,
    "collector": _collector,
}
"""The fields of each protocol, in the messages of a visit, of orders, and of a person."""
