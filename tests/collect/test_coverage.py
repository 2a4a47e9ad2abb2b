"""What browsers keep of the collector's keys: landings and orders by local day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.attribution import set_time_zone
from skeldir.cli import app
from skeldir.days import read_rules
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

DAYS = "from=2026-03-01&to=2026-04-01"
NOTHING = {
    "granted_kept": 0,
    "granted_capped": 0,
    "session_kept": 0,
    "session_capped": 0,
    "orders": 0,
    "short_lived_orders": 0,
}


async def land(db: Database, tenant: UUID, journey: str, kind: str, *moments: str) -> None:
    """Record landings as the collector's report makes them."""
    touches = [
        make_touch(
            idempotency_key=f"collector:{kind}:{journey}-{at}", journey_key=journey, occurred_at=at
        )
        for at in moments
    ]
    await send_touches(db, tenant, *touches)


async def buy(db: Database, tenant: UUID, journey: str | None, *moments: str) -> None:
    """Record the captures of one order."""
    captures = [
        make_conversion(order_id=f"of {journey}", journey_key=journey, occurred_at=at)
        for at in moments
    ]
    await send_conversions(db, tenant, *captures)


async def ask(clone: Clone, db: Database, tenant: UUID) -> list[dict[str, Any]]:
    async with asking(clone.app_url) as (_, client):
        answer = await client.get(
            f"/v1/collect/coverage?{DAYS}", headers=await bearer(db, tenant, "read")
        )
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def test_landings_and_orders_are_counted_by_what_browsers_keep(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await land(db, tenant, "a", "granted:kept", "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z")
    await land(db, tenant, "a", "granted:capped", "2026-03-01T11:00:00Z")
    await land(db, tenant, "b", "granted:capped", "2026-03-01T12:00:00Z")
    await land(db, tenant, "c", "session:kept", "2026-03-01T12:00:00Z")
    await land(db, tenant, "d", "session:capped", "2026-03-01T12:00:00Z")
    # Neither is a landing of the collector.
    await land(db, tenant, "e", "other:kind", "2026-03-01T12:00:00Z")
    await send_touches(db, tenant, make_touch(journey_key="f", occurred_at="2026-03-01T12:00:00Z"))
    for journey in "abcdf":
        await buy(db, tenant, journey, "2026-03-02T12:00:00Z", "2026-03-04T12:00:00Z")
    await buy(db, tenant, None, "2026-03-02T12:00:00Z")
    other = await make_tenant(db, "other")
    await land(db, other, "a", "session:kept", "2026-03-05T10:00:00Z")
    assert await ask(clone, db, tenant) == [
        NOTHING
        | {
            "date": "2026-03-01",
            "granted_kept": 1,
            "granted_capped": 2,
            "session_kept": 1,
            "session_capped": 1,
        },
        NOTHING | {"date": "2026-03-02", "granted_kept": 1, "orders": 4, "short_lived_orders": 3},
    ]
    assert await ask(clone, db, other) == [NOTHING | {"date": "2026-03-05", "session_kept": 1}]


async def test_a_lasting_landing_after_the_order_does_not_count_for_it_and_days_are_local(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await set_time_zone(
            connection, tenant, read_rules("Pacific/Auckland"), changed_by="the test"
        )
    await land(db, tenant, "a", "session:kept", "2026-03-01T12:00:00Z")
    await buy(db, tenant, "a", "2026-03-01T13:00:00Z")
    await land(db, tenant, "a", "granted:kept", "2026-03-01T14:00:00Z")
    assert await ask(clone, db, tenant) == [
        NOTHING
        | {
            "date": "2026-03-02",
            "granted_kept": 1,
            "session_kept": 1,
            "orders": 1,
            "short_lived_orders": 1,
        },
    ]


def run(words: Sequence[str]) -> str:
    result = CliRunner().invoke(app, ["collect", *words])
    assert result.exit_code == 0, result.output
    return result.output


async def test_the_command_shows_the_share_of_orders_with_short_lived_keys(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    for journey, kind in (("a", "granted:kept"), ("b", "granted:capped"), ("c", "session:kept")):
        await land(db, tenant, journey, kind, "2026-03-01T10:00:00Z")
        await buy(db, tenant, journey, "2026-03-01T11:00:00Z")
    words = ["coverage", str(tenant), "--from", "2026-03-01", "--to", "2026-03-02"]
    shown = await asyncio.to_thread(run, words)
    assert "66 %" in shown
    report = json.loads(await asyncio.to_thread(run, [*words, "--json"]))
    assert [row["short_lived_orders"] for row in report["data"]] == [2]


def test_the_command_prints_the_line_for_a_page() -> None:
    line = run(
        [
            "script",
            "--url",
            "https://shop.example/s/",
            "--key",
            "skd_" + "A" * 43,
            "--consent",
            "denied",
        ]
    )
    assert line == (
        '<script async src="https://shop.example/s/c/v1.js" data-key="skd_'
        + "A" * 43
        + '" data-consent="denied"></script>\n'
    )
    pinned = run(["script", "--pinned"])
    assert 'integrity="sha384-' in pinned
    for words in (["--url", 'https://x/"><b'], ["--key", "x"], ["--consent", "yes"]):
        assert CliRunner().invoke(app, ["collect", "script", *words]).exit_code == 2


def test_a_line_without_an_address_comes_with_a_hint_that_is_not_part_of_it() -> None:
    shown = CliRunner().invoke(app, ["collect", "script"])
    assert shown.stdout.count("\n") == 1
    assert shown.stderr == "https://skeldir.example stands for your host: name it with --url.\n"
    named = CliRunner().invoke(app, ["collect", "script", "--url", "https://skeldir.example"])
    assert (named.stdout, named.stderr) == (shown.stdout, "")
