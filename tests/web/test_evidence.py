"""Evidence: credit beside the ledger as it is now, and the audits that were recorded."""

from __future__ import annotations

from uuid import UUID

from skeldir.audit import DATA_CHECKS, audit_tenant, list_audits, record_audit
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import read_tables, signed_in


async def test_credit_of_each_model_stands_beside_the_ledger(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_conversions(
        db,
        tenant,
        make_conversion(amount_cents=1_999),
        make_conversion(amount_cents=700, currency="JPY"),
    )
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with signed_in(clone, tenant) as client:
        page = await client.get("/evidence")
        assert "2 orders await credit" in page.text
        assert 'class="notice warning"' in page.text
        await credit_until_complete(db, tenant)
        page = await client.get("/evidence")
        shown = read_tables(page.text)
        assert [row[1:] for row in shown["ledger-USD"].rows] == [["19.99", "19.99", "0.00"]] * 6
        assert [row[1:] for row in shown["ledger-JPY"].rows] == [["700", "700", "0"]] * 6
        assert 'class="notice success"' in page.text
        # Credit that was lost is said, in red.
        async with db.tenant(tenant) as connection:
            await connection.execute(
                "UPDATE rollup_channel_day SET credited_cents = credited_cents - 1"
                " WHERE tenant_id = $1 AND currency = 'JPY'",
                tenant,
            )
        page = await client.get("/evidence")
        assert 'class="notice error"' in page.text
        assert read_tables(page.text)["ledger-JPY"].rows[0][3] == "-1"


async def test_recorded_audits_are_shown_with_their_digests(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    other = await make_tenant(db, "B")
    for each in (tenant, other):
        audit = await audit_tenant(db, each)
        async with db.tenant(each) as connection:
            await record_audit(connection, audit)
    async with db.tenant(tenant) as connection:
        (own,) = await list_audits(connection, tenant, most=5)
    async with signed_in(clone, tenant) as client:
        page = await client.get("/evidence")
    assert [row[5] for row in read_tables(page.text)["audits"].rows] == [own.digest]
    assert all(name in page.text for name in DATA_CHECKS)
    assert page.text.count("badge good") == len(DATA_CHECKS)
