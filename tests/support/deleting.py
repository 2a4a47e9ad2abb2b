"""Deleting a tenant in tests: the operator's request, the worker's job, and what is left anywhere."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import psycopg

from skeldir.db.pool import Database
from skeldir.ingest.tasks import DELETE
from skeldir.jobs import do_jobs
from skeldir.tenants import TenantDeletion, list_deletions, request_deletion
from tests.conftest import Clone

# Every table and materialized view of every schema; of the catalogue, the statistics are searched.
_RELATIONS = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    ORDER BY 1"""

# Where the tenant's id may be at the end: in the receipt, and in the job that wrote it.
JOB_AND_RECEIPT = {"public.tenant_deletions", "public.jobs"}


async def ask_for_deletion(
    clone: Clone, tenant: UUID, *, keeps_ledger: bool = False
) -> TenantDeletion:
    """Request a deletion as the migrating role, which is not a superuser."""
    operator = await asyncpg.connect(clone.migrator_url)
    try:
        return await request_deletion(operator, tenant, keeps_ledger=keeps_ledger)
    finally:
        await operator.close()


async def read_deletions(clone: Clone, tenant: UUID) -> list[TenantDeletion]:
    operator = await asyncpg.connect(clone.migrator_url)
    try:
        return await list_deletions(operator, tenant)
    finally:
        await operator.close()


async def do_deletions(db: Database, clone: Clone, tenant: UUID) -> TenantDeletion:
    """Work like a worker until nothing is due; return the latest deletion of the tenant."""
    await do_jobs(db, {DELETE.name: DELETE})
    return (await read_deletions(clone, tenant))[0]


def read_everything(clone: Clone) -> dict[str, list[str]]:
    """Return every row of every table and canonical view as text, sorted, as a superuser."""
    with psycopg.connect(clone.superuser_url) as connection:
        names = [str(row[0]) for row in connection.execute(_RELATIONS.encode()).fetchall()]
        return {
            name: sorted(
                str(row[0])
                for row in connection.execute(f"SELECT t::text FROM {name} t".encode()).fetchall()
            )
            for name in names
        }


def relations_with(rows: dict[str, list[str]], *needles: str) -> set[str]:
    """Return the relations with a row that contains one of `needles`, in any letter case."""
    lowered = [needle.lower() for needle in needles]
    return {
        name
        for name, texts in rows.items()
        if any(needle in text.lower() for text in texts for needle in lowered)
    }


def rows_of_others(rows: dict[str, list[str]], tenant: UUID) -> dict[str, list[str]]:
    """Return what is not the tenant's, of the tables that belong to tenants and the views."""
    of_all = {
        "public.jobs",
        "public.matview_refreshes",
        "public.rollup_changes",
        "public.tenant_deletions",
    }
    return {
        name: [text for text in texts if str(tenant) not in text]
        for name, texts in rows.items()
        if name not in of_all and not name.startswith("celery.")
    }


def make_all_due(clone: Clone) -> None:
    """Make every job due, and every lease expired."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("UPDATE jobs SET run_at = now() WHERE state = 'ready'")
        admin.execute("UPDATE jobs SET lease_until = now() WHERE state = 'running'")
