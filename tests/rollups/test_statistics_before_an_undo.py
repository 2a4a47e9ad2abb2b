"""After the first large undoing the statistics know of no reversing entry: each is looked up all the same."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.db.queries import read_statements
from tests.conftest import Clone
from tests.support.make import make_conversion, send_conversions
from tests.support.refreshing import superuser_of

DAYS = [date(2026, 5, day) for day in range(1, 29)]
ORDERS = 400
FEW = 20


@pytest.mark.one_server("the coordinator shows no plan of its nodes")
@pytest.mark.parametrize(
    ("package", "name"),
    [("skeldir.attribution", "select_entries"), ("skeldir.rollups", "insert_revenue_days")],
)
async def test_what_took_an_entry_back_is_looked_up_for_each(
    db: Database, clone: Clone, tenant: UUID, package: str, name: str
) -> None:
    orders = [make_conversion(order_id=f"o{n}") for n in range(ORDERS)]
    await send_conversions(db, tenant, *orders)
    async with superuser_of(clone) as superuser:
        await superuser.execute("ANALYZE public.revenue_ledger")
    (statement,) = [one for one in read_statements(package) if one.name == name]
    values: dict[str, object] = {
        "tenant_id": tenant,
        "order_ids": [str(one["order_id"]) for one in orders[:FEW]],
        "most": ORDERS,
        "days": DAYS,
    }
    async with db.tenant(tenant) as connection:
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        rows = await connection.fetch(
            f"EXPLAIN {statement.sql}", *(values[one] for one in statement.parameters)
        )
    compared = [row[0] for row in rows if "Join Filter" in row[0] and "business_key = " in row[0]]
    assert compared == []
