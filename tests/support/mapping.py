"""What protocols of other analytics make of a body, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from skeldir.collect.mapped import Answer, Asked, Mapped, OrderEvent, OrderMap, Touch, Wire
from skeldir.ingest import UnreadableItem

NOW: Final = datetime(2026, 9, 1, 12, 30, 15, tzinfo=UTC)
KEY: Final = "skd_" + "k" * 43
LANDING: Final = (
    "https://shop.example/shoes?utm_source=Google&utm_medium=cpc&utm_campaign=autumn&gclid=Cj0K"
)
INSIDE: Final = "https://shop.example/"
SEARCH: Final = "https://www.google.com/search"
PERSONAL: Final = (
    "jane.doe@mail.example",
    "jane.doe%40mail.example",
    "+49 170 1234567",
    "203.0.113.9",
    "4111 1111 1111 1111",
)
"""What shows a person; none of it may be left in a touch."""
PERSONAL_PAGE: Final = (
    "https://shop.example/account/jane.doe@mail.example?email=jane.doe%40mail.example&phone=%2B49%20170%201234567"
    "&utm_source=jane.doe@mail.example&utm_campaign=4111%201111%201111%201111&gclid=203.0.113.9"
)


def map_body(
    wire: Wire,
    body: object,
    *,
    verb: str = "",
    query: Mapping[str, str] = {},
    headers: Mapping[str, str] = {},
    order_events: Mapping[str, OrderMap] = {},
    content_type: str = "application/json",
    now: datetime = NOW,
) -> Mapped:
    """Return what a body says; one that is not bytes is sent as JSON."""
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    asked = Asked(now, verb, query, order_events, headers)
    return wire.read(wire.parse(sent, query, content_type), asked)


def answer_of(wire: Wire, mapped: Mapped, verb: str = "") -> Answer:
    """Return how a sender is answered."""
    return mapped.answer or wire.answer(Asked(NOW, verb))


def touches_of(mapped: Mapped) -> list[Touch]:
    """Return the touches, without items that could not be read."""
    return [touch for _, touch in mapped.touches if not isinstance(touch, UnreadableItem)]


def the_touch(mapped: Mapped) -> Touch:
    """Return the only touch of a body of which nothing was dropped or unreadable."""
    (touch,) = touches_of(mapped)
    assert not mapped.dropped
    return touch


def the_order(mapped: Mapped) -> OrderEvent:
    """Return the only order."""
    ((_, order),) = mapped.orders
    return order


def unreadable_of(mapped: Mapped) -> Sequence[UnreadableItem]:
    """Return the messages that could not be read."""
    return [item for _, item in mapped.touches if isinstance(item, UnreadableItem)]


def shown(mapped: Mapped) -> str:
    """Return all that is kept of what a body says, as text, without the key of a journey, which is hashed later."""
    touches = [{**touch, "journey_key": ""} for touch in touches_of(mapped)]
    return repr((touches, unreadable_of(mapped)))
