"""The proof takes stored journeys apart by itself, as the program packs them, and credits them as it credits facts."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.recomputed.crediting import credit_orders
from proof.recomputed.stored import credit_stored, entries_of_ledger, entries_stored, read_stored
from skeldir.attribution.packing import pack_entries, pack_path
from skeldir.attribution.splits import LedgerEntry

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NUMBERS = [{"channel_code": "email", "number": 0}, {"channel_code": "search", "number": 32_767}]
HOUR = 3_600 * 10**6
ONE = UUID(int=1)
PAID = struct.pack("<16sqq3sc", ONE.bytes, 1_780_315_200 * 10**6, 1_001, b"USD", b"c")
BACK = struct.pack("<16sqq3sc", UUID(int=2).bytes, 1_780_315_200 * 10**6, -1_001, b"USD", b"r")
Row = dict[str, Any]


def make_row(path: bytes = b"", entries: bytes = PAID, previous_age: int | None = None) -> Row:
    return {
        "order_id": "o",
        "converted_at": NOON,
        "previous_age": previous_age,
        "path": path,
        "entries": entries,
    }


def make_version(model: str = "linear", after: str = "keep") -> Row:
    return {
        "model_version": f"{model}@1",
        "model": model,
        "lookback_days": 30,
        "after_conversion": after,
        "half_life_days": 7,
    }


def credited(row: Row, version: Row) -> dict[str, int]:
    rows = credit_stored(read_stored([row], NUMBERS), [version], {ONE: "one"})
    return {channel: cents for _, _, _, channel, _, _, cents, _ in rows}


def test_bytes_are_taken_apart_as_the_decision_says() -> None:
    path = bytes.fromhex("0100000000000000 020000000000feff")
    (order,) = read_stored([make_row(path, PAID + BACK)], NUMBERS)
    assert list(order.touches) == [
        {"age": 1, "channel_code": "email"},
        {"age": 2, "channel_code": "search"},
    ]
    assert [(e["id"], e["kind"], e["amount_cents"], e["currency"]) for e in order.entries] == [
        (ONE, "capture", 1_001, "USD"),
        (UUID(int=2), "refund", -1_001, "USD"),
    ]
    assert {entry["occurred_at"] for entry in order.entries} == {NOON}


def test_what_has_no_meaning_is_said_and_parts_of_records_are_refused() -> None:
    unknown = PAID[:-1] + b"?"
    (order,) = read_stored([make_row(struct.pack("<Q", 7 << 49), unknown)], NUMBERS)
    assert order.touches[0]["channel_code"] == "number 7 of no channel"
    assert order.entries[0]["kind"] == "no kind: b'?'"
    for row in (make_row(path=b"1234567"), make_row(entries=PAID[1:])):
        with pytest.raises(struct.error):
            read_stored([row], NUMBERS)


def test_a_version_counts_what_lies_in_its_window_and_after_the_conversion_before() -> None:
    month = 30 * 24 * HOUR
    words = [(0, month + 1), (32_767, month), (0, 2 * HOUR)]
    path = struct.pack("<3Q", *(number << 49 | age for number, age in words))
    assert credited(make_row(path), make_version()) == {"email": 501, "search": 500}
    reset = make_version(after="reset")
    assert credited(make_row(path, previous_age=3 * HOUR), reset) == {"email": 1_001}
    assert credited(make_row(path, previous_age=2 * HOUR), reset) == {"unattributed": 1_001}
    assert credited(make_row(path, previous_age=-1), reset) == {"email": 501, "search": 500}
    with pytest.raises(ValueError, match="before o is not stored"):
        credited(make_row(path), reset)


def test_the_entries_of_the_ledger_stand_beside_those_stored() -> None:
    ledger: list[Row] = [
        {
            "id": UUID(int=number),
            "business_key": f"key-{number}",
            "order_id": order,
            "kind": kind,
            "amount_cents": cents,
            "currency": "USD",
            "occurred_at": NOON,
        }
        for number, order, kind, cents in (
            (2, "o", "refund", -1_001),
            (1, "o", "capture", 1_001),
            (3, "without capture", "refund", -5),
        )
    ]
    stored = read_stored([make_row(entries=PAID + BACK)], NUMBERS)
    assert entries_of_ledger(ledger) == entries_stored(stored)
    turned = read_stored([make_row(entries=BACK + PAID)], NUMBERS)
    assert entries_of_ledger(ledger) != entries_stored(turned)


ages = st.lists(st.integers(0, 40 * 24), max_size=6).map(lambda hours: sorted(hours, reverse=True))


@given(
    hours=ages,
    numbers=st.lists(st.sampled_from([0, 32_767]), min_size=6, max_size=6),
    cents=st.lists(st.integers(0, 10_000), min_size=1, max_size=3),
    model=st.sampled_from(["first_touch", "linear", "position_based", "time_decay"]),
)
def test_what_the_program_packs_is_credited_as_the_facts_are(
    hours: list[int], numbers: list[int], cents: list[int], model: str
) -> None:
    code_of = {row["number"]: row["channel_code"] for row in NUMBERS}
    touches = [
        {
            "journey_key": b"j",
            "idempotency_key": f"t{place}",
            "channel_code": code_of[number],
            "occurred_at": NOON - timedelta(hours=age),
        }
        for place, (age, number) in enumerate(zip(hours, numbers, strict=False))
    ]
    ledger: list[Row] = [
        {
            "id": UUID(int=place),
            "business_key": f"key-{place}",
            "order_id": "o",
            "kind": "capture" if place == 0 else "refund",
            "amount_cents": amount if place == 0 else -amount,
            "currency": "USD",
            "occurred_at": NOON + timedelta(hours=place),
            "journey_key": b"j",
        }
        for place, amount in enumerate(cents)
    ]
    path = pack_path((number, age * HOUR) for age, number in zip(hours, numbers, strict=False))
    entries = pack_entries(
        LedgerEntry(
            e["id"],
            e["business_key"],
            e["occurred_at"],
            e["kind"],
            e["currency"],
            e["amount_cents"],
        )
        for e in ledger
    )
    stored = read_stored([make_row(path, entries)], NUMBERS)
    keys = {entry["id"]: entry["business_key"] for entry in ledger}
    version = make_version(model)
    assert entries_stored(stored) == entries_of_ledger(ledger)
    assert credit_stored(stored, [version], keys) == credit_orders(ledger, touches, [version])


def test_the_day_of_a_credit_is_that_of_its_entry() -> None:
    rows = credit_stored(read_stored([make_row()], NUMBERS), [make_version()], {})
    assert rows == {
        ("o", f"no entry {ONE}", "linear@1", "unattributed", date(2026, 6, 1), "USD", 1_001, 10**12)
    }
