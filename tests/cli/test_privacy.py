"""`skeldir privacy forget`: old touches are deleted now, and the command reports how many and by which rule."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import open_database
from tests.conftest import Clone
from tests.support.make import make_tenant, make_touch, send_touches


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant with touches from 60, 50 and 30 days ago, on whose database commands work as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)

    async def visit() -> UUID:
        async with open_database(
            clone.app_url, pool_size=1, statement_timeout_ms=30_000
        ) as database:
            tenant = await make_tenant(database, "Shop")
            moments = (utc_now() - timedelta(days=days) for days in (60, 50, 30))
            touches = [make_touch(occurred_at=moment.isoformat()) for moment in moments]
            await send_touches(database, tenant, *touches)
            return tenant

    return asyncio.run(visit())


def test_touches_older_than_the_rule_are_deleted_at_once(shop: UUID) -> None:
    run("tenants", "retain", shop, "40")
    printed = run("privacy", "forget", shop)
    assert "Deleted 2 touches and 0 rejected items. Touches are kept for 40 days;" in printed
    assert "Deleted 0 touches" in run("privacy", "forget", shop)


def test_without_a_rule_no_touch_is_deleted_and_the_command_shows_how_to_set_one(
    shop: UUID,
) -> None:
    printed = run("privacy", "forget", shop)
    assert "Deleted 0 touches and 0 rejected items. Touches are kept for ever;" in printed
    assert "`skeldir tenants retain`" in printed
