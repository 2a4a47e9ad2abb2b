"""API keys: shown once, stored as a digest, found before a tenant is known, and ended only by their tenant."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.tenants import (
    ApiKey,
    IssuedKey,
    KeyHolder,
    KeyNotInForce,
    KeyUnknown,
    Rotation,
    TenantUnknown,
    authenticate,
    find_key,
    issue_key,
    list_keys,
    note_use,
    revoke_key,
    rotate_key,
)
from tests.conftest import Clone

pytestmark = pytest.mark.shares_clone


async def make_key(
    db: Database, tenant: UUID, *, scopes: tuple[str, ...] = ("ingest",), **fields: object
) -> IssuedKey:
    """Issue a key, by default one that does not expire."""
    async with db.tenant(tenant) as connection:
        return await issue_key(
            connection,
            tenant,
            scopes=scopes,
            **({"name": "site", "expires_at": None} | fields),  # type: ignore[arg-type]  # fields of the same names
        )


async def look_up(db: Database, secret: str) -> KeyHolder | None:
    """Find the holder of a secret, as a request does, before any tenant is known."""
    async with db.statement() as connection:
        return await authenticate(connection, secret)


async def read_keys(db: Database, tenant: UUID) -> list[ApiKey]:
    async with db.tenant(tenant) as connection:
        return await list_keys(connection, tenant)


async def rotate(
    db: Database,
    tenant: UUID,
    key_id: UUID,
    *,
    overlap: timedelta = timedelta(0),
    expires_at: datetime | None = None,
) -> Rotation:
    async with db.tenant(tenant) as connection:
        return await rotate_key(connection, tenant, key_id, overlap=overlap, expires_at=expires_at)


async def revoke(db: Database, tenant: UUID, key_id: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await revoke_key(connection, tenant, key_id)


def change_as_superuser(clone: Clone, statement: str) -> None:
    """Simulate the passing of time: only a superuser can change a key like this, without its trigger."""
    with psycopg.connect(clone.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement.encode())


async def test_a_key_is_found_before_its_tenant_is_known(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    mine = await make_key(db, tenant, scopes=("read", "ingest", "read"))
    theirs = await make_key(db, other_tenant)
    assert await look_up(db, mine.secret) == KeyHolder(
        tenant, mine.key_id, frozenset({"ingest", "read"})
    )
    assert await look_up(db, theirs.secret) == KeyHolder(
        other_tenant, theirs.key_id, frozenset({"ingest"})
    )


@pytest.mark.own_clone
async def test_the_secret_is_nowhere_in_the_database_only_its_digest(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute("SELECT secret_sha256, k::text FROM api_keys k").fetchone()
    assert row is not None
    assert row[0] == hashlib.sha256(key.secret.encode()).digest()
    assert key.secret not in row[1]
    assert key.secret[4:] not in row[1]


async def test_the_secret_has_the_entropy_of_256_bits_and_is_never_the_same(
    db: Database, tenant: UUID
) -> None:
    secrets = {(await make_key(db, tenant)).secret for _ in range(20)}
    assert len(secrets) == 20
    assert all(secret.startswith("skd_") and len(secret) == 4 + 43 for secret in secrets)
    # No two share more than the fixed part of the prefix.
    assert len({secret[12:20] for secret in secrets}) == 20


async def test_a_list_identifies_a_key_without_revealing_it(db: Database, tenant: UUID) -> None:
    issued = await make_key(db, tenant, scopes=("read", "ingest"), name="  the site  ")
    (key,) = await read_keys(db, tenant)
    assert (key.key_id, key.name, key.scopes) == (issued.key_id, "the site", ("ingest", "read"))
    assert (key.expires_at, key.revoked_at, key.last_used_at) == (None, None, None)
    assert key.prefix == issued.secret[:12]
    assert issued.secret not in repr(key)
    assert len(issued.secret) - len(key.prefix) >= 32


@pytest.mark.parametrize(
    "secret", ["", " ", "skd_", "skd_unknown", "'; DROP TABLE api_keys; --", "\x00", "é" * 5_000]
)
async def test_a_secret_that_was_never_issued_is_not_valid(
    db: Database, tenant: UUID, secret: str
) -> None:
    await make_key(db, tenant)
    assert await look_up(db, secret) is None


async def test_a_digest_or_a_part_of_a_secret_is_not_valid(db: Database, tenant: UUID) -> None:
    secret = (await make_key(db, tenant)).secret
    for guess in (
        secret[:-1],
        secret[:12],
        secret.upper(),
        f" {secret}",
        hashlib.sha256(secret.encode()).hexdigest(),
    ):
        assert await look_up(db, guess) is None


async def test_a_key_without_a_name_or_past_its_expiry_is_refused(
    db: Database, tenant: UUID
) -> None:
    for fields in (
        {"name": " "},
        {"expires_at": utc_now()},
        {"expires_at": utc_now() - timedelta(days=1)},
    ):
        with pytest.raises(InputInvalid):
            await make_key(db, tenant, **fields)
    assert await read_keys(db, tenant) == []


async def test_a_key_of_a_tenant_that_does_not_exist_is_refused(db: Database) -> None:
    with pytest.raises(TenantUnknown, match="There is no tenant") as refusal:
        await make_key(db, uuid4())
    assert "skeldir tenants list" in refusal.value.cure


@pytest.mark.own_clone
async def test_an_expired_key_is_not_valid(db: Database, clone: Clone, tenant: UUID) -> None:
    key = await make_key(db, tenant, expires_at=utc_now() + timedelta(hours=1))
    assert await look_up(db, key.secret) is not None
    change_as_superuser(clone, "UPDATE api_keys SET expires_at = now() - interval '1 second'")
    assert await look_up(db, key.secret) is None
    assert [listed.key_id for listed in await read_keys(db, tenant)] == [key.key_id]


async def test_a_revoked_key_is_not_valid_and_keeps_its_first_moment(
    db: Database, tenant: UUID
) -> None:
    key, kept = await make_key(db, tenant), await make_key(db, tenant)
    async with db.tenant(tenant) as connection:
        first = await revoke_key(connection, tenant, key.key_id)
    async with db.tenant(tenant) as connection:
        assert await revoke_key(connection, tenant, key.key_id) == first
    assert await look_up(db, key.secret) is None
    assert await look_up(db, kept.secret) is not None
    assert [listed.revoked_at for listed in await read_keys(db, tenant)] == [first, None]


async def test_a_rotated_key_is_replaced_by_one_that_may_do_the_same(
    db: Database, tenant: UUID
) -> None:
    expires_at = utc_now() + timedelta(days=30)
    old = await make_key(db, tenant, scopes=("ingest", "read"), name="shop", expires_at=expires_at)
    rotation = await rotate(db, tenant, old.key_id)
    assert await look_up(db, old.secret) is None
    assert await look_up(db, rotation.new.secret) == KeyHolder(
        tenant, rotation.new.key_id, frozenset({"ingest", "read"})
    )
    first, second = await read_keys(db, tenant)
    assert (second.name, second.scopes, second.expires_at) == (
        first.name,
        first.scopes,
        first.expires_at,
    )
    assert first.revoked_at == rotation.old_ends_at
    assert (first.replaced_by, second.replaced_by) == (rotation.new.prefix, None)


@pytest.mark.own_clone
async def test_a_rotated_key_works_until_the_overlap_is_over(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    old = await make_key(db, tenant)
    before = utc_now()
    rotation = await rotate(db, tenant, old.key_id, overlap=timedelta(hours=24))
    assert before <= rotation.old_ends_at - timedelta(hours=24) <= utc_now()
    for secret in (old.secret, rotation.new.secret):
        assert await look_up(db, secret) is not None
    first, second = await read_keys(db, tenant)
    assert (first.expires_at, first.revoked_at) == (rotation.old_ends_at, None)
    assert second.expires_at is None
    change_as_superuser(clone, f"UPDATE api_keys SET expires_at = now() WHERE id = '{old.key_id}'")
    assert await look_up(db, old.secret) is None
    assert await look_up(db, rotation.new.secret) is not None


async def test_an_overlap_never_lengthens_the_life_of_the_old_key(
    db: Database, tenant: UUID
) -> None:
    expires_at = utc_now() + timedelta(hours=1)
    old = await make_key(db, tenant, expires_at=expires_at)
    later = utc_now() + timedelta(days=90)
    rotation = await rotate(db, tenant, old.key_id, overlap=timedelta(days=7), expires_at=later)
    assert rotation.old_ends_at == expires_at
    assert [key.expires_at for key in await read_keys(db, tenant)] == [expires_at, later]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=366)])
async def test_an_overlap_that_makes_no_sense_is_refused(
    db: Database, tenant: UUID, overlap: timedelta
) -> None:
    key = await make_key(db, tenant)
    with pytest.raises(InputInvalid, match="overlap"):
        await rotate(db, tenant, key.key_id, overlap=overlap)
    assert [listed.expires_at for listed in await read_keys(db, tenant)] == [None]


@pytest.mark.parametrize("overlap", [timedelta(0), timedelta(hours=1)])
async def test_only_one_of_several_rotations_at_once_is_done(
    db: Database, tenant: UUID, overlap: timedelta
) -> None:
    key = await make_key(db, tenant)
    done = await asyncio.gather(
        *(rotate(db, tenant, key.key_id, overlap=overlap) for _ in range(4)),
        return_exceptions=True,
    )
    assert [type(result) for result in done if not isinstance(result, Rotation)] == [
        KeyNotInForce
    ] * 3
    assert len(await read_keys(db, tenant)) == 2


@pytest.mark.own_clone
async def test_a_key_that_ended_or_was_replaced_is_not_rotated_and_nothing_of_the_attempt_is_kept(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    expired = await make_key(db, tenant, expires_at=utc_now() + timedelta(hours=1))
    revoked, replaced = await make_key(db, tenant), await make_key(db, tenant)
    change_as_superuser(
        clone,
        "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL",
    )
    await revoke(db, tenant, revoked.key_id)
    new = (await rotate(db, tenant, replaced.key_id, overlap=timedelta(hours=1))).new
    before = await read_keys(db, tenant)
    for key, reason in (
        (expired, "expired at"),
        (revoked, "was revoked at"),
        (replaced, f"was replaced by {new.prefix}"),
    ):
        with pytest.raises(KeyNotInForce, match=f"{key.prefix} {reason}"):
            await rotate(db, tenant, key.key_id, overlap=timedelta(hours=1))
    assert await read_keys(db, tenant) == before
    # The chain continues from its end.
    assert (await rotate(db, tenant, new.key_id)).old_prefix == new.prefix


async def test_a_key_is_found_by_its_id_its_prefix_and_a_secret_that_somebody_found(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    mine, theirs = await make_key(db, tenant), await make_key(db, other_tenant)
    async with db.tenant(tenant) as connection:
        for given in (str(mine.key_id), mine.prefix, mine.secret):
            assert await find_key(connection, tenant, given) == mine.key_id
        for given in (theirs.prefix, "skd_12345678", "skd_", "the site", "", mine.prefix[:-1]):
            with pytest.raises(KeyUnknown) as refusal:
                await find_key(connection, tenant, given)
            assert "skeldir keys list" in refusal.value.cure


async def test_only_the_prefix_of_an_unknown_secret_is_shown(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    theirs = await make_key(db, other_tenant)
    async with db.tenant(tenant) as connection:
        with pytest.raises(KeyUnknown) as refusal:
            await find_key(connection, tenant, theirs.secret)
    assert theirs.prefix in refusal.value.detail
    assert theirs.secret[:13] not in refusal.value.detail


async def test_another_tenants_key_can_be_neither_seen_nor_ended_nor_rotated(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    theirs = await make_key(db, other_tenant)
    assert await read_keys(db, tenant) == []
    for attempt in (revoke, rotate):
        with pytest.raises(KeyUnknown):
            await attempt(db, tenant, theirs.key_id)
    # Naming the other tenant in the call does not help: the transaction is bound to mine.
    async with db.tenant(tenant) as connection:
        assert await list_keys(connection, other_tenant) == []
        with pytest.raises(KeyUnknown):
            await revoke_key(connection, other_tenant, theirs.key_id)
    assert await look_up(db, theirs.secret) is not None


async def test_a_key_that_does_not_exist_cannot_be_ended(db: Database, tenant: UUID) -> None:
    with pytest.raises(KeyUnknown) as refusal:
        await revoke(db, tenant, uuid4())
    assert "skeldir keys list" in refusal.value.cure


@pytest.mark.own_clone
async def test_the_last_use_is_noted_at_most_once_a_minute(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    before = utc_now()
    first = await use(db, key.secret)
    again = await use(db, key.secret)
    assert first is not None
    assert before <= first <= utc_now()
    assert again == first
    change_as_superuser(clone, "UPDATE api_keys SET last_used_at = now() - interval '61 seconds'")
    later = await use(db, key.secret)
    assert later is not None
    assert later > first


async def use(db: Database, secret: str) -> datetime | None:
    """Use a key as a request does, and return its last use as recorded."""
    holder = await look_up(db, secret)
    assert holder is not None
    async with db.tenant(holder.tenant_id) as connection:
        await note_use(connection, holder)
    (key,) = await read_keys(db, holder.tenant_id)
    return key.last_used_at


async def test_of_two_requests_at_once_the_one_that_began_first_may_note_its_use_last(
    db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    holder = await look_up(db, key.secret)
    assert holder is not None
    async with db.tenant(tenant) as began_first:
        async with db.tenant(tenant) as connection:
            await note_use(connection, holder)
        (before,) = await read_keys(db, tenant)
        await note_use(began_first, holder)
    (after,) = await read_keys(db, tenant)
    assert after.last_used_at == before.last_used_at


async def test_using_one_key_does_not_affect_the_others(db: Database, tenant: UUID) -> None:
    used, idle = await make_key(db, tenant, name="used"), await make_key(db, tenant, name="idle")
    holder = await look_up(db, used.secret)
    assert holder is not None
    async with db.tenant(tenant) as connection:
        await note_use(connection, holder)
    uses = {key.key_id: key.last_used_at for key in await read_keys(db, tenant)}
    assert uses[used.key_id] is not None
    assert uses[idle.key_id] is None
