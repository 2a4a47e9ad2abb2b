"""Matomo's tracking API: queries, forms and bulk bodies, its own names of tags, and orders whose currency is stated."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from skeldir.collect.mapped import Mapped
from skeldir.collect.matomo import WIRE
from tests.support.mapping import (
    INSIDE,
    LANDING,
    NOW,
    SEARCH,
    answer_of,
    map_body,
    the_order,
    the_touch,
    unreadable_of,
)

VIEW = {"idsite": "1", "rec": "1", "url": LANDING, "urlref": SEARCH, "_id": "0123456789abcdef"}
ORDER = {
    "idsite": "1", "rec": "1", "_id": "0123456789abcdef", "url": INSIDE, "idgoal": "0", "ec_id": "T-1",
    "revenue": "119.00", "ec_st": "95", "ec_tx": "19.00", "ec_sh": "5.00", "ec_dt": "0", "skeldir_currency": "EUR",
}  # fmt: skip


def sent(parameters: dict[str, str]) -> Mapped:
    return map_body(WIRE, urlencode(parameters).encode())


@pytest.mark.parametrize("how", ["query", "form", "bulk", "bulk of objects"])
def test_a_page_view_is_a_touch_however_it_is_sent(how: str) -> None:
    mapped = {
        "query": lambda: map_body(WIRE, b"", query=VIEW),
        "form": lambda: sent(VIEW),
        "bulk": lambda: map_body(WIRE, {"requests": ["?" + urlencode(VIEW)]}),
        "bulk of objects": lambda: map_body(WIRE, {"requests": [VIEW]}),
    }[how]()
    touch = the_touch(mapped)
    assert (touch["journey_key"], touch["source"], touch["referrer_host"]) == (
        "0123456789abcdef", "Google", "www.google.com"
    )  # fmt: skip
    assert touch["idempotency_key"] == the_touch(sent(VIEW))["idempotency_key"]


def test_matomos_own_names_of_tags_are_read() -> None:
    url = INSIDE + "?mtm_source=news&pk_campaign=autumn&matomo_medium=email"
    touch = the_touch(sent(VIEW | {"url": url}))
    assert (touch["source"], touch["medium"], touch["campaign"]) == ("news", "email", "autumn")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"ping": "1"}, "not_a_visit"),
        ({"e_c": "Videos", "e_a": "play", "url": INSIDE}, "not_a_visit"),
        ({"search": "shoes", "url": INSIDE}, "not_a_visit"),
        ({"idgoal": "0", "ec_items": "[]", "url": INSIDE}, "not_a_visit"),
        ({"urlref": INSIDE}, "is_internal"),
        ({"_id": "", "uid": "jane"}, "no_journey"),
    ],
)
def test_what_shows_no_visit_is_dropped(changed: dict[str, str], reason: str) -> None:
    mapped = sent(VIEW | changed)
    assert (mapped.touches, mapped.orders, mapped.dropped) == ((), (), {reason: 1})


def test_an_order_has_a_grand_total_and_the_currency_that_is_stated() -> None:
    order = the_order(sent(ORDER))
    assert (order.kind, order.order_id, order.total, order.revenue) == (
        "completed",
        "T-1",
        "119.00",
        None,
    )
    assert (order.tax, order.shipping, order.discount, order.currency) == (
        "19.00",
        "5.00",
        "0",
        "EUR",
    )
    assert order.journey == "0123456789abcdef"
    without = {name: value for name, value in ORDER.items() if name != "skeldir_currency"}
    assert the_order(sent(without)).currency is None


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"cdt": "2026-08-31 22:10:05"}, datetime(2026, 8, 31, 22, 10, 5, tzinfo=UTC)),
        ({"cdt": "1756678205"}, datetime(2025, 8, 31, 22, 10, 5, tzinfo=UTC)),
        ({"cdo": "15"}, datetime(2026, 9, 1, 12, 30, 0, tzinfo=UTC)),
        ({"cdt": "yesterday"}, NOW),
        ({}, NOW),
    ],
)
def test_the_moment_is_the_stated_one(stated: dict[str, str], expected: datetime) -> None:
    assert the_touch(sent(VIEW | stated))["occurred_at"] == expected


def test_the_answer_is_an_image_nothing_or_a_count() -> None:
    assert answer_of(WIRE, sent(VIEW)).media_type == "image/gif"
    assert answer_of(WIRE, sent(VIEW | {"send_image": "0"})).status == 204
    bulk = map_body(WIRE, {"requests": [urlencode(VIEW), 5]})
    assert answer_of(WIRE, bulk).body == b'{"status":"success","tracked":1,"invalid":1}'
    assert unreadable_of(bulk)[0].code == "item_not_an_object"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"requests": 5}', b"\xff", b"&" * 1_000])
def test_a_body_that_cannot_be_read_is_a_dead_event(body: bytes) -> None:
    assert len(unreadable_of(map_body(WIRE, body))) == 1


def test_the_first_value_of_a_parameter_counts() -> None:
    twice = urlencode([*VIEW.items(), ("url", "https://shop.example/other")])
    assert the_touch(map_body(WIRE, twice.encode()))["landing_path"] == "/shoes"
