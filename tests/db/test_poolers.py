"""A connection pooler is refused at the start, whatever it would break later."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.db.requirements import PoolerRefused, require_unpooled
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.command import run_here
from tests.support.poolers import IGNORING, Pooler, running_pgbouncer
from tests.support.service import free_port

KINDS = {
    "as it is installed": ("session", ""),
    "session": ("session", IGNORING),
    "transaction": ("transaction", IGNORING),
    "statement": ("statement", IGNORING),
}
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("poolers")]


@pytest.fixture(scope="module", params=KINDS)
def pooler(request: pytest.FixtureRequest, server: EmbeddedServer) -> Iterator[Pooler]:
    mode, options = KINDS[request.param]
    with (
        scratch_database(server, template=TEMPLATE) as clone,
        running_pgbouncer(clone, mode=mode, options=options) as running,
    ):
        yield running


async def test_no_pool_is_opened_through_a_pooler(pooler: Pooler) -> None:
    with pytest.raises(PoolerRefused, match="DATABASE_URL leads to a connection pooler"):
        async with open_database(pooler.url("app_user"), pool_size=1, statement_timeout_ms=30_000):
            pass


@pytest.mark.parametrize(
    ("words", "user"),
    [
        (("serve",), "app_user"),
        (("serve", "--processes", "2"), "app_user"),
        (("worker",), "app_user"),
        (("beat",), "app_user"),
        (("matviews",), "app_user"),
        (("tenants", "list"), "migrator"),
        (("migrate",), "migrator"),
        (("scale", "plan"), "migrator"),
        (("scale", "check"), "migrator"),
        (("scale", "apply"), "migrator"),
    ],
)
def test_every_kind_of_command_reports_it_at_once(
    pooler: Pooler, words: tuple[str, ...], user: str
) -> None:
    port = ("--port", str(free_port())) if words[0] == "serve" else ()
    said = run_here(pooler.url(user), *words, *port, status=1)
    assert "pooler_refused: DATABASE_URL leads to a connection pooler" in said
    assert "SKELDIR_POOL_SIZE" in said
    assert "Traceback" not in said
    assert "started" not in said
    assert "The API will be at" not in said


@pytest.mark.parametrize(
    ("variable", "scheme"),
    [("CELERY_BROKER_URL", "sqla+"), ("CELERY_RESULT_BACKEND", "db+")],
)
def test_a_pooler_in_front_of_the_broker_is_reported_too(
    pooler: Pooler, clone: Clone, variable: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, scheme + pooler.url("app_user"))
    said = run_here(clone.app_url, "worker", status=1)
    assert f"pooler_refused: {variable} leads to a connection pooler" in said


def test_a_pooler_in_front_of_the_replica_is_reported_under_its_own_name(
    pooler: Pooler, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELDIR_READ_URL", pooler.url("app_user"))
    said = run_here(clone.app_url, "serve", "--port", str(free_port()), status=1)
    assert "pooler_refused: SKELDIR_READ_URL leads to a connection pooler" in said
    assert "DATABASE_URL" not in said


def test_postgresql_itself_and_a_server_that_is_away_are_no_poolers(clone: Clone) -> None:
    require_unpooled(clone.app_url, "DATABASE_URL")
    require_unpooled("postgresql://app_user@127.0.0.1:1/x", "DATABASE_URL")


async def test_settings_of_role_and_database_do_not_look_like_a_pooler(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        for setting in ("statement_timeout = '7s'", "lock_timeout = '9s'", "search_path = celery"):
            admin.execute(f"ALTER ROLE app_user IN DATABASE {clone.name} SET {setting}")
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000):
        pass
    require_unpooled(clone.app_url, "DATABASE_URL")
