"""What the collector's reports become: a touch of the journey, with its consent and storage in its key, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from skeldir.collect.collector import WIRE
from skeldir.collect.mapped import Asked, Mapped
from skeldir.ingest import UnreadableItem

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
JOURNEY, OWN_ID = "a1" * 16, "0b" * 16
KEY = "skd_" + "A" * 43


def report(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "k": KEY,
        "j": JOURNEY,
        "i": OWN_ID,
        "o": "granted",
        "w": 0,
        "p": "https://shop.example/shoes",
        "r": "news.example",
        "s": "newsletter",
        "m": "email",
        "c": "spring",
        "g": ["gclid"],
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def read(value: object) -> Mapped:
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    parsed = WIRE.parse(body, {}, "text/plain;charset=UTF-8")
    return WIRE.read(parsed, Asked(NOW))


def touch_of(value: object) -> Any:
    ((place, touch),) = read(value).touches
    assert place == 0
    return touch


def test_a_landing_becomes_a_touch_at_the_moment_it_came() -> None:
    assert WIRE.key_of(report(), {}) == KEY
    assert touch_of(report()) == {
        "idempotency_key": f"collector:granted:kept:{OWN_ID}",
        "occurred_at": NOW,
        "journey_key": JOURNEY,
        "session_id": None,
        "source": "newsletter",
        "medium": "email",
        "campaign": "spring",
        "referrer_host": "news.example",
        "landing_path": "/shoes",
        "click_ids": ["gclid"],
    }
    assert WIRE.answer(Asked(NOW)).status == 202


def test_consent_and_storage_are_in_the_key_of_the_touch() -> None:
    keys = {
        touch_of(report(o=o, w=w))["idempotency_key"]
        for o in ("granted", "session")
        for w in (0, 1)
    }
    assert keys == {
        f"collector:{each}:{OWN_ID}"
        for each in ("granted:kept", "granted:capped", "session:kept", "session:capped")
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"o": None}, "no_consent"),
        ({"o": "denied"}, "no_consent"),
        ({"o": ["granted"]}, "no_consent"),
        ({"j": None}, "no_journey"),
        ({"j": "anna@shop.example"}, "no_journey"),
        ({"r": "www.shop.example"}, "is_internal"),
        ({"r": None, "s": None, "m": None, "c": None, "g": None}, "no_evidence"),
        (
            {"r": "192.0.2.7", "s": "anna@shop.example", "m": None, "c": None, "g": []},
            "no_evidence",
        ),
    ],
)
def test_a_report_without_consent_journey_or_evidence_is_dropped_with_its_reason(
    changes: dict[str, object], reason: str
) -> None:
    mapped = read(report(**changes))
    assert (mapped.touches, mapped.dropped) == ((), {reason: 1})


@pytest.mark.parametrize("value", [b"{", b"", b"[]", b'"text"', b"null"])
def test_a_body_that_is_no_object_becomes_a_dead_event(value: bytes) -> None:
    assert isinstance(touch_of(value), UnreadableItem)


def test_a_report_without_an_id_of_its_own_has_no_key() -> None:
    assert touch_of(report(i="anna"))["idempotency_key"] == ""


def test_values_of_click_ids_and_persons_are_not_in_the_touch() -> None:
    touch = touch_of(
        report(
            p="https://shop.example/orders/anna@shop.example?email=anna@shop.example",
            g=["gclid=secretvalue", 7, {"fbclid": "x"}],
            n="Anna",
            ip="192.0.2.7",
        )
    )
    assert touch["click_ids"] == ["gclid"]
    assert not any(word in f"{touch}" for word in ("anna", "secretvalue", "192.0.2.7"))
