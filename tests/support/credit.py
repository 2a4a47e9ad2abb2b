"""The credit of a tenant, in a form that can be compared between tenants and ways to compute it."""

from __future__ import annotations

from collections import Counter
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from skeldir.attribution import (
    CreditReport,
    count_dirty_orders,
    credit_dirty_orders,
    mark_all_orders,
)
from skeldir.attribution.changes import counted_allocations
from skeldir.attribution.evaluating import Channels, derive_counted
from skeldir.attribution.orders import make_kept, make_stored
from skeldir.attribution.reading import begin_reading
from skeldir.attribution.splits import Allocation
from skeldir.db.pool import Database
from tests.conftest import Clone

CreditRow = tuple[str, str, str | None, str, str, str, int, int]
"""Order, model version, business key of the entry, channel, local date, currency, cents, parts of 10¹²."""

_ENTRIES = (
    "SELECT id, business_key, order_id, currency, amount_cents, occurred_at FROM revenue_ledger"
)
_DAYS = """
    SELECT revenue_date, model_version, channel_code, currency, conversion_ppt, credited_cents, allocations
    FROM rollup_channel_day WHERE basis = 'entry' AND allocations <> 0
"""
_JOURNAL = """
    SELECT revenue_date, model_version, channel_code, currency, sum(conversion_ppt), sum(credited_cents),
           sum(allocations)
    FROM credit_journal WHERE basis = 'entry' GROUP BY 1, 2, 3, 4
    HAVING (sum(conversion_ppt), sum(credited_cents), sum(allocations)) <> (0, 0, 0)
"""


async def read_credits(db: Database, tenant: UUID) -> list[CreditRow]:
    """Return the credit of every order by the versions in force, from its stored journey, sorted."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        reading, _ = await begin_reading(connection, tenant)
        stored = make_stored(
            await connection.fetch(
                """SELECT order_id, converted_at, previous_age, reach, generation, path, entries FROM order_journeys"""
            ),
            reading.restatements,
        )
        kept = make_kept(
            await connection.fetch(
                """SELECT order_id, generation, model_version, entry_id, channel_code, allocated_cents, conversion_ppt
                   FROM kept_allocations ORDER BY 1, 3, 4, 5"""
            )
        )
        entry_of = {row["id"]: row for row in await connection.fetch(_ENTRIES)}
    channels, zone = Channels(reading.numbers), ZoneInfo(reading.days.rules.name)
    credits_of: dict[str, list[Allocation]] = {
        name: counted_allocations(credit, reading.versions) for name, credit in kept.items()
    }
    for name, journey in stored.items():
        assert name not in kept, name
        credits_of[name] = derive_counted(journey, reading.versions, channels)
    rows: list[CreditRow] = []
    for name, allocations in credits_of.items():
        for row in allocations:
            entry = entry_of.get(row.entry_id)
            assert entry is not None
            rows.append(
                (
                    name,
                    row.model_version,
                    entry["business_key"] if entry["order_id"] == name else None,
                    row.channel_code,
                    str(entry["occurred_at"].astimezone(zone).date()),
                    entry["currency"],
                    row.allocated_cents,
                    row.conversion_ppt,
                )
            )
    return sorted(rows, key=lambda row: (row[0], row[1], row[2] or "", row[3]))


async def assert_sums_are_of_credits(db: Database, tenant: UUID) -> None:
    """The sums of credit, and the sum of all their changes, are those of the orders' credit, to the last part."""
    expected: dict[tuple[str, str, str, str], tuple[int, int, int]] = {}
    for _, version, _, channel, day, currency, cents, ppt in await read_credits(db, tenant):
        key = (day, version, channel, currency)
        before = expected.get(key, (0, 0, 0))
        expected[key] = (before[0] + ppt, before[1] + cents, before[2] + 1)
    async with db.tenant(tenant) as connection:
        for statement in (_DAYS, _JOURNAL):
            found = {
                (str(row[0]), *row[1:4]): tuple(map(int, row[4:]))
                for row in await connection.fetch(statement)
            }
            assert found == expected


async def assert_ledger_is_credited(db: Database, tenant: UUID) -> None:
    """Each active version credits what the ledger holds, in every currency; each captured order converts once."""
    async with db.tenant(tenant) as connection:
        held = await connection.fetch(
            """SELECT e.currency, sum(e.amount_cents) AS cents FROM revenue_ledger e
               WHERE EXISTS (SELECT FROM revenue_ledger c WHERE c.order_id = e.order_id AND c.kind = 'capture')
               GROUP BY 1"""
        )
        models = await connection.fetch(
            "SELECT model_version FROM attribution_models WHERE is_active"
        )
        assert await connection.fetchval("SELECT count(*) FROM dirty_orders") == 0
    cents: Counter[tuple[str, str]] = Counter()
    parts: Counter[tuple[str, str]] = Counter()
    for order, version, _, _, _, currency, amount, ppt in await read_credits(db, tenant):
        cents[version, currency] += amount
        parts[order, version] += ppt
    for model in models:
        for row in held:
            assert cents[model["model_version"], row["currency"]] == row["cents"]
    assert set(parts.values()) <= {10**12}
    await assert_sums_are_of_credits(db, tenant)


async def keep_as_before_packing(clone: Clone, db: Database, tenant: UUID) -> None:
    """Put the tenant's credit where an upgrade finds it: allocations, of orders without a journey, and no path."""
    rows = await read_credits(db, tenant)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for order, version, key, channel, day, currency, cents, ppt in rows:
            admin.execute(
                """INSERT INTO kept_allocations (tenant_id, order_id, model_version, entry_id, channel_code, entry_date,
                                                 currency, allocated_cents, conversion_ppt)
                   SELECT tenant_id, order_id, %s, id, %s, %s, %s, %s, %s FROM revenue_ledger
                   WHERE tenant_id = %s AND order_id = %s AND business_key = %s""",
                (version, channel, day, currency, cents, ppt, tenant, order, key),
            )
        admin.execute("DELETE FROM order_journeys WHERE tenant_id = %s", (tenant,))
        admin.execute(
            "UPDATE attribution_models SET active_since = 0 WHERE tenant_id = %s", (tenant,)
        )


async def rebuild_credits(db: Database, tenant: UUID) -> list[CreditRow]:
    """Mark all orders, credit them, and return the credit."""
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
