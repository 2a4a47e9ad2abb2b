"""What is acknowledged is on the disk: it outlives a crash that loses every write that was not synced."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer, embedded_server
from tests.support.embedded import short_place
from tests.support.lost_writes import kill_all, lose_unsynced, require_strace, traced

pytestmark = pytest.mark.slow

WRITERS = 4
ROUNDS = 4


@pytest.fixture
def place() -> Iterator[Path]:
    with short_place() as made:
        yield made


def write_until_dead(server: EmbeddedServer, writer: int, acknowledged: set[int]) -> None:
    """Commit one row after another, and note each that was acknowledged."""
    with suppress(psycopg.OperationalError), psycopg.connect(server.url(), autocommit=True) as own:
        for number in range(writer * 10**6, (writer + 1) * 10**6):
            own.execute("INSERT INTO kept VALUES (%s)", (number,))
            acknowledged.add(number)


def crash_under_load(
    home: Path, folder: Path, seconds: float, **settings: str
) -> tuple[set[int], int]:
    """Kill a server at work, and lose what it had not synced; return what was acknowledged, and the pages lost."""
    acknowledged: set[int] = set()
    folder.mkdir()
    with embedded_server(home, server_settings=settings) as server:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("DROP TABLE IF EXISTS kept")
            admin.execute("CREATE TABLE kept (n int)")
            admin.execute("CHECKPOINT")
        writers = [
            threading.Thread(target=write_until_dead, args=(server, one, acknowledged))
            for one in range(WRITERS)
        ]
        with traced(home, folder):
            for writer in writers:
                writer.start()
            time.sleep(seconds)  # the moment of the crash is what is tried
            kill_all(home)
        for writer in writers:
            writer.join()
        lost = lose_unsynced(home, folder)
    return acknowledged, lost


def read_kept(home: Path) -> list[int]:
    with embedded_server(home) as server, psycopg.connect(server.url()) as connection:
        return [int(n) for (n,) in connection.execute("SELECT n FROM kept")]


def test_a_crash_that_loses_what_was_not_synced_loses_nothing_acknowledged(place: Path) -> None:
    require_strace()
    chance = random.Random()
    pages = 0
    for number in range(ROUNDS):
        seconds = chance.uniform(0.3, 1.5)
        acknowledged, lost = crash_under_load(place / "home", place / f"trace-{number}", seconds)
        kept = read_kept(place / "home")
        assert len(acknowledged) > 10
        assert acknowledged <= set(kept), (seconds, sorted(acknowledged - set(kept)))
        assert len(kept) == len(set(kept)) <= len(acknowledged) + WRITERS
        pages += lost
    assert pages > 0, "no crash met a write that was not synced"


def test_a_server_that_does_not_sync_would_be_found_out(place: Path) -> None:
    """Killing its processes alone would not: what they wrote is in the kernel, and outlives them."""
    require_strace()
    acknowledged, lost = crash_under_load(place / "home", place / "trace", 1.0, fsync="off")
    assert lost > 0
    assert acknowledged - set(read_kept(place / "home")) != set()
