"""Every response with days names the time zone that they are of, and a list is of one zone from page to page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.make import make_conversion, send_conversions
from tests.support.reading import get, key_of, open_client, settle
from tests.support.zones import set_zone

pytestmark = pytest.mark.shares_clone

DAILY, CHANNELS = "/v1/revenue/daily", "/v1/attribution/channels"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


@pytest.fixture
async def sold(db: Database, tenant: UUID) -> UUID:
    """100.00 USD on each of three nights, half an hour after midnight in Berlin."""
    for day in (18, 19, 20):
        moment = datetime(2026, 10, day, 22, 30, tzinfo=UTC)
        await send_conversions(db, tenant, make_conversion(occurred_at=moment.isoformat()))
    await settle(db)
    return tenant


async def test_days_are_those_of_the_zone_that_the_response_names(
    client: httpx2.AsyncClient, db: Database, sold: UUID
) -> None:
    key = await key_of(db, sold)
    days = {}
    for zone in ("UTC", "Europe/Berlin"):
        await set_zone(db, sold, zone)
        await settle(db)
        daily = await get(client, DAILY, key)
        report = await get(client, CHANNELS, key, granularity="day", model="linear")
        assert daily["time_zone"] == report["time_zone"] == zone
        days[zone] = [row["date"] for row in daily["data"]]
        assert [row["period"] for row in report["data"]] == days[zone]
    assert days == {
        "UTC": ["2026-10-18", "2026-10-19", "2026-10-20"],
        "Europe/Berlin": ["2026-10-19", "2026-10-20", "2026-10-21"],
    }


async def test_a_range_is_of_days_of_the_zone(
    client: httpx2.AsyncClient, db: Database, sold: UUID
) -> None:
    key = await key_of(db, sold)
    await set_zone(db, sold, "Europe/Berlin")
    await settle(db)
    within = {"from": "2026-10-21", "to": "2026-10-22"}
    assert [row["date"] for row in (await get(client, DAILY, key, **within))["data"]] == [
        "2026-10-21"
    ]
    (row,) = (await get(client, CHANNELS, key, model="linear", **within))["data"]
    assert row["models"]["linear"]["credited_cents"] == 10_000


@pytest.mark.parametrize(("path", "filters"), [(DAILY, {}), (CHANNELS, {"granularity": "day"})])
async def test_pages_of_two_zones_are_never_put_together(
    client: httpx2.AsyncClient, db: Database, sold: UUID, path: str, filters: dict[str, str]
) -> None:
    key = await key_of(db, sold)
    cursor = (await get(client, path, key, limit=1, **filters))["next_cursor"]
    await set_zone(db, sold, "Europe/Berlin")
    await settle(db)
    answer = await client.get(path, headers=key, params={"cursor": cursor, **filters})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


async def test_while_credit_follows_a_report_shows_none_of_the_zone_before(
    client: httpx2.AsyncClient, db: Database, sold: UUID
) -> None:
    key = await key_of(db, sold)
    await set_zone(db, sold, "Europe/Berlin")
    report = await get(client, CHANNELS, key, granularity="day")
    assert report["time_zone"] == "Europe/Berlin"
    assert report["orders_awaiting_credit"] == 3
    assert report["data"] == []
    daily = await get(client, DAILY, key)
    assert [row["date"] for row in daily["data"]] == ["2026-10-19", "2026-10-20", "2026-10-21"]
