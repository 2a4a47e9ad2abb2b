"""One backed-up home for all tests of the room in a process: making it takes longer than most of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skeldir.db.embedded_cluster import Cluster, open_cluster
from tests.support.backups import Origin, made_origin
from tests.support.embedded import short_place, small_file_system


@pytest.fixture(scope="session")
def unharmed() -> Iterator[Origin]:
    """A home with an archive and two backups, which no test changes."""
    with made_origin() as made:
        yield made


@pytest.fixture(scope="session")
def cluster(unharmed: Origin) -> Cluster:
    return open_cluster(unharmed.home)


@pytest.fixture
def target() -> Iterator[Path]:
    """Where a restored home may be made."""
    with short_place() as place:
        yield place / "restored"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 34 MiB."""
    with short_place() as place, small_file_system(place, "34m") as disk:
        yield disk


def resize(disk: Path, size: int) -> None:
    """Give the small disk another size, in bytes."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)  # noqa: S607 - found before
