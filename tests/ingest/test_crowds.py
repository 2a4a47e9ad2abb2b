"""A journey key that a large part of all visitors share is noticed, with bounded memory."""

from __future__ import annotations

import logging
from itertools import cycle, islice
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.ingest.crowds import (
    FEWEST_JOURNEYS,
    WINDOW,
    CrowdedJourney,
    CrowdWatch,
    JourneyCensus,
    count_journeys,
)


def visits(journeys: int, shared: int) -> list[str]:
    """Return one touch of each of `journeys` visitors, and `shared` of one more."""
    return [f"{number:032x}" for number in range(journeys)] + ["f" * 32] * shared


def census(*batches: list[str]) -> JourneyCensus:
    counted = JourneyCensus()
    for batch in batches:
        counted.add(count_journeys(batch))
    return counted


def test_a_journey_with_more_than_a_tenth_of_the_touches_is_crowded() -> None:
    assert census(visits(900, 101)).find_crowded() == (CrowdedJourney(101, 1_001),)
    assert census(visits(900, 100)).find_crowded() == ()


def test_few_journeys_are_never_a_crowd() -> None:
    assert census(visits(FEWEST_JOURNEYS - 2, 500)).find_crowded() == ()
    assert census(visits(FEWEST_JOURNEYS - 1, 500)).find_crowded() != ()


@given(st.integers(150, 400), st.integers(1, 60))
def test_a_crowd_is_found_however_its_touches_are_divided_into_batches(
    shared: int, size: int
) -> None:
    touches = visits(1_000, shared)
    # Spread over the whole, as in a file that is ordered by time.
    order = sorted(range(len(touches)), key=lambda place: place * 7_919 % len(touches))
    spread = [touches[place] for place in order]
    batches = [spread[at : at + size] for at in range(0, len(spread), size)]
    assert census(*batches).find_crowded() == (CrowdedJourney(shared, 1_000 + shared),)


def test_the_census_holds_few_journeys_however_many_there_are() -> None:
    many = JourneyCensus()
    for batch in range(200):
        many.add(count_journeys([f"{batch}-{number}" for number in range(100)] + ["shared"] * 20))
    assert many.find_crowded() == (CrowdedJourney(4_000, 24_000),)
    assert many.journeys <= 2_200


def test_crowds_among_single_touches_are_logged_once_for_each_window(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch, tenant = CrowdWatch(), uuid4()
    with caplog.at_level(logging.WARNING, "skeldir.ingest.crowds"):
        for key in islice(cycle(visits(200, 100)), WINDOW - 1):
            watch.add(tenant, count_journeys([key]))
        watch.add(uuid4(), count_journeys(visits(200, 100)))
        assert caplog.records == []
        watch.add(tenant, count_journeys(["0" * 32]))
        (record,) = caplog.records
        assert record.getMessage().startswith("ingest.journey_crowded 33")
        for key in islice(cycle(visits(500, 0)), WINDOW):
            watch.add(tenant, count_journeys([key]))
    assert len(caplog.records) == 1
