"""Dry runs of files that were sent: those that are given up take neither threads nor turns from others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Lock
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest import list_channels
from skeldir.ingest.files import FileUnreadable
from skeldir.tenants import load_profile
from skeldir.users import Role
from skeldir.web import Uploads
from skeldir.web.access import Member
from skeldir.web.importing import Answers, Imports
from skeldir.web.uploads import Upload
from tests.conftest import Clone
from tests.support.people import let_in

TURNS = 2


class Slow:
    """Takes the place of choosing a mapping, and lasts until it is let go on."""

    def __init__(self) -> None:
        self.goes_on = Event()
        self.running = self.most = 0
        self._lock = Lock()

    def __call__(self, *_: object, **__: object) -> None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.goes_on.wait(30)
        with self._lock:
            self.running -= 1
        raise FileUnreadable("It was let go on.", cure="None.")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    one = Slow()
    monkeypatch.setattr("skeldir.web.importing.choose_mapping", one)
    return one


@pytest.fixture
async def member(clone: Clone, db: Database, tenant: UUID) -> Member:
    session = await let_in(clone, db, "ada@shop.example", tenant, Role.MANAGER)
    async with db.tenant(tenant) as connection:
        return Member(await load_profile(connection, tenant), session, Role.MANAGER)


@pytest.fixture
def imports(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imports:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    @asynccontextmanager
    async def opening() -> AsyncIterator[Database]:
        yield db

    return Imports(Uploads(1_048_576), opening)


def store(folder: Path) -> Upload:
    path = folder / "orders.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    return Upload("token", path, path.open("rb"), until=1e18)


async def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("It has not come about in time.")


async def test_what_is_given_up_keeps_its_turn_until_its_thread_has_ended(
    imports: Imports, member: Member, slow: Slow, tmp_path: Path, db: Database, tenant: UUID
) -> None:
    upload = store(tmp_path)
    try:
        for number in range(2 * TURNS):
            trial = imports.try_file(upload, member, Answers(currency=f"X{number}"))
            if number < TURNS:
                await wait_for(lambda number=number: slow.running == number + 1)  # type: ignore[misc]  # the number of now
            assert trial.found is None
        for _ in range(10):
            # What others do before their threads begin.
            async with db.tenant(tenant, is_read_only=True) as connection:
                await list_channels(connection, tenant)
        assert slow.running == TURNS
    finally:
        slow.goes_on.set()
    await asyncio.wait([trial.task])
    assert isinstance(trial.found, FileUnreadable)
    assert slow.most <= TURNS
    imports.drop(upload)
    await imports.close()


async def test_a_dropped_file_is_not_tried_any_more(
    imports: Imports, member: Member, slow: Slow, tmp_path: Path
) -> None:
    upload = store(tmp_path)
    trial = imports.try_file(upload, member, Answers())
    try:
        await wait_for(lambda: slow.running == 1)
        imports.drop(upload)
    finally:
        slow.goes_on.set()
    await asyncio.wait([trial.task])
    assert trial.task.cancelled()
    assert trial.found is None
    await imports.close()
