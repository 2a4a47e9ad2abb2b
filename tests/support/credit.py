"""What the credit of a tenant is, written so that two tenants, or two ways to get there, can be compared."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from skeldir.attribution import (
    CreditReport,
    count_dirty_orders,
    credit_dirty_orders,
    mark_all_orders,
)
from skeldir.db.pool import Database

CreditRow = tuple[str, str, str | None, str, str, str, int, int]
"""Order, model version, business key of the entry, channel, UTC date, currency, cents, parts of 10¹²."""

_CREDITS = """
    SELECT a.order_id, a.model_version, l.business_key, a.channel_code, a.entry_date::text, a.currency,
           a.allocated_cents, a.conversion_ppt
    FROM attribution_allocations a
    JOIN attribution_models m ON m.model_version = a.model_version AND m.is_active
    LEFT JOIN revenue_ledger l ON l.id = a.entry_id AND l.order_id = a.order_id
    ORDER BY 1, 2, 3, 4
"""
_DIFFERENCES = """
    SELECT m.model_version, l.currency, l.cents, coalesce(a.cents, 0) AS credited
    FROM attribution_models m
    CROSS JOIN (SELECT currency, sum(amount_cents) AS cents FROM revenue_ledger e
                WHERE EXISTS (SELECT FROM revenue_ledger c WHERE c.order_id = e.order_id AND c.kind = 'capture')
                GROUP BY currency) l
    LEFT JOIN (SELECT model_version, currency, sum(allocated_cents) AS cents
               FROM attribution_allocations GROUP BY 1, 2) a
      ON a.model_version = m.model_version AND a.currency = l.currency
    WHERE m.is_active AND l.cents <> coalesce(a.cents, 0)
"""
_CONVERSIONS = """
    SELECT a.order_id, a.model_version, sum(a.conversion_ppt) FROM attribution_allocations a
    GROUP BY 1, 2 HAVING sum(a.conversion_ppt) <> 1000000000000
"""


async def read_credits(db: Database, tenant: UUID) -> list[CreditRow]:
    """Return every allocation of the active versions, in one order."""
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(_CREDITS)]


async def assert_ledger_is_credited(db: Database, tenant: UUID) -> None:
    """Each active version credits what the ledger holds, in every currency; each captured order converts once."""
    async with db.tenant(tenant) as connection:
        assert await connection.fetch(_DIFFERENCES) == []
        assert await connection.fetch(_CONVERSIONS) == []
        assert await connection.fetchval("SELECT count(*) FROM dirty_orders") == 0


async def rebuild_credits(db: Database, tenant: UUID) -> list[CreditRow]:
    """Mark all orders, credit them, and return what comes out."""
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_until_complete(db, tenant)
    return await read_credits(db, tenant)


async def credit_until_complete(db: Database, tenant: UUID) -> CreditReport:
    """Credit, and fail when another worker is in the way."""
    report = await credit_dirty_orders(db, tenant_id=tenant)
    assert report.is_complete
    return report


async def sum_by_channel(db: Database, tenant: UUID, model: str = "linear") -> dict[str, int]:
    """Return the cents of each channel by the active version of a model, over all orders and currencies."""
    totals: Counter[str] = Counter()
    for row in await read_credits(db, tenant):
        if row[1].partition("@")[0] == model:
            totals[row[3]] += row[6]
    return dict(totals)


async def count_dirty(db: Database, tenant: UUID) -> int:
    """Return how many orders wait to be credited."""
    async with db.tenant(tenant) as connection:
        return await count_dirty_orders(connection, tenant)
