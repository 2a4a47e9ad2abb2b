"""`skeldir tenants time-zone` as people use it: a preview, a question, and a list of who changed what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from skeldir.cli import app
from skeldir.days import TimeZoneUnknown
from skeldir.db.pool import Database, open_database
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.rollups import list_zone_changes, rules_in_force
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import make_conversion, send_conversions


@pytest.fixture
def on_clone(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    return clone


def run(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert not isinstance(result.exception, SkeldirError), (words, result.exception)
    assert result.exit_code == 0, result.output
    return result


def refused(*words: object) -> SkeldirError:
    fault = CliRunner().invoke(app, [str(word) for word in words]).exception
    assert isinstance(fault, SkeldirError), words
    return fault


def zone_of(clone: Clone, tenant: UUID) -> tuple[str, int]:
    """Return the tenant's zone, and how often it was set."""

    async def read() -> tuple[str, int]:
        async with (
            open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as db,
            db.tenant(tenant) as connection,
        ):
            changes = await list_zone_changes(connection, tenant)
            return (await rules_in_force(connection, tenant)).name, len(changes)

    return asyncio.run(read())


def sell_at_night(clone: Clone, tenant: UUID) -> None:
    async def sell(db: Database) -> None:
        moment = datetime(2026, 10, 19, 22, 30, tzinfo=UTC)
        await send_conversions(db, tenant, make_conversion(occurred_at=moment.isoformat()))
        await credit_until_complete(db, tenant)

    async def open_and_sell() -> None:
        async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
            await sell(db)

    asyncio.run(open_and_sell())


def test_a_tenant_has_the_zone_that_it_was_created_with(on_clone: Clone) -> None:
    words = ("tenants", "create", "Shop", "--time-zone", "Europe/Berlin")
    tenant = UUID(run(*words).stdout.strip())
    assert zone_of(on_clone, tenant) == ("Europe/Berlin", 1)
    assert "Days are those of Europe/Berlin." in run("tenants", "time-zone", tenant).stdout


def test_without_one_it_has_the_days_of_utc(on_clone: Clone) -> None:
    tenant = UUID(run("tenants", "create", "Shop").stdout.strip())
    assert zone_of(on_clone, tenant) == ("UTC", 0)
    assert run("tenants", "time-zone", tenant).stdout == "Days are those of UTC.\n"


def test_what_is_no_zone_creates_and_changes_nothing(on_clone: Clone) -> None:
    fault = refused("tenants", "create", "Shop", "--time-zone", "Berlin")
    assert isinstance(fault, TimeZoneUnknown)
    tenant = UUID(run("tenants", "create", "Shop").stdout.strip())
    fault = refused("tenants", "time-zone", tenant, "CEST", "--yes")
    assert isinstance(fault, TimeZoneUnknown)
    assert zone_of(on_clone, tenant) == ("UTC", 0)


def test_a_change_is_shown_first_and_made_only_when_confirmed(on_clone: Clone) -> None:
    tenant = UUID(run("tenants", "create", "Shop").stdout.strip())
    sell_at_night(on_clone, tenant)
    shown = run("tenants", "time-zone", tenant, "Europe/Berlin", "--preview").stdout
    assert "1 ledger entries get another day" in shown
    assert "2026-10-19" in shown
    assert "2026-10-20" in shown
    fault = refused("tenants", "time-zone", tenant, "Europe/Berlin")
    assert isinstance(fault, InputInvalid)
    assert zone_of(on_clone, tenant) == ("UTC", 0)
    run("tenants", "time-zone", tenant, "Europe/Berlin", "--yes")
    assert zone_of(on_clone, tenant) == ("Europe/Berlin", 1)
    again = run("tenants", "time-zone", tenant, "Europe/Berlin", "--yes").stdout
    assert "Nothing was changed" in again
    assert zone_of(on_clone, tenant) == ("Europe/Berlin", 1)
    assert "command:app_user" in run("tenants", "time-zone", tenant).stdout
