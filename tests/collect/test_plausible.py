"""Plausible's script and events API: both spellings of the fields, the journey, and what is dropped."""

from __future__ import annotations

import pytest

from skeldir.collect.mapped import Mapped
from skeldir.collect.plausible import WIRE
from tests.support.mapping import INSIDE, LANDING, NOW, SEARCH, answer_of, map_body, the_touch

SHORT = {"n": "pageview", "u": LANDING, "d": "shop.example", "r": SEARCH, "p": {"journey": "j-1"}}
LONG = {
    "name": "pageview", "url": LANDING, "domain": "shop.example", "referrer": SEARCH, "props": {"journey": "j-1"}
}  # fmt: skip


def was_dropped(mapped: Mapped) -> bool:
    answer = answer_of(WIRE, mapped)
    assert (answer.status, answer.body) == (202, b"ok")
    return answer.headers.get("x-plausible-dropped") == "1"


@pytest.mark.parametrize(
    "body",
    [SHORT, LONG, SHORT | {"p": '{"journey":"j-1"}'}, SHORT | {"r": None, "referrer": SEARCH}],
    ids=["script", "api", "older script", "mixed"],
)
def test_a_page_view_is_a_touch(body: dict[str, object]) -> None:
    mapped = map_body(WIRE, body, content_type="text/plain")
    touch = the_touch(mapped)
    assert (touch["journey_key"], touch["source"], touch["campaign"]) == ("j-1", "Google", "autumn")
    assert (touch["referrer_host"], touch["occurred_at"]) == ("www.google.com", NOW)
    assert not was_dropped(mapped)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"p": {}}, "no_journey"),
        ({"p": "{"}, "no_journey"),
        ({"r": INSIDE}, "is_internal"),
        ({"n": "engagement"}, "not_a_visit"),
        ({"n": "Purchase", "u": INSIDE, "$": {"amount": 5, "currency": "EUR"}}, "not_a_visit"),
    ],
)
def test_what_is_dropped_is_said_in_a_header(changed: dict[str, object], reason: str) -> None:
    mapped = map_body(WIRE, SHORT | changed)
    assert (mapped.touches, mapped.orders, mapped.dropped) == ((), (), {reason: 1})
    assert was_dropped(mapped)


def test_a_goal_on_a_page_with_a_campaign_is_a_touch_and_its_revenue_no_order() -> None:
    mapped = map_body(WIRE, SHORT | {"n": "Purchase", "$": {"amount": 5, "currency": "EUR"}})
    assert the_touch(mapped)["campaign"] == "autumn"
    assert not mapped.orders


def test_a_body_that_cannot_be_read_is_a_dead_event() -> None:
    mapped = map_body(WIRE, b"n=pageview")
    assert len(mapped.touches) == 1
    assert was_dropped(mapped)
