"""Ids sort by creation time, and are unique even across processes that share a parent."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db.ids import new_hex_ids, new_id, new_ids, read_id

FORKED = """
import os
from skeldir.db.ids import new_hex_ids
new_hex_ids(10)
child = os.fork()
made = new_hex_ids(1000)
if child:
    os.waitpid(child, 0)
print(*made, flush=True)
"""


def made_at(id_: UUID) -> datetime:
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)


def test_ids_are_of_version_7_and_of_now() -> None:
    before = utc_now() - timedelta(milliseconds=1)
    for id_ in (new_id(), *new_ids(3), *map(UUID, new_hex_ids(3))):
        assert (id_.version, id_.variant) == (7, "specified in RFC 4122")
        assert before <= made_at(id_) <= utc_now()


def test_ids_sort_as_they_were_made() -> None:
    ids = [*new_ids(1_000), new_id(), *map(UUID, new_hex_ids(1_000))]
    assert ids == sorted(ids)
    assert len(set(ids)) == 2_001


def test_a_forked_process_makes_other_ids_than_its_parent() -> None:
    made = subprocess.run(
        [sys.executable, "-c", FORKED], check=True, capture_output=True, text=True
    ).stdout.split()
    assert len(made) == len(set(made)) == 2_000


def test_a_text_that_is_not_an_id_reads_as_none() -> None:
    id_ = new_id()
    assert (read_id(str(id_)), read_id(f"{id_}x")) == (id_, None)
