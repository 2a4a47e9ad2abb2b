"""A dry run of rules says what the reports say after the apply, and a revert brings back what they said before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skeldir.attribution import (
    ChangesAsked,
    ChannelRow,
    ChannelsAsked,
    channel_totals,
    find_standing,
    read_rows,
    report_changes,
    retain_touches,
    set_models,
)
from skeldir.attribution.parameters import ModelParameters
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import ReportTooLarge
from skeldir.ingest import OwnRules, compiled_rules, forget_now, load_rules
from skeldir.spend import RulesDryRun, dry_run_rules
from tests.spend.test_own_rules_of_spend import DOCUMENTS, VISITS, make_shop, visit
from tests.spend.test_recording import ask, make_day, record
from tests.support.audited import settle
from tests.support.make import at, make_conversion, send_conversions, send_touches
from tests.support.own_rules import apply, store
from tests.support.taking_back import assert_sound, outcome

pytestmark = pytest.mark.shares_clone

PARTNERS = '[[rule]]\nid = "all"\nchannel = "partners"\nmedium.is = "cpc"\n'


async def dry_run(db: Database, tenant: UUID, version: int | None) -> RulesDryRun:
    async with db.tenant(tenant, is_read_only=True) as connection:
        rules: OwnRules | None = None
        if version is not None:
            stored = await load_rules(connection, tenant, version)
            rules = compiled_rules(version, stored.document)
        return await dry_run_rules(connection, tenant, rules)


async def said(db: Database, tenant: UUID) -> list[Counter[object]]:
    """Credit and roll up; return the touches, the credit and the spend of each channel, as reports have them."""
    await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        credit = {
            (row.model, row.currency, row.channel_code): row.credited_cents
            for row in await channel_totals(connection, tenant)
        }
    touches = await ask(
        db, tenant, "SELECT channel_code, count(*) FROM standing_touches GROUP BY channel_code"
    )
    spend = await ask(
        db, tenant, "SELECT currency, channel_code, sum(amount_cents)::bigint FROM spend GROUP BY 1, 2"
    )  # fmt: skip
    sums: list[Counter[object]] = [Counter(dict(touches)), Counter(credit)]
    return [*sums, Counter({(row[0], row[1]): row[2] for row in spend})]


def columns_of(found: RulesDryRun) -> tuple[list[Counter[object]], list[Counter[object]]]:
    """Return what a dry run says of now and of then, in the shape of `said`."""
    now: list[Counter[object]] = [Counter(), Counter(), Counter()]
    then: list[Counter[object]] = [Counter(), Counter(), Counter()]
    for touches in found.touches_by_channel:
        now[0][touches.channel] = touches.touches_now
        then[0][touches.channel] = touches.touches_then
    for credit in found.credit:
        key = credit.model, credit.currency, credit.channel
        now[1][key], then[1][key] = credit.credited_cents_now, credit.credited_cents_then
    for spend in found.spend:
        place = spend.currency, spend.channel
        now[2][place], then[2][place] = spend.spend_cents_now, spend.spend_cents_then
    return now, then


async def apply_as_tried(db: Database, tenant: UUID, version: int | None) -> RulesDryRun:
    """Try a version, apply it, and check that the reports say before and after what the dry run does."""
    before = await said(db, tenant)
    found = await dry_run(db, tenant, version)
    now, then = columns_of(found)
    assert now == before
    journeys = "SELECT order_id, path FROM order_journeys"
    paths = dict(await ask(db, tenant, journeys))
    assert await apply(db, tenant, version) == found.touches_moved
    assert await said(db, tenant) == then
    moved = {key for key, path in await ask(db, tenant, journeys) if paths[key] != path}
    assert found.orders_moved == len(moved)
    assert set(found.first_orders_moved) <= moved
    await assert_sound(db, tenant)
    return found


async def report_at(db: Database, tenant: UUID, moment: datetime | None) -> list[ChannelRow]:
    async with db.tenant(tenant, is_read_only=True) as connection:
        standing = await find_standing(connection, tenant, None, moment)
        return await read_rows(connection, tenant, ChannelsAsked(), standing, most=1_000)


async def assert_causes_add_up(
    db: Database, tenant: UUID, since: datetime, until: datetime
) -> set[str]:
    """Check that causes explain each difference between two moments; return those that are named."""
    async with db.tenant(tenant, is_read_only=True) as connection:
        changes = await report_changes(connection, tenant, ChangesAsked(since, until))
    named: set[str] = set()
    for row in changes.data:
        for change in row.models.values():
            named.update(change.causes)
            assert change.rest_cents == 0, changes
            assert change.after_cents - change.before_cents == sum(change.causes.values())
    return named


@dataclass(frozen=True)
class Story:
    """The facts of a tenant, in three parts."""

    db: Database
    visits: tuple[list[tuple[object, ...]], ...]
    costs: list[int]
    refunded: int

    async def begin(self, tenant: UUID) -> None:
        await self._send(tenant, 0)
        orders = [
            make_conversion(
                idempotency_key=f"c{n}",
                order_id=f"o{n}",
                journey_key=f"v{n % 3}",
                currency=("USD", "JPY")[n % 2],
                occurred_at=at(4 + n // 3),
            )
            for n in range(5)
        ]
        await send_conversions(self.db, tenant, *orders)
        days = [
            make_day(cost, day=n, name=("Brand", None)[n % 2]) for n, cost in enumerate(self.costs)
        ]
        await record(self.db, tenant, *days)

    async def go_on(self, tenant: UUID, part: int) -> None:
        """Add late touches and a refund."""
        await self._send(tenant, part)
        refund = make_conversion(
            idempotency_key=f"r{part}",
            order_id="o1",
            kind="refund",
            amount_cents=max(1, self.refunded // part),
            currency="JPY",
            occurred_at=at(5 + part),
        )
        await send_conversions(self.db, tenant, refund)

    async def _send(self, tenant: UUID, part: int) -> None:
        names = ("source", "medium", "campaign", "landing_path")
        items = [
            visit(
                f"{part}-{n}",
                float(str(one[5])),
                journey_key=f"v{one[4]}",
                **dict(zip(names, one[:4], strict=True)),
            )
            | ({"channel": "email"} if n == 5 else {})
            for n, one in enumerate(self.visits[part])
        ]
        await send_touches(self.db, tenant, *items)


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
    report_multiple_bugs=False,
)
@given(
    visits=st.tuples(VISITS, VISITS, VISITS),
    documents=st.tuples(DOCUMENTS, DOCUMENTS),
    costs=st.lists(st.integers(0, 900), min_size=1, max_size=3),
    refunded=st.integers(1, 9_999),
)
async def test_a_dry_run_an_apply_and_a_revert_agree_to_the_cent(
    db: Database,
    visits: tuple[list[tuple[object, ...]], ...],
    documents: tuple[str, str],
    costs: list[int],
    refunded: int,
) -> None:
    story = Story(db, visits, costs, refunded)
    shop, twin = await make_shop(db, f"shop {utc_now()}"), await make_shop(db, f"twin {utc_now()}")
    for tenant in (shop, twin):
        await story.begin(tenant)
    first, second = [await store(db, shop, document) for document in documents]
    before = await said(db, shop)
    moment, report = utc_now(), await report_at(db, shop, None)
    found = await apply_as_tried(db, shop, first)
    now = utc_now()
    named = await assert_causes_add_up(db, shop, moment, now)
    assert named <= {"channels"}
    assert ("channels" in named) == any(row.difference_cents for row in found.credit)
    assert await report_at(db, shop, moment) == report
    assert await report_at(db, shop, now) == await report_at(db, shop, None)
    for tenant in (shop, twin):
        await story.go_on(tenant, 1)
    await apply_as_tried(db, shop, second)
    await apply_as_tried(db, shop, first)
    for tenant in (shop, twin):
        await story.go_on(tenant, 2)
    await said(db, shop)
    await assert_causes_add_up(db, shop, now, utc_now())
    await apply_as_tried(db, shop, None)
    assert await outcome(db, shop) == await outcome(db, twin)
    assert await said(db, shop) == await said(db, twin)
    assert await report_at(db, shop, moment) == report
    assert columns_of(found)[0] == before


async def test_differences_are_those_of_the_rules_alone_while_orders_await_credit(
    db: Database,
) -> None:
    shop, twin = await make_shop(db, "shop"), await make_shop(db, "twin")
    for tenant in (shop, twin):
        await send_touches(db, tenant, visit("a", 0, source="g", medium="cpc"))
        await send_conversions(db, tenant, make_conversion(order_id="A"))
        await settle(db, tenant)
        await send_touches(db, tenant, visit("b", 0.5, source="n", medium="email"))
    version = await store(db, shop, PARTNERS)
    found = await dry_run(db, shop, version)
    assert (found.orders_awaiting_credit, found.orders_moved) == (1, 1)
    await apply(db, shop, version)
    moved, unmoved = await said(db, shop), await said(db, twin)
    difference = Counter(moved[1])
    difference.subtract(unmoved[1])
    assert {
        (row.model, row.currency, row.channel): row.difference_cents
        for row in found.credit
        if row.difference_cents
    } == {key: cents for key, cents in difference.items() if cents}


async def test_a_dry_run_of_one_tenant_says_nothing_of_another_and_writes_nothing(
    db: Database,
) -> None:
    shop, other = await make_shop(db, "shop"), await make_shop(db, "other")
    for tenant in (shop, other):
        await send_touches(db, tenant, visit("a", 0, source="g", medium="cpc"))
    await send_touches(db, other, visit("b", 0, source="g", medium="cpc"))
    await send_conversions(db, other, make_conversion(order_id="A"))
    version = await store(db, shop, PARTNERS)
    before = await outcome(db, shop)
    found = await dry_run(db, shop, version)
    assert (found.touches, found.touches_moved, found.orders_moved, found.credit) == (1, 1, 0, [])
    assert await outcome(db, shop) == before


async def test_a_crowded_journey_is_tried_like_any_other(db: Database) -> None:
    shop = await make_shop(db, "shop")
    crowd = [
        visit(f"t{n}", n / 2_000, source="g", medium=("cpc", "email")[n % 3 == 0])
        for n in range(1_100)
    ]
    await send_touches(db, shop, *crowd)
    await send_conversions(
        db, shop, *(make_conversion(order_id=name, occurred_at=at(2)) for name in "AB")
    )
    found = await apply_as_tried(db, shop, await store(db, shop, PARTNERS))
    assert found.orders_moved == 2


async def test_a_model_that_resets_and_a_short_lookback_are_tried_as_they_are_in_force(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")
    async with db.tenant(shop) as connection:
        wanted = {
            "linear": ModelParameters(after_conversion="reset"),
            "last_touch": ModelParameters(lookback_days=1),
        }
        await set_models(connection, shop, wanted, changed_by="test")
    await send_touches(
        db, shop, *(visit(f"t{n}", n, source="g", medium=("cpc", "email")[n % 2]) for n in range(6))
    )
    orders = [make_conversion(order_id=f"o{n}", occurred_at=at(n + 0.5)) for n in range(0, 6, 2)]
    await send_conversions(db, shop, *orders)
    await apply_as_tried(db, shop, await store(db, shop, PARTNERS))


async def test_too_many_touches_or_orders_for_a_request_are_refused(db: Database) -> None:
    shop = await make_shop(db, "shop")
    for name in "AB":
        await send_touches(db, shop, visit(name, 0, medium="cpc", journey_key=name))
        order = make_conversion(order_id=name, journey_key=name)
        await send_conversions(db, shop, order)
    version = await store(db, shop, PARTNERS)
    async with db.tenant(shop, is_read_only=True) as connection:
        stored = await load_rules(connection, shop, version)
        rules = compiled_rules(version, stored.document)
        for limits in ({"most_touches": 1}, {"most_orders": 1}):
            with pytest.raises(ReportTooLarge):
                await dry_run_rules(connection, shop, rules, **limits)
        assert (await dry_run_rules(connection, shop, rules, most_orders=2)).orders_moved == 2


async def test_touches_that_were_forgotten_stay_and_late_ones_before_them_are_tried_as_they_are_restated(
    db: Database,
) -> None:
    shop = await make_shop(db, "shop")

    def old(key: str, days: float, medium: str) -> dict[str, object]:
        moment = utc_now() - timedelta(days=days)
        return visit(key, 0, source="g", medium=medium) | {"occurred_at": moment.isoformat()}

    await send_touches(db, shop, old("forgotten", 45, "cpc"), old("kept", 30, "cpc"))
    order = make_conversion(
        order_id="A", occurred_at=(utc_now() - timedelta(days=25)).isoformat(), amount_cents=1_001
    )
    await send_conversions(db, shop, order)
    await settle(db, shop)
    async with db.tenant(shop) as connection:
        await retain_touches(connection, shop, 40)
    assert (await forget_now(db, shop)).touches == 1
    await send_touches(db, shop, old("late", 44, "cpc"), old("later", 43, "email"))
    found = await apply_as_tried(db, shop, await store(db, shop, PARTNERS))
    assert (found.touches, found.touches_moved, found.orders_moved) == (3, 2, 1)
    await apply_as_tried(db, shop, None)
