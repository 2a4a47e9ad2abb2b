"""Claimed orders, which anybody can send, are deleted 90 days after they were received."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.ingest import Forgotten, forget_now
from skeldir.ingest.forgetting import forget_old_leftovers
from skeldir.ingest.kinds import FORGET_TOUCHES
from skeldir.ingest.tasks import FORGET
from skeldir.jobs import do_jobs, enqueue
from tests.conftest import Clone

# What a page claims of the moment does not count, so each claim states one that would deceive.
CLAIM = """
    INSERT INTO claimed_orders (tenant_id, id, digest, key_id, protocol, kind, order_id, claimed_at, recorded_at)
    SELECT %s, gen_random_uuid(), sha256(convert_to(o, 'UTF8')), gen_random_uuid(), 'segment', 'completed', o,
           now() + CASE WHEN starts_with(o, 'old') THEN interval '1 hour' ELSE interval '-5 years' END,
           now() - interval '90 days' + CASE WHEN starts_with(o, 'old') THEN interval '-1 minute' ELSE '1 minute' END
    FROM unnest(%s::text[]) AS o"""


def claim(clone: Clone, tenant: UUID, *orders: str) -> None:
    """Have orders claimed: those named `old…` 90 days and a minute ago, the others a minute less than 90 days ago."""
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(CLAIM, (tenant, list(orders)))


async def claims_left(db: Database, tenant: UUID) -> list[object]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch("SELECT order_id FROM claimed_orders ORDER BY order_id")
    return [row[0] for row in rows]


async def test_the_daily_job_deletes_the_claims_of_its_tenant_that_were_received_long_ago(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        claim(clone, one, "new", "old")
    async with db.tenant(tenant) as connection:
        assert await enqueue(connection, tenant, FORGET_TOUCHES)
    assert not await do_jobs(db, {FORGET_TOUCHES: FORGET})
    assert await claims_left(db, tenant) == ["new"]
    assert await claims_left(db, other_tenant) == ["new", "old"]
    assert await forget_now(db, other_tenant) == Forgotten(0, 0, 1, None)
    assert await claims_left(db, other_tenant) == ["new"]


async def test_very_many_claims_are_deleted_in_steps(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        claim(clone, one, "new", "old 1", "old 2", "old 3", "old 4")
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT forget_claims(3)") == 3
    assert len(await claims_left(db, tenant)) == 2
    assert await forget_old_leftovers(db, other_tenant, most=2) == (0, 4)
    assert await claims_left(db, other_tenant) == ["new"]


async def test_claims_can_neither_be_deleted_in_any_other_way_nor_be_written_as_older_than_they_are(
    db: Database, tenant: UUID
) -> None:
    for statement in (
        "DELETE FROM claimed_orders",
        "UPDATE claimed_orders SET recorded_at = '2020-01-01'",
        "INSERT INTO claimed_orders (tenant_id, id, recorded_at) SELECT id, id, '2020-01-01' FROM tenants",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant(tenant) as connection:
                await connection.execute(statement)
