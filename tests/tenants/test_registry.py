"""Tenants: created in their own transaction, listed only by operators, each with a secret of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.ingest import add_channels
from skeldir.tenants import (
    TenantNameInvalid,
    TenantProfile,
    TenantUnknown,
    create_tenant,
    find_tenant,
    find_tenant_of_key,
    issue_key,
    list_tenants,
    load_profile,
)
from tests.conftest import Clone
from tests.support.make import make_tenant


@pytest.fixture
async def operator(clone: Clone) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """The role that migrated: a member of skeldir_owner, not a superuser."""
    connection = await asyncpg.connect(clone.migrator_url)
    yield connection
    await connection.close()


async def read_profile(db: Database, tenant: UUID) -> TenantProfile:
    async with db.tenant(tenant) as connection:
        return await load_profile(connection, tenant)


async def make_named(db: Database, name: str) -> None:
    tenant = uuid4()
    async with db.tenant(tenant) as connection:
        await create_tenant(connection, tenant, name)


async def test_an_operator_lists_all_tenants_and_the_program_only_its_own(
    db: Database, operator: asyncpg.Connection[asyncpg.Record], tenant: UUID, other_tenant: UUID
) -> None:
    assert [row.tenant_id for row in await list_tenants(operator)] == [tenant, other_tenant]
    async with db.tenant(tenant) as connection:
        assert [row.tenant_id for row in await list_tenants(connection)] == [tenant]
    async with db.unbound() as connection:
        assert await list_tenants(connection) == []


async def test_an_operator_sees_that_tenants_exist_and_none_of_their_facts(
    operator: asyncpg.Connection[asyncpg.Record], tenant: UUID
) -> None:
    for table in ("attribution_models", "revenue_ledger", "channels"):
        assert await operator.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_tenant_is_found_by_its_name_when_only_one_has_it(
    db: Database, operator: asyncpg.Connection[asyncpg.Record]
) -> None:
    tenant = await make_tenant(db, "Shoes & Co")
    await make_tenant(db, "Twice")
    await make_tenant(db, "Twice")
    assert (await find_tenant(operator, "Shoes & Co")).tenant_id == tenant
    for name, message in (
        ("shoes & co", "No tenant is"),
        ("Twice", "2 tenants are"),
        ("", "No tenant is"),
    ):
        with pytest.raises(TenantUnknown, match=message):
            await find_tenant(operator, name)


async def test_a_tenant_is_found_by_the_prefix_of_a_key_without_being_known(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    keys = {}
    for whose in (tenant, other_tenant):
        async with db.tenant(whose) as connection:
            keys[whose] = await issue_key(
                connection, whose, name="k", scopes=["read"], expires_at=None
            )
    async with db.statement() as connection:
        for whose, key in keys.items():
            assert await find_tenant_of_key(connection, key.prefix) == whose
        for prefix in ("skd_12345678", "", "%", "skd_________"):
            with pytest.raises(TenantUnknown):
                await find_tenant_of_key(connection, prefix)


async def test_a_tenant_without_a_name_is_refused(db: Database) -> None:
    for name in ("", "  ", "\t\u00a0\n"):
        with pytest.raises(InputInvalid):
            await make_named(db, name)


@pytest.mark.parametrize(
    "name",
    [
        "0199fe3b-8a62-7cc1-b9d6-2f2c3f1f7a11",
        " 0199FE3B-8A62-7CC1-B9D6-2F2C3F1F7A11 ",
        "0199fe3b8a627cc1b9d62f2c3f1f7a11",
        "{0199fe3b-8a62-7cc1-b9d6-2f2c3f1f7a11}",
        "skd_12345678",
        "skd_",
        " SKD_shop",
    ],
)
async def test_a_name_that_reads_like_an_id_or_a_key_is_refused_with_a_cure(
    db: Database, operator: asyncpg.Connection[asyncpg.Record], name: str
) -> None:
    with pytest.raises(TenantNameInvalid) as refusal:
        await make_named(db, name)
    assert refusal.value.code == "tenant_name_invalid"
    assert "another name" in refusal.value.cure
    assert repr(name.strip()[:12])[:-1] in refusal.value.detail
    assert await list_tenants(operator) == []


async def test_only_the_prefix_of_a_key_given_as_a_name_is_shown(db: Database) -> None:
    with pytest.raises(TenantNameInvalid) as refusal:
        await make_named(db, "skd_12345678-and-its-secret")
    assert "'skd_12345678'" in refusal.value.detail
    assert "secret" not in str(refusal.value)


async def test_white_space_makes_no_name_differ(
    db: Database, operator: asyncpg.Connection[asyncpg.Record]
) -> None:
    await make_named(db, "  Shoes \t &\u00a0 Co\n")
    assert [row.name for row in await list_tenants(operator)] == ["Shoes & Co"]
    for named in ("Shoes & Co", "Shoes  & Co", " Shoes & Co "):
        assert (await find_tenant(operator, named)).name == "Shoes & Co"


async def test_a_tenant_that_was_named_before_names_were_folded_is_still_found_by_its_name(
    db: Database, operator: asyncpg.Connection[asyncpg.Record]
) -> None:
    tenant, folded = uuid4(), await make_tenant(db, "Old shop")
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO tenants (id, name) VALUES ($1, $2)", tenant, "Old  shop"
        )
    assert (await find_tenant(operator, "Old  shop")).tenant_id == tenant
    assert (await find_tenant(operator, "Old shop")).tenant_id == folded


async def test_the_profile_of_a_tenant_that_does_not_exist_is_refused(
    db: Database, tenant: UUID
) -> None:
    with pytest.raises(TenantUnknown):
        await read_profile(db, uuid4())
    async with db.tenant(uuid4()) as connection:
        with pytest.raises(TenantUnknown):
            await load_profile(connection, tenant)


async def test_each_tenant_has_a_journey_secret_of_its_own_and_its_own_channels(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"radio": "Radio"})
    mine, theirs = await read_profile(db, tenant), await read_profile(db, other_tenant)
    assert mine.journey_secret != theirs.journey_secret
    assert len(mine.journey_secret) == len(theirs.journey_secret) == 32
    assert (mine.own_channels, theirs.own_channels) == ({"radio"}, frozenset())
