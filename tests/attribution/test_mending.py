"""A rebuild repairs what was changed outside the program: sums, their journal, and stored journeys."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import latest_changes, rebuild_credit
from skeldir.db.pool import Database
from tests.attribution.test_restating import change, shop
from tests.conftest import Clone
from tests.support.credit import (
    assert_ledger_is_credited,
    credit_until_complete,
    read_credits,
)
from tests.support.make import make_conversion, send_conversions

__all__ = ["shop"]

# Changes that anyone with the credentials of `app_user` could make. Without RETURNING, Citus makes a COPY of an
# INSERT … SELECT, which row-level security refuses.
CHANGES = {
    "a cent too much": "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1",
    "a sum that is gone": "DELETE FROM rollup_channel_day WHERE model_version = 'linear@1'",
    "a sum of nothing": """INSERT INTO rollup_channel_day
                               (tenant_id, revenue_date, model_version, channel_code, currency, conversion_ppt,
                                credited_cents, spend_cents, allocations)
                           SELECT tenant_id, '2020-01-01', model_version, 'display', 'EUR', 1, 1, 0, 1
                           FROM attribution_models WHERE is_active RETURNING 1""",
    "a change of a version that is not in force": """INSERT INTO credit_journal
                                                         (tenant_id, turn, changed_at, basis, revenue_date,
                                                          model_version, channel_code, currency, conversion_ppt,
                                                          credited_cents, allocations)
                                                     SELECT id, 0, now(), 'entry', '2020-01-01', 'linear@9',
                                                            'display', 'EUR', 1, 1, 1 FROM tenants RETURNING 1""",
    "a sum of a version that is not in force": """INSERT INTO rollup_channel_day
                                                      (tenant_id, revenue_date, model_version, channel_code, currency,
                                                       conversion_ppt, credited_cents, spend_cents, allocations)
                                                  SELECT id, '2020-01-01', 'linear@9', 'display', 'EUR', 1, 1, 0, 1
                                                  FROM tenants RETURNING 1""",
    "a journal that forgets": "DELETE FROM credit_journal WHERE model_version = 'linear@1'",
    "journeys without their touches": "UPDATE order_journeys SET path = ''",
    "journeys of another day": "UPDATE order_journeys SET converted_at = '2026-02-28T12:00Z'",
}


async def rebuild(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await rebuild_credit(connection, tenant)
    await credit_until_complete(db, tenant)


@pytest.mark.parametrize("what", CHANGES)
async def test_a_rebuild_repairs_what_was_changed_outside_the_program(
    db: Database, clone: Clone, shop: UUID, other_tenant: UUID, what: str
) -> None:
    await send_conversions(db, other_tenant, make_conversion())
    await credit_until_complete(db, other_tenant)
    before = await read_credits(db, shop)
    with psycopg.connect(clone.app_url) as app_user:
        # set_config() would not reach the shards of a distributed database, and nothing would be changed there.
        app_user.execute("SELECT public.set_tenant(%s)", (shop,))
        assert app_user.execute(CHANGES[what].encode()).rowcount >= 1
    await rebuild(db, shop)
    assert await read_credits(db, shop) == before
    await assert_ledger_is_credited(db, shop)
    await assert_ledger_is_credited(db, other_tenant)


async def test_a_rebuild_changes_nothing_where_nothing_was_wrong_and_records_no_change_of_models(
    db: Database, shop: UUID
) -> None:
    await change(db, shop, lookback_days=10)
    await credit_until_complete(db, shop)
    before = await read_credits(db, shop)
    async with db.tenant(shop) as connection:
        changes = await latest_changes(connection, shop)
    await rebuild(db, shop)
    assert await read_credits(db, shop) == before
    await assert_ledger_is_credited(db, shop)
    async with db.tenant(shop) as connection:
        assert await latest_changes(connection, shop) == changes


async def test_a_tenant_without_models_or_orders_has_nothing_to_repair(
    db: Database, tenant: UUID
) -> None:
    await rebuild(db, tenant)
    assert await read_credits(db, tenant) == []
