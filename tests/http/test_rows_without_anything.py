"""Channels whose credit and spend were restated away have no row in any report; a refunded order keeps its row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import add_channels
from skeldir.spend import AdDay, AdKey, Load, record_days
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.own_rules import apply, store
from tests.support.reading import get, key_of, open_client, read_all, settle
from tests.support.reconciling import DAY

PATH = "/v1/attribution/channels"
BRAND = '[[rule]]\nid = "brand"\nchannel = "partners"\ncampaign.contains = "brand"\n'


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell(db: Database, tenant: UUID) -> None:
    """Record an order and spend of a campaign, and an order by email that is refunded in full."""
    ad = {"source": "google", "medium": "cpc", "campaign": "Brand", "channel": None}
    await send_touches(
        db, tenant, make_touch(**ad), make_touch(channel="email", journey_key="visitor-2")
    )
    back = {"order_id": "back", "journey_key": "visitor-2"}
    await send_conversions(
        db,
        tenant,
        make_conversion(),
        make_conversion(**back),
        make_conversion(**back, kind="refund", occurred_at=at(4)),
    )
    key = AdKey("google_ads", "9", "1", DAY, "USD")
    day = AdDay(key, "Brand", {"cost_cents": 1_200}, "paid_search", "utm.paid_search")
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"partners": "Partners"})
        await record_days(connection, tenant, Load("file", "a.csv", "0" * 64, "test", 1), [day])
    await settle(db)


def figures(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return credit and spend by channel."""
    shown = [(row["channel"], row["models"]["last_touch"]) for row in rows]
    return {channel: (of["credited_cents"], of["spend_cents"]) for channel, of in shown}


async def test_a_channel_whose_credit_and_spend_were_restated_away_has_no_row(
    client: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await sell(db, tenant)
    asked: dict[str, object] = {"model": "last_touch"}
    before = (await get(client, PATH, key, **asked))["data"]
    assert figures(before) == {"email": (0, 0), "paid_search": (10_000, 1_200)}
    await apply(db, tenant, await store(db, tenant, BRAND))
    await settle(db)
    under_rules = utc_now().isoformat()
    await apply(db, tenant, None)
    await settle(db)
    for more in ({}, {"known_at": utc_now().isoformat()}):
        assert figures((await get(client, PATH, key, **asked, **more))["data"]) == figures(before)
    daily = asked | {"granularity": "day", "from_": "2026-03-01", "to": "2026-03-08"}
    for more in ({}, {"known_at": utc_now().isoformat()}):
        rows = (await get(client, PATH, key, **daily, **more))["data"]
        assert {row["channel"] for row in rows} == {"email", "paid_search"}
        assert await read_all(client, PATH, key, **daily, **more, limit=1) == rows
    then = (await get(client, PATH, key, **asked, known_at=under_rules))["data"]
    assert figures(then) == {"email": (0, 0), "partners": (10_000, 1_200)}
    compared = await get(
        client, PATH, key, **asked, compare="known_at", compare_known_at=under_rules
    )
    assert figures(compared["data"]) == {**figures(before), "partners": (0, 0)}
    changes = {
        row["channel"]: row["compared"]["last_touch"]["change"]["spend_cents"]
        for row in compared["data"]
    }
    assert changes == {"email": 0, "paid_search": 1_200, "partners": -1_200}
    same = asked | {"compare": "known_at", "compare_known_at": utc_now().isoformat()}
    assert figures((await get(client, PATH, key, **same))["data"]) == figures(before)


async def test_commands_show_spend_that_nobody_recorded_as_unknown(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    await sell(db, tenant)
    words = ["report", str(tenant), "--known-at", utc_now().isoformat()]
    compare = ["--compare", "known_at", "--compare-known-at", utc_now().isoformat()]
    for more, email, paid in (
        ([], "0.00 │ –", "100.00 │ 12.00 │"),  # noqa: RUF001 - as it is shown
        (compare, "– (–)", "12.00"),  # noqa: RUF001
    ):
        said = await asyncio.to_thread(CliRunner().invoke, app, [*words, *more])
        lines = [" ".join(line.split()) for line in said.output.splitlines()]
        assert any(line.startswith("│ email") and f"{email} │" in line for line in lines), lines
        assert any(line.startswith("│ paid_s") and paid in line for line in lines), lines
