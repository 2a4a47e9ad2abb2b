"""What the program's own role can do with keys by plain SQL: end them, but not undo that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.tenants import IssuedKey, authenticate, issue_key, revoke_key
from tests.conftest import Clone

Session = psycopg.Connection[tuple[object, ...]]

# Each is refused to every role, for a key that is in force until tomorrow.
REVIVALS = {
    "a later expiry": "expires_at = expires_at + interval '1 second'",
    "no expiry": "expires_at = NULL",
    "an expiry that never comes": "expires_at = 'infinity'",
    "a revocation to come": "revoked_at = now() + interval '1 hour'",
}
OF_A_REVOKED_KEY = {
    "no revocation": "revoked_at = NULL",
    "a later revocation": "revoked_at = revoked_at + interval '1 microsecond'",
    "an earlier revocation": "revoked_at = revoked_at - interval '1 day'",
}
FIXED = {
    "tenant_id": "gen_random_uuid()",
    "id": "gen_random_uuid()",
    "name": "'somebody else'",
    "prefix": "'skd_00000000'",
    "secret_sha256": "sha256('mine')",
    "scopes": "'{ingest,manage,read}'",
    "created_at": "now() - interval '1 year'",
    "replaces": "gen_random_uuid()",
}


@pytest.fixture(params=["app_user", "owner", "superuser"])
def session(request: pytest.FixtureRequest, clone: Clone, tenant: UUID) -> Iterator[Session]:
    """The runtime role bound to the tenant, the owner of the table likewise, and a superuser."""
    urls = {
        "app_user": clone.app_url,
        "owner": clone.migrator_url,
        "superuser": clone.superuser_url,
    }
    with psycopg.connect(urls[request.param], autocommit=True) as connection:
        if request.param == "owner":
            connection.execute("SET ROLE skeldir_owner")
        bind(connection, tenant)
        yield connection


def bind(connection: Session, tenant: UUID) -> None:
    connection.execute("SELECT set_config('app.current_tenant_id', %s, false)", (str(tenant),))


def update(connection: Session, key_id: UUID, change: str) -> None:
    changed = connection.execute(
        f"UPDATE api_keys SET {change} WHERE id = '{key_id}'".encode()
    ).rowcount
    assert changed == 1, "the row was not even reached"


async def make_key(
    db: Database, tenant: UUID, *, days: int | None = 1, is_revoked: bool = False
) -> IssuedKey:
    expires_at = None if days is None else utc_now() + timedelta(days=days)
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="k", scopes=["read"], expires_at=expires_at)
        if is_revoked:
            await revoke_key(connection, tenant, key.key_id)
    return key


async def speaks_for(db: Database, secret: str) -> UUID | None:
    async with db.statement() as connection:
        holder = await authenticate(connection, secret)
    return None if holder is None else holder.tenant_id


async def test_nobody_lengthens_the_life_of_a_key(
    db: Database, tenant: UUID, session: Session
) -> None:
    key = await make_key(db, tenant)
    for what, change in REVIVALS.items():
        with pytest.raises(psycopg.errors.CheckViolation) as refusal:
            update(session, key.key_id, change)
        assert refusal.value.diag.constraint_name == "keys_end_once", what


async def test_nobody_undoes_or_moves_a_revocation(
    db: Database, tenant: UUID, session: Session
) -> None:
    key = await make_key(db, tenant, is_revoked=True)
    for change in OF_A_REVOKED_KEY.values():
        with pytest.raises(psycopg.errors.CheckViolation, match="for good"):
            update(session, key.key_id, change)
    assert await speaks_for(db, key.secret) is None


async def test_nobody_changes_what_else_a_key_is(
    db: Database, tenant: UUID, session: Session
) -> None:
    key = await make_key(db, tenant)
    for column, value in FIXED.items():
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation)):
            update(session, key.key_id, f"{column} = {value}")
    assert await speaks_for(db, key.secret) == tenant


def test_every_column_of_a_key_but_three_is_tried(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        columns = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'api_keys'"
        ).fetchall()
    assert {name for (name,) in columns} - {"revoked_at", "expires_at", "last_used_at"} == set(
        FIXED
    )


async def test_the_end_of_a_key_may_come_earlier_and_its_use_be_noted_later(
    db: Database, tenant: UUID, session: Session
) -> None:
    limited, endless = await make_key(db, tenant), await make_key(db, tenant, days=None)
    for key in (limited, endless):
        update(session, key.key_id, "last_used_at = now()")
        with pytest.raises(psycopg.errors.CheckViolation, match="last use"):
            update(session, key.key_id, "last_used_at = last_used_at - interval '1 second'")
        update(session, key.key_id, "expires_at = now() + interval '1 hour'")
        update(session, key.key_id, "expires_at = now()")
        assert await speaks_for(db, key.secret) is None
        update(session, key.key_id, "revoked_at = now()")
        update(session, key.key_id, "revoked_at = revoked_at, expires_at = expires_at")


INSERT = sql.SQL(
    "INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes) "
    "SELECT {tenant}, gen_random_uuid(), 'again', 'skd_00000000', {digest}, '{{read}}'"
)


async def test_the_digest_of_a_revoked_key_is_never_a_key_again_of_this_tenant_or_another(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    key = await make_key(db, tenant, is_revoked=True)
    with psycopg.connect(clone.app_url, autocommit=True) as connection:
        bind(connection, tenant)
        (digest,) = connection.execute("SELECT secret_sha256 FROM api_keys").fetchone() or ("",)
        for whose in (tenant, other_tenant):
            bind(connection, whose)
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute(
                    INSERT.format(tenant=sql.Literal(whose), digest=sql.Literal(digest))
                )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM api_keys")
    assert await speaks_for(db, key.secret) is None


async def test_a_new_key_cannot_pretend_to_be_old_used_or_revoked(
    clone: Clone, tenant: UUID
) -> None:
    with psycopg.connect(clone.app_url, autocommit=True) as connection:
        bind(connection, tenant)
        for column in ("created_at", "last_used_at", "revoked_at"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(
                    f"""INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes, {column})
                        VALUES ('{tenant}', gen_random_uuid(), 'k', 'skd_00000000', sha256('k'), '{{read}}', now())
                    """.encode()
                )


async def test_another_tenants_keys_are_not_even_reached(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    theirs = await make_key(db, other_tenant)
    with psycopg.connect(clone.app_url, autocommit=True) as connection:
        bind(connection, tenant)
        for change in ("revoked_at = now()", "expires_at = now()", "last_used_at = now()"):
            reached = connection.execute(f"UPDATE api_keys SET {change}".encode()).rowcount
            assert reached == 0
    assert await speaks_for(db, theirs.secret) == other_tenant
