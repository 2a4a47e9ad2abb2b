"""Reports that leave renewals out are those of a tenant that never had any, to the cent, whatever became of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.attribution import (
    channel_totals,
    credit_dirty_orders,
    define_models,
    mark_all_orders,
    set_aside_totals,
    set_time_zone,
)
from skeldir.attribution.bounds import Bounds
from skeldir.cli import app
from skeldir.days import read_rules
from skeldir.db.pool import Database
from skeldir.inbox import erase_order, rebook_all
from skeldir.inbox.saying import Provider
from skeldir.ingest import target_of_order
from skeldir.revenue import ledger_totals
from skeldir.rollups import mark_days, roll_up_dirty_days
from tests.conftest import Clone
from tests.support.audited import rebuild, settle
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.reading import get, key_of
from tests.support.stripe import make_event, make_invoice
from tests.support.taking_back import assert_sound, redo, undo

REPORTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("/v1/attribution/channels", {"granularity": "total"}),
    ("/v1/attribution/channels", {"granularity": "day"}),
    ("/v1/attribution/channels", {"granularity": "month", "currency": "EUR", "model": "linear"}),
    ("/v1/attribution/channels", {"granularity": "week", "from_": "2026-11-02", "limit": 1}),
    ("/v1/attribution/origins", {"by": "source"}),
    ("/v1/attribution/origins", {"by": "campaign", "from_": "2026-11-02", "to": "2026-11-04"}),
    ("/v1/revenue/daily", {}),
    ("/v1/revenue/daily", {"currency": "USD", "state": "captured"}),
    ("/v1/revenue/daily", {"limit": 1}),
    ("/v1/revenue/realtime", {}),
)


@dataclass(frozen=True)
class Pair:
    """A tenant with renewals, and one that gets everything but these."""

    db: Database
    all: Post
    others: Post

    async def send(self, *events: dict[str, object], is_renewal: bool = False) -> None:
        for event in events:
            for post in [self.all] if is_renewal else [self.all, self.others]:
                answer = await post.send(event)
                assert answer.status_code == 200, answer.text

    async def settle(self) -> None:
        for post in (self.all, self.others):
            await settle(self.db, post.tenant)


def event(order: str, kind: str = "captured", *, day: int, **data: object) -> dict[str, object]:
    about = {
        "payment_id": f"pay_{order}",
        "order_id": order,
        "amount": "49.99",
        "currency": "EUR",
        "skeldir_journey": "visitor-1",
    }
    return {
        "type": f"payment.{kind}",
        "timestamp": f"2026-11-{day:02}T10:00:00Z",
        "data": about | data,
    }


FIRST = event("first", day=2, agreement="sub_1", is_renewal=False)
SINGLE = event("single", day=3, amount="10.01", currency="USD", skeldir_journey="visitor-2")
OTHERS = (
    FIRST,
    SINGLE,
    event("direct", day=3, amount="7.77", skeldir_journey="nobody"),
    event("first", "refunded", day=4, refund_id="re_first", amount="3.33"),
)
RENEWALS = (
    event("second", day=3, agreement="sub_1", is_renewal=True, amount="33.34"),
    event("third", day=4, agreement="sub_1", is_renewal=True),
    event("foreign", day=3, is_renewal=True, amount="5.01", currency="USD"),
    event("lone", day=5, is_renewal=True, amount="1.00", currency="CHF"),
    event("second", "refunded", day=5, refund_id="re_second", amount="11.11"),
    event("third", "disputed", day=6, dispute_id="dp_third"),
)


@pytest.fixture
async def pair(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """Two tenants with the same journeys and spend; nothing is sold yet."""
    other = await make_tenant(db, "twin")
    async with inbox_of(clone, monkeypatch) as (_app, client):
        for one in (tenant, other):
            await visit(db, one)
        posts = [await make_post(client, clone, db, one, "standard") for one in (tenant, other)]
        yield Pair(db, *posts)


async def visit(db: Database, tenant: UUID) -> None:
    seen = (("visitor-1", "email"), ("visitor-1", "display"), ("visitor-2", "sms"))
    touches = (
        make_touch(
            idempotency_key=f"t{number}",
            journey_key=journey,
            channel=channel,
            source=f"source-{channel}",
            campaign="autumn",
            occurred_at=f"2026-11-01T0{number}:00:00Z",
        )
        for number, (journey, channel) in enumerate(seen)
    )
    await send_touches(db, tenant, *touches)
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), 'spend-1', '2026-11-03', 'display', 'EUR', 500)""",
            tenant,
        )
        await mark_days(connection, tenant, [date(2026, 11, 3)])


async def read_all(db: Database, post: Post, **more: object) -> list[dict[str, Any]]:
    """Return every report, all pages of it, without what names the orders that await credit."""
    key = await key_of(db, post.tenant)
    read: list[dict[str, Any]] = []
    for path, parameters in REPORTS:
        asked = {**parameters, **more}
        while True:
            page = await get(post.client, path, key, **asked)
            cursor = page.pop("next_cursor", None)
            read.append(page)
            if cursor is None:
                break
            asked["cursor"] = cursor
    return read


async def assert_alike(pair: Pair) -> None:
    """Without renewals the first tenant shows what the second one shows in any case."""
    await pair.settle()
    shown = await read_all(pair.db, pair.all, renewals="exclude")
    assert without_moments(shown) == without_moments(await read_all(pair.db, pair.others))
    assert shown != await read_all(pair.db, pair.all)
    await assert_sound(pair.db, pair.all.tenant)


def without_moments(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the latest moments: with the money of renewals, their moments are not left out."""
    return [
        page
        | {"data": [{n: v for n, v in row.items() if n != "last_entry_at"} for row in page["data"]]}
        for page in pages
    ]


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


async def test_a_payment_that_a_later_report_calls_a_renewal_is_left_out_then(pair: Pair) -> None:
    await pair.send(*OTHERS)
    unnamed = event("second", day=3, amount="33.34")
    await pair.send(unnamed, is_renewal=True)
    await pair.settle()
    assert pair.all.ask("SELECT count(*) FROM rollup_channel_day WHERE basis = 'renewal'") == [(0,)]
    shown = await read_all(pair.db, pair.all)
    assert await read_all(pair.db, pair.all, renewals="exclude") == shown
    await pair.send(event("second", day=3, amount="33.34", is_renewal=True), is_renewal=True)
    key = await key_of(pair.db, pair.all.tenant)
    channels = await get(pair.all.client, "/v1/attribution/channels", key, renewals="exclude")
    assert channels["orders_awaiting_credit"] == 1
    await assert_alike(pair)
    # With renewals, nothing has changed but in which rows they are counted.
    assert without_moments(await read_all(pair.db, pair.all)) == without_moments(shown)


async def test_a_renewal_whose_payment_gets_another_order_is_one_under_its_new_name(
    pair: Pair,
) -> None:
    await pair.send(*OTHERS)
    named = event("second", day=3, amount="33.34", is_renewal=True)
    data = named["data"]
    assert isinstance(data, dict)
    unnamed = named | {"data": {name: value for name, value in data.items() if name != "order_id"}}
    await pair.send(unnamed, is_renewal=True)
    await pair.settle()
    orders = "SELECT order_id FROM renewal_orders ORDER BY 1"
    assert pair.all.ask(orders) == [("standard:payment:pay_second",)]
    await assert_alike(pair)
    await pair.send(named, is_renewal=True)
    await assert_alike(pair)
    assert pair.all.ask(orders) == [("second",)]
    assert pair.all.ask("SELECT order_id FROM credited_renewals") == [("second",)]


async def test_an_order_of_a_first_payment_and_a_renewal_is_a_renewal(pair: Pair) -> None:
    await pair.send(*OTHERS)
    both = event("second", day=3, is_renewal=True), event("second", day=4, payment_id="pay_more")
    for order in (both, both[::-1]):
        await pair.send(*order, is_renewal=True)
    await assert_alike(pair)


async def test_renewals_stay_out_when_models_and_time_zone_change_and_after_a_rebuild(
    pair: Pair,
) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await assert_alike(pair)
    for post in (pair.all, pair.others):
        async with pair.db.tenant(post.tenant) as connection:
            await define_models(connection, post.tenant, lookback_days=7)
    await assert_alike(pair)
    for post in (pair.all, pair.others):
        async with pair.db.tenant(post.tenant) as connection:
            rules = read_rules("Pacific/Kiritimati")
            await set_time_zone(connection, post.tenant, rules, changed_by="command:test")
    await assert_alike(pair)
    for post in (pair.all, pair.others):
        await rebuild(pair.db, post.tenant)
    await rebook_all(pair.db, pair.all.tenant, is_of_both=False)
    await assert_alike(pair)


async def test_a_touch_that_comes_late_changes_the_credit_of_both_alike(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    for post in (pair.all, pair.others):
        late = make_touch(
            idempotency_key="late", channel="referral", occurred_at="2026-11-02T09:00:00Z"
        )
        await send_touches(pair.db, post.tenant, late)
    await assert_alike(pair)


async def test_an_erased_renewal_stays_a_renewal(pair: Pair) -> None:
    await pair.send(*OTHERS)
    alone = event("second", day=3, is_renewal=True, skeldir_journey="visitor-9")
    await pair.send(alone, is_renewal=True)
    await erase_order(pair.db, pair.all.tenant, "second", reason="A test", requested_by="test")
    await assert_alike(pair)
    refund = event("second", "refunded", day=4, refund_id="re_second", amount="1.01")
    await pair.send(refund, is_renewal=True)
    await assert_alike(pair)


async def test_a_renewal_that_is_taken_back_and_put_back_is_a_renewal_again(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    before = await read_all(pair.db, pair.all)
    await undo(pair.db, pair.all.tenant, target_of_order("second"))
    await assert_alike(pair)
    assert ("second",) not in pair.all.ask("SELECT order_id FROM credited_renewals")
    assert (
        pair.all.ask("SELECT * FROM rollup_channel_day WHERE allocations = 0 AND basis <> 'entry'")
        == []
    )
    assert await read_all(pair.db, pair.all) != before
    await redo(pair.db, pair.all.tenant, target_of_order("second"))
    await assert_alike(pair)
    assert await read_all(pair.db, pair.all) == before


async def test_a_renewal_that_is_set_aside_leaves_both_sides_equal(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    db, tenant = pair.db, pair.all.tenant
    # It becomes a renewal only when it cannot be credited any more: its credit is counted as before.
    await pair.send(event("first", day=2, is_renewal=True), is_renewal=True)
    await pair.send(
        event("third", "refunded", day=7, refund_id="re_third", amount="0.01"), is_renewal=True
    )
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await credit_dirty_orders(
        db, tenant_id=tenant, bounds=Bounds(entries_of_order=1, entries_at_once=4)
    )
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        for without in (True, False):
            credited = await channel_totals(connection, tenant, without_renewals=without)
            ledger = await ledger_totals(connection, tenant, without_renewals=without)
            aside = await set_aside_totals(connection, tenant, without_renewals=without)
            for total in ledger:
                for model in ("first_touch", "linear"):
                    found = sum(
                        one.credited_cents
                        for one in credited
                        if (one.model, one.currency) == (model, total.currency)
                    )
                    left = sum(
                        one.uncredited_cents
                        for one in aside
                        if (one.model, one.currency) == (model, total.currency)
                    )
                    assert found + left == total.net_cents, (without, total.currency, model)
            assert {one.orders for one in aside if one.currency == "EUR"} == {0 if without else 3}
    await assert_sound(db, tenant)


async def test_renewals_of_one_tenant_do_not_concern_another(pair: Pair) -> None:
    await pair.send(*OTHERS)
    await pair.send(event("single", day=3, is_renewal=True, currency="USD"), is_renewal=True)
    await pair.settle()
    shown = await read_all(pair.db, pair.others, renewals="exclude")
    assert shown == await read_all(pair.db, pair.others)
    assert pair.all.ask("SELECT tenant_id, order_id FROM renewal_orders") == [
        (pair.all.tenant, "single")
    ]


@pytest.mark.parametrize("reason", ["subscription_create", "subscription_cycle"])
async def test_stripe_calls_a_renewal_what_a_cycle_of_a_subscription_is_invoiced_for(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    provider: Provider = "stripe"
    async with inbox_of(clone, monkeypatch) as (_app, client):
        post = await make_post(client, clone, db, tenant, provider)
        invoice = make_event("invoice.paid", make_invoice(billing_reason=reason), livemode=True)
        assert (await post.send(json.dumps(invoice).encode())).status_code == 200
    orders = post.ask("SELECT order_id FROM payments WHERE order_id IS NOT NULL")
    assert len(orders) == 1
    renewals = post.ask("SELECT order_id FROM renewal_orders")
    assert renewals == (orders if reason == "subscription_cycle" else [])


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

    for options in (["--json"], ["--by", "source"], ["--by", "campaign", "--json"]):
        shown = await run(pair.all, "--without-renewals", *options)
        assert shown == await run(pair.others, *options)
        assert shown != await run(pair.all, *options)
    shown = await run(pair.all, "--without-renewals")
    assert "NOT EQUAL" not in shown
    assert "CHF" not in shown
    assert "Renewals are left out" in shown
