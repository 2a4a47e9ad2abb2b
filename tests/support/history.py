"""Databases at an early revision, with rows of two tenants that use the same values."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import psycopg

from skeldir.migrations.run import upgrade
from tests.conftest import Clone

EARLIEST = "202511151400"
BACKFILL = "202511151410"
VIEWS = "202512201000"

_INSERT_TENANT = """
    INSERT INTO tenants (id, name, api_key_hash, notification_email) VALUES (%s, %s, %s, %s)"""
_INSERT_EVENT = """
    INSERT INTO attribution_events (id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload)
    VALUES (%s, %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class EarlyRows:
    """The rows from before idempotency keys: how many events each tenant has, and which."""

    events: dict[UUID, list[UUID]] = field(default_factory=dict)

    @property
    def tenants(self) -> list[UUID]:
        return list(self.events)


def insert_early_rows(database: Clone) -> EarlyRows:
    """Insert two tenants: the first one's rows as `app_user`, the second one's as the migrating role."""
    rows = EarlyRows()
    for url, name, count in (
        (database.app_url, "A", 3),
        (database.migrator_url, "B", 4),
    ):
        tenant = uuid4()
        rows.events[tenant] = [uuid4() for _ in range(count)]
        with psycopg.connect(url) as connection:
            connection.execute(f"SET app.current_tenant_id = '{tenant}'".encode())
            connection.execute(_INSERT_TENANT, (tenant, name, "digest", "owner@shop.invalid"))
            for number, event in enumerate(rows.events[tenant]):
                connection.execute(
                    _INSERT_EVENT,
                    (
                        event,
                        tenant,
                        f"2025-11-1{number}T12:00:00+00:00",
                        "s",
                        100 * number,
                        '{"n": 1}',
                    ),
                )
    return rows


def upgrade_with_rows(database: Clone, revision: str = EARLIEST) -> EarlyRows:
    """Upgrade an empty database to the first revision, fill it, and upgrade it to `revision`."""
    upgrade(database.migrator_url, EARLIEST)
    rows = insert_early_rows(database)
    if revision != EARLIEST:
        upgrade(database.migrator_url, revision)
    return rows


def read_flags(url: str) -> dict[str, tuple[bool, bool]]:
    """Return ENABLE and FORCE of each table that has a tenant, and of `tenants`."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                 AND (c.relname = 'tenants' OR EXISTS (
                     SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))"""
        ).fetchall()
    return {str(name): (bool(enabled), bool(forced)) for name, enabled, forced in rows}


def read_events(url: str) -> list[tuple[object, ...]]:
    """Return the events as a superuser sees them, with the columns of the first revision."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            """SELECT id, tenant_id, occurred_at, session_id, revenue_cents, raw_payload
               FROM attribution_events ORDER BY tenant_id, id"""
        ).fetchall()
