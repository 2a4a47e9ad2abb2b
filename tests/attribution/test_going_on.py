"""Credit kept from before journeys were packed: kept allocations stay, and new entries are divided in the same way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution import RULE_MODELS, ModelVersion
from skeldir.attribution.journeys import Journey
from skeldir.attribution.models import JourneyTouch
from skeldir.attribution.splits import Allocation, LedgerEntry, allocate_order_for_versions
from skeldir.money import split

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
NAMESPACE = UUID(int=0x52)
VERSIONS = [ModelVersion(f"{model}@1", model) for model in RULE_MODELS]
WHOLE = 10**12


@st.composite
def draw_entries(draw: st.DrawFn) -> list[LedgerEntry]:
    """A capture and later entries in any order of arrival: few moments, two currencies, over-refunds too."""
    amounts = st.sampled_from([0, 1, 2, 100, 101, 9_999, 10**9 + 1])
    entries = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["capture", "refund", "refund", "refund_reversal", "dispute"]))
        sign = -1 if kind in ("refund", "dispute") else 1
        entries.append(
            LedgerEntry(
                uuid5(NAMESPACE, str(number)),
                f"e{number}",
                NOON + timedelta(hours=draw(st.integers(-2, 3))),
                kind,
                draw(st.sampled_from(["USD", "USD", "JPY"])),
                sign * draw(amounts),
            )
        )
    first = LedgerEntry(uuid5(NAMESPACE, "first"), "first", NOON, "capture", "USD", draw(amounts))
    return [first, *draw(st.permutations(entries))]


@st.composite
def draw_journey(draw: st.DrawFn) -> list[JourneyTouch]:
    channels = draw(
        st.lists(st.sampled_from(["direct", "email", "paid_search", "sms"]), max_size=5)
    )
    return [
        JourneyTouch(NOON - timedelta(hours=90 - 17 * number), channel, f"t{number}")
        for number, channel in enumerate(channels)
    ]


def by_version(rows: Sequence[Allocation]) -> dict[str, list[Allocation]]:
    found: dict[str, list[Allocation]] = defaultdict(list)
    for row in rows:
        found[row.model_version].append(row)
    return found


def channel_sums(rows: Sequence[Allocation], entries: Sequence[LedgerEntry]) -> dict[object, int]:
    currency_of = {entry.entry_id: entry.currency for entry in entries}
    sums: dict[object, int] = defaultdict(int)
    for row in rows:
        sums[row.model_version, currency_of[row.entry_id], row.channel_code] += row.allocated_cents
    return sums


def continue_from_kept(
    entries: Sequence[LedgerEntry],
    kept: dict[str, list[Allocation]],
    touches: Sequence[JourneyTouch] = (),
) -> list[Allocation]:
    return allocate_order_for_versions(
        entries, Journey(touches), VERSIONS, previous_conversion_at=None, kept=kept
    )


@given(entries=draw_entries(), journey=draw_journey(), data=st.data())
def test_kept_allocations_stay_and_new_entries_follow_their_shares(
    entries: list[LedgerEntry], journey: list[JourneyTouch], data: st.DataObject
) -> None:
    known = data.draw(st.integers(1, len(entries)))
    moved = {entry.currency for entry in entries[known:] if entry.amount_cents}
    rows = continue_from_kept(entries[:known], {}, journey)
    shares = {row.model_version: {} for row in rows}
    for row in rows:
        of_version = shares[row.model_version]
        of_version[row.channel_code] = of_version.get(row.channel_code, 0) + row.conversion_ppt
    while known < len(entries):
        known = data.draw(st.integers(known + 1, len(entries)))
        after = continue_from_kept(entries[:known], by_version(rows))
        assert set(rows) <= set(after)
        assert {row.entry_id for row in set(after) - set(rows)}.isdisjoint(
            {row.entry_id for row in rows}
        )
        rows = after

    sums = channel_sums(rows, entries)
    for version in VERSIONS:
        mine = [row for row in rows if row.model_version == version.model_version]
        assert sum(row.conversion_ppt for row in mine) == WHOLE
        for entry in entries:
            brought = sum(row.allocated_cents for row in mine if row.entry_id == entry.entry_id)
            assert brought == entry.amount_cents
        codes = sorted(shares[version.model_version])
        weights = [shares[version.model_version][code] for code in codes]
        for currency in moved:
            balance = sum(entry.amount_cents for entry in entries if entry.currency == currency)
            held = [sums[version.model_version, currency, code] for code in codes]
            assert held == split(balance, weights)


@given(entries=draw_entries(), journey=draw_journey())
def test_continuing_without_new_entries_changes_nothing(
    entries: list[LedgerEntry], journey: list[JourneyTouch]
) -> None:
    rows = continue_from_kept(entries, {}, journey)
    assert continue_from_kept(entries, by_version(rows)) == rows


@given(
    cents=st.integers(1, 10**12),
    journey=draw_journey(),
    cuts=st.lists(st.integers(1, 10**12), max_size=4),
)
def test_a_full_refund_in_parts_leaves_nothing_on_any_channel(
    cents: int, journey: list[JourneyTouch], cuts: list[int]
) -> None:
    edges = sorted({0, cents, *(cut % cents for cut in cuts)})
    refunds = [second - first for first, second in pairwise(edges)]
    entries = [LedgerEntry(uuid5(NAMESPACE, "c"), "c", NOON, "capture", "USD", cents)]
    rows = continue_from_kept(entries, {}, journey)
    for number, refund in enumerate(refunds):
        key = f"r{number}"
        entries.append(LedgerEntry(uuid5(NAMESPACE, key), key, NOON, "refund", "USD", -refund))
        rows = continue_from_kept(entries, by_version(rows))
    assert set(channel_sums(rows, entries).values()) == {0}


def test_an_entry_of_zero_moves_nothing() -> None:
    """Shares in parts per 10**12 can break a tie differently than the weights did, here for one cent of 99.99."""
    channels = ["email"] * 8 + ["display"] * 6 + ["sms"]
    journey = [
        JourneyTouch(NOON - timedelta(hours=90 - number), channel, f"t{number:02}")
        for number, channel in enumerate(channels)
    ]
    first = LedgerEntry(uuid5(NAMESPACE, "first"), "first", NOON, "capture", "USD", 9_999)
    nothing = LedgerEntry(uuid5(NAMESPACE, "zero"), "zero", NOON, "capture", "USD", 0)
    kept = by_version(continue_from_kept([first], {}, journey))
    assert [row.allocated_cents for row in kept["linear@1"]] == [4_000, 5_333, 666]
    assert by_version(continue_from_kept([first, nothing], kept)) == kept
