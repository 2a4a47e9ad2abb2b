"""`compare` in the channel report: other figures beside each row, and what changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from typer.testing import CliRunner

from skeldir.attribution import ModelParameters, retire_model, set_models
from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.rollups import mark_days
from tests.conftest import Clone
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import get, key_of, open_client, read_all, settle

pytestmark = pytest.mark.shares_clone

PATH = "/v1/attribution/channels"
# Monday, in a leap year's spring.
MONDAY = date(2024, 4, 1)
WEEK = {"from_": "2024-04-01", "to": "2024-04-08", "model": "last_touch"}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell(db: Database, tenant: UUID, cents: int, day: date, channel: str = "email") -> None:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    name = f"{day} {channel} {cents}"
    await send_touches(
        db,
        tenant,
        make_touch(channel=channel, journey_key=name, occurred_at=moment.isoformat()),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(amount_cents=cents, journey_key=name, occurred_at=moment.isoformat()),
    )


async def spend(db: Database, tenant: UUID, cents: int, day: date) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), $2::date::text, $2, 'email', 'USD', $3)""",
            tenant, day, cents,
        )  # fmt: skip
        await mark_days(connection, tenant, [day])


def figures(
    rows: list[dict[str, Any]],
) -> dict[tuple[str | None, str], tuple[int, int, str | None]]:
    """Return the credit of each row, what it is compared with, and the relative change."""
    shown = {}
    for row in rows:
        there = row["compared"]["last_touch"]
        here = row["models"]["last_touch"]["credited_cents"]
        assert there["change"]["credited_cents"] == here - there["credited_cents"]
        relative = there["relative"]["credited_cents"]
        shown[row["period"], row["channel"]] = here, there["credited_cents"], relative
    return shown


async def test_rows_of_either_side_are_there_with_absolute_and_relative_changes(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    before = MONDAY - timedelta(days=7)
    await sell(db, tenant, 300, MONDAY)
    await sell(db, tenant, 200, before)
    await sell(db, tenant, 50, before, "sms")
    await sell(db, tenant, 70, MONDAY, "direct")
    await sell(db, other_tenant, 9_999, before)
    await spend(db, tenant, 100, MONDAY)
    await settle(db)
    page = await get(client, PATH, key, **WEEK, compare="previous")
    assert figures(page["data"]) == {
        (None, "direct"): (70, 0, None),
        (None, "email"): (300, 200, "0.500000"),
        (None, "sms"): (0, 50, "-1.000000"),
    }
    assert page["comparison"] == {
        "compare": "previous",
        "match": "date",
        "first_day": "2024-03-25",
        "end_day": "2024-04-01",
        "time_zone": "UTC",
        "known_at": None,
        "model_versions": {"last_touch": "last_touch@1"},
    }
    email = next(row for row in page["data"] if row["channel"] == "email")
    there = email["compared"]["last_touch"]
    assert (there["roas"], there["change"]["roas"], there["relative"]["roas"]) == (None,) * 3
    assert (there["change"]["spend_cents"], there["relative"]["spend_cents"]) == (100, None)
    assert (there["conversions"], there["relative"]["conversions"]) == ("1", "0.000000")
    alone = await get(client, PATH, key, **WEEK)
    assert [row["compared"] for row in alone["data"]] == [None] * 2
    assert [row["models"] for row in page["data"][:2]] == [row["models"] for row in alone["data"]]
    assert page["orders_awaiting_credit"] == 0


async def test_days_meet_by_date_or_by_weekday(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    for cents, day in (
        (1, date(2023, 4, 1)),
        (2, date(2023, 4, 3)),
        (4, MONDAY),
        (8, date(2024, 3, 29)),
    ):
        await sell(db, tenant, cents, day)
    await settle(db)
    asked = WEEK | {"granularity": "day"}
    by_date = await get(client, PATH, key, **asked, compare="year")
    assert figures(by_date["data"])["2024-04-01", "email"] == (4, 1, "3.000000")
    assert figures(by_date["data"])["2024-04-03", "email"] == (0, 2, "-1.000000")
    by_weekday = await get(client, PATH, key, **asked, compare="year", match="weekday")
    assert figures(by_weekday["data"]) == {("2024-04-01", "email"): (4, 2, "1.000000")}
    # Three days are compared with those a week before: Friday meets Friday.
    friday = {
        "from_": "2024-04-05",
        "to": "2024-04-08",
        "model": "last_touch",
        "granularity": "day",
    }
    rows = (await get(client, PATH, key, **friday, compare="previous", match="weekday"))["data"]
    assert figures(rows) == {("2024-04-05", "email"): (0, 8, "-1.000000")}
    custom = {"compare": "custom", "compare_from": "2024-03-29", "compare_to": "2024-04-05"}
    rows = (await get(client, PATH, key, **asked, **custom))["data"]
    assert figures(rows) == {
        ("2024-04-01", "email"): (4, 8, "-0.500000"),
        ("2024-04-04", "email"): (0, 4, "-1.000000"),
    }


async def test_the_pages_of_a_comparison_are_the_same_rows(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    for number in range(5):
        day = MONDAY + timedelta(days=number)
        await sell(db, tenant, 100 + number, day, ("email", "sms")[number % 2])
        await sell(db, tenant, 200, day - timedelta(days=7), ("email", "display")[number % 2])
    await settle(db)
    for more in ({}, {"known_at": utc_now().isoformat()}):
        asked = WEEK | {"granularity": "day", "compare": "previous"} | more
        whole = (await get(client, PATH, key, **asked))["data"]
        assert len(whole) == 7
        for limit in (1, 2, 3, 7):
            assert await read_all(client, PATH, key, **asked, limit=limit) == whole


async def test_the_same_days_are_compared_with_what_was_known_of_them(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    await sell(db, tenant, 100, MONDAY)
    async with db.tenant(tenant) as connection:
        await retire_model(connection, tenant, "linear", changed_by="test")
    await settle(db)
    moment = utc_now().isoformat()
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(None, None, None)}, changed_by="test"
        )
    await sell(db, tenant, 40, MONDAY, "sms")
    await settle(db)
    asked = {"compare": "known_at", "compare_known_at": moment, "model": "last_touch,linear"}
    page = await get(client, PATH, key, **asked)
    assert figures(page["data"]) == {
        (None, "email"): (100, 100, "0.000000"),
        (None, "sms"): (40, 0, None),
    }
    assert [row["compared"]["linear"] for row in page["data"]] == [None, None]
    assert page["comparison"]["model_versions"] == {"last_touch": "last_touch@1"}


@pytest.mark.parametrize(
    "asked",
    [
        {"compare": "previous"},
        {"compare": "year", "from": "2024-04-01"},
        {"compare": "custom", "from": "2024-04-01", "to": "2024-04-08"},
        {"compare": "known_at"},
        {"compare_known_at": "2024-04-08T00:00:00Z"},
        {"match": "weekday"},
        {"compare": "previous", "from": "0001-01-03", "to": "0001-02-01"},
        {"compare": "year", "from": "0001-01-03", "to": "0001-02-01"},
        {
            "compare": "custom", "from": "2024-04-01", "to": "2024-04-08", "granularity": "day",
            "compare_from": "2024-03-01", "compare_to": "2024-03-02",
        },
        {
            "compare": "custom", "from": "2024-04-01", "to": "2024-04-08", "match": "weekday",
            "compare_from": "2024-03-01", "compare_to": "2024-03-08",
        },
    ],
)  # fmt: skip
async def test_what_cannot_be_compared_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, asked: dict[str, str]
) -> None:
    answer = await client.get(PATH, headers=await key_of(db, tenant), params=asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "comparison_invalid"), answer.text


async def test_the_command_compares_too(
    client: httpx2.AsyncClient,
    clone: Clone,
    db: Database,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    await sell(db, tenant, 300, MONDAY)
    await sell(db, tenant, 200, MONDAY - timedelta(days=7))
    await settle(db)
    words = [
        "report",
        str(tenant),
        "--from",
        "2024-04-01",
        "--to",
        "2024-04-08",
        "--compare",
        "previous",
    ]
    shown = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"])
    page = await get(
        client, PATH, await key_of(db, tenant), **WEEK | {"model": None}, compare="previous"
    )
    printed = json.loads(shown.stdout)
    assert (printed["data"], printed["comparison"]) == (page["data"], page["comparison"])
    table = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert "(+1.00," in table.output
    assert "In parentheses the change from 2024-03-25 to before 2024-04-01." in table.output
    refused = await asyncio.to_thread(CliRunner().invoke, app, [*words[:2], "--match", "weekday"])
    assert refused.exit_code == 2
