"""Rules of a tenant's own: touches and spend follow them, what was recorded is restated, and a revert restores it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.db.pool import Connection, Database
from skeldir.ingest import (
    CHANNELS,
    RulesInvalid,
    RulesUnknown,
    UndoingUnderWay,
    add_channels,
    compiled_rules,
    list_turns,
    load_rules,
    preview_channels,
    request_undo,
    rules_in_force,
    run_undoing,
    store_rules,
    target_of_origin,
)
from skeldir.ingest.tasks import UNDO_KIND
from skeldir.jobs import do_jobs
from skeldir.spend import LoadUnknown, preview_spend, restate_spend, withdraw_load
from skeldir.spend.tasks import RESTATE_KIND
from tests.conftest import Clone
from tests.spend.test_recording import ask, make_day, record, spent
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.own_rules import apply, request, store
from tests.support.refreshing import superuser_of
from tests.support.taking_back import assert_sound, outcome, redo, undo

BRAND = """\
[[rule]]
id = "brand"
channel = "partners"
campaign.contains = "BRAND"
"""
SHOP = '[[rule]]\nid = "shop"\nchannel = "display"\npath.starts_with = "/shop"\n'


async def make_shop(db: Database, name: str) -> UUID:
    tenant = await make_tenant(db, name)
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"partners": "Partners"})
    return tenant


def visit(key: str, days: float, **fields: object) -> dict[str, object]:
    return make_touch(idempotency_key=key, occurred_at=at(days), channel=None, **fields)


async def rules_of_touches(db: Database, tenant: UUID) -> dict[object, tuple[object, object]]:
    found = await ask(
        db, tenant, "SELECT idempotency_key, channel_code, channel_rule FROM standing_touches"
    )
    return {key: (channel, rule) for key, channel, rule in found}


def many(first: int) -> list[dict[str, object]]:
    """Return touches enough to be read column by column, of many paths."""
    return [
        visit(f"p{n}", 0, source="google", medium="cpc", landing_path=f"/{'shop' if n % 2 else 'a'}/{n}?x=1")
        for n in range(first, first + 12)
    ]  # fmt: skip


async def test_touches_follow_a_version_from_its_commit_on_and_keep_rule_and_version(
    db: Database,
) -> None:
    shop, other = await make_shop(db, "shop"), await make_shop(db, "other")
    await send_touches(db, shop, *many(0))
    version = await store(db, shop, BRAND + SHOP)
    assert await store(db, other, BRAND) == version
    await send_touches(db, shop, *many(100))
    assert {rule for _, rule in (await rules_of_touches(db, shop)).values()} == {"utm.paid_search"}
    turn = await request(db, shop, version)
    await send_touches(db, shop, *many(200), visit("one", 0, landing_path="/SHOP/1"))
    await send_touches(db, shop, visit("given", 0, landing_path="/shop/1") | {"channel": "email"})
    now = await rules_of_touches(db, shop)
    assert now["p201"] == now["one"] == ("display", f"own.shop@{version}")
    assert now["p200"] == ("paid_search", "utm.paid_search")
    assert now["p101"] == ("paid_search", "utm.paid_search")
    assert now["given"] == ("email", "explicit")
    await run_undoing(db, shop, turn.undoing_id, most=5)
    then = await rules_of_touches(db, shop)
    assert then["p1"] == then["p101"] == ("display", f"own.shop@{version}")
    assert then["p0"] == ("paid_search", "utm.paid_search")
    await send_touches(db, other, *many(0))
    assert {channel for channel, _ in (await rules_of_touches(db, other)).values()} == {
        "paid_search"
    }


async def test_a_version_never_changes_and_is_of_one_tenant(clone: Clone, db: Database) -> None:
    shop, other = await make_shop(db, "shop"), await make_shop(db, "other")
    version = await store(db, shop, BRAND)
    assert await store(db, shop, SHOP) == version + 1
    async with db.tenant(shop) as connection:
        assert (await load_rules(connection, shop, version)).document == BRAND
        assert await rules_in_force(connection, shop) is None
        with pytest.raises(RulesInvalid, match="line 1, rule brand"):
            await store_rules(
                connection, shop, BRAND.replace("partners", "nobody"), reason="why", written_by="me"
            )
    async with db.tenant(other) as connection:
        with pytest.raises(RulesUnknown):
            await load_rules(connection, other, version)
    with pytest.raises(RulesUnknown):
        await request(db, other, version)
    for table in ("channel_rules", "channel_rule_turns"):
        async with superuser_of(clone) as superuser:
            rights = await superuser.fetchval(
                "SELECT string_agg(privilege_type, ', ' ORDER BY privilege_type)"
                " FROM information_schema.role_table_grants WHERE grantee = 'app_user' AND table_name = $1",
                table,
            )
        assert rights == "INSERT, SELECT"


async def test_another_version_waits_until_the_first_is_restated(db: Database) -> None:
    shop = await make_shop(db, "shop")
    await send_touches(db, shop, *many(0))
    first, second = await store(db, shop, BRAND), await store(db, shop, SHOP)
    turn = await request(db, shop, first)
    assert (await request(db, shop, first)).turn == turn.turn
    with pytest.raises(UndoingUnderWay):
        await request(db, shop, second)
    await run_undoing(db, shop, turn.undoing_id)
    assert (await request(db, shop, second)).turn == turn.turn + 1
    async with db.tenant(shop) as connection:
        assert [one.version for one in await list_turns(connection, shop)] == [second, first]


async def test_a_restating_of_hosts_that_is_under_way_is_not_taken_for_one_of_rules(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    version = await store(db, shop, BRAND)
    await apply(db, shop, version)
    async with db.tenant(shop) as connection:
        await request_undo(
            connection, shop, CHANNELS, reason="hosts", requested_by="command:tester"
        )
    with pytest.raises(UndoingUnderWay):
        await request(db, shop, version)


async def test_campaigns_follow_rules_and_go_back_to_the_channel_of_their_type(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    typed = make_day(500, campaign="7", name="Brand video", channel="paid_video", rule="utm.video")
    given = make_day(70, campaign="8", name="Brand", channel="email", rule="given")
    await record(db, shop, make_day(1_000), typed, given)
    before = await spent(db, shop)
    version = await store(db, shop, BRAND)
    async with db.tenant(shop) as connection:
        rules = await load_rules(connection, shop, version)
        assert rules.about.version == version
    await apply(db, shop, version)
    assert {channel: cents for (_, channel), cents in (await spent(db, shop)).items()} == {
        "partners": 1_500,
        "email": 70,
    }
    # What is loaded under the rules knows the channel of its type, too.
    later = make_day(
        300, campaign="9", day=1, name="Brand video", channel="paid_video", rule="utm.video"
    )
    await record(db, shop, later, replace(typed, figures={"cost_cents": 501}))
    assert (later.key.day, "partners") in await spent(db, shop)
    await record(db, shop, replace(typed, figures={"cost_cents": 500}))
    await apply(db, shop, None)
    assert await spent(db, shop) == before | {(later.key.day, "paid_video"): 300}
    assert await restate_spend(db, shop) == 0


async def test_a_load_can_be_withdrawn_after_rules_moved_its_days(db: Database) -> None:
    shop = await make_shop(db, "shop")
    first = await record(db, shop, make_day(1_000))
    second = await record(db, shop, make_day(900))
    await apply(db, shop, await store(db, shop, BRAND))
    assert first.load_id is not None
    assert second.load_id is not None
    loads = await ask(db, shop, "SELECT id FROM ad_loads WHERE kind = 'rules'")
    async with db.tenant(shop) as connection:
        done = await withdraw_load(connection, shop, second.load_id, recorded_by="me")
    assert (done.restated, done.covered) == (1, 0)
    assert list((await spent(db, shop)).items()) == [((make_day().key.day, "partners"), 1_000)]
    async with db.tenant(shop) as connection:
        with pytest.raises(LoadUnknown):
            await withdraw_load(connection, shop, UUID(str(loads[0][0])), recorded_by="me")


async def test_touches_that_are_put_back_follow_the_rules_that_came_into_force_since(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    for tenant in (shop, twin):
        await send_conversions(db, tenant, make_conversion(order_id="A"))
        await send_touches(db, tenant, *many(0), origin="api:wrong")
        await send_touches(db, tenant, visit("b", 0.5, landing_path="/shop/2"))
    await undo(db, shop, target_of_origin("api:wrong"))
    for tenant in (shop, twin):
        await apply(db, tenant, await store(db, tenant, SHOP))
    await redo(db, shop, target_of_origin("api:wrong"))
    assert await rules_of_touches(db, shop) == await rules_of_touches(db, twin)
    assert await outcome(db, shop) == await outcome(db, twin)
    await undo(db, shop, target_of_origin("api:wrong"))
    await redo(db, shop, target_of_origin("api:wrong"))
    await apply(db, shop, None)
    await apply(db, twin, None)
    assert await rules_of_touches(db, shop) == await rules_of_touches(db, twin)
    await assert_sound(db, shop)


class _KilledError(Exception):
    """Stands for the death of the process: the transaction is lost."""


async def test_an_apply_that_was_killed_is_ended_by_workers(clone: Clone, db: Database) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    for tenant in (shop, twin):
        await send_touches(db, tenant, *many(0), visit("b", 0.5, campaign="brand", medium="cpc"))
        await send_conversions(db, tenant, make_conversion(idempotency_key="c", order_id="A"))
        await record(db, tenant, *(make_day(100 + n, campaign=str(n)) for n in range(4)))
    await apply(db, twin, await store(db, twin, BRAND + SHOP))
    turn = await request(db, shop, await store(db, shop, BRAND + SHOP))
    steps = 0

    async def die(_connection: Connection) -> None:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise _KilledError

    with pytest.raises(_KilledError):
        await run_undoing(db, shop, turn.undoing_id, most=4, fence=die)
    steps = 0
    with pytest.raises(_KilledError):
        await restate_spend(db, shop, at_once=2, fence=die)
    assert len({channel for _, channel in await spent(db, shop)}) == 2
    await do_jobs(db, {kind.name: kind for kind in (UNDO_KIND, RESTATE_KIND)}, budget_s=60.0)
    assert await spent(db, shop) == await spent(db, twin)
    assert await outcome(db, shop) == await outcome(db, twin)
    await assert_sound(db, shop)


SOURCES = st.sampled_from(["google", "news", "partner", None])
MEDIUMS = st.sampled_from(["cpc", "email", "referral", None])
CAMPAIGNS = st.sampled_from(["Brand", "spring", None])
PATHS = st.sampled_from(["/shop/1", "/", None])
VISITS = st.lists(
    st.tuples(SOURCES, MEDIUMS, CAMPAIGNS, PATHS, st.integers(0, 2), st.integers(0, 3)),
    min_size=1,
    max_size=8,
)
CONDITIONS = st.sampled_from(
    [
        'source.is = ["google", "partner"]',
        'medium.contains = "e"',
        'campaign.starts_with = "b"',
        'path.ends_with = "/1"',
        'source.is = "news"\nmedium.is = "email"',
        "always = true",
    ]
)
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from(["partners", "display", "email"]), CONDITIONS), min_size=1, max_size=3
).map(
    lambda rules: "".join(
        f'[[rule]]\nid = "r{n}"\nchannel = "{channel}"\n{condition}\n'
        for n, (channel, condition) in enumerate(rules)
    )
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=VISITS,
    between=VISITS,
    document=DOCUMENTS,
    costs=st.lists(st.integers(0, 900), min_size=1, max_size=3),
)
async def test_apply_moves_what_the_preview_says_and_revert_restores_it_to_the_cent(
    db: Database, before: list[tuple[object, ...]], between: list[tuple[object, ...]], document: str, costs: list[int]
) -> None:  # fmt: skip
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    orders = [
        make_conversion(idempotency_key=f"c{n}", order_id=f"o{n}", journey_key=f"v{n}", occurred_at=at(4))
        for n in range(3)
    ]  # fmt: skip
    refund = make_conversion(
        idempotency_key="r", order_id="o1", kind="refund", amount_cents=333, occurred_at=at(5)
    )

    async def send(tenant: UUID, visits: list[tuple[object, ...]], prefix: str) -> None:
        names = ("source", "medium", "campaign", "landing_path")
        await send_touches(
            db,
            tenant,
            *(
                visit(
                    f"{prefix}{n}",
                    float(str(one[5])),
                    journey_key=f"v{one[4]}",
                    **dict(zip(names, one[:4], strict=True)),
                )
                for n, one in enumerate(visits)
            ),
        )  # fmt: skip

    days = [make_day(cost, day=n, name=("Brand", None)[n % 2]) for n, cost in enumerate(costs)]
    for tenant in (shop, twin):
        await send(tenant, before, "a")
        await send_conversions(db, tenant, *orders)
        await record(db, tenant, *days)
    assert await outcome(db, shop) == await outcome(db, twin)
    version = await store(db, shop, document)
    async with db.tenant(shop, is_read_only=True) as connection:
        text = (await load_rules(connection, shop, version)).document
        assert text == document
    await request_and_compare(db, shop, version)
    for tenant in (shop, twin):
        await send(tenant, between, "b")
        await send_conversions(db, tenant, refund)
    assert await apply(db, shop, version) == 0
    await assert_sound(db, shop)
    await apply(db, shop, None)
    assert await outcome(db, shop) == await outcome(db, twin)
    assert await spent(db, shop) == await spent(db, twin)
    await apply(db, twin, await store(db, twin, document))
    await apply(db, shop, version)
    assert await outcome(db, shop) == await outcome(db, twin)
    assert await spent(db, shop) == await spent(db, twin)


async def request_and_compare(db: Database, tenant: UUID, version: int) -> None:
    """Apply a version, and check that touches and costs move as the previews of both said."""
    touched, costs = await rules_of_touches(db, tenant), await spent(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        rules = compiled_rules(version, (await load_rules(connection, tenant, version)).document)
        assert rules is not None
        preview = await preview_channels(connection, tenant, rules=rules, most=3)
        moves = await preview_spend(connection, tenant, rules, at_once=2)
    assert await apply(db, tenant, version) == preview.moves.total()
    now = await rules_of_touches(db, tenant)
    for (old, new), count in preview.moves.items():
        assert count == sum(touched[k][0] == old and now[k][0] == new for k in now)

    def by_channel(sums: dict[tuple[object, object], object]) -> dict[object, int]:
        found: dict[object, int] = {}
        for (_, channel), cents in sums.items():
            found[channel] = found.get(channel, 0) + int(str(cents))
        return found

    expected = by_channel(costs)
    for (_, old, new), cents in moves.cents.items():
        expected[old] = expected.get(old, 0) - cents
        expected[new] = expected.get(new, 0) + cents
    assert {k: v for k, v in expected.items() if v} == by_channel(await spent(db, tenant))
