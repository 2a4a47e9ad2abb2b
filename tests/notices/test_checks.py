"""Checks: what is late, differs, fell or is silent, and what is not known to be."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from skeldir.attribution import ChannelRow
from skeldir.attribution.channel_rows import ModelCredit
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox import EndpointOptions, add_secret, create_endpoint, make_secret
from skeldir.notices.checks import Figures, Judgement, check_tenant, judge_match_rate
from tests.conftest import Clone
from tests.support.audited import change
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.noticed import make_sealer
from tests.support.reading import settle


async def check(db: Database, tenant: UUID, now: datetime | None = None) -> Judgement:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await check_tenant(connection, tenant, now or utc_now())


def found(judgement: Judgement) -> dict[tuple[str, str], Figures]:
    return {(one.kind, one.subject): one.figures for one in judgement.findings}


async def sell_lately(db: Database, tenant: UUID) -> None:
    days = [(utc_now() - timedelta(days=n)).isoformat() for n in (2, 3, 9)]
    await send_touches(db, tenant, make_touch(occurred_at=days[2]))
    await send_conversions(db, tenant, *(make_conversion(occurred_at=day) for day in days))
    await settle(db)


async def test_nothing_is_wrong_with_a_new_tenant_or_one_whose_credit_is_complete(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell_lately(db, tenant)
    for one in (tenant, other_tenant):
        judgement = await check(db, one)
        assert found(judgement) == {}
        assert judgement.is_well("reports_late", "")
        assert judgement.is_well("credit_differs", "USD")
        assert not judgement.is_well("audit_differs", "")


async def test_credit_that_differs_from_the_ledger_is_found_by_currency_once_it_is_complete(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    await sell_lately(db, tenant)
    change(
        clone,
        tenant,
        "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1 WHERE OURS AND basis = 'entry'"
        " AND model_version = 'last_touch@1' AND revenue_date = (SELECT max(revenue_date) FROM rollup_channel_day)",
    )
    figures = {"credited_cents": 30_001, "ledger_cents": 30_000, "model_version": "last_touch@1"}
    assert found(await check(db, tenant)) == {("credit_differs", "USD"): figures}
    assert found(await check(db, other_tenant)) == {}
    # While an order awaits credit, neither a difference nor its absence says anything.
    await send_conversions(db, tenant, make_conversion(occurred_at=utc_now().isoformat()))
    judgement = await check(db, tenant)
    assert found(judgement) == {}
    assert not judgement.is_well("credit_differs", "USD")


async def test_reports_and_views_that_lack_facts_for_a_quarter_of_an_hour_are_late(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "INSERT INTO waiting_tenants (tenant_id, work, since) VALUES (%s, 'days', now() - interval '20 minutes')",
            (tenant,),
        )
    late = found(await check(db, tenant))
    assert int(late["reports_late", ""]["behind_s"]) >= 1_200
    # The views are the same for all.
    assert set(found(await check(db, other_tenant))) == {("views_late", "")} <= set(late)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("UPDATE waiting_tenants SET since = now() - interval '14 minutes'")
    assert found(await check(db, tenant)) == {}


async def test_an_audit_with_differences_is_found(db: Database, clone: Clone, tenant: UUID) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            """INSERT INTO audits (tenant_id, id, as_of, orders, awaiting_orders, differences, checks, digest)
               VALUES (%s, gen_random_uuid(), now(), 1, 0, 3, '{ledger,journeys}', 'none')""",
            (tenant,),
        )
    assert found(await check(db, tenant)) == {
        ("audit_differs", ""): {"differences": 3, "checks": "ledger, journeys"}
    }


def rows(*conversions: tuple[str, str, bool]) -> list[tuple[ChannelRow, bool]]:
    return [
        (ChannelRow(None, "USD", channel, {"linear": ModelCredit(0, count, 0, None)}), is_week)
        for channel, count, is_week in conversions
    ]


@pytest.mark.parametrize(
    ("conversions", "figures"),
    [
        (
            [("email", "14", True), ("unattributed", "6", True), ("email", "80", False)],
            {"rate_bp": 7_000, "before_bp": 10_000, "orders": 20},
        ),
        # Fallen by less, risen, too few of the week, too few before.
        ([("email", "19", True), ("unattributed", "1", True), ("email", "80", False)], None),
        ([("email", "20", True), ("email", "8", False), ("unattributed", "80", False)], None),
        ([("unattributed", "19", True), ("email", "80", False)], None),
        ([("unattributed", "50", True), ("email", "79.5", False)], None),
        ([], None),
    ],
)
def test_the_match_rate_fell_if_it_is_ten_points_lower_than_in_the_four_weeks_before(
    conversions: list[tuple[str, str, bool]], figures: Figures | None
) -> None:
    assert judge_match_rate(rows(*conversions), "linear") == figures


async def make_endpoint(db: Database, tenant: UUID) -> UUID:
    sealer, _ = make_sealer()
    async with db.tenant(tenant) as connection:
        made = await create_endpoint(connection, tenant, EndpointOptions("standard", is_live=True))
        await add_secret(
            connection,
            tenant,
            made.id,
            make_secret("standard"),
            sealer=sealer,
            old_end_at=utc_now(),
        )
    return made.id


def deliver(clone: Clone, tenant: UUID, endpoint: UUID, days_ago: float) -> None:
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            """INSERT INTO webhook_deliveries (tenant_id, id, digest, endpoint_id, provider, event_id, type, headers,
                                               kept, is_ignored, received_at)
               SELECT %s, gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), %s, 'standard', 'x', 'ping', '{}',
                      '{}', true, now() - make_interval(days => day, hours => 1) - make_interval(secs => %s)
               FROM generate_series(0, 25) AS day""",
            (tenant, endpoint, days_ago * 86_400),
        )


async def test_an_endpoint_that_was_daily_and_is_quiet_for_two_of_its_gaps_is_silent(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    busy, quiet, unused = [await make_endpoint(db, tenant) for _ in range(3)]
    deliver(clone, tenant, busy, 0)
    deliver(clone, tenant, quiet, 1.5)
    judgement = await check(db, tenant)
    assert found(judgement) == {}
    assert judgement.is_well("webhook_silent", str(busy))
    assert not judgement.is_well("webhook_silent", str(quiet))
    later = await check(db, tenant, utc_now() + timedelta(hours=15))
    silent = found(later)
    assert set(silent) == {("webhook_silent", str(quiet))}
    assert silent["webhook_silent", str(quiet)]["usual_gap_s"] == 86_400
    assert not later.is_well("webhook_silent", str(unused))
    assert found(await check(db, other_tenant, utc_now() + timedelta(days=9))) == {}
