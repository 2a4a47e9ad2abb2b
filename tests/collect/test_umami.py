"""Umami's messages: page views that show a referrer, the visitor, paths of a host, batches."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from skeldir.collect.mapped import Mapped
from skeldir.collect.umami import WIRE
from tests.support.mapping import INSIDE, LANDING, SEARCH, answer_of, map_body, the_touch

VIEW = {
    "website": "w",
    "hostname": "shop.example",
    "url": LANDING,
    "referrer": SEARCH,
    "vid": "v-1",
}


def sent(payload: dict[str, object], kind: str = "event") -> Mapped:
    return map_body(WIRE, {"type": kind, "payload": payload})


def test_a_page_view_is_a_touch() -> None:
    touch = the_touch(sent(VIEW))
    assert (touch["journey_key"], touch["source"], touch["referrer_host"]) == (
        "v-1",
        "Google",
        "www.google.com",
    )
    by_path = the_touch(sent(VIEW | {"url": LANDING.removeprefix("https://shop.example")}))
    assert by_path["idempotency_key"] == touch["idempotency_key"]


@pytest.mark.parametrize(
    ("changed", "journey"),
    [({"data": {"journey": "j"}, "id": "i"}, "j"), ({"id": "i"}, "v-1"), ({"vid": None, "id": "i"}, "i")],
)  # fmt: skip
def test_the_visitor_is_the_stated_journey_the_script_s_id_or_the_user(
    changed: dict[str, object], journey: str
) -> None:
    assert the_touch(sent(VIEW | changed))["journey_key"] == journey


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({}, "identify", "of_a_person"),
        ({}, "performance", "not_a_visit"),
        ({"name": "click", "url": INSIDE}, "event", "not_a_visit"),
        ({"vid": None}, "event", "no_journey"),
        ({"referrer": "/"}, "event", "is_internal"),
        ({"referrer": "", "url": INSIDE}, "event", "no_evidence"),  # the script hides its own site
    ],
)
def test_what_shows_no_visit_is_dropped(changed: dict[str, object], kind: str, reason: str) -> None:
    mapped = sent(VIEW | changed, kind)
    assert (mapped.touches, mapped.dropped) == ((), {reason: 1})


def test_the_moment_is_the_stated_one_in_seconds() -> None:
    touch = the_touch(sent(VIEW | {"timestamp": 1_756_678_205}))
    assert touch["occurred_at"] == datetime(2025, 8, 31, 22, 10, 5, tzinfo=UTC)


def test_a_batch_is_answered_with_its_counts() -> None:
    message = {"type": "event", "payload": VIEW}
    mapped = map_body(WIRE, [message, 5, {"type": "event"}], verb="batch")
    said = orjson.loads(answer_of(WIRE, mapped, "batch").body)
    assert (said["size"], said["processed"], said["errors"]) == (3, 1, 2)
    assert [one["index"] for one in said["details"]] == [1, 2]
    assert set(orjson.loads(answer_of(WIRE, sent(VIEW)).body)) == {"sessionId", "visitId"}
