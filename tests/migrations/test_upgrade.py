"""A database with rows upgrades to head, and then equals one that never had any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from skeldir.db.embedded import EmbeddedServer
from skeldir.errors import ConfigurationInvalid
from skeldir.migrations.revision import head_revision
from skeldir.migrations.run import alembic_config, upgrade
from tests.conftest import Clone, scratch_database
from tests.support.catalogue import describe_database, differences, read_revision
from tests.support.history import (
    EARLIEST,
    read_events,
    read_flags,
    upgrade_with_rows,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def schema_of_head(server: EmbeddedServer) -> Iterator[dict[str, list[str]]]:
    """The catalogue of an empty database upgraded to head in one step."""
    with scratch_database(server, template="template0") as database:
        upgrade(database.migrator_url)
        yield describe_database(database.superuser_url)


def alembic(*arguments: str, url: str | None) -> subprocess.CompletedProcess[str]:
    """Run the `alembic` command from the project's root, as an operator does."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT / "src")}
    if url is not None:
        environment["DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_migrating_role_of_these_tests_has_no_special_rights(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url(user="migrator", database="postgres")) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert rights == (False, False, True)


def test_there_is_one_head_and_the_revisions_of_the_contract_come_first() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql://unused"))
    assert script.get_heads() == [head_revision()]
    in_order = [revision.revision for revision in script.walk_revisions()][::-1]
    assert in_order[:3] == ["202511151400", "202511151410", "202512201000"]
    assert in_order == sorted(in_order)


def test_rows_of_two_tenants_survive_to_head_with_their_keys_back_filled(
    empty_database: Clone, schema_of_head: dict[str, list[str]]
) -> None:
    rows = upgrade_with_rows(empty_database)
    before = read_events(empty_database.superuser_url)
    assert set(read_flags(empty_database.superuser_url).values()) == {(True, True)}

    upgrade(empty_database.migrator_url)

    assert read_revision(empty_database.superuser_url) == head_revision()
    assert read_events(empty_database.superuser_url) == before
    with psycopg.connect(empty_database.superuser_url) as connection:
        keys = connection.execute(
            """SELECT count(*) FILTER (WHERE idempotency_key IS NULL), count(*),
                      count(DISTINCT (tenant_id, idempotency_key)) FROM attribution_events"""
        ).fetchone()
    assert keys == (0, len(before), len(before))
    for tenant in rows.tenants:
        with psycopg.connect(empty_database.app_url) as connection:
            connection.execute("SELECT set_tenant(%s)", (tenant,))
            seen = connection.execute("SELECT id FROM attribution_events").fetchall()
        assert {row[0] for row in seen} == set(rows.events[tenant])
    flags = read_flags(empty_database.superuser_url)
    assert len(flags) >= 16
    assert set(flags.values()) == {(True, True)}, flags
    assert differences(schema_of_head, describe_database(empty_database.superuser_url)) == {}


def test_a_second_upgrade_changes_nothing(empty_database: Clone) -> None:
    upgrade_with_rows(empty_database, "head")
    schema = describe_database(empty_database.superuser_url)
    rows = read_events(empty_database.superuser_url)
    upgrade(empty_database.migrator_url)
    assert differences(schema, describe_database(empty_database.superuser_url)) == {}
    assert read_events(empty_database.superuser_url) == rows
    assert read_revision(empty_database.superuser_url) == head_revision()


def test_the_comparison_of_schemas_sees_what_a_migration_could_forget(
    clone: Clone, schema_of_head: dict[str, list[str]]
) -> None:
    faults = (
        "ALTER TABLE spend NO FORCE ROW LEVEL SECURITY",
        "GRANT UPDATE ON spend TO app_user",
        "DROP POLICY tenant_isolation ON spend",
        "DROP INDEX spend_day",
        "ALTER TABLE spend ALTER COLUMN recorded_at DROP DEFAULT",
        "ALTER TABLE spend DROP CONSTRAINT spend_currency_check",
        "GRANT EXECUTE ON FUNCTION find_api_key(bytea) TO PUBLIC",
        "ALTER FUNCTION find_api_key(bytea) SET search_path = public",
        "ALTER VIEW order_balances SET (security_invoker = false)",
        "ALTER TABLE spend OWNER TO app_user",
        "GRANT CREATE ON SCHEMA public TO app_user",
    )
    with psycopg.connect(clone.superuser_url, autocommit=True) as connection:
        for fault in faults:
            before = describe_database(clone.superuser_url)
            connection.execute(fault.encode())
            assert differences(before, describe_database(clone.superuser_url)), fault
    assert differences(schema_of_head, describe_database(clone.superuser_url))


def test_a_superuser_makes_the_same_schema(
    empty_database: Clone, schema_of_head: dict[str, list[str]]
) -> None:
    upgrade(empty_database.superuser_url)
    made = describe_database(empty_database.superuser_url)
    assert set(differences(schema_of_head, made)) <= {"relations", "types"}
    for kind, rows in differences(schema_of_head, made).items():
        assert all("alembic_version" in row for row in rows), (kind, rows)


def test_before_the_first_row_nobody_writes_without_a_tenant(empty_database: Clone) -> None:
    upgrade(empty_database.migrator_url, EARLIEST)
    for url in (empty_database.app_url, empty_database.migrator_url):
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(
                "INSERT INTO tenants (id, name, api_key_hash, notification_email)"
                " VALUES (gen_random_uuid(), 'A', 'digest', 'owner@shop.invalid')"
            )


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg"])
def test_alembic_upgrade_head_works_from_the_root(empty_database: Clone, scheme: str) -> None:
    done = alembic(
        "upgrade", "head", url=empty_database.migrator_url.replace("postgresql", scheme, 1)
    )
    assert done.returncode == 0, done.stderr
    assert read_revision(empty_database.superuser_url) == head_revision()


def test_alembic_says_what_is_missing() -> None:
    done = alembic("upgrade", "head", url=None)
    assert done.returncode != 0
    assert "configuration_invalid: DATABASE_URL is not set" in done.stderr


def test_alembic_shows_the_revision_of_a_database_that_has_none(empty_database: Clone) -> None:
    done = alembic("current", url=empty_database.migrator_url)
    assert done.returncode == 0, done.stderr
    assert read_revision(empty_database.superuser_url) is None


def test_a_url_of_another_database_system_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="does not name a PostgreSQL server"):
        upgrade("mysql://root@localhost/skeldir")
