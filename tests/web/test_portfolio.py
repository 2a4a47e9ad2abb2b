"""Portfolio: one user's tenants side by side, each by its own rights and its own days."""

from __future__ import annotations

from uuid import UUID

import httpx2

from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.pages import read_tables, sign_in, signed_in
from tests.support.people import make_link
from tests.support.sites import OWN

DAYS = "from=2026-03-01&to=2026-03-10"


async def make_shop(db: Database, name: str, cents: int, currency: str = "USD") -> UUID:
    tenant = await make_tenant(db, name)
    await send_conversions(db, tenant, make_conversion(amount_cents=cents, currency=currency))
    await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


async def rows_of(client: httpx2.AsyncClient) -> dict[str, list[tuple[str, str]]]:
    page = await client.get(f"/portfolio?{DAYS}")
    assert page.status_code == 200, page.text
    tables = read_tables(page.text)
    return {key: [(row[0], row[3]) for row in shown.rows] for key, shown in tables.items()}


async def test_tenants_are_side_by_side_and_never_added(clone: Clone, db: Database) -> None:
    small, large = await make_shop(db, "Small", 1_100), await make_shop(db, "Large", 9_900)
    yen = await make_shop(db, "Yen", 26_400, "JPY")
    foreign = await make_shop(db, "Foreign", 7_777)
    async with signed_in(clone, small) as client:
        for tenant in (large, yen):
            await make_link(clone, "ada@shop.example", tenant, Role.VIEWER)
        assert await rows_of(client) == {
            "money-JPY": [("Yen", "26,400")],
            "money-USD": [("Large", "99.00"), ("Small", "11.00")],
        }
        page = await client.get(f"/portfolio?{DAYS}")
        assert str(foreign) not in page.text
        # The switch leads to the pages of the other tenant.
        chosen = await client.post("/tenants", headers=OWN, data={"tenant": str(large)})
        page = await client.get(f"{chosen.headers['location']}?{DAYS}")
        assert "99.00" in page.text
        # A membership that ended is not shown any more.
        async with db.tenant(yen) as connection:
            await connection.execute("DELETE FROM memberships WHERE tenant_id = $1", yen)
        assert "money-JPY" not in await rows_of(client)
        refused = await client.post("/tenants", headers=OWN, data={"tenant": str(foreign)})
        assert refused.headers["location"] == "/tenants"


async def test_a_user_without_tenants_is_shown_why_there_are_none(
    clone: Clone, db: Database
) -> None:
    tenant = await make_tenant(db, "A")
    async with signed_in(clone, tenant) as client:
        await sign_in(client, clone, tenant, Role.VIEWER, "bob@shop.example")
        async with db.tenant(tenant) as connection:
            await connection.execute("DELETE FROM memberships WHERE tenant_id = $1", tenant)
        page = await client.get("/portfolio")
    assert page.status_code == 200
    assert "skeldir users link bob@shop.example" in page.text
