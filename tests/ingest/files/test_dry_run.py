"""A dry run reports what an import then does, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.db.pool import Database
from skeldir.ingest.files import choose_mapping, import_file, preview_import
from skeldir.revenue import read_months
from tests.conftest import Clone

ORDERS = """\
order_id,status,created_at,total,currency
P-1,completed,2026-03-20T10:00:00Z,100.00,EUR
P-2,failed,2026-03-20T10:05:00Z,500.00,EUR
P-3,annulé,2026-04-20T10:10:00Z,300.00,EUR
P-4,refunded,2026-04-20T10:20:00Z,50.00,EUR
P-5,completed,2026-04-20T10:20:00Z,7.005,EUR
"""


def write(folder: Path) -> Path:
    path = folder / "orders.csv"
    path.write_text(ORDERS, encoding="utf-8")
    return path


async def test_an_import_does_what_its_dry_run_reported(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path)
    chosen = choose_mapping(path, kind="conversions", map_file=None, flags={})
    preview = await preview_import(db, tenant, path, chosen)
    async with db.tenant(tenant) as connection:
        assert await read_months(connection, tenant) == []
    report = await import_file(db, tenant, path, chosen.mapping, progress=lambda _: None)
    async with db.tenant(tenant) as connection:
        months = await read_months(connection, tenant)
    assert preview.report.done == report.done
    assert preview.report.rejected_by_code == report.rejected_by_code == {"amount_fractional": 1}
    assert list(preview.months) == months
    assert [(f"{m.month:%Y-%m}", m.kind, m.amount_cents) for m in months] == [
        ("2026-03", "capture", 10_000),
        ("2026-04", "capture", 5_000),
        ("2026-04", "refund", -5_000),
    ]
    assert 'state "failed": nothing, 1 rows' in preview.states
    again = await preview_import(db, tenant, path, chosen)
    assert (again.months, again.report.was_complete) == ((), True)


async def test_the_command_prints_states_months_and_refusals_and_imports_nothing(
    db: Database, clone: Clone, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    words = ["import", "conversions", str(write(tmp_path)), "--tenant", str(tenant), "--dry-run"]
    result = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert result.exit_code == 3, result.output
    assert "Dry run: nothing was imported" in result.output
    assert "2026-04  refund  1 entries  -50.00 EUR" in result.output
    assert "amount_fractional" in result.output
    assert 'state: column "status"' in result.output
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM public.imports") == 0
        assert await read_months(connection, tenant) == []
