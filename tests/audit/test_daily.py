"""The daily audit: one tenant after another; each result is recorded, counted and shown."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY

from skeldir.audit import AUDIT, audit_tenant, list_audits, record_audit
from skeldir.audit.gauges import sample_audits
from skeldir.audit.tasks import AUDIT_KIND, enqueue_next_audit
from skeldir.db.pool import Database
from skeldir.jobs import do_jobs, enqueue
from skeldir.tenants import TenantUnknown
from tests.conftest import Clone
from tests.support.audited import change, make_shop, rebuild
from tests.support.deleting import ask_for_deletion

_ADD_A_CENT = "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1 WHERE OURS AND currency = 'KWD'"


@pytest.fixture
async def shop(db: Database) -> UUID:
    return await make_shop(db, "Shop")


def count_open(clone: Clone) -> int:
    with psycopg.connect(clone.superuser_url) as admin:
        row = admin.execute(
            "SELECT count(*) FROM jobs WHERE kind = %s AND state = 'ready'", (AUDIT,)
        ).fetchone()
        assert row is not None
        return int(str(row[0]))


async def work(db: Database) -> None:
    await do_jobs(db, {AUDIT: AUDIT_KIND})


async def test_every_tenant_is_audited_once_a_day_and_one_at_a_time(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    for _ in range(3):
        await enqueue_next_audit(db)
        assert count_open(clone) == 1
    await work(db)
    await enqueue_next_audit(db)
    await work(db)
    for one in (tenant, other_tenant):
        async with db.tenant(one) as connection:
            assert len(await list_audits(connection, one, most=9)) == 1
    await enqueue_next_audit(db)
    assert count_open(clone) == 0


async def test_who_has_waited_longest_is_next_so_that_a_round_of_days_reaches_everybody(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    for one, hours in ((tenant, 25), (other_tenant, 30)):
        async with db.tenant(one) as connection:
            await enqueue(connection, one, AUDIT)
        await work(db)
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute(
                "UPDATE jobs SET created_at = now() - make_interval(hours => %s) WHERE tenant_id = %s",
                (hours, one),
            )
    newest = await make_shop(db, "Newest")
    for expected in (newest, other_tenant, tenant):
        await enqueue_next_audit(db)
        with psycopg.connect(clone.superuser_url) as admin:
            found = admin.execute(
                "SELECT tenant_id FROM jobs WHERE kind = %s AND state = 'ready'", (AUDIT,)
            ).fetchall()
        assert found == [(expected,)]
        await work(db)


async def test_differences_are_recorded_and_counted_until_the_next_audit(
    db: Database, clone: Clone, shop: UUID, other_tenant: UUID
) -> None:
    change(clone, shop, _ADD_A_CENT)
    for _ in range(2):
        await enqueue_next_audit(db)
        await work(db)
    await sample_audits(db)
    assert (REGISTRY.get_sample_value("skeldir_audit_differences") or 0) > 6
    assert REGISTRY.get_sample_value("skeldir_audit_oldest_seconds") or 99 < 60
    async with db.tenant(shop) as connection:
        (record,) = await list_audits(connection, shop, most=9)
    assert record.checks == [
        "credit_sums",
        "credit_journal",
        "allocation_days",
        "credit_equals_ledger",
    ]
    found = await audit_tenant(db, shop)
    assert (record.orders, record.differences) == (found.orders, found.differences)
    async with db.tenant(other_tenant) as connection:
        assert await list_audits(connection, shop, most=9) == []
    await rebuild(db, shop)
    audit = await audit_tenant(db, shop)
    async with db.tenant(shop) as connection:
        await record_audit(connection, audit)
    await sample_audits(db)
    assert REGISTRY.get_sample_value("skeldir_audit_differences") == 0


async def test_the_age_of_a_tenant_that_was_never_audited_counts_from_its_creation(
    db: Database, clone: Clone, tenant: UUID
) -> None:
    change(clone, tenant, "UPDATE registered_tenants SET created_at = now() - interval '5 days'")
    await sample_audits(db)
    assert (REGISTRY.get_sample_value("skeldir_audit_oldest_seconds") or 0) > 4 * 86_400


async def test_a_tenant_that_is_being_deleted_is_neither_audited_nor_overdue(
    db: Database, clone: Clone, shop: UUID
) -> None:
    change(
        clone,
        shop,
        "UPDATE registered_tenants SET created_at = now() - interval '5 days'",
    )
    await ask_for_deletion(clone, shop)
    await sample_audits(db)
    assert REGISTRY.get_sample_value("skeldir_audit_oldest_seconds") == 0
    await enqueue_next_audit(db)
    assert count_open(clone) == 0
    with pytest.raises(TenantUnknown):
        await audit_tenant(db, shop)
