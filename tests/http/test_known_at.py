"""`known_at` in the reading endpoints: of one tenant, page by page, with errors that say what to do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from typer.testing import CliRunner

from skeldir.attribution import ModelParameters, set_models
from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.passing import let_time_pass
from tests.support.reading import get, key_of, open_client, read_all, settle

CHANNELS = "/v1/attribution/channels"
REPORTS = (CHANNELS, "/v1/revenue/daily", "/v1/revenue/realtime")


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell(db: Database, tenant: UUID, cents: int = 10_000) -> None:
    await send_touches(db, tenant, make_touch(), make_touch(channel="sms", occurred_at=at(0.5)))
    await send_conversions(
        db,
        tenant,
        make_conversion(amount_cents=cents),
        make_conversion(amount_cents=cents, occurred_at=at(3), currency="EUR"),
    )
    await settle(db)


async def test_each_report_shows_what_was_known_and_no_other_tenants(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    key, other = await key_of(db, tenant), await key_of(db, other_tenant)
    await sell(db, tenant)
    moment = utc_now()
    before = {path: await get(client, path, key) for path in REPORTS}
    await sell(db, tenant, 5_000)
    await sell(db, other_tenant, 777)
    for path in REPORTS:
        then = await get(client, path, key, known_at=moment.isoformat())
        assert then["data"] == before[path]["data"] != (await get(client, path, key))["data"]
        assert then["known_at"] == moment.isoformat().replace("+00:00", "Z")
        assert (await get(client, path, other, known_at=moment.isoformat()))["data"] == []
        assert before[path]["known_at"] is None
    assert then.get("orders_awaiting_credit") is None


async def test_pages_are_of_one_moment(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await sell(db, tenant)
    moment = utc_now().isoformat()
    await sell(db, tenant, 5_000)
    for path in REPORTS[:2]:
        asked = {"known_at": moment} | ({"granularity": "day"} if path == CHANNELS else {})
        whole = (await get(client, path, key, **asked))["data"]
        assert await read_all(client, path, key, **asked, limit=1) == whole
        assert len(whole) > 1
        first = await get(client, path, key, **asked, limit=1)
        later = asked | {"known_at": utc_now().isoformat(), "cursor": first["next_cursor"]}
        answer = await client.get(path, headers=key, params=later)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_an_old_moment_is_answered_as_of_the_last_end_of_an_hour_that_is_told_apart(
    client: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await sell(db, tenant)
    await let_time_pass(clone, tenant, timedelta(days=5))
    asked = (utc_now() - timedelta(days=4)).replace(minute=20)
    then = await get(client, CHANNELS, key, known_at=asked.isoformat())
    assert then["known_at"] == asked.strftime("%Y-%m-%dT%H:00:00Z")
    assert then["data"] == (await get(client, CHANNELS, key))["data"]


@pytest.mark.parametrize("path", REPORTS)
async def test_moments_that_cannot_be_known_are_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str
) -> None:
    key = await key_of(db, tenant)
    refused = {
        (utc_now() + timedelta(hours=1)).isoformat(): "moment_not_known",
        "2020-01-01T00:00:00Z": "moment_not_known",
        "2026-06-01T00:00:00": "input_invalid",
    }
    for moment, code in refused.items():
        answer = await client.get(path, headers=key, params={"known_at": moment})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text


async def test_a_model_that_was_not_in_force_then_is_refused_and_money_needs_all_entries(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await sell(db, tenant)
    now = utc_now().isoformat()
    for path in REPORTS[1:]:
        answer = await client.get(
            path, headers=key, params={"known_at": now, "renewals": "exclude"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "renewals_not_known")
    for path in REPORTS:
        asked = {"known_at": now, "convert": "true", "currency": "EUR"}
        answer = await client.get(path, headers=key, params=asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "converted_now_only")
    async with db.tenant(tenant) as connection:
        wanted = {"linear": ModelParameters(14, None, None)}
        await set_models(connection, tenant, wanted, changed_by="test")
    then = await get(client, CHANNELS, key, known_at=now, model="linear")
    assert then["model_versions"] == {"linear": "linear@1"}


async def test_the_command_shows_the_same(
    client: httpx2.AsyncClient,
    clone: Clone,
    db: Database,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    key = await key_of(db, tenant)
    await sell(db, tenant)
    moment = utc_now().isoformat()
    expected = await get(client, CHANNELS, key)
    await sell(db, tenant, 5_000)
    words = ["report", str(tenant), "--known-at", moment]
    shown = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"])
    assert json.loads(shown.stdout)["data"] == expected["data"]
    table = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert (table.exit_code, "As known at" in table.output, "sms" in table.output) == (
        0,
        True,
        True,
    )
    refused = await asyncio.to_thread(CliRunner().invoke, app, [*words[:3], "2026-06-01T00:00:00"])
    assert refused.exit_code == 2
