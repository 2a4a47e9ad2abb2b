"""A server that was killed is restarted within seconds, at the same socket, for the remaining users."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer, embedded_server, revive_server
from skeldir.db.embedded_watch import kept_alive
from tests.support.embedded import crash, is_running, read_postmaster, short_place, wait_until


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_place() as place:
        yield place / "home"


def answers(server: EmbeddedServer) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(server.url()) as connection:
        connection.execute("SELECT 1")
        return True
    return False


def is_back(server: EmbeddedServer, home: Path, before: int) -> bool:
    # The file is being written, or is not there, while the next server starts.
    with suppress(FileNotFoundError, IndexError):
        return read_postmaster(home) != before and answers(server)
    return False


@pytest.mark.slow
def test_a_killed_server_is_back_within_five_seconds_with_all_it_had(home: Path) -> None:
    with embedded_server(home) as server, kept_alive(home):
        for number in range(2):
            with psycopg.connect(server.url()) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                connection.execute("INSERT INTO kept VALUES (1)")
            with ExitStack() as left:
                idle = psycopg.connect(server.url())
                left.callback(idle.close)
                before = read_postmaster(home)
                os.kill(before, signal.SIGKILL)
                began = time.monotonic()
                wait_until(lambda before=before: is_back(server, home, before), 20)
                took = time.monotonic() - began
            assert took < 5
            with psycopg.connect(server.url()) as connection:
                row = connection.execute("SELECT count(*) FROM kept").fetchone()
            assert row == (number + 1,)
    assert not is_running(home)


def test_a_server_that_lives_is_left_alone(home: Path) -> None:
    with embedded_server(home):
        before = read_postmaster(home)
        assert not revive_server(home)
        assert read_postmaster(home) == before


@pytest.mark.slow
def test_one_of_two_watchers_starts_it(home: Path) -> None:
    with embedded_server(home) as server, kept_alive(home), kept_alive(home):
        crash(home)
        wait_until(lambda: answers(server), 20)
        after = read_postmaster(home)
        time.sleep(1.2)  # the watcher checks once a second
        assert read_postmaster(home) == after


@pytest.mark.slow
def test_nothing_watches_after_the_end(home: Path) -> None:
    with embedded_server(home) as server:
        with kept_alive(home):
            pass
        crash(home)
        time.sleep(1.2)  # the watcher checks once a second
        assert not is_running(home)
        assert revive_server(home)
        assert answers(server)
