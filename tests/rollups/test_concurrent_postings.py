"""Entries of one order that are posted by transactions that overlap, with a roll-up between their commits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.ingest.receive import receive_conversions
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.rollups.test_rollups import states_by_day
from tests.support.make import at, make_conversion, send_conversions
from tests.support.refreshing import superuser_of
from tests.support.rolled_up import assert_rolled_up


@pytest.fixture
async def superuser(clone: Clone) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    async with superuser_of(clone) as connection:
        yield connection


async def test_a_refund_that_was_summed_before_its_capture_was_committed_is_summed_again(
    db: Database, superuser: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    """Neither transaction sees the other's entry, so neither marks the other's day."""
    refund = make_conversion(order_id="both", kind="refund", amount_cents=40, occurred_at=at(3))
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        capture = make_conversion(order_id="both", occurred_at=at(1))
        await receive_conversions(connection, profile, [capture], origin="slow")
        await send_conversions(db, tenant, refund)
        await roll_up_dirty_days(db)
        assert await states_by_day(superuser) == {(4, "awaiting_capture")}
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    assert await states_by_day(superuser) == {(2, "captured"), (4, "refunded")}
    await assert_rolled_up(superuser, tenant)


@pytest.mark.parametrize("is_credited_between", [False, True])
async def test_an_order_is_counted_once_whichever_of_two_captures_is_committed_first(
    db: Database,
    superuser: asyncpg.Connection[asyncpg.Record],
    tenant: UUID,
    *,
    is_credited_between: bool,
) -> None:
    later = make_conversion(order_id="both", occurred_at=at(3))
    if is_credited_between:
        await send_conversions(db, tenant, make_conversion(order_id="both", occurred_at=at(5)))
        await credit_dirty_orders(db)
        await roll_up_dirty_days(db)
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
        earlier = make_conversion(order_id="both", occurred_at=at(1))
        await receive_conversions(connection, profile, [earlier], origin="slow")
        await send_conversions(db, tenant, later)
        await roll_up_dirty_days(db)
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    await assert_rolled_up(superuser, tenant)
