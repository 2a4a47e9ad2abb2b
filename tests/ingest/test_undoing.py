"""Facts are taken back by facts: what is derived is then as if they had never come in."""

from __future__ import annotations

import asyncio
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution.order_facts import OrderUnknown, read_order
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import (
    NothingToRedo,
    ReasonMissing,
    TargetUnknown,
    UndoingUnderWay,
    forget_now,
    list_undoings,
    preview_undo,
    request_redo,
    request_undo,
    run_undoing,
    target_of_key,
    target_of_order,
    target_of_origin,
    withdrawals,
)
from skeldir.revenue import ledger_totals, reversals
from skeldir.tenants import set_retention
from tests.conftest import Clone
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.mistakes import (
    MISTAKE,
    RIGHT_ORDERS,
    RIGHT_TOUCHES,
    WRONG_ORDERS,
    WRONG_TOUCHES,
    make_shop,
    send_mistake,
    set_lookback,
)
from tests.support.refreshing import superuser_of, until
from tests.support.taking_back import assert_sound, let_a_day_pass, outcome, redo, undo


@pytest.mark.parametrize("is_credited", [True, False])
async def test_what_was_taken_back_was_never_there_for_anything_derived(
    db: Database, is_credited: bool
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    right = await outcome(db, twin)
    await send_mistake(db, shop)
    if is_credited:
        assert await outcome(db, shop) != right
    done = await undo(db, shop, target_of_origin(MISTAKE))
    assert (done.entries, done.touches, done.is_done) == (4, 3, True)
    assert await outcome(db, shop) == right
    await assert_sound(db, shop)


async def test_the_same_keys_go_in_again_with_other_content(db: Database) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    orders = [order | {"amount_cents": 17} for order in WRONG_ORDERS]
    touches = [touch | {"channel": "direct"} for touch in WRONG_TOUCHES]
    for tenant in (shop, twin):
        for _ in range(2):
            await send_touches(db, tenant, *touches, origin="api:corrected")
            await send_conversions(db, tenant, *orders, origin="api:corrected")
    again = await send_conversions(db, shop, *orders, origin="api:corrected")
    assert (again.accepted, again.duplicates, len(again.rejected)) == (0, 4, 0)
    reused = await send_conversions(db, shop, *WRONG_ORDERS, origin="api:again")
    assert len(reused.rejected) == 4
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


async def test_undoing_and_redoing_can_be_repeated(db: Database) -> None:
    shop = await make_shop(db, "shop")
    right = await outcome(db, shop)
    await send_mistake(db, shop)
    with_mistake = await outcome(db, shop)
    for _ in range(2):
        assert (await undo(db, shop, target_of_origin(MISTAKE))).entries == 4
        assert await outcome(db, shop) == right
        done = await redo(db, shop, target_of_origin(MISTAKE))
        assert (done.entries, done.touches) == (4, 3)
        assert await outcome(db, shop) == with_mistake
        await assert_sound(db, shop)
    with pytest.raises(NothingToRedo):
        await redo(db, shop, target_of_origin(MISTAKE))


async def test_a_redo_leaves_what_has_come_back_since(db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    corrected = WRONG_ORDERS[0] | {"amount_cents": 1}
    await send_conversions(db, shop, corrected, origin="api:corrected")
    assert (await redo(db, shop, target_of_origin(MISTAKE))).entries == 3
    async with db.tenant(shop) as connection:
        assert (
            await connection.fetchval(
                "SELECT captured_cents FROM order_balances WHERE order_id = 'C'"
            )
            == 1
        )
    await assert_sound(db, shop)


async def test_undoing_twice_takes_nothing_more_back(db: Database, tenant: UUID) -> None:
    await send_mistake(db, tenant)
    await undo(db, tenant, target_of_origin(MISTAKE))
    again = await undo(db, tenant, target_of_origin(MISTAKE))
    assert (again.entries, again.touches) == (0, 0)


async def test_the_ledger_keeps_both_entries_on_the_day_of_the_first(
    db: Database, tenant: UUID
) -> None:
    await send_mistake(db, tenant)
    await undo(db, tenant, target_of_origin(MISTAKE))
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            """SELECT count(*) AS entries, sum(amount_cents) AS cents, count(DISTINCT occurred_at) AS moments,
                      count(DISTINCT recorded_at) AS recorded
               FROM revenue_ledger GROUP BY business_key"""
        )
        assert {tuple(row) for row in rows} == {(2, 0, 1, 2)}
        assert {total.net_cents for total in await ledger_totals(connection, tenant)} <= {0}


async def test_the_preview_shows_the_money_by_currency_and_month_and_who_depends_on_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    webhook = make_conversion(
        order_id="C", kind="dispute", amount_cents=60, occurred_at=at(6), journey_key=None
    )
    del webhook["journey_key"]
    await send_conversions(db, shop, webhook, origin="api:webhook")
    async with db.tenant(shop, is_read_only=True) as connection:
        preview = await preview_undo(connection, shop, target_of_origin(MISTAKE), most=2)
        monkeypatch.setattr(withdrawals, "TOUCHES_LOOKED_AT", 0)
        monkeypatch.setattr(reversals, "ENTRIES_LOOKED_AT", 0)
        in_pieces = await preview_undo(connection, shop, target_of_origin(MISTAKE))
    assert (in_pieces.entries, in_pieces.touches) == (4, 3)
    assert in_pieces.money == preview.money
    # What is looked at with one statement holds no fact of the mistake, one, or more.
    done = await undo(db, shop, target_of_origin(MISTAKE))
    assert (done.entries, done.touches) == (4, 3)
    again = await redo(db, shop, target_of_origin(MISTAKE))
    assert (again.entries, again.touches) == (4, 3)
    march = date(2026, 3, 1)
    assert dict(preview.money) == {
        ("USD", march, "capture"): -10_000,
        ("USD", march, "refund"): 800,
        ("JPY", march, "capture"): -10_000,
    }
    assert (preview.entries, preview.touches) == (4, 3)
    assert {(one.order_id, one.kind) for one in preview.dependents} >= {("C", "dispute")}
    assert {one.order_id for one in preview.dependents} == {"B", "C"}


async def test_an_order_with_a_dispute_awaits_its_capture_once_that_was_taken_back(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    dispute = {"order_id": "A", "kind": "dispute", "amount_cents": 50, "occurred_at": at(2)}
    won = dispute | {"kind": "dispute_reversal", "occurred_at": at(3)}
    await send_conversions(
        db, shop, make_conversion(**dispute), make_conversion(**won), origin="api:webhook"
    )
    right = await outcome(db, shop)
    await undo(db, shop, target_of_origin("api:right-orders"))
    states = {row[0]: row[2] for row in (await outcome(db, shop))["balances"]}
    assert states == {"A": "awaiting_capture"}
    await assert_sound(db, shop)
    await redo(db, shop, target_of_origin("api:right-orders"))
    assert await outcome(db, shop) == right
    await assert_sound(db, shop)


async def test_one_order_is_taken_back_whichever_way_its_entries_came(db: Database) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    for number, kind in enumerate(("capture", "dispute")):
        item = make_conversion(
            order_id="E", kind=kind, amount_cents=10, journey_key="visitor-1", occurred_at=at(2)
        )
        await send_conversions(db, shop, item, origin=f"api:{number}")
    await outcome(db, shop)
    assert (await undo(db, shop, target_of_order("E"))).entries == 2
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


async def test_a_batch_is_found_by_a_key_that_it_brought(db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    async with db.tenant(shop) as connection:
        of_entry = await target_of_key(connection, shop, "c3")
        of_touch = await target_of_key(connection, shop, "t3")
        with pytest.raises(TargetUnknown):
            await target_of_key(connection, shop, "unheard-of")
    assert of_entry == of_touch == target_of_origin(MISTAKE)


async def test_a_reason_is_required_and_kept_with_the_author(db: Database, tenant: UUID) -> None:
    await send_mistake(db, tenant)
    with pytest.raises(ReasonMissing):
        await undo(db, tenant, target_of_origin(MISTAKE), reason=" ")
    await undo(db, tenant, target_of_origin(MISTAKE), reason="wrong shop")
    async with db.tenant(tenant) as connection:
        (one,) = await list_undoings(connection, tenant)
    assert (one.reason, one.requested_by, one.phase) == ("wrong shop", "command:tester", "done")


async def test_an_order_without_a_standing_entry_is_explained_as_taken_back(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    await outcome(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    await outcome(db, shop)
    async with db.tenant(shop, is_read_only=True) as connection:
        with pytest.raises(OrderUnknown, match="taken back"):
            await read_order(connection, shop, "C")
        facts = await read_order(connection, shop, "B")
    assert [entry["amount_cents"] for entry in facts.entries] == [700]
    assert facts.standing["entries"] == 1
    assert {touch["channel_code"] for touch in facts.newest} == {"email", "sms"}


async def test_a_touch_before_all_windows_is_taken_out_of_the_stored_journey(
    db: Database,
) -> None:
    early = [
        make_touch(idempotency_key="far", channel="display", occurred_at=at(-40)),
        make_touch(idempotency_key="farther", channel="affiliate", occurred_at=at(-41)),
    ]
    shop, twin = await make_tenant(db, "shop"), await make_tenant(db, "twin")
    for tenant in (shop, twin):
        await set_lookback(db, tenant, 90)
        items = early if tenant == shop else early[1:]
        for item in items:
            await send_touches(
                db, tenant, item | {"channel": "email"}, origin=item["idempotency_key"]
            )
        await send_touches(db, tenant, *RIGHT_TOUCHES, origin="api:right")
        await send_conversions(db, tenant, *RIGHT_ORDERS, origin="api:orders")
        await outcome(db, tenant)
        await set_lookback(db, tenant, 30)
        await outcome(db, tenant)
    await undo(db, shop, target_of_origin("far"))
    assert (await outcome(db, shop))["journeys"] == (await outcome(db, twin))["journeys"]
    await assert_sound(db, shop)
    for tenant in (shop, twin):
        await set_lookback(db, tenant, 90)
    assert (await outcome(db, shop))["credit"] == (await outcome(db, twin))["credit"]
    await assert_sound(db, shop)


async def test_a_withdrawal_is_forgotten_a_day_later_with_the_last_touch_of_its_key(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    old = [make_touch(idempotency_key=key, occurred_at=at(-900)) for key in ("gone", "corrected")]
    await send_touches(db, tenant, *old, origin=MISTAKE)
    await undo(db, tenant, target_of_origin(MISTAKE))
    corrected = make_touch(idempotency_key="corrected", occurred_at=utc_now().isoformat())
    await send_touches(db, tenant, corrected, origin="api:corrected")
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, 30)
    assert (await forget_now(db, tenant)).touches == 0
    await let_a_day_pass(clone)
    assert (await forget_now(db, tenant)).touches == 2
    async with db.tenant(tenant) as connection:
        withdrawn = await connection.fetch("SELECT idempotency_key FROM touch_withdrawals")
    assert [row[0] for row in withdrawn] == ["corrected"]
    assert (await send_touches(db, tenant, corrected, origin="api:again")).duplicates == 1


async def test_another_tenant_and_the_runtime_role_can_change_nothing_of_it(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_mistake(db, tenant)
    assert (await undo(db, other_tenant, target_of_origin(MISTAKE))).entries == 0
    assert (await undo(db, tenant, target_of_origin(MISTAKE))).entries == 4
    async with db.tenant(other_tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM touch_withdrawals") == 0
        assert await connection.fetchval("SELECT count(*) FROM standing_entries") == 0
    for statement in (
        "DELETE FROM touch_withdrawals",
        "UPDATE touch_withdrawals SET generation = 9",
        "DELETE FROM undoings",
        "UPDATE undoings SET reason = 'none'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant(tenant) as connection:
                await connection.execute(statement)


async def test_a_redo_puts_back_what_has_come_back_and_was_taken_back_again(db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    with_mistake = await outcome(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    await send_mistake(db, shop, origin="api:corrected")
    await undo(db, shop, target_of_origin("api:corrected"))
    done = await redo(db, shop, target_of_origin(MISTAKE))
    assert (done.entries, done.touches) == (4, 3)
    assert await outcome(db, shop) == with_mistake
    of_other = await redo(db, shop, target_of_origin("api:corrected"))
    assert (of_other.entries, of_other.touches) == (0, 0)
    assert await outcome(db, shop) == with_mistake
    await assert_sound(db, shop)


async def test_what_is_being_put_back_is_not_taken_back_meanwhile(db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)
    await undo(db, shop, target_of_origin(MISTAKE))
    async with db.tenant(shop) as connection:
        redoing = await request_redo(
            connection, shop, target_of_origin(MISTAKE), reason="right", requested_by="x"
        )
    with pytest.raises(UndoingUnderWay, match="put back"):
        await undo(db, shop, target_of_origin(MISTAKE))
    await run_undoing(db, shop, redoing)
    assert (await undo(db, shop, target_of_origin(MISTAKE))).entries == 4


async def test_two_requests_at_once_are_one_undoing(clone: Clone, db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_mistake(db, shop)

    async def request() -> UUID:
        async with db.tenant(shop) as connection:
            return await request_undo(
                connection, shop, target_of_order("C"), reason="wrong", requested_by="x"
            )

    async with superuser_of(clone) as watcher:

        async def is_waiting() -> bool:
            waiting: int = await watcher.fetchval(
                """SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
            )
            return waiting > 0

        async with db.tenant(shop) as connection:
            first = await request_undo(
                connection, shop, target_of_order("C"), reason="wrong", requested_by="x"
            )
            other = asyncio.create_task(request())
            await until(is_waiting)
    assert await other == first
    assert (await run_undoing(db, shop, first)).entries == 2
