"""A real PostgreSQL for the whole run, and a fresh clone of a migrated database for each test that writes."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import uvloop

from skeldir.db.embedded import EmbeddedServer, embedded_server
from skeldir.db.pool import Database, open_database
from skeldir.migrations.run import upgrade
from tests.support.citus_server import VARIABLE, CitusServer, given_server
from tests.support.embedded import fast_place
from tests.support.held_rows import hold_rows_to_stubs
from tests.support.learning import learn_arrays_once, make_commands_once
from tests.support.make import make_tenant

# Hundreds of short processes are started, and each would otherwise compile the program's source.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

TEMPLATE = "skeldir_template"
HOME_VARIABLE = "SKELDIR_TESTS_HOME"
# Losing a test database in a crash costs nothing, and a clone is made in half the time.
FAST_SERVER = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # Each database that is made or dropped has all buffers searched, three times; tests need few.
    "shared_buffers": "128MB",
    # Otherwise each of the thousands of sessions loads it.
    "shared_preload_libraries": "plpgsql",
}
_SHARED = "this test shares its database, and may only be app_user: mark it own_clone"
# Databases of finished tests that are kept for a while, see `scratch_database`.
_KEPT = 2
_ended: deque[str] = deque()


@dataclass(frozen=True, slots=True)
class Clone:
    """A database of one test, as each of the roles that may connect to it."""

    server: EmbeddedServer
    name: str

    @property
    def app_url(self) -> str:
        return self.server.url(user="app_user", database=self.name)

    @property
    def migrator_url(self) -> str:
        return self.server.url(user="migrator", database=self.name)

    @property
    def superuser_url(self) -> str:
        return self.server.url(user="postgres", database=self.name)


class SharedClone(Clone):
    """A database of several tests: each has tenants of its own, and row-level security hides what others left.

    So they may only be `app_user`, and must not look at what is of no tenant, such as when a view was refreshed. The
    server makes a database and drops it again in 20 ms (processor time), and each is cold for its first sessions.
    """

    @property
    def migrator_url(self) -> str:
        raise AssertionError(_SHARED)

    @property
    def superuser_url(self) -> str:
        raise AssertionError(_SHARED)


@contextmanager
def _only_one_worker(folder: Path) -> Iterator[None]:
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make chaos` request the long form."""
    parser.addoption(
        "--chaos-seconds", default="20", help="how long the chaos tests kill processes"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make one folder for the server of the run; pytest's own are removed by concurrent runs."""
    gc.disable()  # until the tests are collected
    if not hasattr(config, "workerinput"):
        os.environ[HOME_VARIABLE] = tempfile.mkdtemp(prefix="skeldir-tests-", dir=fast_place())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, and the databases on Citus, when the last worker has left."""
    citus = _citus()
    if not hasattr(config, "workerinput"):
        if citus is not None:
            citus.drop_all()
        shutil.rmtree(os.environ.pop(HOME_VARIABLE), ignore_errors=True)
    if citus is not None:
        citus.close()


def pytest_sessionstart() -> None:
    """React to Ctrl-C: a shell starts background processes with it ignored, and each child would ignore it too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def short_lived_in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Put homes and grounds where files are fast; what pytest keeps for inspection stays where it is."""
    tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(fast_place()))
        yield


@pytest.fixture(scope="session", autouse=True)
def rows_are_what_the_stubs_say() -> None:
    """Check all rows that the tests read: a comment may claim what PostgreSQL does not know."""
    hold_rows_to_stubs()


@pytest.fixture(scope="session", autouse=True)
def arrays_are_asked_about_once() -> None:
    """Do not ask each new database what every database answers in the same way."""
    learn_arrays_once()


@pytest.fixture(scope="session", autouse=True)
def commands_are_made_once() -> None:
    """Do not make a hundred commands for each that a test runs."""
    make_commands_once()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run coroutines on the event loop on which the API runs; it takes less processor time than Python's own."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_finish() -> None:
    """Exempt what the suite itself consists of from garbage collections: each would visit a million objects in vain."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests; skip what needs Citus where none was given, and on Citus what cannot work there."""
    # The other worker has nothing to do while the last test runs.
    items.sort(key=lambda item: item.get_closest_marker("begins_early") is None)
    is_given = VARIABLE in os.environ
    for item in items:
        if not is_given and item.get_closest_marker("citus"):
            item.add_marker(pytest.mark.skip(reason=f"{VARIABLE} names no Citus coordinator"))
        if is_given and (reason := item.get_closest_marker("one_server")):
            item.add_marker(pytest.mark.skip(reason=f"on Citus: {reason.args[0]}"))


@cache
def _citus() -> CitusServer | None:
    return given_server("t" + Path(os.environ[HOME_VARIABLE]).name[-8:].lower().replace("-", "_"))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer | CitusServer]:
    """The server that all workers share: Citus, if one is given, or the embedded one, which stops with the last."""
    home = Path(os.environ[HOME_VARIABLE])
    citus = _citus()
    if citus is not None:
        with _only_one_worker(home):
            if not (home / "templates").exists():
                citus.make_templates(TEMPLATE)
                (home / "templates").touch()
    yield from _embedded(home) if citus is None else (citus,)


def _embedded(home: Path) -> Iterator[EmbeddedServer]:
    with embedded_server(home / "pg", server_settings=FAST_SERVER) as embedded:
        admin = _admin_of(embedded)
        with _only_one_worker(home):
            if not admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)
            ).fetchone():
                admin.execute(
                    "CREATE ROLE migrator LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE CREATEDB"
                )
                admin.execute(f"CREATE DATABASE {TEMPLATE}_making OWNER migrator")
                upgrade(embedded.url(user="migrator", database=f"{TEMPLATE}_making"))
                _compact(embedded.url(database=f"{TEMPLATE}_making"))
                admin.execute(f"ALTER DATABASE {TEMPLATE}_making RENAME TO {TEMPLATE}")
        yield embedded
        admin.close()


def _compact(url: str) -> None:
    """Rewrite the system catalogue, of which the migrations left many dead rows: each test copies it.

    The tables of the program stay as migrations leave them, since the planner distinguishes those never vacuumed.
    """
    with psycopg.connect(url, autocommit=True) as owner:
        catalogue = owner.execute(
            """SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
               WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared"""
        ).fetchone()
        assert catalogue is not None
        owner.execute(f"VACUUM (FULL) {catalogue[0]}")
    # The next session writes down what every session of a copy would otherwise look up.
    psycopg.connect(url).close()


@cache
def _admin_of(server: EmbeddedServer) -> psycopg.Connection[tuple[object, ...]]:
    """Return the one connection over which this process makes and drops databases."""
    return psycopg.connect(server.url(), autocommit=True)


@contextmanager
def scratch_database(server: EmbeddedServer, *, template: str) -> Iterator[Clone]:
    """Make a database of its own, owned by the migrator.

    It is dropped when two more have ended: PostgreSQL checks ten times a second whether all sessions have left a
    database that is to be dropped, and connections that were just closed are not gone yet.
    """
    if isinstance(server, CitusServer):
        yield from _copy_on_citus(server, server.template(template))
        return
    name = f"t_{uuid4().hex}"
    admin = _admin_of(server)
    admin.execute(f"CREATE DATABASE {name} OWNER migrator TEMPLATE {template} STRATEGY file_copy")
    if template == TEMPLATE:
        admin.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        admin.execute(f"GRANT TEMPORARY ON DATABASE {name} TO matview_owner")
    try:
        yield Clone(server, name)
    finally:
        _ended.append(name)
        while len(_ended) > _KEPT:
            admin.execute(f"DROP DATABASE {_ended.popleft()} WITH (FORCE)")


def _copy_on_citus(server: CitusServer, template: str) -> Iterator[Clone]:
    name = f"{server.run}_{uuid4().hex[:12]}"
    server.copy(template, name)
    if template == server.template(TEMPLATE):
        server.on_each(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        server.on_each(f"GRANT TEMPORARY ON DATABASE {name} TO matview_owner")
    try:
        yield Clone(server, name)
    finally:
        _ended.append(name)
        while len(_ended) > _KEPT:
            server.drop(_ended.popleft())


@pytest.fixture
def clone(request: pytest.FixtureRequest, server: EmbeddedServer) -> Iterator[Clone]:
    """A migrated database without rows; without rows that the test could see, if it is marked `shares_clone`."""
    node = request.node
    if node.get_closest_marker("shares_clone") and not node.get_closest_marker("own_clone"):
        yield request.getfixturevalue("shared_clone")
        return
    with scratch_database(server, template=TEMPLATE) as made:
        yield made


@pytest.fixture(scope="module")
def shared_clone(server: EmbeddedServer) -> Iterator[SharedClone]:
    """The database of the tests of a file that are marked `shares_clone`; each worker has one."""
    with scratch_database(server, template=TEMPLATE) as made:
        yield SharedClone(made.server, made.name)


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Iterator[Clone]:
    """A database that was never migrated."""
    with scratch_database(server, template="template0") as made:
        yield made


@pytest.fixture
async def db(clone: Clone) -> AsyncIterator[Database]:
    """The program's own pool on the clone, as `app_user`."""
    async with open_database(clone.app_url, pool_size=4, statement_timeout_ms=30_000) as database:
        yield database


@pytest.fixture
async def tenant(db: Database) -> UUID:
    """A tenant with the default models."""
    return await make_tenant(db, "A")


@pytest.fixture
async def other_tenant(db: Database) -> UUID:
    """A second tenant, whose data must never appear."""
    return await make_tenant(db, "B")
