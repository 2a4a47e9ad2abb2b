"""`kill -9` between any two statements of a worker that makes a fit: another one makes it, and makes it once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.fits import request_fit
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.dying_worker import Directions
from tests.support.fitted import ASKED, send_journeys
from tests.support.kills import finish, launching, wait_until_nobody_is_connected
from tests.support.make import make_tenant

pytestmark = pytest.mark.slow

_FOUND = """
    SELECT (SELECT count(*) FROM model_fits), (SELECT count(*) FROM fit_requests WHERE state = 'done' AND version = 1),
           (SELECT count(*) FROM jobs WHERE kind = 'fits.make' AND state <> 'done'),
           (SELECT min(encode(data_sha256, 'hex') || result::text) FROM model_fits)"""


@pytest.fixture
async def waiting(server: EmbeddedServer) -> AsyncIterator[Clone]:
    """A database in which one fit was asked for."""
    with scratch_database(server, template=TEMPLATE) as clone:
        async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
            tenant: UUID = await make_tenant(db, "A")
            await send_journeys(db, tenant)
            async with db.tenant(tenant) as connection:
                await request_fit(connection, tenant, ASKED, asked_by="test")
        wait_until_nobody_is_connected(clone)
        yield clone


async def test_a_worker_killed_before_any_statement_or_answer_leaves_one_fit_to_the_next(
    waiting: Clone,
) -> None:
    directions = Directions("", "make_fits")
    with launching() as launcher:
        with scratch_database(waiting.server, template=waiting.name) as clone:
            sent = finish(launcher, clone, replace(directions, url=clone.app_url))
            expected = found_in(clone)
        assert expected[:3] == (1, 1, 0)
        assert sent.statements > 10
        deaths = [{"before_statement": number} for number in range(1, sent.statements + 1)]
        deaths += [{"after_commit": number} for number in range(1, sent.commits + 1)]
        for death in deaths:
            with scratch_database(waiting.server, template=waiting.name) as clone:
                dying = replace(directions, url=clone.app_url, **death)
                assert launcher.run(dying) is None, death
                wait_until_nobody_is_connected(clone)
                finish(launcher, clone, replace(directions, url=clone.app_url))
                assert found_in(clone) == expected, death


def found_in(clone: Clone) -> tuple[object, ...]:
    """Return how many fits, ended requests and open jobs there are, and what the fit found."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        row = admin.execute(_FOUND).fetchone()
        assert row is not None
        return row
