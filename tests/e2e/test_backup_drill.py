"""The drill: a backup under traffic, a restore to a moment while the traffic goes on, and what the copy then is.

`make drill` runs it.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from bench.reckoning import count_to_do, list_dead_jobs, list_uncredited
from bench.service import ask
from skeldir.db.embedded import embedded_server
from tests.support.acknowledged import (
    Position,
    Sent,
    Traffic,
    make_senders,
    stored_keys,
    wait_for_acknowledged,
)
from tests.support.embedded import short_place
from tests.support.service import Service, running_service, wait_until


def read_moment(position: Position, service: Service) -> tuple[int, datetime, int]:
    """Return a time of the server, with the positions of its log before and after it."""
    before = position()
    ((moment,),) = service.ask("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    return before, moment, position()


def compare_with_log(
    senders: list[Sent], stored: dict[str, list[str]], before: int, after: int
) -> tuple[int, int, int]:
    """Return how many items had to be there, how many had to be missing, and how many were between."""
    must, must_not, between = 0, 0, 0
    for one in senders:
        there = set(stored[one.tenant])
        assert len(there) == len(stored[one.tenant])
        for key, sent_at in one.sent.items():
            answered_at = one.acknowledged.get(key)
            if answered_at is not None and answered_at <= before:
                assert key in there, (one.tenant, key)
                must += 1
            elif sent_at >= after:
                assert key not in there, (one.tenant, key)
                must_not += 1
            else:
                between += 1
    return must, must_not, between


def stored_in(home: Path, senders: list[Sent]) -> dict[str, list[str]]:
    with embedded_server(home) as server:
        url = server.url(database="skeldir")
        return {
            one.tenant: stored_keys(lambda *words: ask(url, *words), one.tenant) for one in senders
        }


def is_archived(service: Service, segment: str) -> bool:
    ((done,),) = service.ask(
        "SELECT coalesce(last_archived_wal >= %s, false) FROM pg_stat_archiver", segment
    )
    return bool(done)


def archive_now(service: Service) -> None:
    """Let the archive reach the present, as a minute's waiting would."""
    with psycopg.connect(service.url, autocommit=True) as admin:
        row = admin.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
    assert row is not None
    wait_until(lambda: is_archived(service, str(row[0])), 30, "the segment is archived")


@pytest.mark.worker
@pytest.mark.slow
@pytest.mark.begins_early
def test_a_restore_under_traffic_has_what_was_acknowledged_by_the_moment_and_nothing_later() -> (
    None
):
    with short_place() as place:
        home, folder, restored = place / "home", place / "backups", place / "restored"
        with running_service(home) as service:
            senders = make_senders(service)
            service.skeldir("backup", "archive", str(folder), "--interval", "1m")
            assert service.stop() == 0
        with running_service(home) as service:
            position = Position(service)
            with Traffic(service, senders, lambda: Position(service)):
                wait_for_acknowledged(senders, 100)
                began = time.monotonic()
                service.skeldir("backup")
                backed_up_s = time.monotonic() - began
                wait_for_acknowledged(senders, 100)
                before, moment, after = read_moment(position, service)
                wait_for_acknowledged(senders, 100)
                archive_now(service)
                words = ("--home", str(restored), "--until", moment.isoformat())
                service.skeldir("restore", *words)
                wait_for_acknowledged(senders, 20)
            position.close()
            assert service.stop() == 0
        must, must_not, between = compare_with_log(
            senders, stored_in(restored, senders), before, after
        )
        assert must >= 200
        assert must_not >= 200
        # What waited at the moment is worked through by fresh workers.
        with running_service(restored) as fresh:
            assert "Nothing differs." in fresh.skeldir("audit")
            wait_until(lambda: not any(count_to_do(fresh.ask).values()), 90, "no job, no mark")
            assert list_dead_jobs(fresh.ask) == []
            for one in senders:
                assert list_uncredited(fresh.ask, one.tenant) == []
            assert "Nothing differs." in fresh.skeldir("audit")
            with Traffic(fresh, senders, None):
                wait_for_acknowledged(senders, 20)
            assert fresh.stop() == 0
    sys.stderr.write(
        f"\nbackup under traffic: {backed_up_s:.1f} s; {must} items had to be there and were, {must_not} had to be "
        f"missing and were, {between} were between\n"
    )
