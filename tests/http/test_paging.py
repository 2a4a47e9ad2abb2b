"""Cursors: opaque, valid for one query only, and harmless when forged."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from skeldir.http.paging import (
    CursorInvalid,
    DayRange,
    KeyMoment,
    Keyset,
    KeyText,
    MomentRange,
    PageQuery,
)

Key = tuple[date, KeyText, UUID]
KEYSET: Keyset[Key] = Keyset("things@1", tuple[date, KeyText, UUID])
JOBS: Keyset[tuple[datetime, UUID]] = Keyset("jobs@1", tuple[KeyMoment, UUID])
NOBODY = UUID(int=0)
storable = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=80)


def cursor_after(key: Key, query: PageQuery) -> str:
    """Return the cursor of a page whose last row has this key."""
    _, cursor = KEYSET.cut(query, [key] * (query.limit + 1), lambda row: row)
    assert cursor is not None
    return cursor


@given(key=st.tuples(st.dates(), storable, st.uuids()), limit=st.integers(1, 1000))
def test_a_cursor_returns_its_key_whatever_the_limit(key: Key, limit: int) -> None:
    cursor = cursor_after(key, PageQuery(limit=1))
    assert KEYSET.after(PageQuery(cursor=cursor, limit=limit)) == key
    assert KEYSET.position(PageQuery(cursor=cursor, limit=limit)) == key
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(moment=st.datetimes(datetime(1900, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds are naive by contract
def test_a_moment_keeps_its_microseconds(moment: datetime) -> None:
    _, cursor = JOBS.cut(PageQuery(limit=1), [(moment, NOBODY)] * 2, lambda row: row)
    assert JOBS.after(PageQuery(cursor=cursor)) == (moment, NOBODY)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda b: urlsafe_b64encode(b).decode()))
def test_a_text_that_is_not_our_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        KEYSET.after(PageQuery(cursor=text))
    with pytest.raises(CursorInvalid):
        KEYSET.position(PageQuery(cursor=text))


@pytest.mark.parametrize(
    "key",
    [
        ["2026-01-01", "a\0", str(NOBODY)],
        ["2026-01-01", "a"],
        ["2026-01-01", "a", str(NOBODY), 1],
        [1, "a", str(NOBODY)],
        ["2026-01-01", 1, str(NOBODY)],
        ["2026-01-01", "a", "x"],
        "2026-01-01",
        None,
        {},
    ],
)
def test_a_cursor_with_a_forged_key_is_refused(key: object) -> None:
    good = cursor_after((date(2026, 1, 1), "a", NOBODY), PageQuery(limit=1))
    padded = good + "=" * (-len(good) % 4)
    digest = orjson.loads(urlsafe_b64decode(padded))[0]
    forged = urlsafe_b64encode(orjson.dumps([digest, key])).decode().rstrip("=")
    with pytest.raises(CursorInvalid):
        KEYSET.after(PageQuery(cursor=forged))
    with pytest.raises(CursorInvalid):
        KEYSET.position(PageQuery(cursor=forged))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_column_can_hold_is_refused(moment: str) -> None:
    with pytest.raises(ValidationError, match="between the years"):
        MomentRange.model_validate({"from": moment})


def test_a_cursor_of_other_filters_or_another_list_is_refused() -> None:
    key: Key = (date(2026, 1, 1), "a", NOBODY)
    query = DayRange.model_validate({"from": "2026-01-01", "limit": 1})
    cursor = cursor_after(key, query)
    assert KEYSET.after(query.model_copy(update={"cursor": cursor})) == key
    for other in ({"from": "2026-01-02"}, {"to": "2026-01-02"}, {}):
        with pytest.raises(CursorInvalid, match="another query"):
            KEYSET.after(DayRange.model_validate({**other, "cursor": cursor}))
    another_list: Keyset[Key] = Keyset("things@2", tuple[date, KeyText, UUID])
    with pytest.raises(CursorInvalid, match="another query"):
        another_list.after(query.model_copy(update={"cursor": cursor}))


def test_the_last_page_has_no_cursor() -> None:
    rows: list[Key] = [(date(2026, 1, 1), "a", NOBODY)] * 2
    assert KEYSET.cut(PageQuery(limit=2), rows, lambda row: row) == (rows, None)
    assert KEYSET.cut(PageQuery(limit=1), [], lambda row: row) == ([], None)
