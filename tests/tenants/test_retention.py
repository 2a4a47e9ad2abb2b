"""The rule for how long touches are kept: one per tenant, within limits; without one, for ever."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from skeldir.db.pool import Database
from skeldir.tenants import (
    Retention,
    RetentionInvalid,
    TenantUnknown,
    load_retention,
    set_retention,
)
from tests.support.two_tenants import unknown_tenant

pytestmark = pytest.mark.shares_clone


async def load(db: Database, tenant: UUID) -> Retention:
    async with db.tenant(tenant) as connection:
        return await load_retention(connection, tenant)


async def keep(db: Database, tenant: UUID, days: int | None) -> None:
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, days)


async def test_a_tenant_without_a_rule_keeps_its_touches_for_ever(
    db: Database, tenant: UUID
) -> None:
    assert await load(db, tenant) == Retention(None, None)


async def test_the_last_rule_counts_and_is_the_tenants_own(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await keep(db, tenant, 400)
    await keep(db, tenant, 90)
    assert (await load(db, tenant)).touch_days == 90
    assert (await load(db, other_tenant)).touch_days is None
    await keep(db, tenant, None)
    assert await load(db, tenant) == Retention(None, None)


@pytest.mark.parametrize("days", [-1, 0, 36_501, 10**12])
async def test_a_number_of_days_out_of_bounds_is_refused(
    db: Database, tenant: UUID, days: int
) -> None:
    await keep(db, tenant, 90)
    with pytest.raises(RetentionInvalid):
        await keep(db, tenant, days)
    assert (await load(db, tenant)).touch_days == 90


async def test_an_unknown_tenant_cannot_have_a_rule(db: Database) -> None:
    with pytest.raises(TenantUnknown):
        await keep(db, unknown_tenant(), 90)


async def test_only_the_database_records_what_has_been_forgotten(
    db: Database, tenant: UUID
) -> None:
    await keep(db, tenant, 90)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant(tenant) as connection:
            await connection.execute("UPDATE retention SET touches_forgotten_before = now()")
