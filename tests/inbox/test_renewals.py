"""Renewals stay out of reports that leave them out, to the cent, whatever becomes of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import (
    channel_totals,
    credit_dirty_orders,
    define_models,
    mark_all_orders,
    set_aside_totals,
    set_time_zone,
)
from skeldir.attribution.bounds import Bounds
from skeldir.audit import audit_tenant
from skeldir.days import read_rules
from skeldir.db.pool import Database
from skeldir.inbox import erase_order, rebook_all
from skeldir.inbox.saying import Provider
from skeldir.ingest import target_of_order
from skeldir.revenue import ledger_totals
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.audited import failed, rebuild, sentences
from tests.support.credit import keep_as_before_packing
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.reading import forget_before, get, key_of
from tests.support.renewals import (
    OTHERS,
    RENEWALS,
    Pair,
    assert_alike,
    event,
    pair_of,
    read_all,
    without_moments,
)
from tests.support.stripe import make_event, make_invoice
from tests.support.taking_back import assert_sound, redo, undo


@pytest.fixture
async def pair(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    async with pair_of(clone, db, tenant, monkeypatch) as made:
        yield made


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


async def test_a_renewal_that_is_known_before_its_money_is_left_out_when_that_comes(
    pair: Pair,
) -> None:
    await pair.send(*OTHERS)
    await pair.send(event("second", "authorized", day=3, is_renewal=True), is_renewal=True)
    await pair.settle()
    assert pair.all.ask("SELECT order_id FROM renewal_orders") == [("second",)]
    assert pair.all.ask("SELECT order_id FROM credited_renewals") == []
    await pair.send(event("second", day=3), is_renewal=True)
    await assert_alike(pair)


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


async def test_a_renewal_whose_credit_was_kept_without_its_journey_stays_out(
    clone: Clone, db: Database, pair: Pair
) -> None:
    await pair.send(*OTHERS)
    await pair.send(*RENEWALS, is_renewal=True)
    await pair.settle()
    for post in (pair.all, pair.others):
        await keep_as_before_packing(clone, db, post.tenant)
        forget_before(clone, post.tenant, "2026-11-02T00:00:00Z")
    await assert_alike(pair)
    await pair.send(event("first", "refunded", day=8, refund_id="re_more", amount="1.23"))
    refund = event("second", "refunded", day=8, refund_id="re_late", amount="2.34")
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


_ORDERS = st.sampled_from(["A", "B", "C"])
_STEPS = st.one_of(
    st.tuples(
        st.just("captured"), _ORDERS, st.integers(1, 9), st.sampled_from([None, False, True])
    ),
    st.tuples(st.just("refunded"), _ORDERS, st.integers(1, 9), st.none()),
    st.tuples(st.just("touch"), st.sampled_from(["email", "sms"]), st.integers(1, 9)),
    st.tuples(st.just("models"), st.integers(1, 9)),
    st.just(("credit",)),
    st.just(("roll up",)),
)


async def take_step(db: Database, post: Post, number: int, step: tuple[object, ...]) -> None:
    tenant = post.tenant
    match step:
        case ("captured" | "refunded" as kind, str(order), int(day), flag):
            about = event(
                order,
                kind,
                day=day,
                payment_id=f"pay_{order}_{day}",
                amount=f"{day}.0{len(order)}",
                currency="EUR" if order == "A" else "USD",
            )
            data = about["data"]
            assert isinstance(data, dict)
            data |= {} if flag is None else {"is_renewal": flag}
            data |= {"refund_id": f"re_{number}"} if kind == "refunded" else {}
            assert (await post.send(about)).status_code == 200
        case ("touch", channel, int(day)):
            moment = f"2026-11-{day:02}T09:00:00Z"
            await send_touches(db, tenant, make_touch(channel=channel, occurred_at=moment))
        case ("models", int(days)):
            async with db.tenant(tenant) as connection:
                await define_models(connection, tenant, lookback_days=days)
        case ("credit",):
            await credit_dirty_orders(db, tenant_id=tenant)
        case _:
            await roll_up_dirty_days(db, tenant_id=tenant)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(_STEPS, max_size=10))
async def test_at_any_moment_of_any_story_an_audit_finds_the_renewals_counted_as_they_should_be(
    clone: Clone, db: Database, pair: Pair, story: list[tuple[object, ...]]
) -> None:
    tenant = await make_tenant(db, "any")
    post = await make_post(pair.all.client, clone, db, tenant, "standard")
    for number, step in enumerate([*story, ("credit",), ("roll up",)]):
        await take_step(db, post, number, step)
        audit = await audit_tenant(db, tenant, exact_every=1)
        assert failed(audit) == set(), (step, sentences(audit))
    left = post.ask(
        f"""SELECT e.currency, sum(e.amount_cents)::bigint FROM standing_entries e
            WHERE e.tenant_id = '{tenant}' AND NOT EXISTS (
                SELECT FROM payments p
                WHERE p.tenant_id = e.tenant_id AND p.order_id = e.order_id AND p.is_renewal)
            GROUP BY 1 HAVING bool_or(e.kind = 'capture') ORDER BY 1"""
    )
    async with db.tenant(tenant) as connection:
        totals = await channel_totals(connection, tenant, without_renewals=True)
    for model in {total.model for total in totals}:
        credited: dict[str, int] = {}
        for total in totals:
            if total.model == model:
                before = credited.get(total.currency, 0)
                credited[total.currency] = before + total.credited_cents
        assert sorted(credited.items()) == left
