"""Comparisons over real touches, orders and claims: what is verified, what overlaps, and what is kept."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from skeldir.attribution import retire_model
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.jobs import do_jobs
from skeldir.matviews import refresh_view
from skeldir.reconcile import list_reconciliations, run_reconciliation
from skeldir.worker import KINDS
from tests.support.make import at, make_conversion, send_conversions, send_touches
from tests.support.reconciling import DAY, FIRST, ad, ask, claim, claims, compare, read

pytestmark = pytest.mark.shares_clone


async def test_verified_money_is_what_the_model_credits_to_the_campaign_by_the_orders_day(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for whose in (tenant, other_tenant):
        await send_touches(db, whose, ad("google", "1042"))
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="a"),
        make_conversion(order_id="a", kind="refund", amount_cents=2_500, occurred_at=at(5)),
        make_conversion(order_id="later", occurred_at=at(12)),
    )
    await claims(db, tenant, claim("google_ads", "1042", 12_000))
    await claims(db, other_tenant, claim("google_ads", "1042", 500))
    report, (line,) = await compare(db, tenant)
    assert (line.claimed_cents, line.verified_cents, line.reversed_cents) == (12_000, 10_000, 2_500)
    assert (line.day, line.reason, line.attribution_setting) == (DAY, "amount", "7d_click")
    (one,) = report.platforms
    assert (one.ghost_cents, one.missed_cents, str(one.difference_bp)) == (2_000, 0, "2000.00")
    assert one.attribution_settings == ["7d_click"]
    assert (report.reconciliation.state, report.reconciliation.orders) == ("done", 1)
    _, (theirs,) = await compare(db, other_tenant)
    assert (theirs.claimed_cents, theirs.verified_cents, theirs.reason) == (
        500,
        0,
        "missing_in_ledger",
    )


async def test_orders_with_touches_of_two_claiming_platforms_overlap(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        ad("google", "1042"),
        ad("facebook", "77", occurred_at=at(0.5)),
        ad("bing", "5", occurred_at=at(0.2)),
    )
    await send_conversions(db, tenant, make_conversion(), make_conversion())
    await claims(
        db,
        tenant,
        claim("google_ads", "1042", 20_000),
        claim("meta", "77", 20_000),
        claim("microsoft_ads", "5", None),
    )
    report, lines = await compare(db, tenant)
    (pair,) = report.overlaps
    assert (pair.platform, pair.other_platform) == ("google_ads", "meta")
    assert (pair.orders, pair.captured_cents) == (2, 20_000)
    assert [(line.platform, line.verified_cents, line.reason) for line in lines] == [
        ("google_ads", 0, "missing_in_ledger"),
        ("meta", 20_000, "none"),
        ("microsoft_ads", 0, "unknown"),
    ]
    only, _ = await compare(db, tenant, platform="microsoft_ads")
    assert ([one.platform for one in only.platforms], only.overlaps) == (["microsoft_ads"], [])
    assert (only.platforms[0].state, only.platforms[0].claimed_cents) == ("unknown", None)


async def test_a_name_of_two_platforms_is_decided_by_the_source_or_not_at_all(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        ad("google", "brand"),
        ad("newsletter", "brand", journey_key="visitor-2"),
        ad("adwords", "spring", journey_key="visitor-3"),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(),
        make_conversion(journey_key="visitor-2", amount_cents=700),
        make_conversion(journey_key="visitor-3", amount_cents=30),
    )
    await claims(
        db,
        tenant,
        claim("google_ads", "1", 0),
        claim("microsoft_ads", "5", 0),
        claim("google_ads", "2", 0, name="Spring"),
        claim("google_ads", "3", 0, name="Spring"),
    )
    report, lines = await compare(db, tenant)
    verified = {
        (one.platform, one.campaign): one.verified_cents for one in lines if one.verified_cents
    }
    assert verified == {("google_ads", "1"): 10_000, ("google_ads", ""): 30}
    assert report.reconciliation.unplaced == {"USD": 700}


async def test_all_lines_of_a_campaign_have_its_latest_name(db: Database, tenant: UUID) -> None:
    await send_touches(db, tenant, ad("google", "1042"))
    await send_conversions(
        db, tenant, make_conversion(), make_conversion(occurred_at=at(3), order_id="next")
    )
    earlier = claim("google_ads", "1042", 9_000, name="Brand until March")
    await claims(
        db, tenant, claim("google_ads", "1042", 9_000, day=DAY + timedelta(days=1)), earlier
    )
    _, lines = await compare(db, tenant)
    assert [line.claimed_cents for line in lines] == [9_000, 9_000, None]
    assert {(line.campaign, line.campaign_name) for line in lines} == {("1042", "Brand")}


async def test_a_day_that_the_export_lacks_is_timing_only_between_days_of_its_account(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, ad("google", "1042"))
    await send_conversions(db, tenant, make_conversion())
    before, after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    await claims(db, tenant, claim("google_ads", "1042", 12_000, day=before))
    _, lines = await compare(db, tenant)
    assert [line.reason for line in lines] == ["missing_in_ledger", "unknown"]
    await claims(
        db, tenant, claim("google_ads", "7", None, day=after), claim("meta", "5", 0, day=after)
    )
    _, lines = await compare(db, tenant, platform="google_ads")
    assert [line.reason for line in lines] == ["missing_in_ledger", "unknown", "unknown"]
    await claims(db, tenant, claim("google_ads", "7", 0, day=after))
    report, lines = await compare(db, tenant, platform="google_ads")
    assert [line.reason for line in lines] == ["missing_in_ledger", "timing", "none"]
    assert [line.timing_cents for line in lines] == [10_000, 10_000, 0]
    assert [line.claimed_cents for line in lines] == [12_000, None, 0]
    (one,) = report.platforms
    assert (one.timing_cents, one.ghost_cents, one.unknown_verified_cents) == (
        10_000,
        12_000,
        10_000,
    )


@pytest.mark.own_clone
async def test_an_earlier_comparison_stays_and_the_view_shows_the_latest(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, ad("google", "1042"))
    await send_conversions(db, tenant, make_conversion())
    await claims(db, tenant, claim("google_ads", "1042", 12_000))
    before = await compare(db, tenant)
    await claims(db, tenant, claim("google_ads", "1042", 10_000))
    await compare(db, tenant)
    assert await read(db, tenant, before[0].reconciliation.id) == before
    result = await refresh_view(
        db, "mv_reconciliation_status", requested_at=utc_now(), only_if_changed=True
    )
    assert result.outcome == "success"
    async with db.tenant(tenant) as connection:
        shown = await connection.fetch(
            "SELECT platform, state, claimed_cents FROM reconciliation_status"
        )
        assert [tuple(row) for row in shown] == [("google_ads", "matched", 10_000)]
        listed = await list_reconciliations(connection, tenant)
    assert [one.state for one in listed] == ["done", "done"]


@pytest.mark.own_clone
async def test_of_two_currencies_the_view_shows_the_one_with_most_lines(
    db: Database, tenant: UUID
) -> None:
    await claims(
        db,
        tenant,
        claim("meta", "1", 7),
        claim("meta", "1", 5, day=FIRST),
        claim("meta", "2", 900_000, currency="EUR"),
    )
    report, _ = await compare(db, tenant)
    assert [(one.currency, one.claimed_cents) for one in report.platforms] == [
        ("EUR", 900_000),
        ("USD", 12),
    ]
    await refresh_view(db, "mv_reconciliation_status", requested_at=utc_now())
    async with db.tenant(tenant) as connection:
        shown = await connection.fetch("SELECT currency, claimed_cents FROM reconciliation_status")
    assert [tuple(row) for row in shown] == [("USD", 12)]


async def test_a_tenant_has_one_comparison_at_a_time(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    asked = await asyncio.gather(*(ask(db, tenant) for _ in range(3)), return_exceptions=True)
    refused = [one.code for one in asked if isinstance(one, SkeldirError)]
    assert refused == ["reconciliation_running"] * 2
    await ask(db, other_tenant)


async def test_two_processes_that_make_the_same_comparison_store_it_once(
    db: Database, tenant: UUID
) -> None:
    await claims(db, tenant, claim("meta", "1", 7))
    made = await ask(db, tenant)
    stored = await asyncio.gather(*(run_reconciliation(db, tenant, made) for _ in range(2)))
    assert sorted(stored) == [False, True]
    _, lines = await read(db, tenant, made)
    assert len(lines) == 1


class Killed(Exception):
    """The process ends in the last moment before the commit."""


async def test_a_comparison_that_is_killed_before_its_commit_is_made_by_a_worker(
    db: Database, tenant: UUID
) -> None:
    async def kill(_connection: object) -> None:
        raise Killed

    await claims(db, tenant, claim("meta", "1", 7))
    made = await ask(db, tenant)
    with pytest.raises(Killed):
        await run_reconciliation(db, tenant, made, fence=kill)
    report, lines = await read(db, tenant, made)
    assert (report.reconciliation.state, lines) == ("waiting", [])
    await do_jobs(db, {kind.name: kind for kind in KINDS if kind.name == "reconcile.run"})
    report, lines = await read(db, tenant, made)
    assert (report.reconciliation.state, len(lines)) == ("done", 1)


async def test_a_comparison_by_a_model_that_was_retired_fails_and_says_so(
    db: Database, tenant: UUID
) -> None:
    made = await ask(db, tenant)
    async with db.tenant(tenant) as connection:
        await retire_model(connection, tenant, "last_touch", changed_by="command:test")
    await do_jobs(db, {kind.name: kind for kind in KINDS if kind.name == "reconcile.run"})
    report, _ = await read(db, tenant, made)
    assert report.reconciliation.state == "failed"
    assert report.reconciliation.error is not None
    assert report.reconciliation.error.startswith("model_not_in_force: ")
    await ask(db, tenant, model="linear")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"model": None}, "model_not_chosen"),
        ({"model": "first_click"}, "model_not_chosen"),
        ({"platform": "meta"}, "platform_unknown"),
        ({"first": DAY, "last": FIRST}, "input_invalid"),
        ({"first": FIRST - timedelta(days=400)}, "input_invalid"),
        ({"first": date.max, "last": date.max}, "input_invalid"),
        ({"first": date.min, "last": date.min}, "input_invalid"),
    ],
)
async def test_what_is_not_clear_is_refused(
    db: Database, tenant: UUID, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(SkeldirError) as refused:
        await ask(db, tenant, **fields)
    assert refused.value.code == code
