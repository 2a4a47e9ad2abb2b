"""A touch that somebody corrects has that channel, whatever happens to rules and files, until it is revoked."""

from __future__ import annotations

from asyncio import gather
from collections import Counter
from datetime import datetime
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import (
    ChannelRow,
    ChannelsAsked,
    channel_totals,
    find_standing,
    read_rows,
)
from skeldir.attribution.explain import explain_order
from skeldir.attribution.order_facts import read_order
from skeldir.audit import audit_tenant
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import (
    Correction,
    CorrectionInvalid,
    CorrectionMoves,
    CorrectionNotInForce,
    CorrectionUnknown,
    ReasonMissing,
    TouchUnknown,
    UndoingUnderWay,
    correct_touch,
    list_corrections,
    request_undo,
    revoke_correction,
    target_of_origin,
    try_correction,
    try_revocation,
)
from tests.conftest import Clone
from tests.spend.test_dry_run import assert_causes_add_up
from tests.spend.test_own_rules_of_spend import make_shop, visit
from tests.support.audited import settle
from tests.support.make import at, make_conversion, send_conversions, send_touches
from tests.support.own_rules import apply, store
from tests.support.refreshing import superuser_of
from tests.support.taking_back import assert_sound, outcome, redo, undo

VISITS = "api:visits"
DISPLAY = '[[rule]]\nid = "all"\nchannel = "display"\nalways = true\n'
TOUCHES = (
    visit("a", 0, source="g", medium="cpc"),
    visit("b", 0.25, source="news", medium="email"),
    visit("given", 0.5) | {"channel": "email"},
    visit("c", 3, source="g", medium="cpc"),
)
ORDERS = (
    make_conversion(idempotency_key="r1", order_id="A", amount_cents=10_001),
    make_conversion(
        idempotency_key="r2",
        order_id="A",
        kind="refund",
        amount_cents=3_334,
        occurred_at=at(2),
    ),
    make_conversion(idempotency_key="r3", order_id="B", amount_cents=707, occurred_at=at(4)),
)


async def make(db: Database, name: str) -> UUID:
    shop = await make_shop(db, name)
    await send_touches(db, shop, *TOUCHES, origin=VISITS)
    await send_conversions(db, shop, *ORDERS)
    return shop


async def correct(
    db: Database, tenant: UUID, touch: str, channel: str, reason: str = "it was ours"
) -> Correction:
    async with db.tenant(tenant) as connection:
        return await correct_touch(
            connection, tenant, touch, channel, reason=reason, requested_by="command:ann"
        )


async def revoke(db: Database, tenant: UUID, correction: UUID) -> Correction:
    async with db.tenant(tenant) as connection:
        return await revoke_correction(
            connection, tenant, correction, reason="it was not", requested_by="command:bob"
        )


async def trial(
    db: Database, tenant: UUID, touch: str | UUID, channel: str = ""
) -> CorrectionMoves:
    async with db.tenant(tenant, is_read_only=True) as connection:
        if isinstance(touch, UUID):
            return await try_revocation(connection, tenant, touch)
        return await try_correction(connection, tenant, touch, channel)


async def placed(db: Database, tenant: UUID) -> dict[str, tuple[str, str]]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT idempotency_key, channel_code, channel_rule FROM standing_touches"
        )
    return {row[0]: (row[1], row[2]) for row in rows}


async def credit_of(db: Database, tenant: UUID) -> Counter[tuple[str, str, str]]:
    await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        rows = await channel_totals(connection, tenant)
    return Counter(
        {(row.model, row.currency, row.channel_code): row.credited_cents for row in rows}
    )


async def report_at(db: Database, tenant: UUID, moment: datetime | None) -> list[ChannelRow]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        standing = await find_standing(connection, tenant, None, moment)
        return await read_rows(connection, tenant, ChannelsAsked(), standing, most=1_000)


def sums_of(found: CorrectionMoves, which: str) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (row.model, row.currency, row.channel): getattr(row, f"credited_cents_{which}")
            for row in found.credit
        }
    )


@pytest.mark.parametrize("touch", ["a", "given"])
async def test_a_correction_and_its_revocation_move_what_their_dry_runs_say_and_all_comes_back(
    db: Database, touch: str
) -> None:
    shop, other = await make(db, "shop"), await make(db, "other")
    before, credit = await outcome(db, shop), await credit_of(db, shop)
    of_other, was = await outcome(db, other), await placed(db, shop)
    started, report = utc_now(), await report_at(db, shop, None)
    found = await trial(db, shop, touch, "affiliates")
    assert (found.orders_moved, found.first_orders_moved) == (2, ["A", "B"])
    assert await outcome(db, shop) == before, "a dry run writes nothing"
    done = await correct(db, shop, touch, "affiliates")
    assert (done.touch, done.channel, done.reason) == (touch, "affiliates", "it was ours")
    assert (done.requested_by, done.is_in_force) == ("command:ann", True)
    suffix = ":email" if touch == "given" else ""
    assert (await placed(db, shop))[touch] == ("affiliates", f"correction@{done.id}{suffix}")
    after = await credit_of(db, shop)
    assert (sums_of(found, "now"), sums_of(found, "then")) == (credit, after)
    assert after["linear", "USD", "affiliates"] > 0
    await assert_sound(db, shop)
    corrected = utc_now()
    assert await assert_causes_add_up(db, shop, started, corrected) == {"corrections"}
    assert await report_at(db, shop, started) == report
    found = await trial(db, shop, done.id)
    revoked = await revoke(db, shop, done.id)
    assert (revoked.channel, revoked.is_in_force) == (None, False)
    assert await credit_of(db, shop) == sums_of(found, "then") == credit
    assert await outcome(db, shop) == before
    assert await placed(db, shop) == was
    assert await assert_causes_add_up(db, shop, corrected, utc_now()) == {"corrections"}
    assert await report_at(db, shop, started) == report
    await assert_sound(db, shop)
    assert await outcome(db, other) == of_other


async def test_rules_undoing_and_importing_again_leave_a_correction_alone(db: Database) -> None:
    shop = await make(db, "shop")
    done = await correct(db, shop, "a", "affiliates")
    given = await correct(db, shop, "given", "audio")
    kept = {
        "a": ("affiliates", f"correction@{done.id}"),
        "given": ("audio", f"correction@{given.id}:email"),
    }

    async def assert_kept() -> None:
        now = await placed(db, shop)
        assert {key: now[key] for key in kept} == kept
        await assert_sound(db, shop)

    version = await store(db, shop, DISPLAY)
    assert await apply(db, shop, version) == 2
    await assert_kept()
    assert await apply(db, shop, None) == 2
    await assert_kept()
    await undo(db, shop, target_of_origin(VISITS))
    assert await placed(db, shop) == {}
    await redo(db, shop, target_of_origin(VISITS))
    await assert_kept()
    await send_touches(db, shop, *TOUCHES, origin="api:repeated")
    await assert_kept()
    await undo(db, shop, target_of_origin(VISITS))
    await send_touches(db, shop, *TOUCHES, origin="api:again")
    await assert_kept()


async def test_what_is_put_back_follows_a_correction_that_came_after_it_was_taken_back(
    db: Database,
) -> None:
    shop = await make(db, "shop")
    await undo(db, shop, target_of_origin(VISITS))
    await send_touches(db, shop, *TOUCHES, origin="api:again")
    done = {key: await correct(db, shop, key, "affiliates") for key in ("a", "given")}
    await undo(db, shop, target_of_origin("api:again"))
    await redo(db, shop, target_of_origin(VISITS))
    now = await placed(db, shop)
    assert now["a"] == ("affiliates", f"correction@{done['a'].id}")
    assert now["given"] == ("affiliates", f"correction@{done['given'].id}:email")
    await revoke(db, shop, done["given"].id)
    assert (await placed(db, shop))["given"] == ("email", "explicit")
    await assert_sound(db, shop)


async def test_a_correction_that_is_revoked_while_its_touch_is_taken_back_does_not_come_back_with_it(
    db: Database,
) -> None:
    shop = await make(db, "shop")
    was = await placed(db, shop)
    for touch, channel in (
        ("a", "affiliates"),
        ("a", was["a"][0]),
        ("given", "affiliates"),
        ("given", "email"),
    ):
        done = await correct(db, shop, touch, channel)
        await undo(db, shop, target_of_origin(VISITS))
        with pytest.raises(TouchUnknown):
            await trial(db, shop, done.id)
        await revoke(db, shop, done.id)
        await redo(db, shop, target_of_origin(VISITS))
        assert await placed(db, shop) == was
    await assert_sound(db, shop)


async def test_an_explanation_shows_who_corrected_a_touch_when_and_why(db: Database) -> None:
    shop = await make(db, "shop")
    done = await correct(db, shop, "a", "affiliates")
    await settle(db, shop)
    async with db.tenant(shop, is_read_only=True) as connection:
        touches = explain_order(await read_order(connection, shop, "A")).touches
    shown = {touch.idempotency_key: touch.correction for touch in touches}
    assert shown["b"] is None
    assert shown["a"] is not None
    found = shown["a"]
    assert (found.id, found.reason, found.requested_by) == (done.id, done.reason, "command:ann")
    assert found.requested_at == done.requested_at


async def test_the_last_correction_of_a_touch_is_in_force_and_only_it_can_be_revoked(
    db: Database, other_tenant: UUID
) -> None:
    shop = await make(db, "shop")
    first = await correct(db, shop, "a", "affiliates")
    assert await correct(db, shop, "a", "affiliates") == first, "a repeated request"
    second = await correct(db, shop, "a", "audio", "no, it was a podcast")
    assert (await placed(db, shop))["a"] == ("audio", f"correction@{second.id}")
    with pytest.raises(CorrectionNotInForce):
        await revoke(db, shop, first.id)
    with pytest.raises(CorrectionUnknown):
        await revoke(db, other_tenant, second.id)
    last = await revoke(db, shop, second.id)
    for one in (second, last):
        with pytest.raises(CorrectionNotInForce):
            await revoke(db, shop, one.id)
    async with db.tenant(shop) as connection:
        found = await list_corrections(connection, shop)
        assert [one.id for one in found] == [last.id, second.id, first.id]
        assert {one.is_in_force for one in found} == {False}
        page = await list_corrections(connection, shop, touch="a", before=last.id, most=1)
        assert [one.id for one in page] == [second.id]
        assert await list_corrections(connection, shop, touch="b") == []
    async with db.tenant(other_tenant) as connection:
        assert await list_corrections(connection, other_tenant) == []


async def test_what_cannot_be_corrected_is_refused(db: Database, other_tenant: UUID) -> None:
    shop = await make(db, "shop")
    for channel in ("unattributed", "nowhere"):
        with pytest.raises(CorrectionInvalid):
            await correct(db, shop, "a", channel)
    for key in ("z", "a\0"):
        with pytest.raises(TouchUnknown):
            await correct(db, shop, key, "email")
    with pytest.raises(TouchUnknown):
        await correct(db, other_tenant, "a", "email")
    for reason in (" ", "x" * 501):
        with pytest.raises(ReasonMissing):
            await correct(db, shop, "a", "audio", reason)
    async with db.tenant(shop) as connection:
        target = target_of_origin(VISITS)
        await request_undo(connection, shop, target, reason="why", requested_by="command:ann")
    with pytest.raises(UndoingUnderWay):
        await correct(db, shop, "a", "audio")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attribution_events SET channel_code = 'email' WHERE channel_rule ~ '^correction' AND tenant_id = %s",
        "UPDATE attribution_events SET channel_rule = 'utm.x' WHERE channel_rule ~ '^correction' AND tenant_id = %s",
        "DELETE FROM touch_corrections WHERE tenant_id = %s",
    ],
)
async def test_an_audit_finds_a_touch_that_has_not_the_channel_of_its_correction(
    db: Database, clone: Clone, change: str
) -> None:
    shop, other = await make(db, "shop"), await make(db, "other")
    for tenant in (shop, other):
        await correct(db, tenant, "a", "affiliates")
        await correct(db, tenant, "b", "audio")
        await assert_sound(db, tenant)
    await store(db, shop, DISPLAY)
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute(change.encode(), (shop,)).rowcount >= 1
    for tenant, wrong in ((shop, 2), (other, 0)):
        audit = await audit_tenant(db, tenant)
        (check,) = [one for one in audit.checks if one.name == "channel_rules"]
        assert check.count == wrong, check


async def test_the_service_only_adds_corrections(clone: Clone) -> None:
    async with superuser_of(clone) as superuser:
        rights = await superuser.fetchval(
            "SELECT string_agg(privilege_type, ', ' ORDER BY privilege_type) FROM"
            " information_schema.role_table_grants WHERE grantee = 'app_user' AND table_name = 'touch_corrections'"
        )
    assert rights == "INSERT, SELECT"


async def test_corrections_at_the_same_time_as_touches_and_an_apply_leave_one_touch_of_each_key(
    db: Database,
) -> None:
    shop = await make(db, "shop")
    version = await store(db, shop, DISPLAY)
    first, second, *_ = await gather(
        correct(db, shop, "a", "affiliates"),
        correct(db, shop, "a", "audio"),
        apply(db, shop, version),
        send_touches(db, shop, *TOUCHES, origin="api:repeated"),
    )
    async with db.tenant(shop) as connection:
        corrections = await list_corrections(connection, shop)
    (in_force,) = [one for one in corrections if one.is_in_force]
    assert in_force.id in (first.id, second.id)
    now = await placed(db, shop)
    assert now["a"] == (in_force.channel, f"correction@{in_force.id}")
    assert now["b"] == ("display", f"own.all@{version}")
    async with db.tenant(shop) as connection:
        assert await connection.fetchval("SELECT count(*) FROM standing_touches") == len(TOUCHES)
    await assert_sound(db, shop)
