"""A workbook is imported like any other file: exactly, and once."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest.files import choose_mapping, import_file
from skeldir.revenue import ledger_totals
from tests.support.workbooks import MOMENT, Cell, workbook


async def test_the_orders_of_a_sheet_go_in_once_and_a_failed_formula_is_refused_by_its_row(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "orders.xlsx"
    rows = [
        ("Sales Report",),
        (),
        ("order_id", "created_at", "total", "currency"),
        ("R-1", Cell("46315.416666666664", style=MOMENT), 12.5, "EUR"),
        ("R-2", Cell("46315.458333333336", style=MOMENT), Cell("#N/A", "e"), "EUR"),
        ("R-3", Cell("46315.5", style=MOMENT), 7.25, "EUR"),
    ]
    path.write_bytes(workbook({"Orders": rows}))
    chosen = choose_mapping(
        path,
        kind="conversions",
        map_file=None,
        flags={"time_zone": "UTC", "amount_unit": "major"},
    )
    report = await import_file(db, tenant, path, chosen.mapping, progress=lambda _: None)
    assert (report.done.accepted, report.done.rejected) == (2, 1)
    assert [(refused.line, refused.code) for refused in report.examples] == [(5, "row_malformed")]
    again = await import_file(db, tenant, path, chosen.mapping, progress=lambda _: None)
    assert again.was_complete
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert (total.currency, total.net_cents, total.captures) == ("EUR", 1975, 2)
