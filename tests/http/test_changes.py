"""`GET /v1/attribution/changes` and `skeldir report --changes-since`: why a report is another one than it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import target_of_order
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import get, key_of, open_client, settle
from tests.support.taking_back import undo

CHANGES = "/v1/attribution/changes"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell(db: Database, tenant: UUID) -> None:
    """Have two orders, each with a touch by e-mail."""
    for number in (1, 2):
        journey = f"visitor-{number}"
        await send_touches(db, tenant, make_touch(journey_key=journey, channel="email"))
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id=f"o{number}", journey_key=journey, occurred_at=at(2)),
        )
    await settle(db)


async def test_what_came_since_is_listed_by_cause_for_its_own_tenant_only(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell(db, tenant)
    await sell(db, other_tenant)
    since = utc_now().isoformat()
    assert (await get(client, CHANGES, await key_of(db, tenant), since=since))["data"] == []
    await send_conversions(
        db,
        tenant,
        make_conversion(
            order_id="o1", kind="refund", journey_key=None, amount_cents=4_000, occurred_at=at(3)
        ),
    )
    await send_touches(
        db, tenant, make_touch(journey_key="visitor-1", channel="sms", occurred_at=at(1))
    )
    await undo(db, tenant, target_of_order("o2"))
    await settle(db)
    report = await get(client, CHANGES, await key_of(db, tenant), since=since, model="last_touch")
    found = {row["channel"]: row["models"]["last_touch"] for row in report["data"]}
    assert found == {
        "email": {
            "before_cents": 20_000,
            "after_cents": 0,
            "causes": {"refunds": -4_000, "late_touches": -6_000, "taken_back": -10_000},
            "rest_cents": 0,
        },
        "sms": {
            "before_cents": 0,
            "after_cents": 6_000,
            "causes": {"late_touches": 6_000},
            "rest_cents": 0,
        },
    }
    assert report["named_orders"]["refunds"] == ["o1"]
    assert [undoing["target"] for undoing in report["undoings"]] == ["o2"]
    other = await get(client, CHANGES, await key_of(db, other_tenant), since=since)
    assert (other["data"], other["orders"], other["undoings"]) == ([], 0, [])


async def test_moments_that_cannot_be_compared_are_refused_with_a_cure(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant)
    now = utc_now()
    later = (now + timedelta(days=1)).isoformat()
    for query, code in (
        ({}, "input_invalid"),
        ({"since": "2026-03-01T00:00:00"}, "input_invalid"),
        ({"since": "9999-12-31T23:59:59-23:59"}, "input_invalid"),
        ({"since": "0001-01-01T00:00:00+23:59"}, "input_invalid"),
        ({"since": later}, "moment_not_known"),
        ({"since": "2020-01-01T00:00:00Z"}, "moment_not_known"),
        ({"since": now.isoformat(), "until": now.isoformat()}, "input_invalid"),
    ):
        answer = await client.get(CHANGES, headers=key, params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, code), query
        assert answer.json()["cure"]
    assert (await client.get(CHANGES, params={"since": later})).status_code == 401
    ingest = await key_of(db, tenant, "ingest")
    answer = await client.get(CHANGES, headers=ingest, params={"since": later})
    assert answer.json()["code"] == "scope_missing"


async def test_the_command_prints_the_causes(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell(db, tenant)
    since = utc_now().isoformat()
    await undo(db, tenant, target_of_order("o2"))
    await settle(db)
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    words = ["report", str(tenant), "--changes-since", since]

    async def run(*more: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, [*words, *more])

    said = (await run("--ratios", "linear")).output
    assert "taken back" in said
    assert "-100.00" in said
    assert "order o2" in said
    assert '"taken_back": -10000' in (await run("--json")).output
    assert (await run("--known-at", since)).exit_code == 2
    beyond = await run("--changes-until", "9999-12-31T23:59:59-12:00")
    assert (beyond.exit_code, "is not a moment" in beyond.output) == (2, True)
    alone = await asyncio.to_thread(CliRunner().invoke, app, [*words[:2], "--changes-until", since])
    assert (alone.exit_code, "needs --changes-since" in alone.output) == (2, True)
