"""The revision that lists the tenants with marks finds all of them, with the moment of their oldest mark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg

from skeldir.migrations.run import downgrade, upgrade
from tests.conftest import Clone

BEFORE, LISTED = "202611291000", "202611291010"
_MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
_LATER = _MOMENT + timedelta(hours=1)
_ORDER = "INSERT INTO dirty_orders (tenant_id, order_id, marked_at) VALUES (%s, 'o', %s)"
_JOURNEY = """INSERT INTO dirty_journeys (tenant_id, journey_key, first_moment, last_moment, marked_at)
              VALUES (%s, 'k', now(), now(), %s)"""
_DAY = "INSERT INTO dirty_days (tenant_id, day, marked_at) VALUES (%s, '2026-01-01', %s)"
_RESTATEMENT = """INSERT INTO restatements (tenant_id, generation, after_order_id, began_at)
                  VALUES (%s, 1, 'o', %s)"""
_PAST_RESTATEMENT = "INSERT INTO restatements (tenant_id, generation, began_at) VALUES (%s, 2, %s)"
_MARKS: tuple[tuple[tuple[str, datetime], ...], ...] = (
    ((_ORDER, _LATER), (_ORDER, _MOMENT), (_JOURNEY, _LATER), (_DAY, _LATER)),
    ((_JOURNEY, _MOMENT),),
    ((_RESTATEMENT, _MOMENT),),
    ((_DAY, _MOMENT), (_DAY, _LATER)),
    ((_PAST_RESTATEMENT, _MOMENT),),
    (),
)
_LISTED = (
    {"credit": _MOMENT, "days": _LATER},
    {"credit": _MOMENT},
    {"credit": _MOMENT},
    {"days": _MOMENT},
    {},
    {},
)


def make_tenant(clone: Clone, marks: tuple[tuple[str, datetime], ...]) -> UUID:
    tenant = uuid4()
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'A')", (tenant,))
        for statement, moment in marks:
            connection.execute(statement.encode(), (tenant, moment))
    return tenant


def test_every_tenant_with_a_mark_is_listed_and_no_other(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url, BEFORE)
    tenants = [make_tenant(empty_database, marks) for marks in _MARKS]
    for _ in range(2):
        upgrade(empty_database.migrator_url, LISTED)
        with psycopg.connect(empty_database.superuser_url) as admin:
            rows = admin.execute("SELECT tenant_id, work, since FROM waiting_tenants").fetchall()
            flags = admin.execute(
                "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'waiting_tenants'"
            ).fetchone()
        assert len(rows) == 5
        for tenant, listed in zip(tenants, _LISTED, strict=True):
            assert {work: since for found, work, since in rows if found == tenant} == listed
        assert flags == (True, True)
        with psycopg.connect(empty_database.app_url) as connection:
            assert connection.execute("SELECT * FROM waiting_tenants").fetchall() == []
            for work, statement in (
                ("credit", "SELECT * FROM tenants_with_dirty_orders()"),
                ("days", "SELECT * FROM tenants_with_dirty_days()"),
            ):
                expected = sorted(t for t, one in zip(tenants, _LISTED, strict=True) if work in one)
                found = [tenant for (tenant,) in connection.execute(statement.encode())]
                assert found == expected
            oldest = connection.execute("SELECT waiting_since('days')").fetchone()
            assert oldest == (_MOMENT,)
        downgrade(empty_database.migrator_url, BEFORE)
