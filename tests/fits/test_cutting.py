"""Journeys are cut as the definition says, whatever happened in whichever order."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skeldir.fits.cutting import Cut, Span, cut_journeys
from skeldir.fits.refusals import JourneyKeysUnreadable

LOOKBACK = 10
SPAN = Span(20, 40, LOOKBACK)


@dataclass(frozen=True, order=True)
class Event:
    """A touch of a channel, from 1 on, or an order that left cents of a currency."""

    key: int
    moment: int
    is_order: bool
    channel: int
    cents: int


events = st.lists(
    st.builds(
        Event,
        st.integers(0, 3),
        st.integers(0, 60),
        st.booleans(),
        st.integers(1, 3),
        st.integers(-5, 50),
    ),
    max_size=40,
)

Journey = tuple[int, tuple[int, ...], int | None]
"""The key, the channels of the touches that count, and what the order left; None without an order."""


def key_of(number: int) -> bytes:
    return number.to_bytes(8, "big") + (number * 77).to_bytes(8, "big")


def cut(happened: list[Event]) -> Cut:
    touches = sorted((e for e in happened if not e.is_order), key=lambda e: (e.key, e.moment))
    orders = sorted((e for e in happened if e.is_order), key=lambda e: e.moment)
    return cut_journeys(
        b"".join(key_of(e.key) + struct.pack(">qh", e.moment, e.channel) for e in touches),
        b"".join(key_of(e.key) + struct.pack(">q", e.moment) for e in orders),
        b"".join(struct.pack(">i3sq", n, b"EUR", e.cents) for n, e in enumerate(orders)),
        SPAN,
    )


def by_definition(happened: list[Event]) -> list[Journey]:
    """Go through the events of each key, one by one."""
    found: list[Journey] = []

    def close(key: int, open_touches: list[Event], end: int, cents: int | None) -> None:
        if SPAN.first <= end < SPAN.end:
            channels = tuple(t.channel for t in open_touches if end - t.moment <= LOOKBACK)
            found.append((key, channels, cents))

    for key in sorted({e.key for e in happened}):
        open_touches: list[Event] = []
        for event in sorted(
            (e for e in happened if e.key == key), key=lambda e: (e.moment, e.is_order)
        ):
            if open_touches and event.moment - open_touches[-1].moment > LOOKBACK:
                close(key, open_touches, open_touches[-1].moment, None)
                open_touches = []
            if event.is_order:
                close(key, open_touches, event.moment, max(event.cents, 0))
                open_touches = []
            else:
                open_touches.append(event)
        if open_touches:
            close(key, open_touches, open_touches[-1].moment, None)
    return found


@settings(deadline=None)
@given(happened=events)
def test_journeys_are_those_of_the_definition(happened: list[Event]) -> None:
    made = cut(happened).journeys
    ends = np.cumsum(made.lengths)
    cents = np.zeros(len(ends), np.int64)
    if "EUR" in made.money:
        cents[made.money["EUR"].journeys] = np.maximum(made.money["EUR"].cents, 0)
    found = [
        (tuple(made.touches[end - length : end].tolist()), int(own) if is_order else None)
        for end, length, is_order, own in zip(
            ends.tolist(),
            made.lengths.tolist(),
            made.converted.tolist(),
            cents.tolist(),
            strict=True,
        )
    ]
    wanted = [(channels, own) for _, channels, own in by_definition(happened)]
    assert Counter(found) == Counter(wanted)


def test_the_journeys_of_a_key_are_in_one_shard() -> None:
    happened = [Event(2, moment, moment == 25, 1, 9) for moment in (22, 23, 25, 30)]
    assert len(set(cut(happened).journeys.shards.tolist())) == 1


def test_money_below_nothing_is_nothing_and_is_counted() -> None:
    made = cut([Event(1, 25, False, 1, 0), Event(1, 26, True, 1, -5)]).journeys
    assert made.as_columns(["email"]).values["EUR"].tolist() == [0]
    assert made.over_refunded == 1


def test_each_journey_has_its_key_and_the_moment_of_its_end() -> None:
    made = cut([Event(1, 25, False, 1, 0), Event(1, 26, True, 1, 5), Event(3, 30, False, 2, 0)])
    assert made.keys.tolist() == [key_of(1), key_of(3)]
    assert made.ends.tolist() == [26, 30]


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(JourneyKeysUnreadable):
        cut_journeys(b"x" * 25, b"", b"", SPAN)
