"""Exports as people have them: amounts, times and ids come right from the file to the ledger, or are asked for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest.canonical import Conversion, read_conversion, read_touch
from skeldir.ingest.files import MappingInvalid, choose_mapping, import_file
from skeldir.ingest.files.items import ItemMaker
from skeldir.ingest.files.mapping_file import Settings
from skeldir.ingest.files.readers import open_rows
from skeldir.ingest.rejections import ItemRejected
from skeldir.revenue import ledger_totals

NOW = datetime(2025, 12, 1, tzinfo=UTC)
PAYMENTS = """"Date","Time","TimeZone","State","Currency","Gross","Invoice"
"10/20/2025","09:15:00","PDT","Done","USD","1,120.00","R-1"
"10/21/2025","11:30:00","PDT","Done","USD","-20.00","R-1"
"11/02/2025","01:30:00","PST","Done","USD","(0.50)","R-2"
"""
PAYMENT_COLUMNS: Settings = {
    "columns": {"order_id": "Invoice", "amount": "Gross", "currency": "Currency"}
}
ORDERS = """order_id;created_at;total;currency
0001;20.10.2025 10:00;7,50;EUR
0002;20.10.2025 11:00;1.000;EUR
0003;20.10.2025 12:00;1.355,90 €;EUR
0004;30.03.2025 02:30;1\u00a0355,90;EUR
0005;20.10.2025 14:00;7,50 $;EUR
0006;20.10.2025 14:00;7,50;EUR
0007;20.10.2025 14:00;7,50;EUR
0008;20.10.2025 14:00;7,50;EUR
0009;20.10.2025 14:00;7,50;EUR
10;20.10.2025 15:00;7,50;EUR
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **flags: object) -> tuple[list[Conversion], Counter[str], tuple[str, ...]]:
    """Return the conversions of a file, the codes of the others, and the choices."""
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags=flags)
    maker = ItemMaker(chosen.mapping, secret=b"secret", cells_are_text=True)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 10_000)
    assert batch is not None
    conversions: list[Conversion] = []
    codes: Counter[str] = Counter()
    for item in batch.orders.items:
        try:
            conversions.append(read_conversion(item, now=NOW))
        except ItemRejected as error:
            codes[error.item_code] += 1
    return conversions, codes, chosen.choices


def test_a_payment_file_with_date_time_and_zone_apart_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "payments.csv", PAYMENTS)
    with pytest.raises(MappingInvalid, match="kind_by_sign = true"):
        read(path, **PAYMENT_COLUMNS)
    conversions, codes, choices = read(path, kind_by_sign=True, **PAYMENT_COLUMNS)
    assert [(c.order_id, c.kind, c.amount_cents, c.occurred_at.hour) for c in conversions] == [
        ("R-1", "capture", 112_000, 16),
        ("R-1", "refund", -2_000, 18),
        ("R-2", "refund", -50, 9),
    ]
    assert codes == Counter()
    assert 'occurred_at: columns "Date", "Time" and "TimeZone"' in choices
    assert 'times: month first, as "10/20/2025 09:15:00 PDT" shows' in choices


def test_an_order_file_with_decimal_commas_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", ORDERS)
    conversions, codes, choices = read(path, time_zone="Europe/Berlin")
    assert [c.amount_cents for c in conversions] == [750, 100_000, 135_590, 750, 750, 750, 750]
    assert conversions[0].occurred_at == datetime(2025, 10, 20, 8, tzinfo=UTC)
    # The gap of March, the dollar of 0005, and the id that lost its zeros.
    assert codes == {"occurred_at_invalid": 1, "currency_contradicted": 1, "id_spoilt": 1}
    assert 'amounts: the decimal mark is ",", as "7,50" shows' in choices
    assert any(choice.startswith("order_id: 4 digits") for choice in choices)


def test_a_mapping_file_leaves_to_the_column_what_it_does_not_state(tmp_path: Path) -> None:
    path = write(tmp_path / "orders.csv", ORDERS)
    columns = (
        'order_id = "order_id"\noccurred_at = "created_at"\namount = "total"\ncurrency = "currency"'
    )
    stated = 'kind = "conversions"\namount_unit = "major"\ntime_zone = "Europe/Berlin"\n'
    map_file = write(tmp_path / "map.toml", f"{stated}[columns]\n{columns}\n")
    chosen = choose_mapping(path, kind=None, map_file=map_file, flags={})
    assert (chosen.mapping.decimal_mark, chosen.mapping.time_format) == (",", "day_first")
    alone = write(
        tmp_path / "alone.csv", "\n".join(ORDERS.splitlines()[:1] + ORDERS.splitlines()[2:3])
    )
    with pytest.raises(MappingInvalid, match=r'How large is "1\.000"'):
        choose_mapping(alone, kind=None, map_file=map_file, flags={})
    chosen = choose_mapping(alone, kind=None, map_file=map_file, flags={"decimal_mark": ","})
    assert chosen.mapping.decimal_mark == ","


def test_the_last_row_of_a_long_file_decides_for_all(tmp_path: Path) -> None:
    header = "order_id,created_at,total,currency\n"
    rows = [f"A-{number},03/04/2025 10:00,1.000,EUR\n" for number in range(1_500)]
    last = 'A-last,03/13/2025 10:00,"2,5",EUR\n'
    path = write(tmp_path / "long.csv", header + "".join(rows) + last)
    conversions, codes, _ = read(path, time_zone="UTC")
    assert codes == Counter()
    assert sum(c.amount_cents for c in conversions) == 1_500 * 100_000 + 250
    assert {(c.occurred_at.month, c.occurred_at.day) for c in conversions} == {(3, 4), (3, 13)}
    with pytest.raises(MappingInvalid) as caught:
        read(write(path, header + "".join(rows)), time_zone="UTC")
    assert "decimal_mark" in caught.value.detail
    assert '"month_first"' in caught.value.detail


def test_a_refund_may_be_written_with_a_minus(tmp_path: Path) -> None:
    lines = ["order_id,created_at,kind,total,currency"]
    lines += [f"A-1,2025-10-20T10:00:00Z,{kind},{total},EUR" for kind, total in (
        ("capture", "12.50"), ("refund", "-2.50"), ("refund", "2.50"), ("dispute", "(1.00)"),
        ("capture", "-9.00"), ("refund_reversal", "-9.00"),
    )]  # fmt: skip
    conversions, codes, _ = read(write(tmp_path / "kinds.csv", "\n".join(lines)))
    assert [c.amount_cents for c in conversions] == [1_250, -250, -250, -100]
    assert codes == {"amount_negative": 2}


async def test_visitors_without_an_id_share_no_journey_and_crowds_are_reported(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    lines = ["time,visitor_id,utm_source"]
    at = "2025-10-20T10:00:00Z"
    lines += [f"{at},{text},news" for text in ("NULL", "None", "nan", "(not set)", "", "v0")]
    path = write(tmp_path / "touches.csv", "\n".join(lines))
    chosen = choose_mapping(path, kind="touches", map_file=None, flags={})
    report = await import_file(db, tenant, path, chosen.mapping, progress=lambda _: None)
    assert (report.done.touches_accepted, report.crowded) == (1, ())
    assert report.rejected_by_code == {"journey_key_missing": 5}
    lines = [lines[0], *(f"2025-10-20T10:00:{n % 60:02}Z,v{n},news" for n in range(200))]
    lines += [f"2025-10-20T11:00:{n:02}Z,0,news" for n in range(50)]
    path = write(path, "\n".join(lines))
    report = await import_file(
        db, tenant, path, chosen.mapping, progress=lambda _: None, batch_rows=40
    )
    (crowd,) = report.crowded
    assert (crowd.touches, crowd.counted) == (50, 250)


async def test_orders_of_a_written_file_reach_the_ledger(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "payments.csv", PAYMENTS)
    flags = {"kind_by_sign": True, **PAYMENT_COLUMNS}
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags=flags)
    for accepted in (3, 3):
        report = await import_file(db, tenant, path, chosen.mapping, progress=lambda _: None)
        assert report.done.conversions_accepted == accepted
    async with db.tenant(tenant) as connection:
        totals = await ledger_totals(connection, tenant)
    assert [total.net_cents for total in totals] == [109_950]


def test_a_touch_takes_its_moment_from_several_columns(tmp_path: Path) -> None:
    text = "date,time,visitor_id,utm_source\n2025-10-20,09:15,v,news\n"
    path = write(tmp_path / "touches.csv", text)
    chosen = choose_mapping(
        path, kind="touches", map_file=None, flags={"time_zone": "Europe/Berlin"}
    )
    maker = ItemMaker(chosen.mapping, secret=b"secret", cells_are_text=True)
    with open_rows(path, chosen.layout, chosen.mapping.wanted) as stream:
        batch = maker.next_batch(stream.rows, 10)
    assert batch is not None
    touch = read_touch(batch.touches.items[0], now=NOW, own_channels=frozenset())
    assert touch.occurred_at == datetime(2025, 10, 20, 7, 15, tzinfo=UTC)
