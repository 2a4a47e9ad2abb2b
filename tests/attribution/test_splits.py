from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import RULE_MODELS, JourneyTouch, ModelVersion, touch_weights
from skeldir.attribution.splits import (
    Allocation,
    LedgerEntry,
    allocate_order,
    allocate_order_for_versions,
    earliest_capture,
)
from skeldir.money import minor_units

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = 10**12
VERSIONS = [ModelVersion(f"{model}.1", model) for model in RULE_MODELS]
LINEAR = ModelVersion("linear.1", "linear")


def make_entry(
    key: str, amount_cents: int, *, hour: int = 0, kind: str = "", currency: str = "USD"
) -> LedgerEntry:
    kind = kind or ("capture" if amount_cents >= 0 else "refund")
    entry_id = UUID(int=int.from_bytes(key.encode()))
    return LedgerEntry(entry_id, key, NOON + hour * HOUR, kind, currency, amount_cents)


def make_journey(*channels: str, spacing: timedelta = 25 * HOUR) -> list[JourneyTouch]:
    count = len(channels)
    return [
        JourneyTouch(NOON - (count - n) * spacing, channel, f"t{n:03}")
        for n, channel in enumerate(channels)
    ]


@st.composite
def orders(draw: st.DrawFn, *, with_capture: bool = True) -> list[LedgerEntry]:
    """Entries of one order: few moments (so that they tie), two currencies, over-refunds too."""
    movements = draw(
        st.lists(
            st.tuples(st.integers(-500, 500), st.integers(0, 3), st.sampled_from(["USD", "JPY"])),
            max_size=7,
        )
    )
    entries = [
        make_entry(f"e{n}", amount, hour=hour, currency=currency)
        for n, (amount, hour, currency) in enumerate(movements)
    ]
    if with_capture:
        entries.append(make_entry("first", draw(st.integers(0, 500)), hour=draw(st.integers(0, 3))))
    return draw(st.permutations(entries))


journeys = st.lists(
    st.sampled_from(["direct", "email", "paid_search", "Zeta", "éclair"]), max_size=7
).map(lambda channels: make_journey(*channels))
versions = st.sampled_from(VERSIONS)


def hamilton(total: int, weights: Sequence[int]) -> list[int]:
    if total < 0:
        return [-part for part in hamilton(-total, weights)]
    quotas = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(quota) for quota in quotas]
    first_served = sorted(range(len(parts)), key=lambda i: (parts[i] - quotas[i], i))
    for index in first_served[: total - sum(parts)]:
        parts[index] += 1
    return parts


def allocate_naively(
    entries: Sequence[LedgerEntry], journey: Sequence[JourneyTouch], version: ModelVersion
) -> list[Allocation]:
    """The rule taken literally: every balance is computed from all entries up to it, and every channel is kept."""
    captures = [entry for entry in entries if entry.kind == "capture"]
    if not captures:
        return []

    def place(entry: LedgerEntry) -> tuple[datetime, bytes]:
        return entry.occurred_at, entry.business_key.encode()

    by_channel: dict[str, int] = defaultdict(int)
    for touch, weight in zip(
        journey, touch_weights(version.model, journey) if journey else [], strict=True
    ):
        by_channel[touch.channel_code] += weight
    if not journey:
        by_channel["unattributed"] = 1
    channels = sorted(by_channel, key=str.encode)
    weights = [by_channel[channel] for channel in channels]
    rows = []
    for entry in sorted(entries, key=place):
        peers = [peer for peer in entries if peer.currency == entry.currency]
        until = sum(peer.amount_cents for peer in peers if place(peer) <= place(entry))
        now, was = hamilton(until, weights), hamilton(until - entry.amount_cents, weights)
        carries = entry == min(captures, key=place)
        parts = hamilton(WHOLE, weights) if carries else [0] * len(channels)
        for channel, after, before, part in zip(channels, now, was, parts, strict=True):
            rows.append(
                Allocation(version.model_version, entry.entry_id, channel, after - before, part)
            )
    return [row for row in rows if row.allocated_cents or row.conversion_ppt]


def sum_cents(rows: Sequence[Allocation], entries: Sequence[LedgerEntry]) -> dict[object, int]:
    """Net cents per (currency, channel)."""
    currencies = {entry.entry_id: entry.currency for entry in entries}
    sums: dict[object, int] = defaultdict(int)
    for row in rows:
        sums[currencies[row.entry_id], row.channel_code] += row.allocated_cents
    return sums


@given(orders(), journeys, versions)
def test_an_order_is_allocated_by_the_rule(
    entries: list[LedgerEntry], journey: list[JourneyTouch], version: ModelVersion
) -> None:
    assert allocate_order(entries, journey, version) == allocate_naively(entries, journey, version)


@given(orders(), journeys, versions, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_allocations(
    entries: list[LedgerEntry], journey: list[JourneyTouch], version: ModelVersion, random: Random
) -> None:
    shuffled = entries.copy()
    random.shuffle(shuffled)
    assert allocate_order(shuffled, journey, version) == allocate_order(entries, journey, version)


@given(orders(), journeys, versions)
def test_the_allocations_of_an_entry_sum_to_its_amount(
    entries: list[LedgerEntry], journey: list[JourneyTouch], version: ModelVersion
) -> None:
    cents: dict[UUID, int] = defaultdict(int)
    parts: dict[UUID, int] = defaultdict(int)
    for row in allocate_order(entries, journey, version):
        cents[row.entry_id] += row.allocated_cents
        parts[row.entry_id] += row.conversion_ppt
        assert row.allocated_cents or row.conversion_ppt
    converting = earliest_capture(entries)
    for entry in entries:
        assert cents[entry.entry_id] == entry.amount_cents
        assert parts[entry.entry_id] == (WHOLE if entry is converting else 0)


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=8),
    st.lists(st.integers(0, 9), min_size=8, max_size=8),
    st.integers(0, 9),
    journeys,
    versions,
)
def test_a_fully_refunded_order_leaves_nothing_on_any_channel(
    parts: list[int], hours: list[int], captured: int, journey: list[JourneyTouch],
    version: ModelVersion,
) -> None:  # fmt: skip
    entries = [make_entry("capture", sum(parts), hour=captured)]
    for number, (part, hour) in enumerate(zip(parts, hours, strict=False)):
        entries.append(make_entry(f"refund{number}", -part, hour=hour))
    rows = allocate_order(entries, journey, version)
    assert set(sum_cents(rows, entries).values()) <= {0}


@given(orders(), journeys)
def test_many_versions_at_once_are_each_version_alone(
    entries: list[LedgerEntry], journey: list[JourneyTouch]
) -> None:
    together = allocate_order_for_versions(
        entries, Journey(journey), VERSIONS, previous_conversion_at=None
    )
    alone = [row for version in VERSIONS for row in allocate_order(entries, journey, version)]
    assert together == alone


@given(orders(with_capture=False), journeys, versions)
def test_an_order_without_a_capture_waits(
    entries: list[LedgerEntry], journey: list[JourneyTouch], version: ModelVersion
) -> None:
    refunds = [entry for entry in entries if entry.kind != "capture"]
    assert earliest_capture(refunds) is None
    assert allocate_order(refunds, journey, version) == []
    assert (
        allocate_order_for_versions(
            refunds, Journey(journey), [version], previous_conversion_at=None
        )
        == []
    )


def test_without_a_touch_everything_is_unattributed() -> None:
    entry = make_entry("c", 999)
    assert allocate_order([entry], [], LINEAR) == [
        Allocation("linear.1", entry.entry_id, "unattributed", 999, WHOLE)
    ]


def test_leftover_cents_go_to_the_first_channel_in_byte_order() -> None:
    rows = allocate_order([make_entry("c", 100)], make_journey("é", "a", "Z"), LINEAR)
    assert [(row.channel_code, row.allocated_cents) for row in rows] == [
        ("Z", 34), ("a", 33), ("é", 33),
    ]  # fmt: skip
    assert [row.conversion_ppt for row in rows] == [333333333334, 333333333333, 333333333333]


def test_a_refund_follows_the_split_of_its_capture() -> None:
    entries = [make_entry("c", 100), make_entry("r1", -50, hour=1), make_entry("r2", -50, hour=2)]
    rows = allocate_order(entries, make_journey("a", "b", "c"), LINEAR)
    assert [(row.channel_code, row.allocated_cents) for row in rows] == [
        ("a", 34), ("b", 33), ("c", 33),
        ("a", -17), ("b", -16), ("c", -17),
        ("a", -17), ("b", -17), ("c", -16),
    ]  # fmt: skip


def test_a_refund_before_its_capture_and_more_than_it_is_credited_too() -> None:
    entries = [make_entry("r", -150, hour=-1), make_entry("c", 100)]
    rows = allocate_order(entries, make_journey("a", "b"), LINEAR)
    assert [(row.channel_code, row.allocated_cents, row.conversion_ppt) for row in rows] == [
        ("a", -75, 0), ("b", -75, 0), ("a", 50, WHOLE // 2), ("b", 50, WHOLE // 2),
    ]  # fmt: skip


def test_a_part_of_a_small_entry_may_have_the_opposite_sign_but_the_net_is_the_exact_split() -> (
    None
):
    entries = [make_entry("c", 3), make_entry("more", 1, hour=1)]
    rows = allocate_order(entries, make_journey("a", *"bbb", *"ccc"), LINEAR)
    assert [(row.channel_code, row.allocated_cents) for row in rows] == [
        ("a", 1), ("b", 1), ("c", 1), ("a", -1), ("b", 1), ("c", 1),
    ]  # fmt: skip
    assert sum_cents(rows, entries) == {("USD", "a"): 0, ("USD", "b"): 2, ("USD", "c"): 2}


def test_each_currency_has_a_balance_of_its_own_and_the_order_one_conversion() -> None:
    entries = [
        make_entry("usd", 101),
        make_entry("eur", 101, hour=1, currency="EUR"),
        make_entry("back", -101, hour=2),
    ]
    rows = allocate_order(entries, make_journey("a", "b"), LINEAR)
    assert sum_cents(rows, entries) == {
        ("USD", "a"): 0, ("USD", "b"): 0, ("EUR", "a"): 51, ("EUR", "b"): 50,
    }  # fmt: skip
    assert sum(row.conversion_ppt for row in rows) == WHOLE


def test_a_capture_of_zero_still_converts() -> None:
    rows = allocate_order([make_entry("c", 0)], make_journey("a", "b"), LINEAR)
    assert [(row.allocated_cents, row.conversion_ppt) for row in rows] == [(0, WHOLE // 2)] * 2


def test_captures_of_the_same_moment_are_ordered_by_the_bytes_of_their_keys() -> None:
    entries = [make_entry(key, 10) for key in ("é", "b", "a", "B")]
    assert earliest_capture(entries) is entries[3]
    assert earliest_capture([make_entry("late", 10, hour=1), *entries[:2]]) is entries[1]


def test_each_version_looks_through_its_own_window() -> None:
    journey = make_journey("a", "b", "c", spacing=24 * HOUR)
    narrow = ModelVersion("narrow", "linear", lookback=24 * HOUR)
    reset = ModelVersion("reset", "linear", after_conversion="reset")
    rows = allocate_order_for_versions(
        [make_entry("c", 90)],
        Journey(journey),
        [LINEAR, narrow, reset],
        previous_conversion_at=journey[0].occurred_at,
    )
    assert [(row.model_version, row.channel_code, row.allocated_cents) for row in rows] == [
        ("linear.1", "a", 30), ("linear.1", "b", 30), ("linear.1", "c", 30),
        ("narrow", "c", 90), ("reset", "b", 45), ("reset", "c", 45),
    ]  # fmt: skip


def test_each_version_decays_by_its_own_half_life() -> None:
    journey = make_journey("a", "b", spacing=24 * HOUR)
    entry = make_entry("c", 900)
    for days, shares in ((1.0, [300, 600]), (0.5, [180, 720])):
        version = ModelVersion("td", "time_decay", half_life_days=days)
        rows = allocate_order([entry], journey, version)
        assert [row.allocated_cents for row in rows] == shares


DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
REAL_TOUCHES = DATA / "si05_attribution_data.csv"
GOLDEN = DATA / "golden" / "si05_rule_models.json"


def read_real_orders() -> Iterator[tuple[LedgerEntry, list[JourneyTouch], datetime | None]]:
    """Each converting row as a capture, with all touches of its customer and the previous order."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with REAL_TOUCHES.open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["customer_id"]].append(row)
    number = 0
    for customer in rows.values():
        customer.sort(key=lambda row: row["time"])
        touches = [
            JourneyTouch(datetime.fromisoformat(row["time"]), row["channel"], row["time"])
            for row in customer
        ]
        previous = None
        for touch, row in zip(touches, customer, strict=True):
            if row["conversion"] == "1":
                number += 1
                cents = minor_units(row["conversion_value"], "USD")
                entry = LedgerEntry(
                    UUID(int=number), f"{number}", touch.occurred_at, "capture", "USD", cents
                )
                yield entry, touches, previous
                previous = touch.occurred_at


@pytest.mark.skipif(
    not (REAL_TOUCHES.exists() and GOLDEN.exists()), reason="the shared real data is not here"
)
def test_a_month_of_real_data_gets_the_credit_that_another_implementation_computed() -> None:
    july = [
        ModelVersion(model, model, lookback=timedelta(days=32), after_conversion="reset")
        for model in RULE_MODELS
    ]
    parts: dict[tuple[str, str], int] = defaultdict(int)
    cents: dict[tuple[str, str], int] = defaultdict(int)
    for entry, touches, previous in read_real_orders():
        for row in allocate_order_for_versions(
            [entry], Journey(touches), july, previous_conversion_at=previous
        ):
            parts[row.model_version, row.channel_code] += row.conversion_ppt
            cents[row.model_version, row.channel_code] += row.allocated_cents
    for model in RULE_MODELS:
        assert sum(n for (name, _), n in cents.items() if name == model) == 1_142_350
        assert sum(n for (name, _), n in parts.items() if name == model) == 1838 * WHOLE
    golden = json.loads(GOLDEN.read_text())["models"]
    assert set(golden) == {"first_touch", "last_touch", "linear", "position_based"}
    for model, channels in golden.items():
        for channel, credit in channels.items():
            conversions = Fraction(parts[model, channel], WHOLE)
            assert float(conversions) == pytest.approx(credit["conversions"], rel=0, abs=1e-9)
            if model in ("first_touch", "last_touch"):
                assert cents[model, channel] == round(credit["value"] * 100)
