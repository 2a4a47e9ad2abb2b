"""What is said when a key cannot be made or found: what is wrong, how to mend it, and nothing of another tenant."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.tenants import (
    SCOPES,
    IssuedKey,
    KeyUnknown,
    find_key,
    issue_key,
    list_keys,
    revoke_key,
)


async def make_key(
    db: Database, tenant: UUID, *, scopes: tuple[str, ...] = ("ingest",)
) -> IssuedKey:
    async with db.tenant(tenant) as connection:
        return await issue_key(connection, tenant, name="site", scopes=scopes, expires_at=None)


@pytest.mark.parametrize("scopes", [(), ("admin",), ("ingest", "admin"), ("INGEST",), ("",)])
async def test_a_key_without_a_known_scope_is_refused(
    db: Database, tenant: UUID, scopes: tuple[str, ...]
) -> None:
    with pytest.raises(InputInvalid) as refusal:
        await make_key(db, tenant, scopes=scopes)
    assert all(scope in refusal.value.cure for scope in SCOPES)
    assert "--scope once for each" in refusal.value.cure
    async with db.tenant(tenant) as connection:
        assert await list_keys(connection, tenant) == []


async def test_of_the_scopes_only_those_that_are_none_are_named(db: Database, tenant: UUID) -> None:
    for scopes, said in (
        (("write",), "'write' is no scope."),
        (("ingest", "Read"), "'Read' is no scope."),
        (("ingest,read",), "'ingest,read' is no scope."),
        (("read", "write", "admin"), "'admin' and 'write' are no scopes."),
        ((), "No scope was given."),
    ):
        with pytest.raises(InputInvalid) as refusal:
            await make_key(db, tenant, scopes=scopes)
        assert refusal.value.detail == said


async def test_a_key_that_the_tenant_has_not_is_refused_alike_whether_another_has_it_or_nobody(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    theirs = await make_key(db, other_tenant)
    cures = set()
    for given in (theirs.prefix, "skd_12345678"):
        async with db.tenant(tenant) as connection:
            with pytest.raises(KeyUnknown) as refusal:
                await find_key(connection, tenant, given)
        assert refusal.value.detail == f"No key of the tenant begins with {given}."
        cures.add(refusal.value.cure)
    for key_id in (theirs.key_id, uuid4()):
        async with db.tenant(tenant) as connection:
            with pytest.raises(KeyUnknown) as refusal:
                await revoke_key(connection, tenant, key_id)
        assert refusal.value.detail == f"The tenant has no key {key_id}."
        cures.add(refusal.value.cure)
    (cure,) = cures
    assert "Check the tenant" in cure
    assert "own prefix may stand for the tenant" in cure
