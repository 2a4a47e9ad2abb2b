"""An order is stored in two byte strings, from which its path and its entries can be restored exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.attribution.packing import (
    ENTRY_BYTES,
    LARGEST_CHANNEL_NUMBER,
    OLDEST_AGE,
    PathColumns,
    first_capture_of,
    moment_to_us,
    older_part,
    oldest_age,
    pack_columns,
    pack_entries,
    pack_path,
    rebase,
    unpack_entries,
    unpack_path,
    us_to_moment,
)
from skeldir.attribution.splits import LedgerEntry, earliest_capture

NOON = datetime(2025, 6, 30, 12, tzinfo=UTC)
KINDS = ("capture", "refund", "refund_reversal", "dispute", "dispute_reversal")

edge_ages = st.sampled_from((0, 1, 2**32, OLDEST_AGE - 1, OLDEST_AGE))
paths = st.lists(
    st.tuples(
        st.integers(0, LARGEST_CHANNEL_NUMBER) | st.just(LARGEST_CHANNEL_NUMBER),
        st.integers(0, OLDEST_AGE) | edge_ages,
    )
).map(lambda touches: sorted(touches, key=lambda touch: -touch[1]))
moments = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), NOON, NOON)
)
entries = st.lists(
    st.builds(
        LedgerEntry,
        entry_id=st.uuids(),
        business_key=st.text("0a-é", max_size=3),
        occurred_at=moments,
        kind=st.sampled_from(KINDS),
        currency=st.sampled_from(("USD", "JPY", "KWD")),
        amount_cents=st.integers(-(2**63), 2**63 - 1) | st.sampled_from((0, 10**15, -(10**15))),
    ),
    unique_by=lambda entry: entry.business_key,
)


def make_entry(
    key: str = "1",
    *,
    moment: datetime = NOON,
    kind: str = "capture",
    currency: str = "USD",
    cents: int = 1,
) -> LedgerEntry:
    return LedgerEntry(UUID(int=7), key, moment, kind, currency, cents)


def fields(entry: LedgerEntry) -> tuple[object, ...]:
    """Everything but the business key, which is not stored."""
    return entry.entry_id, entry.occurred_at, entry.kind, entry.currency, entry.amount_cents


@given(paths)
def test_a_path_comes_back_as_it_was(touches: list[tuple[int, int]]) -> None:
    path = pack_path(touches)
    assert len(path) == 8 * len(touches)
    assert unpack_path(path) == touches


def test_a_touch_is_a_number_above_an_age_in_eight_bytes() -> None:
    assert pack_path([(3, 5), (1, 0)]) == bytes([5, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 2, 0])
    assert pack_path([(LARGEST_CHANNEL_NUMBER, OLDEST_AGE)]) == b"\xff" * 8


@pytest.mark.parametrize(
    "touch", [(-1, 0), (LARGEST_CHANNEL_NUMBER + 1, 0), (0, -1), (0, OLDEST_AGE + 1)]
)
def test_a_touch_that_does_not_fit_is_refused(touch: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is from 0 to"):
        pack_path([touch])


def test_a_path_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="the oldest first"):
        pack_path([(1, 5), (1, 6)])


def test_an_incomplete_touch_is_refused() -> None:
    with pytest.raises(ValueError, match="8 bytes per touch"):
        unpack_path(b"1234567")


@given(paths, st.integers(-OLDEST_AGE, OLDEST_AGE) | st.integers(-10, 10))
def test_a_path_can_be_rebased_to_another_conversion(
    touches: list[tuple[int, int]], by: int
) -> None:
    seen = [(number, age + by) for number, age in touches if age + by >= 0]
    if any(age > OLDEST_AGE for _, age in seen):
        with pytest.raises(ValueError, match="is from 0 to"):
            rebase(pack_path(touches), by)
    else:
        assert unpack_path(rebase(pack_path(touches), by)) == seen


def test_a_touch_at_the_new_conversion_stays_and_one_after_it_is_left_out() -> None:
    assert unpack_path(rebase(pack_path([(1, 9), (2, 8), (3, 7)]), -8)) == [(1, 1), (2, 0)]


@given(path=paths, age=st.integers(-1, OLDEST_AGE))
def test_the_older_part_of_a_path_holds_the_touches_beyond_an_age(
    path: list[tuple[int, int]], age: int
) -> None:
    packed = pack_path(path)
    assert unpack_path(older_part(packed, age)) == [touch for touch in path if touch[1] > age]
    assert oldest_age(packed) == max((of_touch for _, of_touch in path), default=-1)


@given(entries)
def test_entries_come_back_in_the_order_of_the_ledger(given_entries: list[LedgerEntry]) -> None:
    in_order = sorted(given_entries, key=lambda entry: (entry.occurred_at, entry.business_key))
    packed = pack_entries(given_entries)
    unpacked = unpack_entries(packed)
    assert len(packed) == ENTRY_BYTES * len(given_entries)
    assert [fields(entry) for entry in unpacked] == [fields(entry) for entry in in_order]
    assert pack_entries(reversed(unpacked)) == packed
    capture = earliest_capture(given_entries)
    found = earliest_capture(unpacked)
    assert (capture and fields(capture)) == (found and fields(found))
    assert first_capture_of(packed) == (capture and capture.entry_id)


def test_an_entry_is_36_bytes_in_this_layout() -> None:
    entry = make_entry(
        moment=datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1), cents=-2
    )
    assert pack_entries([entry]) == (
        bytes(15) + b"\x07" + b"\xff" * 8 + b"\xfe" + b"\xff" * 7 + b"USD" + b"c"
    )


def test_every_kind_has_a_letter() -> None:
    packed = pack_entries([make_entry(str(place), kind=kind) for place, kind in enumerate(KINDS)])
    assert packed[35::36] == b"crvdw"


def test_an_invalid_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="not a kind of entry"):
        pack_entries([make_entry(kind="gift")])
    for currency in ("US", "USDT", "€UR"):
        with pytest.raises(ValueError, match="three ASCII letters"):
            pack_entries([make_entry(currency=currency)])
    for cents in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError, match="does not fit in 64 bits"):
            pack_entries([make_entry(cents=cents)])
    packed = pack_entries([make_entry()])
    for read in (unpack_entries, first_capture_of):
        with pytest.raises(ValueError, match="36 bytes"):
            read(packed[:-1])
        with pytest.raises(ValueError, match=r"No kind of entry has the letter b'\?'"):
            read(packed + packed[:-1] + b"?")


@given(moments)
def test_a_moment_converts_to_microseconds(moment: datetime) -> None:
    assert us_to_moment(moment_to_us(moment)) == moment


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_microseconds_convert_to_a_moment(microseconds: int) -> None:
    assert moment_to_us(us_to_moment(microseconds)) == microseconds


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert moment_to_us(east) == moment_to_us(NOON) == 1_751_284_800_000_000
    assert moment_to_us(datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))) < 0


@pytest.mark.parametrize("microseconds", [-62_135_596_800_000_001, 253_402_300_800_000_000, 2**63])
def test_a_moment_outside_the_calendar_is_refused(microseconds: int) -> None:
    with pytest.raises(OverflowError, match="outside the years 1 to 9999"):
        us_to_moment(microseconds)


@given(
    touches=st.lists(
        st.tuples(st.integers(0, LARGEST_CHANNEL_NUMBER), st.integers(0, 2**48)), max_size=20
    ),
    moved_by=st.integers(0, 10**9),
    data=st.data(),
)
def test_paths_cut_from_columns_are_those_that_are_packed_touch_by_touch(
    touches: list[tuple[int, int]], moved_by: int, data: st.DataObject
) -> None:
    in_order = sorted(touches, key=lambda touch: touch[1])
    numbers, moments = [number for number, _ in in_order], [moment for _, moment in in_order]
    first = data.draw(st.integers(0, len(in_order)))
    end = data.draw(st.integers(first, len(in_order)))
    converted_at = (moments[end - 1] if end else 0) + moved_by
    ages = [converted_at - moment for moment in moments]
    window = slice(first, end)
    expected = pack_path(zip(numbers[window], ages[window], strict=True))
    assert PathColumns.of(numbers, moments).pack(window, converted_at) == expected
    assert pack_columns(numbers[window], ages[window]) == expected
