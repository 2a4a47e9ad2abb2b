"""Fits in force: each order's money by what the fit found its channels worth, to the cent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest

from skeldir.attribution import (
    RULE_MODELS,
    FittedVersion,
    OriginsAsked,
    explain_order,
    latest_changes,
    models_in_force,
    preview_model,
    read_order,
    rebuild_credit,
    report_origins,
    retain_touches,
    retire_model,
)
from skeldir.attribution.models import ModelVersionInvalid
from skeldir.audit import audit_tenant
from skeldir.db.pool import Database
from skeldir.fits import SHAPLEY, FitAsked, FitUnknown, activate_fit, find_fit, fit_model, weigh_fit
from skeldir.rollups import roll_up_dirty_days
from tests.support.credit import (
    assert_ledger_is_credited,
    assert_sums_are_of_credits,
    credit_until_complete,
)
from tests.support.fitted import ASKED, make_journeys, send_journeys
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

pytestmark = pytest.mark.shares_clone

SHAPLEY_ASKED = replace(ASKED, model=SHAPLEY, chain_order=None, collapse_repeats=None)
Sums = dict[tuple[str, str, str], int]
"""Minor units by version, channel and currency."""


async def put_in_force(db: Database, tenant: UUID, version: str) -> FittedVersion:
    async with db.tenant(tenant) as connection:
        return await activate_fit(connection, tenant, version, changed_by="test")


async def settle(db: Database, tenant: UUID) -> Sums:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            """SELECT model_version, channel_code, currency, sum(credited_cents)::bigint AS cents
               FROM rollup_channel_day WHERE basis = 'entry' AND allocations <> 0 GROUP BY 1, 2, 3"""
        )
    return {(r["model_version"], r["channel_code"], r["currency"]): r["cents"] for r in rows}


def by_hand(
    touches: list[dict[str, object]],
    conversions: list[dict[str, object]],
    fitted: FittedVersion,
) -> Sums:
    """Divide each order over the distinct channels of its journey, each by its weight, by largest remainder."""
    channels: dict[object, set[str]] = {}
    for touch in touches:
        channels.setdefault(touch["journey_key"], set()).add(str(touch["channel"]))
    sums: Sums = {}
    for order in conversions:
        cents = int(str(order["amount_cents"]))
        path = sorted(channels[order["journey_key"]])
        whole = sum(fitted.weights[channel] for channel in path)
        exact = {channel: Fraction(cents * fitted.weights[channel], whole) for channel in path}
        parts = {channel: int(share) for channel, share in exact.items()}
        left = cents - sum(parts.values())
        for channel in sorted(path, key=lambda each: (parts[each] - exact[each], each))[:left]:
            parts[channel] += 1
        for channel, part in parts.items():
            key = fitted.name, channel, str(order["currency"])
            sums[key] = sums.get(key, 0) + part
    return sums


def of_version(sums: Sums, version: str) -> Sums:
    return {key: cents for key, cents in sums.items() if key[0] == version}


@pytest.mark.parametrize("asked", [ASKED, SHAPLEY_ASKED], ids=["markov", "shapley"])
async def test_orders_are_credited_by_the_fit_to_the_cent(
    db: Database, tenant: UUID, other_tenant: UUID, asked: FitAsked
) -> None:
    items = make_journeys()
    for owner in (tenant, other_tenant):
        await send_journeys(db, owner, items)
    before = await settle(db, tenant)
    others = await settle(db, other_tenant)
    version = await fit_model(db, tenant, asked, made_by="test")
    fitted = await put_in_force(db, tenant, version)
    sums = await settle(db, tenant)
    assert of_version(sums, version) == by_hand(*items, fitted)
    # What the other models credit stays, and so does the other tenant.
    assert {key: cents for key, cents in sums.items() if key[0] != version} == before
    assert await settle(db, other_tenant) == others
    await assert_ledger_is_credited(db, tenant)
    await assert_sums_are_of_credits(db, tenant)
    assert (await audit_tenant(db, tenant)).differences == 0


async def test_refunds_follow_what_the_fit_gave(db: Database, tenant: UUID) -> None:
    touches, conversions = make_journeys()
    await send_journeys(db, tenant, (touches, conversions))
    version = await fit_model(db, tenant, ASKED, made_by="test")
    fitted = await put_in_force(db, tenant, version)
    await settle(db, tenant)
    refunds = [
        make_conversion(
            idempotency_key=f"refund-{place}",
            kind="refund",
            order_id=order["order_id"],
            journey_key=order["journey_key"],
            occurred_at=at(50),
            amount_cents=order["amount_cents"] if place else 1,
            currency=order["currency"],
        )
        for place, order in enumerate(conversions)
    ]
    await send_conversions(db, tenant, *refunds)
    left = conversions[0] | {"amount_cents": int(str(conversions[0]["amount_cents"])) - 1}
    sums = of_version(await settle(db, tenant), version)
    assert {k: c for k, c in sums.items() if c} == {
        k: c for k, c in by_hand(touches, [left], fitted).items() if c
    }


async def test_a_channel_that_the_fit_never_saw_earns_nothing(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    await put_in_force(db, tenant, version)
    before = await settle(db, tenant)
    for visitor, channels in (("both", ("audio", "email")), ("new only", ("audio",))):
        receipt = await send_touches(
            db,
            tenant,
            *(make_touch(journey_key=visitor, occurred_at=at(60), channel=c) for c in channels),
        )
        assert receipt.accepted == len(channels)
        await send_conversions(
            db,
            tenant,
            make_conversion(journey_key=visitor, occurred_at=at(61), amount_cents=100),
        )
    after = of_version(await settle(db, tenant), version)
    moved = {
        key[1]: cents - before.get(key, 0)
        for key, cents in after.items()
        if cents != before.get(key, 0)
    }
    assert moved == {"email": 100, "unattributed": 100}


async def test_a_new_fit_takes_the_place_of_the_last_one_and_retiring_ends_it(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    first = await fit_model(db, tenant, ASKED, made_by="test")
    await send_journeys(db, tenant, make_journeys(300, first=600, seed=2))
    second = await fit_model(db, tenant, ASKED, made_by="test")
    assert (first, second) == ("markov@1", "markov@2")
    await put_in_force(db, tenant, first)
    await settle(db, tenant)
    await put_in_force(db, tenant, second)
    sums = await settle(db, tenant)
    assert not any(of_version(sums, first).values())
    assert any(of_version(sums, second).values())
    # An older fit may be put in force again: it is the same version with the same weights.
    fitted = await put_in_force(db, tenant, first)
    again = await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert weigh_fit(await find_fit(connection, tenant, first)) == fitted
    assert any(of_version(again, first).values())
    async with db.tenant(tenant) as connection:
        await retire_model(connection, tenant, "markov", changed_by="test")
        assert {m.model for m in await models_in_force(connection, tenant)} == set(RULE_MODELS)
        changes = [
            (c.from_version, c.to_version)
            for c in await latest_changes(connection, tenant)
            if c.model == "markov"
        ]
    assert changes == [(first, None), (second, first), (first, second), (None, first)]
    assert not any(of_version(await settle(db, tenant), first).values())


async def test_a_rebuild_and_a_second_activation_change_nothing(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    await put_in_force(db, tenant, version)
    before = await settle(db, tenant)
    async with db.tenant(tenant) as connection:
        changes = await latest_changes(connection, tenant)
    await put_in_force(db, tenant, version)
    async with db.tenant(tenant) as connection:
        assert await latest_changes(connection, tenant) == changes
        await rebuild_credit(connection, tenant)
    assert await settle(db, tenant) == before


async def test_a_preview_says_what_activation_does(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    async with db.tenant(tenant, is_read_only=True) as connection:
        fitted = weigh_fit(await find_fit(connection, tenant, version))
    await settle(db, tenant)
    preview = await preview_model(db, tenant, "markov", fitted)
    assert preview.version_now is None
    await put_in_force(db, tenant, version)
    sums = of_version(await settle(db, tenant), version)
    assert {
        (version, row.channel, row.currency): row.credited_cents_then for row in preview.channels
    } == sums
    again = await preview_model(db, tenant, "markov", fitted)
    assert again.version_now == version
    assert all(row.difference_cents == 0 for row in again.channels)


async def test_another_tenants_fit_is_not_put_in_force(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    with pytest.raises(FitUnknown):
        await put_in_force(db, other_tenant, version)


async def test_a_fit_that_looks_back_further_than_touches_are_kept_is_refused(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, replace(ASKED, lookback_days=45), made_by="test")
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    with pytest.raises(ModelVersionInvalid):
        await put_in_force(db, tenant, version)


async def test_fits_activated_side_by_side_leave_one_in_force(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    versions = [await fit_model(db, tenant, ASKED, made_by="test") for _ in range(3)]
    await asyncio.gather(*(put_in_force(db, tenant, version) for version in versions))
    async with db.tenant(tenant) as connection:
        (only,) = (m for m in await models_in_force(connection, tenant) if m.model == "markov")
    assert only.model_version in versions
    sums = await settle(db, tenant)
    assert {key[0] for key, cents in sums.items() if cents and key[0] in versions} == {
        only.model_version
    }


async def test_an_explanation_shows_the_weights_of_channels_and_sources_add_up(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    fitted = await put_in_force(db, tenant, version)
    visits = (("email", "news"), ("paid_search", "google"), ("email", "offer"), ("audio", "x"))
    receipt = await send_touches(
        db,
        tenant,
        *(
            make_touch(
                idempotency_key=f"visit {place}",
                journey_key="one",
                occurred_at=at(60 + place),
                channel=channel,
                source=source,
            )
            for place, (channel, source) in enumerate(visits)
        ),
    )
    assert receipt.accepted == len(visits), receipt.rejected
    order = make_conversion(
        order_id="one", journey_key="one", occurred_at=at(64), amount_cents=1_001
    )
    await send_conversions(db, tenant, order)
    await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        explained = explain_order(await read_order(connection, tenant, "one"))
        report = await report_origins(
            connection,
            tenant,
            OriginsAsked(
                "source", (date.fromisoformat(at(64)[:10]), None), models=["markov"], currency="USD"
            ),
        )
    (shown,) = (v for v in explained.versions if v.model_version == version)
    whole = fitted.weights["email"] + fitted.weights["paid_search"]
    email = Fraction(fitted.weights["email"], whole)
    assert [float(Fraction(touch.weight)) for touch in shown.touches] == pytest.approx(
        [float(part) for part in (email / 2, 1 - email, email / 2, Fraction(0))]
    )
    assert [share.channel for share in shown.shares] == ["email", "paid_search"]
    of_channel = {row.channel: row for row in report.data}
    by_source = {
        (row.channel, value.value): value.models["markov"].credited_cents
        for row in report.data
        for value in row.parts
    }
    for channel in ("email", "paid_search"):
        total = of_channel[channel].models["markov"].credited_cents
        assert total == sum(cents for key, cents in by_source.items() if key[0] == channel)
    halves = [by_source["email", "news"], by_source["email", "offer"]]
    assert abs(halves[0] - halves[1]) <= 1


async def test_a_journey_begins_again_after_each_order(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    version = await fit_model(db, tenant, ASKED, made_by="test")
    await put_in_force(db, tenant, version)
    before = await settle(db, tenant)
    journey = {"journey_key": "twice"}
    await send_touches(
        db,
        tenant,
        make_touch(occurred_at=at(60), channel="email", **journey),
        make_touch(occurred_at=at(62), channel="paid_search", **journey),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(occurred_at=at(61), amount_cents=700, order_id="first", **journey),
        make_conversion(occurred_at=at(63), amount_cents=900, order_id="second", **journey),
    )
    after = await settle(db, tenant)
    moved = {
        key[1]: cents - before.get(key, 0)
        for key, cents in of_version(after, version).items()
        if cents != before.get(key, 0)
    }
    assert moved == {"email": 700, "paid_search": 900}
