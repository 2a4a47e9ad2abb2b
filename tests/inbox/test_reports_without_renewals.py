"""Reports with `renewals=exclude` are those of a tenant that never had a renewal."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.inbox import Post
from tests.support.reading import get, key_of
from tests.support.renewals import (
    OTHERS,
    RENEWALS,
    Pair,
    assert_alike,
    event,
    pair_of,
    read_all,
)


@pytest.fixture
async def pair(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    async with pair_of(clone, db, tenant, monkeypatch) as made:
        yield made


async def test_reports_can_leave_renewals_out_with_their_refunds_and_disputes(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await assert_alike(pair)
    key = await key_of(pair.db, pair.all.tenant)
    path = "/v1/attribution/channels"
    (row,) = [
        row
        for row in (await get(pair.all.client, path, key, renewals="exclude"))["data"]
        if (row["currency"], row["channel"]) == ("EUR", "display")
    ]
    # The last touch of the first payment, of which 3.33 were refunded.
    assert row["models"]["last_touch"] == {
        "credited_cents": 4_666,
        "conversions": "1",
        "spend_cents": 500,
        "roas": "9.332000",
        "cpa_cents": "500.000000",
        "share": "0.857248",
        "interval": None,
    }
    daily = (await get(pair.all.client, "/v1/revenue/daily", key, renewals="exclude"))["data"]
    assert [
        (r["date"], r["currency"], r["state"], r["amount_cents"], r["entries"]) for r in daily
    ] == [
        ("2026-11-02", "EUR", "captured", 4_999, 1),
        ("2026-11-03", "EUR", "captured", 777, 1),
        ("2026-11-03", "USD", "captured", 1_001, 1),
        ("2026-11-04", "EUR", "refunded", -333, 1),
    ]
    totals = (await get(pair.all.client, "/v1/revenue/realtime", key, renewals="exclude"))["data"]
    assert [(r["currency"], r["net_cents"], r["orders"], r["last_entry_at"]) for r in totals] == [
        ("EUR", 5_443, 2, "2026-11-06T10:00:00Z"),
        ("USD", 1_001, 1, "2026-11-03T10:00:00Z"),
    ]


async def test_renewals_count_unless_they_are_left_out(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    plain = await read_all(pair.db, pair.all)
    assert await read_all(pair.db, pair.all, renewals="include") == plain
    answer = await pair.all.client.get(
        "/v1/revenue/daily?renewals=no", headers=await key_of(pair.db, pair.all.tenant)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")


async def test_the_tags_of_totals_with_and_without_renewals_differ(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    key = await key_of(pair.db, pair.all.tenant)
    path = "/v1/revenue/realtime"
    tag = (await pair.all.client.get(path, headers=key)).headers["etag"]
    asked = await pair.all.client.get(
        f"{path}?renewals=exclude", headers=key | {"If-None-Match": tag}
    )
    assert (asked.status_code, asked.headers["etag"] != tag) == (200, True)


async def test_a_cursor_of_a_report_with_renewals_is_refused_without_them(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.settle()
    key = await key_of(pair.db, pair.all.tenant)
    for path in ("/v1/revenue/daily", "/v1/attribution/channels"):
        page = await get(pair.all.client, path, key, limit=1)
        asked = await pair.all.client.get(
            path, params={"cursor": page["next_cursor"], "renewals": "exclude"}, headers=key
        )
        assert (asked.status_code, asked.json()["code"]) == (422, "cursor_invalid")


async def test_renewals_of_one_tenant_do_not_concern_another(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(event("single", day=3, is_renewal=True, currency="USD"), is_renewal=True)
    await pair.settle()
    shown = await read_all(pair.db, pair.others, renewals="exclude")
    assert shown == await read_all(pair.db, pair.others)
    assert pair.all.ask("SELECT tenant_id, order_id FROM renewal_orders") == [
        (pair.all.tenant, "single")
    ]


async def test_the_command_leaves_renewals_out_of_channels_and_ledger(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    monkeypatch.setenv("DATABASE_URL", pair.all.clone.app_url)

    async def run(post: Post, *options: str) -> str:
        command = ["report", str(post.tenant), *options]
        done = await asyncio.to_thread(CliRunner().invoke, app, command, env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    for options in (["--by", "source"], ["--by", "campaign", "--json"]):
        shown = await run(pair.all, "--without-renewals", *options)
        said = shown.replace('"exclude"', '"include"').replace(", without renewals", "")
        assert said != shown
        assert said.split() == (await run(pair.others, *options)).split()
        assert said.split() != (await run(pair.all, *options)).split()
    without = json.loads(await run(pair.all, "--without-renewals", "--json"))
    assert without.pop("renewals") == "exclude"
    assert without.pop("left_out") == [
        {"currency": "CHF", "net_cents": 100, "orders": 1},
        {"currency": "EUR", "net_cents": 2_223, "orders": 2},
        {"currency": "USD", "net_cents": 501, "orders": 1},
    ]
    others = json.loads(await run(pair.others, "--json"))
    assert (others.pop("renewals"), others.pop("left_out")) == ("include", [])
    assert without == others
    shown = await run(pair.all, "--without-renewals")
    assert "EUR without renewals: " in shown
    assert "NOT EQUAL" not in shown
    assert "CHF without renewals: " not in shown
    assert "Renewals are left out" in shown
    assert "Left out: 22.23 EUR of 2 orders\n" in shown
    assert "Left out: 1.00 CHF of 1 order\n" in shown
    assert "eft out" not in await run(pair.all)
    assert "Left out" not in await run(pair.others, "--without-renewals")


async def test_the_command_shows_renewals_that_are_all_that_is_sold(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pair.send(RENEWALS[1], is_renewal=True)
    monkeypatch.setenv("DATABASE_URL", pair.all.clone.app_url)
    command = ["report", str(pair.all.tenant), "--without-renewals"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert "holds nothing but renewals" in done.stderr
    assert "Left out: 49.99 EUR of 1 order\n" in done.stdout
