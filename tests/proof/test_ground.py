"""The ground is empty before, bound by row-level security meanwhile, and gone after, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from proof.stage.ground import Ground, GroundUnready, open_ground
from proof.stage.proving import Proof
from proof.stage.roles import SuperuserRefused
from proof.stage.servers import DatabaseRefused, RightsMissing, ServerNotEmpty
from skeldir.db.embedded import EmbeddedServer, embedded_server
from tests.conftest import FAST_SERVER, Clone
from tests.support.embedded import SEARCH_PATH, is_running, short_place, wait_until
from tests.support.faulty import compile_once

ROOT = Path(__file__).resolve().parents[2]
# One worker, so that there is one ground.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ground")]
NAME = "skeldir_migprobe"
PASSWORD = "a-password-of-the-admin"

HOLDS_A_GROUND = """
import sys, time
from pathlib import Path
from skeldir.cli.runtime import run_app
from proof.stage.ground import open_ground

def hold():
    with open_ground(Path(sys.argv[1]), sys.argv[2] or None) as ground:
        ground.make_database("skeldir_migprobe")
        ground.migrate("skeldir_migprobe", "202511151400")
        print(ground.scratch, flush=True)
        # Briefly: a signal that comes just before a sleep begins is seen when that ends.
        while True:
            time.sleep(0.05)

run_app(hold)
"""


@pytest.fixture(scope="module")
def empty_server() -> Iterator[EmbeddedServer]:
    """A server as an administrator would give it: a database, and a role that may create roles and databases."""
    with (
        short_place() as place,
        embedded_server(place / "pg", server_settings=FAST_SERVER) as server,
    ):
        with psycopg.connect(server.url(), autocommit=True) as superuser:
            superuser.execute("CREATE ROLE giver LOGIN CREATEROLE CREATEDB")
            superuser.execute(f"ALTER ROLE giver PASSWORD '{PASSWORD}'")
            superuser.execute("CREATE ROLE weak LOGIN")
            superuser.execute("CREATE DATABASE given OWNER giver")
        yield server


def given_url(server: EmbeddedServer, role: str = "giver") -> str:
    return server.url(user=role, database="given").replace("giver@", f"giver:{PASSWORD}@")


def inventory(server: EmbeddedServer) -> list[object]:
    """Return what a proof could leave behind in a server."""
    with psycopg.connect(server.url()) as superuser:
        return superuser.execute(
            """SELECT 'database', datname, datallowconn::text FROM pg_database
               UNION ALL SELECT 'role', rolname, '' FROM pg_roles
               UNION ALL SELECT 'member', roleid::regrole::text, member::regrole::text FROM pg_auth_members
               UNION ALL SELECT 'setting', setdatabase::text, setconfig::text FROM pg_db_role_setting
               ORDER BY 1, 2, 3"""
        ).fetchall()


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with open_ground(ROOT) as made:
        compile_once(made)
        made.make_database(NAME)
        made.migrate(NAME)
        yield made


def test_the_admin_may_create_and_is_bound_by_row_level_security(ground: Ground) -> None:
    said = Proof(ground).ask(
        ground.admin,
        NAME,
        """SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles
           WHERE rolname = current_user""",
    )
    assert said.splitlines()[1] == "False | False | True | True"


def test_app_user_asks_and_commands_run_on_the_ground(ground: Ground) -> None:
    proof = Proof(ground)
    assert "app_user" in proof.ask("app_user", NAME, "SELECT current_user")
    said = proof.run(
        *ground.skeldir("refresh", "x; DROP TABLE tenants"), environment=ground.on("app_user", NAME)
    )
    assert said.startswith("view_unknown")
    assert said.endswith("exit status 1")


@pytest.mark.parametrize("role", ["postgres", "skeldir_owner", ""])
def test_no_other_role_gets_a_url(ground: Ground, role: str) -> None:
    with pytest.raises(SuperuserRefused):
        ground.url(role, NAME)


def test_commands_do_not_see_the_environment_of_the_caller(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    said = Proof(ground).run(sys.executable, "-c", "import os; print(sorted(os.environ))")
    assert "DATABASE_URL" not in said
    assert "PYTHONPATH" in said


def test_secrets_and_places_are_not_recorded(ground: Ground) -> None:
    ground.keep_secret("sk_1234567890")
    text = (
        f"key sk_1234567890 at {ground.scratch}/x by {sys.executable} in {ground.root}/src and {ground.root}ial "
        "on postgresql+psycopg://app_user:pa:ss@host/db"
    )
    assert ground.without_secrets(text) == (
        f"key *** at $SCRATCH/x by python in $ROOT/src and {ground.root}ial "
        "on postgresql+psycopg://app_user:***@host/db"
    )


def test_a_stopped_database_refuses_and_comes_back(ground: Ground) -> None:
    with closing(psycopg.connect(ground.url("app_user", NAME))) as connected:
        ground.stop_database(NAME)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(ground.url("app_user", NAME))
        with pytest.raises(psycopg.OperationalError):
            connected.execute("SELECT 1")
    ground.start_database(NAME)
    ground.start_database(NAME)
    assert "1" in Proof(ground).ask("app_user", NAME, "SELECT 1")


def test_a_database_may_be_made_and_dropped_and_made_again(ground: Ground) -> None:
    ground.make_database("skeldir_empty")
    with pytest.raises(GroundUnready, match="skeldir_empty"):
        ground.make_database("skeldir_empty")
    ground.drop_database("skeldir_empty")
    ground.make_database("skeldir_empty")


def test_a_migration_that_fails_is_told_with_what_it_said(ground: Ground) -> None:
    with pytest.raises(GroundUnready, match="no_such_revision"):
        ground.migrate(NAME, "no_such_revision")


def test_an_embedded_ground_leaves_nothing_also_after_an_error() -> None:
    scratches = []

    def fail() -> None:
        with open_ground(ROOT) as made:
            scratches.append(made.scratch)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [scratch.exists() for scratch in scratches] == [False]


@pytest.mark.slow
def test_a_given_server_is_used_and_left_as_it_was(empty_server: EmbeddedServer) -> None:
    before = inventory(empty_server)
    with open_ground(ROOT, given_url(empty_server)) as made:
        compile_once(made)
        assert (made.admin, made.is_embedded) == ("giver", False)
        made.make_database(NAME)
        made.migrate(NAME)
        assert made.on("app_user", NAME)["DATABASE_URL"].startswith("postgresql://app_user:")
        proof = Proof(made)
        proof.run(
            *made.skeldir("refresh", "x"),
            environment=made.on("app_user", NAME),
        )
        proof.ask(made.admin, NAME, "SELECT 1")
        assert "app_user:***@" in proof.steps[0].text
        connected = psycopg.connect(made.url("app_user", NAME))
        made.stop_database(NAME)
        with pytest.raises(psycopg.OperationalError):
            connected.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="not currently accepting"):
            psycopg.connect(made.url("app_user", NAME))
        made.start_database(NAME)
        # Somebody who is still connected does not keep the database alive.
        late = psycopg.connect(made.url("app_user", NAME))
        assert inventory(empty_server) != before
    connected.close()
    late.close()
    assert inventory(empty_server) == before


def test_a_given_server_is_left_as_it_was_after_an_error(empty_server: EmbeddedServer) -> None:
    before = inventory(empty_server)

    def fail() -> None:
        with open_ground(ROOT, given_url(empty_server)) as made:
            compile_once(made)
            made.make_database(NAME)
            made.migrate(NAME, "202511151400")
            made.stop_database(NAME)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert inventory(empty_server) == before


def test_a_signal_during_the_end_waits_for_it() -> None:
    ended: list[str] = []

    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        ended.append("went on")

    def end() -> None:
        with open_ground(ROOT) as made:
            made.endings.callback(interrupt)

    with pytest.raises(KeyboardInterrupt):
        end()
    assert ended == ["went on"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing_behind(empty_server: EmbeddedServer, number: int) -> None:
    before = inventory(empty_server)
    for url in ("", given_url(empty_server)):
        with subprocess.Popen(
            [sys.executable, "-c", HOLDS_A_GROUND, ROOT, url],
            env={"PYTHONPATH": SEARCH_PATH, "PATH": os.defpath},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as holder:
            assert holder.stdout is not None
            scratch = Path(holder.stdout.readline().strip())
            assert scratch.is_dir()
            # Impatience does not help either.
            holder.send_signal(number)
            holder.send_signal(signal.SIGINT)
            _, said = holder.communicate(timeout=60)
        assert holder.returncode in (130, 143), said
        assert not scratch.exists()
        wait_until(lambda home=scratch / "pg": not is_running(home))
    assert inventory(empty_server) == before


def test_one_proof_at_a_time_uses_a_server(empty_server: EmbeddedServer) -> None:
    with (
        open_ground(ROOT, given_url(empty_server)),
        pytest.raises(ServerNotEmpty, match="Another proof"),
        open_ground(ROOT, given_url(empty_server)),
    ):
        pass


@pytest.mark.parametrize(
    ("role", "error"),
    [("postgres", SuperuserRefused), ("weak", RightsMissing), ("nobody", DatabaseRefused)],
)
def test_an_unfit_role_is_refused(
    empty_server: EmbeddedServer, role: str, error: type[Exception]
) -> None:
    before = inventory(empty_server)
    with pytest.raises(error), open_ground(ROOT, given_url(empty_server, role)):
        pass
    assert inventory(empty_server) == before


@pytest.mark.parametrize(
    ("make", "undo", "named"),
    [
        ("CREATE DATABASE other", "DROP DATABASE other", "database other"),
        ("CREATE ROLE app_user", "DROP ROLE app_user", "role app_user"),
    ],
)
def test_a_server_that_holds_something_is_refused(
    empty_server: EmbeddedServer, make: str, undo: str, named: str
) -> None:
    with psycopg.connect(empty_server.url(), autocommit=True) as superuser:
        superuser.execute(make)
        try:
            before = inventory(empty_server)
            with (
                pytest.raises(ServerNotEmpty, match=named),
                open_ground(ROOT, given_url(empty_server)),
            ):
                pass
            assert inventory(empty_server) == before
        finally:
            superuser.execute(undo)


def test_a_database_that_holds_a_table_is_refused(empty_server: EmbeddedServer) -> None:
    url = given_url(empty_server)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA kept CREATE TABLE kept.facts (n int)")
        try:
            with pytest.raises(ServerNotEmpty, match=r"kept\.facts"), open_ground(ROOT, url):
                pass
        finally:
            connection.execute("DROP SCHEMA kept CASCADE")


def test_the_server_of_a_running_skeldir_is_refused(clone: Clone) -> None:
    with pytest.raises(ServerNotEmpty), open_ground(ROOT, clone.migrator_url):
        pass


def test_a_url_that_cannot_be_read_is_refused_without_its_password() -> None:
    with (
        pytest.raises(DatabaseRefused) as refused,
        open_ground(ROOT, "postgresql://giver:s3cret%zz@localhost/given"),
    ):
        pass
    assert "s3cret" not in str(refused.value) + refused.value.cure
    assert refused.value.__suppress_context__
