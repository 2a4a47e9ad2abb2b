"""Channels of recorded touches are restated when the tenant's hosts change, as if the hosts had always been known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeldir.db.pool import Connection, Database
from skeldir.ingest import (
    CHANNELS,
    ReasonMissing,
    UndoingProgress,
    UndoingUnderWay,
    add_hosts,
    list_undoings,
    preview_channels,
    remove_host,
    request_redo,
    request_undo,
    run_undoing,
    target_of_origin,
)
from skeldir.ingest.canonical import read_touch
from skeldir.ingest.restating import Standards, derive_again
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.taking_back import assert_sound, outcome, redo, undo

if TYPE_CHECKING:
    from skeldir.ingest.store import SelectTouchesToDeriveRow

PAY = "pay.example"
VISITS = "api:visits"
ORDERS = (
    make_conversion(idempotency_key="r1", order_id="A", amount_cents=101),
    make_conversion(idempotency_key="r2", order_id="B", amount_cents=700, occurred_at=at(3)),
)


def visit(key: str, days: float, **fields: object) -> dict[str, object]:
    return make_touch(idempotency_key=key, occurred_at=at(days), channel=None, **fields)


TOUCHES = (
    visit("v1", 0, source="news", medium="email"),
    visit("v2", 0.5, referrer_host="secure.pay.example"),
    visit("v3", 2, referrer_host="pay.example", journey_key="visitor-2"),
    visit("v4", 2.5, source="pay.example", medium="referral"),
    make_touch(idempotency_key="v5", occurred_at=at(0.2), referrer_host="pay.example"),
)


async def make_shop(db: Database, name: str, *hosts: str) -> UUID:
    tenant = await make_tenant(db, name)
    if hosts:
        await add(db, tenant, *hosts)
    assert (await send_touches(db, tenant, *TOUCHES, origin=VISITS)).accepted == len(TOUCHES)
    await send_conversions(db, tenant, *ORDERS, origin="api:orders")
    return tenant


async def add(db: Database, tenant: UUID, *hosts: str) -> None:
    async with db.tenant(tenant) as connection:
        await add_hosts(connection, tenant, hosts, "payment")


async def request(db: Database, tenant: UUID, *, reason: str = "we pay there") -> UUID:
    async with db.tenant(tenant) as connection:
        return await request_undo(
            connection, tenant, CHANNELS, reason=reason, requested_by="command:tester"
        )


async def restate(db: Database, tenant: UUID) -> UndoingProgress:
    return await run_undoing(db, tenant, await request(db, tenant), most=2)


async def moves_of(db: Database, tenant: UUID) -> dict[tuple[str, str], int]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return dict((await preview_channels(connection, tenant, most=2)).moves)


async def channels_of(db: Database, tenant: UUID) -> list[tuple[str, str]]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT idempotency_key, channel_code FROM standing_touches ORDER BY 1"
        )
    return [(row[0], row[1]) for row in rows]


async def test_credit_and_sums_become_those_of_a_tenant_that_always_knew_its_hosts(
    db: Database, other_tenant: UUID
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin", PAY)
    await send_touches(db, other_tenant, *TOUCHES)
    before, of_other = await outcome(db, shop), await channels_of(db, other_tenant)
    assert await moves_of(db, shop) == {}
    await add(db, shop, PAY)
    assert await moves_of(db, shop) == {("referral", "direct"): 3}
    async with db.tenant(shop, is_read_only=True) as connection:
        latest = await preview_channels(connection, shop, latest=1)
        of_all = await preview_channels(connection, shop, latest=len(TOUCHES))
    assert latest.touches <= 1
    assert not latest.is_complete
    assert (of_all.moves.total(), of_all.is_complete) == (3, True)
    done = await restate(db, shop)
    assert (done.entries, done.touches, done.is_done) == (0, 3, True)
    assert await channels_of(db, shop) == await channels_of(db, twin)
    after = await outcome(db, shop)
    assert after == await outcome(db, twin)
    assert after["credit"] != before["credit"]
    await assert_sound(db, shop)
    assert await channels_of(db, other_tenant) == of_other
    assert await moves_of(db, shop) == {}
    assert (await restate(db, shop)).touches == 0
    async with db.tenant(shop) as connection:
        assert await remove_host(connection, shop, PAY)
    assert (await restate(db, shop)).touches == 3
    assert await outcome(db, shop) == before
    await assert_sound(db, shop)


async def test_an_interrupted_restating_goes_on_where_it_stopped(db: Database) -> None:
    class Killed(Exception):
        pass

    async def fence(_: Connection) -> None:
        if steps.pop():
            raise Killed

    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin", PAY)
    await add(db, shop, PAY)
    undoing = await request(db, shop)
    # The first step finds no entries to visit; the second has moved a touch; the third is rolled back.
    steps = [True, False, False]
    with pytest.raises(Killed):
        await run_undoing(db, shop, undoing, most=2, fence=fence)
    assert await request(db, shop) == undoing
    done = await run_undoing(db, shop, undoing, most=2)
    assert done.touches == 3
    assert await channels_of(db, shop) == await channels_of(db, twin)
    async with db.tenant(shop) as connection:
        assert await connection.fetchval("SELECT count(*) FROM touch_withdrawals") == 3
        (one,) = await list_undoings(connection, shop, target=CHANNELS)
    assert (one.reason, one.requested_by, one.phase) == ("we pay there", "command:tester", "done")


async def test_what_was_restated_is_taken_back_with_its_delivery_and_known_as_a_duplicate(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin", PAY)
    await add(db, shop, PAY)
    await restate(db, shop)
    assert (await send_touches(db, shop, *TOUCHES, origin="api:again")).duplicates == len(TOUCHES)
    for tenant in (shop, twin):
        assert (await undo(db, tenant, target_of_origin(VISITS))).touches == len(TOUCHES)
    assert await channels_of(db, shop) == []
    assert await moves_of(db, shop) == {}
    assert await outcome(db, shop) == await outcome(db, twin)
    for tenant in (shop, twin):
        assert (await redo(db, tenant, target_of_origin(VISITS))).touches == len(TOUCHES)
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


async def test_taking_back_and_restating_exclude_each_other_until_one_has_ended(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    await add(db, shop, PAY)
    restating = await request(db, shop)
    with pytest.raises(UndoingUnderWay):
        await undo(db, shop, target_of_origin(VISITS))
    await run_undoing(db, shop, restating)
    async with db.tenant(shop) as connection:
        taking_back = await request_undo(
            connection,
            shop,
            target_of_origin(VISITS),
            reason="wrong",
            requested_by="command:tester",
        )
    with pytest.raises(UndoingUnderWay):
        await request(db, shop)
    await run_undoing(db, shop, taking_back)
    restating = await request(db, shop)
    async with db.tenant(shop) as connection:
        with pytest.raises(UndoingUnderWay):
            await request_redo(
                connection, shop, target_of_origin(VISITS), reason="right", requested_by="x"
            )
    with pytest.raises(ReasonMissing):
        await request(db, shop, reason=" ")


WORDS = st.sampled_from(
    [None, "", "(not set)", "google", "email", "cpc", "referral", "shop.example", "Pay.example", "direct"]
)  # fmt: skip


@given(
    source=WORDS,
    medium=WORDS,
    campaign=WORDS,
    referrer=st.sampled_from([None, "www.google.com", "secure.pay.example", "shop.example", "x.example"]),
    page=st.sampled_from([None, "https://shop.example/?utm_source=news&gclid=x", "/a?newclid=1"]),
    hosts=st.frozensets(st.sampled_from(["shop.example", "pay.example"])),
)  # fmt: skip
def test_a_stored_origin_gives_the_channel_that_was_recorded_with_it(
    source: str | None,
    medium: str | None,
    campaign: str | None,
    referrer: str | None,
    page: str | None,
    hosts: frozenset[str],
) -> None:
    item = visit("v", 0, source=source, medium=medium, campaign=campaign) | {
        "referrer_host": referrer,
        "landing_path": page,
    }
    touch = read_touch(
        item, now=datetime(2027, 1, 1, tzinfo=UTC), own_channels=frozenset(), own_hosts=hosts
    )
    stored = cast("SelectTouchesToDeriveRow", touch._asdict() | {"click_id_kinds": None})
    stored["click_id_kinds"] = list(touch.click_id_kinds) or None
    choice = derive_again(stored, Standards(hosts, None))
    assert (choice.code, choice.rule) == (touch.channel_code, touch.channel_rule)
