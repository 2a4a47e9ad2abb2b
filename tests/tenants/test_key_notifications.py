"""What the database notifies when a key ends: that one has, and no details."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.tenants import (
    KEYS_CHANNEL,
    IssuedKey,
    authenticate,
    issue_key,
    note_use,
    revoke_key,
    rotate_key,
)
from tests.conftest import Clone
from tests.support.deleting import ask_for_deletion, do_deletions

Session = psycopg.Connection[tuple[object, ...]]
MARK = "all before this was notified"


@pytest.fixture
def stranger(clone: Clone) -> Iterator[Session]:
    """A role without any grant that listens, as any role may."""
    role = f"stranger_{uuid4().hex}"
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        try:
            with psycopg.connect(
                clone.server.url(user=role, database=clone.name), autocommit=True
            ) as session:
                for channel in (KEYS_CHANNEL, MARK):
                    session.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield session
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def payloads(stranger: Session) -> list[str]:
    """Return the payloads of all notifications since the last call."""
    stranger.execute("SELECT pg_notify(%s, '')", (MARK,))
    heard = []
    for notification in stranger.notifies(timeout=10):
        if notification.channel == MARK:
            return heard
        heard.append(notification.payload)
    pytest.fail("the mark was not notified")


async def make_key(db: Database, tenant: UUID) -> IssuedKey:
    async with db.tenant(tenant) as connection:
        return await issue_key(connection, tenant, name="k", scopes=["read"], expires_at=None)


async def test_the_end_of_a_key_is_notified_once_without_naming_key_or_tenant(
    db: Database, tenant: UUID, stranger: Session
) -> None:
    keys = [await make_key(db, tenant) for _ in range(3)]
    async with db.tenant(tenant) as connection:
        for key in keys[:2]:
            await revoke_key(connection, tenant, key.key_id)
        # Nothing before the commit.
        assert payloads(stranger) == []
    assert payloads(stranger) == [""]
    async with db.tenant(tenant) as connection:
        await rotate_key(connection, tenant, keys[2].key_id, overlap=timedelta(hours=1))
    assert payloads(stranger) == [""]


async def test_the_deletion_of_a_tenant_and_a_truncation_are_notified(
    db: Database, clone: Clone, tenant: UUID, stranger: Session
) -> None:
    for _ in range(3):
        await make_key(db, tenant)
    await ask_for_deletion(clone, tenant)
    assert payloads(stranger) == [""]
    # The following steps end no more keys.
    await do_deletions(db, clone, tenant)
    assert payloads(stranger) == []
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("TRUNCATE api_keys")
    assert payloads(stranger) == [""]


async def test_what_ends_no_key_is_not_notified(
    db: Database, tenant: UUID, stranger: Session
) -> None:
    key = await make_key(db, tenant)
    async with db.statement() as connection:
        holder = await authenticate(connection, key.secret)
    assert holder is not None
    async with db.tenant(tenant) as connection:
        assert await note_use(connection, holder)
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE name = 'another'")

    async def revoke_and_fail() -> None:
        async with db.tenant(tenant) as connection:
            await revoke_key(connection, tenant, key.key_id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await revoke_and_fail()
    assert payloads(stranger) == []


@pytest.mark.parametrize("role", ["app_user", "migrator", "postgres"])
async def test_a_key_ended_by_plain_sql_is_notified_for_every_role(
    db: Database, clone: Clone, tenant: UUID, stranger: Session, role: str
) -> None:
    await make_key(db, tenant)
    with psycopg.connect(clone.server.url(user=role, database=clone.name)) as session:
        if role == "migrator":
            session.execute("SET ROLE skeldir_owner")
        session.execute("SELECT set_config('app.current_tenant_id', %s, true)", (str(tenant),))
        ended = session.execute("UPDATE api_keys SET expires_at = %s", (utc_now(),)).rowcount
    assert ended == 1
    assert payloads(stranger) == [""]
