"""Sessions: found by the digest of a token, ended for good, and of their own user only."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.users import (
    LinkSpent,
    Role,
    UserUnknown,
    disable_user,
    end_other_sessions,
    end_session,
    list_own_memberships,
    list_sessions,
    new_token,
    remove_member,
    set_password,
    switch_tenant,
    use_link,
)
from tests.conftest import Clone
from tests.support.people import begin, let_in, look_up, make_link


def change(clone: Clone, statement: str) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(statement.encode())


async def test_a_link_lets_a_user_in_once(clone: Clone, db: Database, tenant: UUID) -> None:
    link = await make_link(clone, " Anna@Shop.Example ", tenant, Role.ADMIN)
    assert link.email == "anna@shop.example"
    async with db.unbound() as connection:
        user_id, in_tenant = await use_link(connection, link.token)
    assert in_tenant == tenant
    begun = await begin(db, user_id, in_tenant)
    assert begun is not None
    session = await look_up(db, begun.token)
    assert session is not None
    assert (session.email, session.tenant_id, session.has_password) == (
        "anna@shop.example",
        tenant,
        False,
    )
    with pytest.raises(LinkSpent):
        async with db.unbound() as connection:
            await use_link(connection, link.token)


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\x00" * 43])
async def test_what_is_no_link_lets_nobody_in(db: Database, token: str) -> None:
    with pytest.raises(LinkSpent):
        async with db.unbound() as connection:
            await use_link(connection, token)


async def test_a_link_ends_after_a_quarter_of_an_hour(clone: Clone, db: Database) -> None:
    link = await make_link(clone, "anna@shop.example")
    change(clone, "UPDATE sign_in_links SET expires_at = expires_at - interval '15 minutes'")
    with pytest.raises(LinkSpent):
        async with db.unbound() as connection:
            await use_link(connection, link.token)


@pytest.mark.parametrize(
    "ending",
    [
        "SET ends_at = now()",
        "SET ended_at = now()",
        "SET seen_at = now() - interval '12 hours'",
    ],
)
async def test_a_session_ends(clone: Clone, db: Database, ending: str) -> None:
    session = await let_in(clone, db, "anna@shop.example")
    begun = await begin(db, session.user_id)
    assert begun is not None
    assert await look_up(db, begun.token) is not None
    change(clone, f"UPDATE user_sessions {ending}")
    assert await look_up(db, begun.token) is None


async def test_use_is_recorded_at_most_once_a_minute(clone: Clone, db: Database) -> None:
    session = await let_in(clone, db, "anna@shop.example")
    begun = await begin(db, session.user_id)
    assert begun is not None
    seen = "SELECT seen_at FROM user_sessions WHERE id = %s"
    change(clone, "UPDATE user_sessions SET seen_at = seen_at - interval '59 seconds'")
    with psycopg.connect(clone.superuser_url) as admin:
        before = admin.execute(seen, (begun.session_id,)).fetchone()
        await look_up(db, begun.token)
        assert admin.execute(seen, (begun.session_id,)).fetchone() == before
    change(clone, "UPDATE user_sessions SET seen_at = seen_at - interval '2 minutes'")
    await look_up(db, begun.token)
    with psycopg.connect(clone.superuser_url) as admin:
        after = admin.execute(seen, (begun.session_id,)).fetchone()
    assert after is not None
    assert before is not None
    assert after[0] > before[0]


async def test_a_disabled_user_is_out_at_once_until_there_is_a_new_link(
    clone: Clone, db: Database
) -> None:
    session = await let_in(clone, db, "anna@shop.example")
    begun = await begin(db, session.user_id)
    assert begun is not None
    waiting = await make_link(clone, "anna@shop.example")
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        assert await disable_user(operator, "ANNA@shop.example") == "anna@shop.example"
        with pytest.raises(UserUnknown):
            await disable_user(operator, "nobody@shop.example")
    finally:
        await operator.close()
    assert await look_up(db, begun.token) is None
    assert await begin(db, session.user_id) is None
    with pytest.raises(LinkSpent):
        async with db.unbound() as connection:
            await use_link(connection, waiting.token)
    again = await let_in(clone, db, "anna@shop.example")
    assert again.user_id == session.user_id


async def test_switching_needs_a_membership_and_changes_the_token(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await let_in(clone, db, "anna@shop.example", tenant, Role.VIEWER)
    session = await let_in(clone, db, "anna@shop.example", other_tenant, Role.ADMIN)
    async with db.unbound() as connection:
        listed = await list_own_memberships(connection, session)
        assert {each.tenant_id: each.role for each in listed} == {
            tenant: Role.VIEWER,
            other_tenant: Role.ADMIN,
        }
        assert await switch_tenant(connection, session, uuid4()) is None
        token = await switch_tenant(connection, session, tenant)
        assert token is not None
        # The token before it is worth nothing.
        assert await switch_tenant(connection, session, other_tenant) is None
    switched = await look_up(db, token)
    assert switched is not None
    assert switched.tenant_id == tenant
    async with db.tenant(tenant) as connection:
        await let_in(clone, db, "admin@shop.example", tenant, Role.ADMIN)
        await remove_member(connection, tenant, session.user_id, by="test")
    async with db.unbound() as connection:
        assert [each.tenant_id for each in await list_own_memberships(connection, switched)] == [
            other_tenant
        ]
        assert await switch_tenant(connection, switched, tenant) is None


async def test_a_user_sees_and_ends_only_sessions_of_the_same_user(
    clone: Clone, db: Database
) -> None:
    anna, ben = (
        await let_in(clone, db, "anna@shop.example"),
        await let_in(clone, db, "ben@shop.example"),
    )
    second, third = await begin(db, anna.user_id), await begin(db, anna.user_id)
    assert second is not None
    assert third is not None
    async with db.unbound() as connection:
        assert {each.session_id for each in await list_sessions(connection, anna)} == {
            anna.session_id,
            second.session_id,
            third.session_id,
        }
        assert not await end_session(connection, ben, second.session_id)
        assert await end_session(connection, anna, second.session_id)
        assert not await end_session(connection, anna, second.session_id)
        assert await end_other_sessions(connection, anna) == 1
        assert [each.is_own for each in await list_sessions(connection, anna)] == [True]
        assert await end_session(connection, anna)
        assert await list_sessions(connection, anna) == []
        assert len(await list_sessions(connection, ben)) == 1


async def test_a_new_password_ends_the_other_sessions(clone: Clone, db: Database) -> None:
    session = await let_in(clone, db, "anna@shop.example")
    other = await begin(db, session.user_id)
    assert other is not None
    async with db.unbound() as connection:
        assert await set_password(connection, session, "hash")
    assert await look_up(db, other.token) is None
    async with db.unbound() as connection:
        await end_session(connection, session)
        assert not await set_password(connection, session, "another")


async def test_sessions_of_three_months_ago_are_forgotten(clone: Clone, db: Database) -> None:
    session = await let_in(clone, db, "anna@shop.example")
    change(clone, f"UPDATE user_sessions SET seen_at = now() - interval '{timedelta(days=91)}'")
    await begin(db, session.user_id)
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT count(*) FROM user_sessions").fetchone() == (1,)


@pytest.mark.parametrize("table", ["users", "sign_in_links", "user_sessions"])
async def test_the_runtime_role_reads_no_table_of_people(db: Database, table: str) -> None:
    async with db.statement() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT * FROM {table}")


async def test_a_session_begins_in_no_tenant_of_others(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    session = await let_in(clone, db, "anna@shop.example", tenant, Role.VIEWER)
    begun = await begin(db, session.user_id, other_tenant, device_token=new_token())
    assert begun is not None
    found = await look_up(db, begun.token)
    assert found is not None
    assert found.tenant_id is None
