"""Privileges of everybody that the program does not need: revoked if a superuser migrates, else listed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.migrations.guard import MigrationRefused
from skeldir.migrations.needless import closing_statements, open_functions
from skeldir.migrations.run import downgrade, upgrade
from tests.conftest import TEMPLATE, Clone, scratch_database

# app_user could do each of these, and needs none.
NEEDLESS = {
    "an empty large object": "SELECT lo_create(0)",
    "a large object with content": "SELECT lo_from_bytea(0, 'x')",
    "a large object of the old kind": "SELECT lo_creat(-1)",
    "a message in the write-ahead log": "SELECT pg_logical_emit_message(true, 'x', repeat('x', 10))",
    "ending a session": "SELECT pg_terminate_backend(0)",
    "cancelling a statement": "SELECT pg_cancel_backend(0)",
}
COMMAND = [sys.executable, "-c", "from skeldir.cli import main; main()", "migrate"]


@pytest.fixture(scope="module")
def by_superuser(server: EmbeddedServer) -> Iterator[Clone]:
    """A database that a superuser migrated, as `skeldir up` does on the embedded server."""
    with scratch_database(server, template="template0") as database:
        upgrade(database.superuser_url)
        yield database


def refusals(url: str) -> dict[str, bool]:
    """Return, for each needless privilege, whether the role in `url` is refused it."""
    found = {}
    with psycopg.connect(url) as connection:
        for what, statement in NEEDLESS.items():
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                found[what] = True
            else:
                found[what] = False
    return found


def test_needless_privileges_are_revoked_when_a_superuser_migrates(by_superuser: Clone) -> None:
    assert refusals(by_superuser.app_url) == dict.fromkeys(NEEDLESS, True)
    assert refusals(by_superuser.superuser_url)["an empty large object"] is False


def test_app_user_can_run_none_of_the_functions_on_large_objects(by_superuser: Clone) -> None:
    with psycopg.connect(by_superuser.app_url) as connection:
        left = connection.execute(
            r"""SELECT oid::regprocedure::text FROM pg_proc
                WHERE (proname LIKE 'lo\_%' OR proname IN ('loread', 'lowrite'))
                  AND has_function_privilege(oid, 'EXECUTE')"""
        ).fetchall()
        # Notifications, which report changes to readers, stay.
        connection.execute("SELECT pg_notify('x', 'y')")
    assert left == []


def migrate(url: str) -> str:
    done = subprocess.run(
        COMMAND,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The schema is at" in done.stdout
    return done.stderr


@pytest.mark.slow
def test_another_role_gets_the_statements_for_a_superuser_and_they_suffice(
    server: EmbeddedServer,
) -> None:
    with scratch_database(server, template=TEMPLATE) as database:
        assert refusals(database.app_url) == dict.fromkeys(NEEDLESS, False)
        output = migrate(database.migrator_url)
        assert "Have a superuser run:" in output
        with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
            for line in output.splitlines():
                if line.startswith("  "):
                    superuser.execute(line.encode())
        assert refusals(database.app_url) == dict.fromkeys(NEEDLESS, True)
        assert migrate(database.migrator_url) == ""
        with psycopg.connect(database.migrator_url) as operator:
            assert open_functions(operator) == closing_statements([]) == []
            # A role that may act as the owner can still end a session of its own role.
            operator.execute("SELECT pg_cancel_backend(0)")


def test_which_key_replaced_which_is_not_lost_by_going_back(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url)
    tenant = uuid4()
    with psycopg.connect(empty_database.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        connection.execute("INSERT INTO tenants (id, name) VALUES (%s, 'A')", (tenant,))
        connection.execute("INSERT INTO registered_tenants (tenant_id) VALUES (%s)", (tenant,))
        connection.execute(
            """INSERT INTO api_keys (tenant_id, id, name, prefix, secret_sha256, scopes, replaces)
               VALUES (%s, gen_random_uuid(), 'k', 'skd_00000000', sha256('k'), '{read}', gen_random_uuid())""",
            (tenant,),
        )
    with pytest.raises(MigrationRefused, match="took the place"):
        downgrade(empty_database.migrator_url, "202611231300")
    with psycopg.connect(empty_database.superuser_url) as connection:
        forced = connection.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'api_keys'"
        ).fetchone()
    assert forced == (True,)
