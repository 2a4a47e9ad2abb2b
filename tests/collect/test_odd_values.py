"""Odd values in every field of every protocol: each message is read, and becomes something that is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from skeldir.collect.mapped import PROTOCOLS, Protocol, Wire
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.wires import WIRES
from tests.support.collected import BODIES, ORDER_MAPS, Body
from tests.support.mapping import map_body
from tests.support.persons import place_value, places_in

ODD: Final[Sequence[object]] = (
    None,
    True,
    -1,
    0.1 + 0.2,
    2**64 - 1,
    1e300,
    "",
    "\x00",
    "1e400",
    "NaN",
    "-0",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9" * 17,
    [],
    [[]],
    {},
    {"a": {"b": [None]}},
)
# Fields that change how a message is read, and stand in few messages.
OTHERS: Final = {
    "segment": ("sentAt", "originalTimestamp", "properties", "context"),
    "ga4": ("timestamp_micros", "consent", "events"),
    "posthog": ("offset", "distinct_id", "options", "properties"),
    "snowplow": ("dtm", "stm", "ttm", "ue_px", "cx", "co", "tv"),
    "matomo": ("cdt", "cdo", "idgoal", "ping", "send_image"),
    "umami": ("payload",),
    "plausible": ("m", "meta", "props"),
    "collector": ("g", "i", "j", "o"),
}


def _odd(protocol: Protocol) -> Iterator[Body]:
    """Yield the messages of a protocol with an odd value in each place."""
    for body in BODIES[protocol]():
        for value in ODD:
            for place in places_in(body):
                yield place_value(body, place, value)
            for name in OTHERS[protocol]:
                yield {**body, name: value}


def _batch(protocol: Protocol, messages: Sequence[Body]) -> object:
    """Return one body with these messages."""
    if protocol in ("segment", "posthog"):
        return {"batch": messages}
    if protocol == "matomo":
        return {"requests": messages}
    return {"data": messages} if protocol == "snowplow" else messages


def _require_all(wire: Wire, body: object, messages: int, verb: str = "") -> None:
    maps = read_order_maps(ORDER_MAPS)
    mapped = map_body(wire, body, verb=verb, order_events=maps)
    places = {place for place, _ in (*mapped.touches, *mapped.orders)}
    assert len(places) + sum(mapped.dropped.values()) == messages, body


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_message_with_an_odd_value_becomes_something(protocol: Protocol) -> None:
    wire = next(one for one, _ in WIRES if one.name == protocol)
    messages = list(_odd(protocol))
    assert len(messages) > 150
    if protocol in ("ga4", "plausible", "collector"):  # these have no batches of messages
        for message in messages:
            events = message.get("events")
            count = len(events) if protocol == "ga4" and isinstance(events, list) else 1
            _require_all(wire, message, count)
    else:
        _require_all(wire, _batch(protocol, messages), len(messages), "batch")
