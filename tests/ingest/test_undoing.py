"""Facts are taken back by facts: what is derived is then as if they had never come in."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import MODEL_NAMES, ModelParameters, credit_dirty_orders, set_models
from skeldir.attribution.order_facts import OrderUnknown, read_order
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import (
    NothingToRedo,
    NothingToUndo,
    ReasonMissing,
    TargetUnknown,
    forget_now,
    list_imports,
    list_undoings,
    preview_undo,
    request_undo,
    run_undoing,
    target_of_import,
    target_of_key,
    target_of_order,
    target_of_origin,
)
from skeldir.ingest.files import ImportBeingTakenBack, import_file, mapping_from_settings
from skeldir.ingest.tasks import UNDO_KIND
from skeldir.jobs import do_jobs
from skeldir.revenue import ledger_totals
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
from tests.support.recompute import read_facts, revenue_totals
from tests.support.refreshing import superuser_of
from tests.support.taking_back import assert_sound, outcome, redo, undo

MISTAKE = "api:mistake"
RIGHT_TOUCHES = (
    make_touch(idempotency_key="t1", channel="email"),
    make_touch(idempotency_key="t2", channel="sms", occurred_at=at(0.5)),
)
RIGHT_ORDERS = (
    make_conversion(idempotency_key="c1", order_id="A", amount_cents=101),
    make_conversion(idempotency_key="c2", order_id="B", amount_cents=700, occurred_at=at(3)),
)
WRONG_TOUCHES = (
    make_touch(idempotency_key="t3", channel="display", occurred_at=at(0.7)),
    make_touch(idempotency_key="t4", channel="display", journey_key="visitor-2"),
    make_touch(idempotency_key="t5", channel="referral", occurred_at=at(2.5)),
)
WRONG_ORDERS = (
    make_conversion(idempotency_key="c3", order_id="C", occurred_at=at(2)),
    make_conversion(
        idempotency_key="c4", order_id="C", kind="refund", amount_cents=500, occurred_at=at(4)
    ),
    make_conversion(
        idempotency_key="c5", order_id="B", kind="refund", amount_cents=300, occurred_at=at(5)
    ),
    make_conversion(
        idempotency_key="c6",
        order_id="D",
        journey_key="visitor-2",
        currency="JPY",
        occurred_at=at(9),
    ),
)


async def make_shop(db: Database, name: str) -> UUID:
    """A tenant with right facts only; its models cut journeys, so that an order matters to the next one."""
    tenant = await make_tenant(db, name)
    async with db.tenant(tenant) as connection:
        await set_models(
            connection,
            tenant,
            {"linear": ModelParameters(None, "reset", None)},
            changed_by="command:tester",
        )
    await send_touches(db, tenant, *RIGHT_TOUCHES, origin="api:right-touches")
    await send_conversions(db, tenant, *RIGHT_ORDERS, origin="api:right-orders")
    return tenant


async def set_lookback(db: Database, tenant: UUID, days: int) -> None:
    async with db.tenant(tenant) as connection:
        await set_models(
            connection,
            tenant,
            dict.fromkeys(MODEL_NAMES, ModelParameters(days, None, None)),
            changed_by="command:tester",
        )


async def send_mistake(db: Database, tenant: UUID, *, origin: str = MISTAKE) -> None:
    assert (await send_touches(db, tenant, *WRONG_TOUCHES, origin=origin)).accepted == 3
    assert (await send_conversions(db, tenant, *WRONG_ORDERS, origin=origin)).accepted == 4


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
    db: Database,
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


async def test_a_withdrawal_is_forgotten_with_the_last_touch_of_its_key(
    db: Database, tenant: UUID
) -> None:
    old = [make_touch(idempotency_key=key, occurred_at=at(-900)) for key in ("gone", "corrected")]
    await send_touches(db, tenant, *old, origin=MISTAKE)
    await undo(db, tenant, target_of_origin(MISTAKE))
    corrected = make_touch(idempotency_key="corrected", occurred_at=utc_now().isoformat())
    await send_touches(db, tenant, corrected, origin="api:corrected")
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, 30)
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


async def test_two_processes_share_an_undoing_while_credit_runs_and_facts_arrive(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    async with db.tenant(shop) as connection:
        undoing = await request_undo(
            connection,
            shop,
            target_of_origin(MISTAKE),
            reason="wrong",
            requested_by="command:tester",
        )
    others = [make_conversion(order_id=f"late-{n}", occurred_at=at(n)) for n in range(8)]

    async def send_others() -> None:
        for other in others:
            await send_conversions(db, shop, other, origin=f"api:{other['order_id']}")

    async def credit() -> None:
        for _ in range(8):
            await credit_dirty_orders(db, tenant_id=shop)

    await asyncio.gather(
        run_undoing(db, shop, undoing, most=1),
        run_undoing(db, shop, undoing, most=1),
        send_others(),
        credit(),
    )
    for other in others:
        await send_conversions(db, twin, other, origin="api:others")
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


async def test_a_worker_finishes_what_a_killed_command_began(db: Database) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    await send_mistake(db, shop)
    async with db.tenant(shop) as connection:
        undoing = await request_undo(
            connection,
            shop,
            target_of_origin(MISTAKE),
            reason="wrong",
            requested_by="command:tester",
        )

    class Killed(Exception):
        pass

    def die(_progress: object) -> None:
        raise Killed

    with pytest.raises(Killed):
        await run_undoing(db, shop, undoing, most=1, progress=die)
    await do_jobs(db, {UNDO_KIND.name: UNDO_KIND})
    async with db.tenant(shop) as connection:
        (one,) = await list_undoings(connection, shop)
    assert (one.phase, one.entries, one.touches) == ("done", 4, 3)
    assert await outcome(db, shop) == await outcome(db, twin)


MAPPING = mapping_from_settings(
    {
        "kind": "conversions",
        "currency": "USD",
        "amount_unit": "major",
        "columns": {
            "idempotency_key": "order",
            "order_id": "order",
            "occurred_at": "at",
            "amount": "total",
        },
    }
)


def write(path: Path, totals: list[str]) -> Path:
    lines = [f"F-{n},2026-03-0{n + 1}T10:00:00Z,{total}\n" for n, total in enumerate(totals)]
    path.write_text("order,at,total\n" + "".join(lines), encoding="utf-8")
    return path


async def test_an_import_is_taken_back_imported_again_and_put_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    wrong = write(tmp_path / "wrong.csv", ["10.00", "20.00", "30.00"])
    right = write(tmp_path / "right.csv", ["1.00", "2.00", "3.00"])

    async def take(path: Path) -> int:
        report = await import_file(
            db, tenant, path, MAPPING, progress=lambda _done: None, batch_rows=2
        )
        return report.done.conversions_accepted

    assert await take(wrong) == 3
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint[:12])
        with pytest.raises(TargetUnknown):
            await target_of_import(connection, tenant, "nothing")
    assert (await undo(db, tenant, target)).entries == 3
    with pytest.raises(NothingToUndo, match="a wrong file"):
        await undo(db, tenant, target)
    assert (await redo(db, tenant, target)).entries == 3
    assert (await undo(db, tenant, target)).entries == 3
    assert await take(right) == 3
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert total.net_cents == 600
    assert await take(wrong) == 0
    with pytest.raises(NothingToRedo):
        await redo(db, tenant, target)
    await assert_sound(db, tenant)


async def test_a_file_cannot_be_imported_while_it_is_taken_back(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.csv", ["10.00", "20.00"])
    await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, known.fingerprint)
        undoing = await request_undo(
            connection, tenant, target, reason="wrong", requested_by="command:tester"
        )
    with pytest.raises(ImportBeingTakenBack):
        await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    await run_undoing(db, tenant, undoing)
    report = await import_file(db, tenant, path, MAPPING, progress=lambda _done: None)
    assert report.done.conversions_accepted == 2
    await assert_sound(db, tenant)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from("stuurc"), min_size=4, max_size=12), data=st.data())
async def test_any_order_of_sending_undoing_and_redoing_agrees_with_a_recomputation(
    clone: Clone, db: Database, steps: list[str], data: st.DataObject
) -> None:
    shop = await make_shop(db, f"shop-{data.draw(st.uuids())}")
    for step in steps:
        origin = f"api:{data.draw(st.integers(0, 2))}"
        number = data.draw(st.integers(0, 3))
        if step == "s":
            item = WRONG_ORDERS[number] | {"amount_cents": data.draw(st.integers(1, 50))}
            await send_conversions(db, shop, item, origin=origin)
        elif step == "t":
            await send_touches(db, shop, WRONG_TOUCHES[number % 3], origin=origin)
        elif step == "u":
            await undo(db, shop, target_of_origin(origin))
        elif step == "c":
            await credit_dirty_orders(db, tenant_id=shop)
        else:
            try:
                await redo(db, shop, target_of_origin(origin))
            except NothingToRedo:
                continue
    await assert_sound(db, shop)
    async with superuser_of(clone) as superuser:
        facts = await read_facts(superuser, shop)
    expected = {row[:3] for row in revenue_totals(facts)}
    assert {tuple(row[:3]) for row in (await outcome(db, shop))["totals"]} == expected
