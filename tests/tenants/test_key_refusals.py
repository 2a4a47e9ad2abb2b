"""Errors when a key cannot be made or found: the fault, the cure, and nothing of another tenant."""

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

pytestmark = pytest.mark.shares_clone


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
    assert "repeat --scope" in refusal.value.cure
    async with db.tenant(tenant) as connection:
        assert await list_keys(connection, tenant) == []


async def test_only_the_scopes_that_do_not_exist_are_named(db: Database, tenant: UUID) -> None:
    for scopes, message in (
        (("write",), "'write' is not a scope."),
        (("ingest", "Read"), "'Read' is not a scope."),
        (("ingest,read",), "'ingest,read' is not a scope."),
        (("read", "write", "admin"), "'admin' and 'write' are not scopes."),
        ((), "No scope was given."),
    ):
        with pytest.raises(InputInvalid) as refusal:
            await make_key(db, tenant, scopes=scopes)
        assert refusal.value.detail == message


async def test_a_key_the_tenant_does_not_have_is_refused_in_the_same_words_if_another_has_it(
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
    assert "own prefix can be given in its place" in cure
