"""Claims of ad platforms, touches of ads, and comparisons of both."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.reconcile import (
    LineReport,
    ReconciliationReport,
    list_lines,
    read_reconciliation,
    request_reconciliation,
    run_reconciliation,
)
from skeldir.spend import AdDay, AdKey, Load, record_days
from tests.support.make import make_touch

FIRST = date(2026, 3, 1)
DAY = date(2026, 3, 2)
"""The day of `make_conversion`."""
_LOAD = Load("api", "/v1/claims", "0" * 64, "test", 1)


def claim(platform: str, campaign: str, cents: int | None, **fields: Any) -> AdDay:
    """Return a claim of the campaign's day; its name is Brand unless `name` says another."""
    key = AdKey(platform, "9", campaign, fields.pop("day", DAY), fields.pop("currency", "USD"))
    name = fields.pop("name", "Brand")
    figures = {"claimed_cents": cents, "attribution_setting": "7d_click", **fields}
    return AdDay(key, name, figures, "paid_search", "given")


def ad(source: str, campaign: str, **fields: object) -> dict[str, object]:
    return make_touch(channel="paid_search", source=source, campaign=campaign, **fields)


async def claims(db: Database, tenant: UUID, *days: AdDay) -> None:
    async with db.tenant(tenant) as connection:
        await record_days(connection, tenant, _LOAD, days)


async def ask(db: Database, tenant: UUID, **fields: Any) -> UUID:
    options = {"first": FIRST, "last": date(2026, 3, 10), "platform": None, "model": "last_touch"}
    async with db.tenant(tenant) as connection:
        return await request_reconciliation(
            connection, tenant, **(options | fields), requested_by="command:test"
        )


async def read(
    db: Database, tenant: UUID, made: UUID
) -> tuple[ReconciliationReport, list[LineReport]]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return (
            await read_reconciliation(connection, tenant, made),
            await list_lines(connection, tenant, made),
        )


async def compare(
    db: Database, tenant: UUID, **fields: Any
) -> tuple[ReconciliationReport, list[LineReport]]:
    made = await ask(db, tenant, **fields)
    assert await run_reconciliation(db, tenant, made)
    return await read(db, tenant, made)
