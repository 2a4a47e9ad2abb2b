"""Touches read column by column equal those read one by one, whatever is between them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.errors import SkeldirError
from skeldir.ingest.canonical import read_touch
from skeldir.ingest.fields import TOUCH_FIELDS
from skeldir.ingest.files import mapping_from_settings
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.readers import look_at_file, open_rows
from skeldir.ingest.rejections import ItemRejected
from skeldir.ingest.touch_columns import read_touches
from tests.support.hostile import json_items
from tests.support.make import make_touch

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OWN = frozenset({"town_crier"})
TAGGED: dict[str, object] = {
    "idempotency_key": "touch-1",
    "occurred_at": "2026-05-01T12:00:00+02:00",
    "journey_key": "visitor-1",
    "session_id": "s-1",
    "source": "Google",
    "medium": "cpc",
    "campaign": "Frühling",
    "referrer_host": "https://www.google.com/search?q=1",
    "landing_path": "https://shop.example/p/1?utm_source=google",
    "click_ids": ["GCLID", "gclid"],
}
CELLS = (
    st.text(max_size=12)
    | st.sampled_from(["", "", " ", "\x00", '"', '""', "a,b", "a\nb", "\ufeff", "9" * 5_000, "1e400"])
    | st.sampled_from(["google", "cpc", "www.google.com", "gclid", "town_crier", "email"])
    | st.sampled_from(["NULL", " none ", "(not set)", "NaN", "guest", "(direct)", "5.63E+12", "e+"])
    | st.sampled_from(["2026-05-01T12:00:00Z", "2026-05-01 12:00:00 +0530", "2026-05-01", "0001-01-01T00:00+14:00"])
)  # fmt: skip
COLUMNS = ("key", "time", "who", "session", "source", "medium", "page", "from", "via", "gclid")


def outcome(item: object) -> object:
    try:
        return described(read_touch(item, now=NOW, own_channels=OWN))
    except ItemRejected as fault:
        return described(fault)


def described(outcome: object) -> object:
    """Return all that can be seen of a touch or a rejection; equal moments may differ in their zones."""
    if isinstance(outcome, ItemRejected):
        return outcome.item_code, outcome.detail, outcome.cure
    return repr(outcome)


def assert_read_alike(items: Sequence[object]) -> None:
    at_once = read_touches(items, now=NOW, own_channels=OWN)
    assert list(map(described, at_once)) == list(map(outcome, items))


def test_plain_touches_are_read_alike() -> None:
    items = [TAGGED | {"idempotency_key": f"k-{n}", "source": f"s-{n % 7}"} for n in range(500)]
    assert_read_alike(items)
    assert not any(
        isinstance(touch, ItemRejected) for touch in read_touches(items, now=NOW, own_channels=OWN)
    )


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-9, minutes=-30))])
def test_moments_that_a_reader_has_made_are_read_alike(zone: timezone) -> None:
    moments = [datetime(2026, 5, 1, tzinfo=zone) + timedelta(seconds=n) for n in range(100)]
    assert_read_alike([make_touch(occurred_at=moment) for moment in moments])


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([TAGGED, make_touch(), {}])
        | json_items(TAGGED, TOUCH_FIELDS)
        | json_items(make_touch(), TOUCH_FIELDS),
        max_size=30,
    )
)
def test_good_touches_are_read_alike_whatever_is_between_them(odd: list[object]) -> None:
    good: list[object] = [TAGGED | {"idempotency_key": f"k-{n}"} for n in range(140)]
    assert_read_alike(odd)
    assert_read_alike([*good, *odd, *good])


@pytest.mark.parametrize("field", sorted(TOUCH_FIELDS))
@given(value=json_items(TAGGED, TOUCH_FIELDS) | CELLS | st.lists(CELLS, max_size=3))
@settings(max_examples=50)
def test_one_odd_value_of_any_field_changes_nothing_for_the_others(
    field: str, value: object
) -> None:
    items: list[object] = [TAGGED | {"idempotency_key": f"k-{n}"} for n in range(20)]
    assert_read_alike([*items[:10], TAGGED | {field: value}, *items[10:]])


@given(
    rows=st.lists(st.lists(CELLS, min_size=9, max_size=11), min_size=1, max_size=20),
    broken=st.sampled_from(["", '"', "\x00", "a,b", "\xff"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rows_of_any_file_are_read_alike(
    tmp_path: Path, rows: list[list[str]], broken: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for n in range(20):
        writer.writerow([f"k-{n}", "2026-05-01T12:00:00Z", "w", "s", "google", "cpc", "/p", "", "", ""])  # fmt: skip
    writer.writerows(rows)
    file = tmp_path / "touches.csv"
    file.write_bytes((text.getvalue() + broken).encode(encoding, "replace"))
    mapping = mapping_from_settings(
        {
            "kind": "touches",
            "columns": {
                "idempotency_key": "key", "occurred_at": "time", "journey_key": "who", "session_id": "session",
                "source": "source", "medium": "medium", "landing_path": "page", "referrer_host": "from",
                "channel": "via",
            },
            "click_ids": {"gclid": "gclid"},
        }
    )  # fmt: skip
    try:
        layout = look_at_file(file)
    except SkeldirError:
        assert encoding == "latin-1"  # it may be another one
        return
    maker = ItemMaker(mapping, secret=b"secret", cells_are_text=True)
    with open_rows(file, layout, mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 1_000)
    assert batch is not None
    assert len(batch.touches.items) >= 20
    assert_read_alike(batch.touches.items)
