"""A migration that fails gives the reason, and leaves the database as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer, ServerTooOld, embedded_server
from skeldir.migrations import guard
from skeldir.migrations.guard import MIGRATION_LOCK, MigrationRefused, prepare_session
from skeldir.migrations.run import upgrade
from tests.conftest import FAST_SERVER, Clone, scratch_database
from tests.support.catalogue import describe_database, differences, read_revision
from tests.support.embedded import wait_until
from tests.support.history import EARLIEST, read_events, read_flags, upgrade_with_rows

SOURCES = Path(__file__).resolve().parents[2] / "src"

# An upgrade in a separate process.
UPGRADES = "import sys; from skeldir.migrations.run import upgrade; upgrade(sys.argv[1])"


@contextmanager
def nothing_changes(database: Clone) -> Iterator[None]:
    """Assert that the block changes no revision, schema, row or flag of any table."""
    url = database.superuser_url
    before = describe_database(url), read_revision(url)
    events = read_events(url) if read_revision(url) else []
    yield
    assert differences(before[0], describe_database(url)) == {}
    assert read_revision(url) == before[1]
    if before[1]:
        assert read_events(url) == events
        assert set(read_flags(url).values()) == {(True, True)}


def install_trigger(database: Clone, last_event: object, body: str) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            f"""CREATE FUNCTION public.interfere() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.id = '{last_event}' THEN {body} END IF; RETURN NEW; END $$;
                CREATE TRIGGER interfere BEFORE UPDATE ON public.attribution_events
                FOR EACH ROW EXECUTE FUNCTION public.interfere()""".encode()
        )


def remove_trigger(database: Clone) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("DROP FUNCTION public.interfere() CASCADE")


def test_a_back_fill_that_fails_half_way_leaves_row_level_security_on(
    empty_database: Clone,
) -> None:
    rows = upgrade_with_rows(empty_database)
    last = rows.events[rows.tenants[-1]][-1]
    install_trigger(empty_database, last, "RAISE EXCEPTION 'the disk is on fire';")
    with (
        nothing_changes(empty_database),
        pytest.raises(psycopg.errors.RaiseException, match="on fire"),
    ):
        upgrade(empty_database.migrator_url)
    assert read_revision(empty_database.superuser_url) == EARLIEST
    remove_trigger(empty_database)
    upgrade(empty_database.migrator_url)
    assert set(read_flags(empty_database.superuser_url).values()) == {(True, True)}


def test_a_back_fill_that_silently_misses_a_row_is_noticed(empty_database: Clone) -> None:
    rows = upgrade_with_rows(empty_database)
    install_trigger(empty_database, rows.events[rows.tenants[0]][0], "RETURN NULL;")
    with nothing_changes(empty_database), pytest.raises(MigrationRefused, match="reached 6 rows"):
        upgrade(empty_database.migrator_url)


def test_a_migration_that_cannot_get_its_locks_gives_up(
    empty_database: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade_with_rows(empty_database)
    assert guard.LOCK_TIMEOUT_MS == 5_000
    monkeypatch.setattr(guard, "LOCK_TIMEOUT_MS", 50)
    with nothing_changes(empty_database), psycopg.connect(empty_database.superuser_url) as reader:
        reader.execute("SELECT count(*) FROM attribution_events")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            upgrade(empty_database.migrator_url)


def test_a_migration_that_takes_too_long_gives_up(
    empty_database: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = upgrade_with_rows(empty_database)
    install_trigger(empty_database, rows.events[rows.tenants[0]][0], "PERFORM pg_sleep(60);")
    monkeypatch.setattr(guard, "STATEMENT_TIMEOUT_MS", 300)
    with nothing_changes(empty_database), pytest.raises(psycopg.errors.QueryCanceled):
        upgrade(empty_database.migrator_url)


def test_of_two_migrations_at_once_one_is_refused_with_the_reason(empty_database: Clone) -> None:
    upgrade_with_rows(empty_database)
    with psycopg.connect(empty_database.superuser_url) as reader:
        reader.execute("SELECT count(*) FROM attribution_events")
        first = subprocess.Popen(
            [sys.executable, "-c", UPGRADES, empty_database.migrator_url],
            env={"PATH": os.defpath, "PYTHONPATH": str(SOURCES)},
            stderr=subprocess.PIPE,
        )
        # The first one is in the middle: it has changed the table's definition, or waits to.
        wait_until(lambda: holds_the_migration_lock(empty_database))
        with pytest.raises(MigrationRefused, match="Another migration of this database") as refusal:
            upgrade(empty_database.migrator_url)
        assert refusal.value.cure == "Wait for it to end, then run again."
        assert read_revision(empty_database.superuser_url) == EARLIEST
        reader.rollback()
    _, errors = first.communicate(timeout=30)
    assert first.returncode == 0, errors
    assert set(read_flags(empty_database.superuser_url).values()) == {(True, True)}
    upgrade(empty_database.migrator_url)


def holds_the_migration_lock(database: Clone) -> bool:
    with psycopg.connect(database.superuser_url) as connection:
        held = connection.execute(
            """SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND classid = %s AND objid = %s)""",
            (MIGRATION_LOCK >> 32, MIGRATION_LOCK & 0xFFFFFFFF),
        ).fetchone()
    return held == (True,)


class OldServer:
    """A connection that reports the version of PostgreSQL 16 and is not used otherwise."""

    class info:  # noqa: N801 - named as on a connection
        server_version = 160_009


def test_a_server_that_is_too_old_is_refused_before_anything_is_done() -> None:
    with pytest.raises(ServerTooOld, match=r"PostgreSQL 16\.9") as refusal:
        prepare_session(OldServer())  # type: ignore[arg-type]  # in place of a server that we do not have
    assert "PostgreSQL 17 or newer" in refusal.value.cure


def test_a_database_of_another_owner_is_refused_until_its_owner_opens_the_schema(
    server: EmbeddedServer,
) -> None:
    with (
        scratch_database(server, template="template0") as database,
        psycopg.connect(database.superuser_url, autocommit=True) as admin,
    ):
        admin.execute(f"ALTER DATABASE {database.name} OWNER TO postgres".encode())
        for who, opened_to in (
            ("The migrating role", "migrator"),
            ("skeldir_owner and matview_owner", "skeldir_owner"),
            ("skeldir_owner and matview_owner", "matview_owner"),
        ):
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match=f"{who} may not create in") as refusal,
            ):
                upgrade(database.migrator_url)
            assert "GRANT USAGE, CREATE ON SCHEMA public TO" in refusal.value.cure
            admin.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {opened_to}".encode())
        with (
            nothing_changes(database),
            pytest.raises(MigrationRefused, match="may not create the schema celery") as refusal,
        ):
            upgrade(database.migrator_url)
        assert "CREATE SCHEMA celery AUTHORIZATION skeldir_owner" in refusal.value.cure
        admin.execute("CREATE SCHEMA celery AUTHORIZATION skeldir_owner")
        upgrade(database.migrator_url)
        with psycopg.connect(database.app_url, autocommit=True) as connection:
            connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY public.mv_realtime_revenue")


def test_a_role_that_did_not_make_the_owners_is_refused(server: EmbeddedServer) -> None:
    """It has CREATEROLE, but since PostgreSQL 16 that gives no rights over roles that others created."""
    stranger = f"stranger_{uuid4().hex}"
    with scratch_database(server, template="template0") as database:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {stranger} LOGIN CREATEROLE".encode())
            admin.execute(f"ALTER DATABASE {database.name} OWNER TO {stranger}".encode())
        try:
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match="not a member of skeldir_owner") as refusal,
            ):
                upgrade(server.url(user=stranger, database=database.name))
            assert "GRANT skeldir_owner TO <migrating role>" in refusal.value.cure
        finally:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute(f"ALTER DATABASE {database.name} OWNER TO migrator".encode())
                admin.execute(f"DROP ROLE {stranger}".encode())


def test_roles_that_are_missing_unfit_or_out_of_reach_are_refused_with_the_cure(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Roles belong to a server, so these tests need one that was never migrated."""
    home = tmp_path_factory.mktemp("roleless")
    with embedded_server(home, server_settings=FAST_SERVER) as server:
        database = Clone(server, "fresh")
        url = server.url(user="plain", database="fresh")
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("CREATE ROLE plain LOGIN")
            admin.execute("CREATE DATABASE fresh OWNER plain TEMPLATE template0")
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match="may not create") as missing,
            ):
                upgrade(url)
            assert "as a role with CREATEROLE" in missing.value.cure

            # As the cure states, an administrator creates the roles.
            admin.execute("CREATE ROLE skeldir_owner NOLOGIN; CREATE ROLE matview_owner NOLOGIN")
            admin.execute("CREATE ROLE app_user LOGIN SUPERUSER")
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match="app_user is SUPER") as unfit,
            ):
                upgrade(url)
            assert unfit.value.cure.startswith("ALTER ROLE app_user NOSUPERUSER NOBYPASSRLS")

            admin.execute("ALTER ROLE app_user NOSUPERUSER BYPASSRLS")
            with nothing_changes(database), pytest.raises(MigrationRefused, match="BYPASSRLS"):
                upgrade(url)
            admin.execute("ALTER ROLE app_user NOBYPASSRLS")
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match="not a member of skeldir_owner"),
            ):
                upgrade(url)

            # A membership without SET and INHERIT is not enough.
            admin.execute("GRANT skeldir_owner TO plain WITH INHERIT FALSE, SET TRUE")
            with (
                nothing_changes(database),
                pytest.raises(MigrationRefused, match="not a member of skeldir_owner"),
            ):
                upgrade(url)
            admin.execute("GRANT skeldir_owner TO plain WITH INHERIT TRUE, SET TRUE")
            admin.execute("GRANT matview_owner TO plain WITH INHERIT TRUE, SET TRUE")
        upgrade(url)
        assert set(read_flags(database.superuser_url).values()) == {(True, True)}
