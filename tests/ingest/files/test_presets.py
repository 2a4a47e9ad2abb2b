"""Presets: a file of the true shape comes to its total without a mapping; a changed one asks or refuses."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.canonical import read_conversion, read_touch
from skeldir.ingest.files import FileKind, choose_mapping
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.presets import find_preset, load_presets
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.rejections import UnreadableItem
from tests.support.exports import MAKERS, Row, make_file

ZONE = {"time_zone": "Europe/Berlin"}


# A file of Square has signs and no code.
FLAGS: Mapping[str, Mapping[str, str]] = {"Square transactions": {"currency": "USD"}}


def kind_of(name: str) -> FileKind:
    """Return the kind that people import such a file as; the command always has one."""
    return "mixed" if name.startswith("GA4") else "conversions"


def write(path: Path, rows: Sequence[Row], header: Sequence[str], delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def net_of(path: Path, kind: FileKind, **flags: str) -> tuple[Decimal, int]:
    """Return what an import without a mapping would post, and how many rows it would refuse."""
    chosen = choose_mapping(path, kind=kind, map_file=None, flags=ZONE | flags)
    maker = ItemMaker(chosen.mapping, secret=b"x", cells_are_text=chosen.layout.cells_are_text)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 10_000)
    if batch is None:
        return Decimal(0), 0
    items = [*batch.orders.items, *batch.refunds.items]
    good = [item for item in items if not isinstance(item, UnreadableItem)]
    posted: dict[str, int] = {}
    refused = sum(isinstance(i, UnreadableItem) for i in (*items, *batch.touches.items))
    for fact in (read_conversion(item, now=utc_now()) for item in good):
        cents = posted.setdefault(fact.idempotency_key, fact.amount_cents)
        refused += cents != fact.amount_cents  # as the ledger refuses a key with other money
    return Decimal(sum(posted.values())) / 100, refused


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_of_a_known_system_comes_to_its_total_without_a_mapping(
    name: str, tmp_path: Path
) -> None:
    rows, total = make_file(name, 7)
    path = write(tmp_path / "x.csv", rows, list(rows[0]))
    preset = find_preset(list(rows[0]))
    assert preset is not None
    assert preset.name == name
    assert net_of(path, kind_of(name), **FLAGS.get(name, {})) == (total, 0)


@pytest.mark.parametrize("name", MAKERS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_changed_file_asks_or_refuses_and_never_comes_to_another_total(
    name: str, tmp_path: Path, data: st.DataObject
) -> None:
    rows, total = make_file(name, data.draw(st.integers(0, 1_000)), rows=30)
    header = list(rows[0])
    columns = data.draw(st.permutations(header))
    delimiter = data.draw(st.sampled_from([",", ";", "\t"]))
    renamed = data.draw(st.none() | st.sampled_from(header))
    if renamed is not None:
        rows = [{(k if k != renamed else "Spalte X"): v for k, v in row.items()} for row in rows]
        columns = [column if column != renamed else "Spalte X" for column in columns]
    if data.draw(st.booleans()):
        places = [c for c in columns if any(w in c for w in ("mount", "Total", "revenue", "ross"))]
        rows = [{k: v.replace(".", ",") if k in places else v for k, v in r.items()} for r in rows]
    path = write(tmp_path / "x.csv", rows, columns, delimiter)
    if data.draw(st.booleans()):
        path.write_bytes(path.read_bytes()[: -data.draw(st.integers(1, 40))])
        # No file shows that its last id was cut, if what is left of it is the id of another row.
        left = path.read_text(encoding="utf-8").splitlines()[-1].split(delimiter)
        of_others = {row[columns[-1]] for row in rows[: len(rows) - 1]}
        assume(len(left) < len(columns) or left[-1] not in of_others)
    try:
        net, refused = net_of(path, kind_of(name), **FLAGS.get(name, {}))
    except SkeldirError:
        return
    assert net == total or refused > 0


def test_visits_of_matomo_are_touches(tmp_path: Path) -> None:
    rows = [
        {
            "idVisit": str(n),
            "visitorId": f"v{n % 7}",
            "serverTimestamp": str(1_780_000_000 + n),
            "referrerType": "search",
            "referrerUrl": "https://www.google.com/",
            "actionDetails_0_url": "https://shop.example/",
        }
        for n in range(20)
    ]
    path = write(tmp_path / "x.csv", rows, list(rows[0]))
    chosen = choose_mapping(path, kind="touches", map_file=None, flags={})
    assert chosen.choices[0] == "preset: Matomo visits, by the file's header"
    maker = ItemMaker(chosen.mapping, secret=b"x", cells_are_text=True)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 100)
    assert batch is not None
    touches = [
        read_touch(item, now=utc_now(), own_channels=frozenset()) for item in batch.touches.items
    ]
    assert {touch.channel_code for touch in touches} == {"organic_search"}
    assert len({touch.idempotency_key for touch in touches}) == len(rows)


def test_each_preset_names_where_its_header_was_seen_and_is_a_valid_mapping() -> None:
    names = [preset.name for preset in load_presets()]
    assert len(set(names)) == len(names)
    assert all(preset.source and preset.has for preset in load_presets())


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("GA4 report", ["Session source / medium", "Sessions", "Purchase revenue"]),
        (
            "Plausible export of visitors",
            ["date", "visitors", "pageviews", "bounces", "visits", "visit_duration"],
        ),
        (
            "Plausible export of custom events",
            ["date", "name", "link_url", "path", "visitors", "events"],
        ),
    ],
)
def test_a_report_without_visits_or_orders_is_refused_with_the_reason(
    tmp_path: Path, name: str, header: list[str]
) -> None:
    path = write(tmp_path / "x.csv", [dict.fromkeys(header, "1")], header)
    with pytest.raises(SkeldirError, match=name):
        net_of(path, "conversions")


@pytest.mark.parametrize("cut", [1, 3, 5, 6])
def test_a_file_that_broke_off_in_its_last_amount_is_refused(tmp_path: Path, cut: int) -> None:
    rows, _ = make_file("WooCommerce orders", 1, rows=9)
    path = write(tmp_path / "x.csv", rows, list(rows[0]))
    whole = path.read_bytes().rstrip()
    path.write_bytes(whole)
    net_of(path, "conversions")
    compressed = tmp_path / "x.csv.gz"
    compressed.write_bytes(gzip.compress(whole))
    assert net_of(compressed, "conversions") == net_of(path, "conversions")
    path.write_bytes(whole[:-cut])
    with pytest.raises(SkeldirError, match="ends in the middle of a line"):
        net_of(path, "conversions")


def test_a_file_that_broke_off_in_the_name_of_an_event_is_refused(tmp_path: Path) -> None:
    rows, _ = make_file("GA4 events (BigQuery)", 1, rows=9)
    header = [*(name for name in rows[0] if name != "event_name"), "event_name"]
    path = write(tmp_path / "x.csv", rows, header)
    path.write_bytes(path.read_bytes().rstrip()[:-3])
    with pytest.raises(SkeldirError, match="ends in the middle of a line"):
        net_of(path, "mixed")


def woo_json(n: int, state: str, *refunds: str) -> dict[str, object]:
    return {
        "id": 100 + n,
        "parent_id": 0,
        "status": state,
        "currency": "EUR",
        "date_created_gmt": "2026-05-02T10:00:00",
        "date_paid_gmt": "2026-05-02T10:01:00",
        "total": "50.00",
        "line_items": [{"id": 1, "total": "50.00"}],
        "refunds": [{"id": 9, "total": total} for total in refunds],
    }


def segment_json(n: int, event: str, **properties: object) -> dict[str, object]:
    return {
        "type": "track",
        "event": event,
        "messageId": f"m-{n}",
        "anonymousId": "anon-1",
        "timestamp": "2026-05-02T10:00:00.000Z",
        "context": {"page": {"url": "https://shop.example/"}},
        "properties": {"currency": "EUR", **properties},
    }


def test_orders_of_woocommerces_api_count_their_refunds_also_after_the_first_rows(
    tmp_path: Path,
) -> None:
    rows = [woo_json(n, "completed") for n in range(1_000)]
    rows += [woo_json(2_000, "completed", "-10.00", "-2.50"), woo_json(2_001, "failed")]
    rows += [woo_json(2_002, "refunded", "-50.00"), woo_json(2_003, "processing")]
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert net_of(path, "conversions") == (Decimal("50037.50") + 50, 0)


def test_orders_tracked_by_segment_count_once_and_only_they(tmp_path: Path) -> None:
    calls = [
        segment_json(1, "Course Clicked", title="Intro"),
        segment_json(2, "Order Completed", order_id="o-1", total=49.99, revenue=40),
        segment_json(3, "Order Completed", order_id="o-1", total=49.99, revenue=40),
        segment_json(4, "Order Refunded", order_id="o-1", total=9.99),
    ]
    path = tmp_path / "track.ndjson"
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    assert net_of(path, "conversions") == (Decimal("40.00"), 0)
