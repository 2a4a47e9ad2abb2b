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
from skeldir.users import Role, new_token
from skeldir.web import Uploads
from skeldir.web.access import Member
from skeldir.web.importing import Answers, Imports
from skeldir.web.uploads import Upload
from tests.conftest import Clone
from tests.support.make import make_tenant
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


async def admit(clone: Clone, db: Database, tenant: UUID, email: str) -> Member:
    session = await let_in(clone, db, email, tenant, Role.MANAGER)
    async with db.tenant(tenant) as connection:
        return Member(await load_profile(connection, tenant), session, Role.MANAGER)


@pytest.fixture
async def member(clone: Clone, db: Database, tenant: UUID) -> Member:
    return await admit(clone, db, tenant, "ada@shop.example")


@pytest.fixture
def imports(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imports:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    @asynccontextmanager
    async def opening() -> AsyncIterator[Database]:
        yield db

    return Imports(Uploads(1_048_576), opening)


def store(imports: Imports, member: Member) -> Upload:
    """Store a file as another process of the machine does, and have it held."""
    token = new_token()
    name = f"{token}.{member.profile.tenant_id}.{member.session.user_id}"
    folder = imports.uploads.folder / name
    folder.mkdir(mode=0o700)
    (folder / "orders.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return imports.uploads.find(token, member)


async def wait_for(is_so: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("It has not come about in time.")


async def let_others_begin(db: Database, tenant: UUID) -> None:
    """Do, some times, what a trial does before its thread begins."""
    for _ in range(10):
        async with db.tenant(tenant, is_read_only=True) as connection:
            await list_channels(connection, tenant)


async def test_what_is_given_up_keeps_its_turn_until_its_thread_has_ended(
    imports: Imports, member: Member, slow: Slow, db: Database, tenant: UUID
) -> None:
    upload = store(imports, member)
    try:
        for number in range(2 * TURNS):
            trial = imports.try_file(upload, member, Answers(currency=f"X{number}"))
            if number < TURNS:
                await wait_for(lambda number=number: slow.running == number + 1)  # type: ignore[misc]  # the number of now
            assert trial.found is None
        await let_others_begin(db, tenant)
        assert slow.running == TURNS
    finally:
        slow.goes_on.set()
    await asyncio.wait([trial.task])
    assert isinstance(trial.found, FileUnreadable)
    assert slow.most <= TURNS
    imports.drop(upload)
    await imports.close()


async def test_a_dropped_file_is_not_tried_any_more(
    imports: Imports, member: Member, slow: Slow
) -> None:
    upload = store(imports, member)
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


async def test_files_of_one_tenant_leave_a_turn_to_others(
    imports: Imports,
    member: Member,
    slow: Slow,
    clone: Clone,
    db: Database,
    tenant: UUID,
) -> None:
    other = await admit(clone, db, await make_tenant(db, "B"), "eve@other.example")
    uploads = [*(store(imports, member) for _ in range(TURNS + 1)), store(imports, other)]
    try:
        trials = [imports.try_file(one, member, Answers()) for one in uploads[:-1]]
        await wait_for(lambda: slow.running == TURNS)
        await let_others_begin(db, tenant)
        assert slow.running == TURNS
        trials.append(imports.try_file(uploads[-1], other, Answers()))
        await wait_for(lambda: slow.running == TURNS + 1)
    finally:
        slow.goes_on.set()
    await asyncio.wait([trial.task for trial in trials])
    for upload in uploads:
        imports.drop(upload)
    await imports.close()
