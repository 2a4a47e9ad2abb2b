"""`skeldir backup` and `skeldir restore`, as an operator types them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.service import SKELDIR
from skeldir.db.embedded_cluster import open_cluster
from tests.conftest import Clone
from tests.support.command import run
from tests.support.embedded import short_place, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("backups")]


class Operator:
    """Types commands for one home."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str, status: int = 0, home: Path | None = None) -> str:
        variables = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        done = subprocess.run(
            [*SKELDIR, *words],
            env=variables | {"SKELDIR_HOME": str(home or self.home)},
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def operator() -> Iterator[Operator]:
    with short_place() as place:
        yield Operator(place / "home")


def test_an_operator_goes_back_to_the_moment_before_a_mistake(operator: Operator) -> None:
    folder = operator.home.with_name("backups")
    restored = operator.home.with_name("restored")
    assert "nothing_to_back_up" in operator.run("backup", "--folder", str(folder), status=1)
    refused = operator.run("backup", "archive", str(folder), status=1)
    assert "make its database first: `skeldir up`" in refused
    tenant = operator.run("tenants", "create", "Shop")
    assert "No folder was given" in operator.run("backup", status=1)
    assert "archives nothing" in operator.run("backup", "archive")
    said = operator.run("backup", "archive", str(folder), "--interval", "1m")
    assert "From the server's next start on" in said
    said = operator.run("backup")
    found = re.search(r"Backup (\d{8}T\d{6}Z): [\d.]+ MB in [\d.]+ s, verified.*revision \d+", said)
    assert found is not None, said
    assert "only this moment" not in said
    moment = datetime.now(UTC)
    wait_until(lambda: datetime.now(UTC) > moment, 1)
    operator.run("tenants", "delete", tenant, "--yes", "--no-keep-ledger", "--confirm", tenant)
    assert re.search(rf"{found[1]}.*any moment from", operator.run("backup", "list"))
    assert "is intact" in operator.run("backup", "verify")
    words = ("restore", "--home", str(restored))
    assert "input_invalid" in operator.run(*words, status=1)
    assert "has no time zone" in operator.run(*words, "--until", "2026-03-01T12:00", status=1)
    assert not restored.exists()
    said = operator.run(*words, "--until", moment.isoformat())
    assert f"SKELDIR_HOME={restored} skeldir audit" in said
    assert "restore_target_not_empty" in operator.run(*words, "--latest", status=1)
    assert "Nothing differs." in operator.run("audit", home=restored)
    assert tenant in operator.run("tenants", "list", home=restored)
    assert tenant not in operator.run("tenants", "list")
    assert "Deleted 0 backups" in operator.run("backup", "prune", "--keep", "1")
    assert "next start ends the archive" in operator.run("backup", "archive", "--off")
    assert "archives nothing" in operator.run("backup", "list", "--folder", str(folder))


def test_a_folder_that_was_never_one_of_backups_is_refused_and_nothing_is_put_there(
    operator: Operator,
) -> None:
    folder = operator.home.with_name("mistaken")
    open_cluster(operator.home).make_private(folder)
    for words in (("list",), ("verify",), ("prune", "--keep", "1")):
        assert "backup_folder_unusable" in operator.run(
            "backup", *words, "--folder", str(folder), status=1
        )
    words = ("--latest", "--folder", str(folder), "--home", str(folder.with_name("new")))
    assert "backup_folder_unusable" in operator.run("restore", *words, status=1)
    assert list(folder.iterdir()) == []
    away = operator.home.with_name("away")
    operator.run("backup", "list", "--folder", str(folder), home=away, status=1)
    assert not away.exists(), "a list makes no home"


def test_a_folder_before_a_command_is_refused_and_not_ignored(operator: Operator) -> None:
    folder = str(operator.home.with_name("backups"))
    for words in (("list",), ("verify",), ("prune", "--keep", "1")):
        said = operator.run("backup", "--folder", folder, *words, status=2)
        assert f"skeldir backup {words[0]} --folder" in " ".join(said.split())


def test_a_backup_says_that_its_archive_is_missing(operator: Operator) -> None:
    folder = operator.home.with_name("backups")
    operator.run("tenants", "create", "Shop")
    operator.run("backup", "archive", str(folder))
    assert "MISSING" not in operator.run("backup")
    (folder / "wal").rename(folder.with_name("elsewhere"))
    for words in ((), ("list",), ("archive",)):
        assert "THAT DIRECTORY IS MISSING" in operator.run("backup", *words)


def test_a_server_of_the_operator_is_not_ours_to_back_up(clone: Clone) -> None:
    for words in ((), ("list",), ("verify",), ("prune", "--keep", "1"), ("archive", "/x")):
        said = run(clone.app_url, "backup", *words, status=1)
        assert "backup_needs_embedded_server" in said
        assert "pgBackRest" in said
