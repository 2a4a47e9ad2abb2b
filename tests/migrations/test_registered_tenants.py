"""The revision that lists the tenants finds all of them, also one that is being deleted, and keeps keys and audits."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg

from skeldir.migrations.run import downgrade, upgrade
from tests.conftest import Clone

BEFORE, LISTED = "202611281700", "202611291000"
_MADE_AT = "2026-01-02 03:04:05+00"


def make_tenant_with_a_key(clone: Clone) -> UUID:
    tenant = uuid4()
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        connection.execute(
            "INSERT INTO tenants (id, name, created_at) VALUES (%s, 'A', %s)", (tenant, _MADE_AT)
        )
        connection.execute(
            """INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes)
               VALUES (%s, gen_random_uuid(), 'k', 'skd_1', sha256(%s::text::bytea), '{read}')""",
            (tenant, tenant),
        )
        connection.execute(
            "INSERT INTO audits VALUES (%s, gen_random_uuid(), now(), 0, 0, 3, '{}', '')", (tenant,)
        )
    return tenant


def test_every_tenant_is_listed_and_a_deletion_under_way_goes_on(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url, BEFORE)
    tenants = [make_tenant_with_a_key(empty_database) for _ in range(3)]
    leaving = tenants[0]
    with psycopg.connect(empty_database.migrator_url) as operator:
        operator.execute(
            "SELECT request_tenant_deletion(%s, false, %s, %s, %s)",
            (leaving, uuid4(), uuid4(), uuid4()),
        )
    for _ in range(2):
        upgrade(empty_database.migrator_url, LISTED)
        with psycopg.connect(empty_database.superuser_url) as admin:
            rows = admin.execute(
                "SELECT tenant_id, created_at = %s FROM registered_tenants", (_MADE_AT,)
            ).fetchall()
            assert sorted(rows) == sorted((tenant, True) for tenant in tenants)
            flags = admin.execute(
                """SELECT relrowsecurity, relforcerowsecurity FROM pg_class
                   WHERE oid = 'registered_tenants'::regclass"""
            ).fetchone()
            assert flags == (True, True)
        with psycopg.connect(empty_database.app_url) as connection:
            assert connection.execute("SELECT * FROM registered_tenants").fetchall() == []
            found = connection.execute(
                "SELECT * FROM tenants_without_job('attribution.credit', now())"
            ).fetchall()
            assert {tenant for (tenant,) in found} == set(tenants[1:])
            counts = connection.execute("SELECT differences FROM audit_counts()").fetchone()
            assert counts == (6,)
        downgrade(empty_database.migrator_url, BEFORE)
    upgrade(empty_database.migrator_url)
    with psycopg.connect(empty_database.app_url, autocommit=True) as connection:
        while connection.execute("SELECT delete_tenant_rows(%s, 100)", (leaving,)).fetchone() != (
            0,
        ):
            pass
        assert connection.execute("SELECT end_tenant_deletion(%s)", (leaving,)).fetchone() == (
            True,
        )
