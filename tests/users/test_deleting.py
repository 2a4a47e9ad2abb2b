"""Deleting users: what shows who somebody is goes, tenants keep their logs, and none loses its only admin by it."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from skeldir.db.pool import Database
from skeldir.users import (
    LastAdmin,
    Role,
    UserUnknown,
    delete_own_user,
    delete_user,
    end_belonging,
    find_session,
    find_user,
    invite,
    leave_tenant,
    list_actions,
    list_invitations,
    list_members,
)
from tests.conftest import Clone
from tests.support.people import begin, let_in

ANNA, BEN = "anna@shop.example", "ben@shop.example"
OF_USERS = """
    SELECT c.conrelid::regclass::text, c.confdeltype = 'c' FROM pg_constraint c
    WHERE c.contype = 'f' AND c.confrelid = 'public.users'::regclass ORDER BY 1"""


async def test_whatever_refers_to_a_user_goes_with_the_user(clone: Clone) -> None:
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        found = {str(table): goes for table, goes in await operator.fetch(OF_USERS)}
    finally:
        await operator.close()
    assert {"sign_in_links", "user_sessions", "identities", "passkeys"} <= found.keys()
    assert [table for table, goes in found.items() if not goes] == [], "say ON DELETE CASCADE"


async def test_an_operator_deletes_a_user_and_tenants_keep_their_logs(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    anna = await let_in(clone, db, ANNA, tenant, Role.ADMIN)
    ben = await let_in(clone, db, BEN, tenant, Role.VIEWER)
    begun = await begin(db, anna.user_id)
    assert begun is not None
    async with db.tenant(other_tenant) as connection:
        await invite(connection, other_tenant, ANNA, Role.VIEWER, by="eve")
        await invite(connection, other_tenant, BEN, Role.VIEWER, by="eve")
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        found = await find_user(operator, " Anna@shop.example")
        assert found.sessions == 2
        assert [(each.tenant_id, each.role, each.is_only_admin) for each in found.belongings] == [
            (tenant, Role.ADMIN, True),
            (other_tenant, None, False),
        ]
        assert not await delete_user(operator, anna.user_id)
        for each in (tenant, other_tenant):
            async with db.tenant(each) as connection:
                await end_belonging(connection, each, anna.user_id, ANNA, by="command:op")
        assert await delete_user(operator, anna.user_id)
        with pytest.raises(UserUnknown):
            await find_user(operator, ANNA)
    finally:
        await operator.close()
    async with db.statement() as connection:
        assert await find_session(connection, begun.token) is None
    async with db.tenant(tenant) as connection:
        assert [each.user_id for each in await list_members(connection, tenant)] == [ben.user_id]
        actions = await list_actions(connection, tenant)
    assert (actions[0].actor, actions[0].action, actions[0].subject) == (
        "command:op",
        "member.remove",
        ANNA,
    )
    async with db.tenant(other_tenant) as connection:
        left = await list_invitations(connection, other_tenant)
    assert [each.email for each in left] == [BEN]


async def test_users_delete_themselves_when_no_tenant_needs_them(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    anna = await let_in(clone, db, ANNA, tenant, Role.ADMIN)
    async with db.unbound() as connection:
        assert not await delete_own_user(connection, anna)
    with pytest.raises(LastAdmin):
        async with db.tenant(tenant) as connection:
            await leave_tenant(connection, tenant, anna)
    ben = await let_in(clone, db, BEN, tenant, Role.ADMIN)
    await let_in(clone, db, BEN, other_tenant, Role.VIEWER)
    async with db.tenant(tenant) as connection:
        await leave_tenant(connection, tenant, anna)
    async with db.unbound() as connection:
        assert await delete_own_user(connection, anna)
    async with db.unbound() as connection:
        # The session has ended with its user; nobody else's has.
        assert not await delete_own_user(connection, anna)
        assert not await delete_own_user(connection, ben)
