"""What stops a command is reported clearly; no command waits for ever for another session's lock."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from typer.testing import CliRunner

from skeldir.cli import app, runtime
from skeldir.db.pool import DatabaseUnreachable, QueryTooSlow
from skeldir.errors import SkeldirError
from skeldir.migrations import guard
from skeldir.migrations.guard import MigrationRefused
from skeldir.migrations.run import upgrade
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.service import free_port


def fault_of(url: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> SkeldirError:
    monkeypatch.setenv("DATABASE_URL", url)
    fault = CliRunner().invoke(app, list(words)).exception
    assert isinstance(fault, SkeldirError), repr(fault)
    return fault


def test_an_operators_statement_gives_up_on_a_locked_table(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "LOCK_TIMEOUT_MS", 50)
    with psycopg.connect(clone.superuser_url) as holder:
        holder.execute("LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE")
        fault = fault_of(clone.migrator_url, monkeypatch, "tenants", "list")
    assert isinstance(fault, QueryTooSlow)
    assert "lock timeout" in fault.detail


@pytest.mark.parametrize("table", ["alembic_version", "tenants"])
def test_a_migration_gives_up_on_a_locked_table_and_says_so(
    empty_database: Clone, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    upgrade(empty_database.migrator_url, "202511151400")
    monkeypatch.setattr(guard, "LOCK_TIMEOUT_MS", 50)
    with psycopg.connect(empty_database.superuser_url) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        fault = fault_of(empty_database.migrator_url, monkeypatch, "migrate")
    assert isinstance(fault, MigrationRefused)
    assert "locked" in fault.detail


def test_a_role_that_may_not_migrate_learns_which_may(
    empty_database: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database.migrator_url, "202511151400")
    fault = fault_of(empty_database.app_url, monkeypatch, "migrate")
    assert isinstance(fault, MigrationRefused)
    assert "may not change the schema" in fault.detail


def test_a_server_that_takes_no_writes_is_reported_as_such(
    clone: Clone, empty_database: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = run_here(clone.app_url, "tenants", "create", "Shop").split()[-1]
    delete = ("tenants", "delete", shop, "--yes", "--no-keep-ledger", "--confirm", shop)
    for database in (clone, empty_database):
        with psycopg.connect(database.superuser_url, autocommit=True) as admin:
            change = f"ALTER DATABASE {database.name} SET default_transaction_read_only = on"
            admin.execute(change.encode())
    for url, *words in (
        (clone.app_url, "tenants", "create", "Shop"),
        (clone.migrator_url, *delete),
        (empty_database.migrator_url, "migrate"),
    ):
        fault = fault_of(url, monkeypatch, *words)
        assert isinstance(fault, DatabaseUnreachable), words
        assert "takes no writes" in fault.detail, words
    assert "takes no writes" in run_here(
        clone.app_url, "serve", "--port", str(free_port()), status=1
    )


def test_an_unreachable_server_is_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("migrate", "tenants list", "keys list Shop", "scale check", "scale apply"):
        fault = fault_of("postgresql://x@127.0.0.1:1/x", monkeypatch, *command.split())
        assert isinstance(fault, DatabaseUnreachable), command
        assert "\n" not in fault.detail, command
        assert not fault.detail.endswith("?."), command


def test_a_report_without_a_ledger_says_so(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    shop = CliRunner().invoke(app, ["tenants", "create", "Shop"]).stdout.strip()
    result = CliRunner().invoke(app, ["report", shop])
    assert result.exit_code == 0
    assert "ledger is empty" in result.stderr


def test_a_command_prints_no_traceback_of_the_driver_when_the_server_dies() -> None:
    script = """
import asyncpg.pool
from skeldir.cli import main
try:
    main()
except SystemExit:
    try:
        raise OSError("refused")
    except OSError:
        asyncpg.pool.logger.warning("a connection was lost", exc_info=True)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage" in ended.stdout
    assert ended.stderr == ""
