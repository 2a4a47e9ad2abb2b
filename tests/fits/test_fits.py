"""Fits of real facts: the same in any order, by tenant, as versions that never change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

import asyncpg
import pytest

from skeldir.db.pool import Database
from skeldir.fits import (
    SHAPLEY,
    Fit,
    FitAsked,
    FitInvalid,
    FitTooSmall,
    FitUnknown,
    TouchesForgotten,
    compare_fits,
    find_fit,
    fit_model,
    list_fits,
    read_journeys,
)
from skeldir.money import format_minor
from skeldir.tenants import set_retention
from tests.conftest import Clone
from tests.support.fitted import ASKED, FIRST_DAY, make_journeys, send_journeys
from tests.support.kept import forget_kept
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import key_of, open_client
from tests.support.refreshing import superuser_of

pytestmark = pytest.mark.shares_clone

PATH = "/v1/fits"
SHAPLEY_ASKED = replace(ASKED, model=SHAPLEY, chain_order=None, collapse_repeats=None)


async def fit(db: Database, tenant: UUID, asked: FitAsked = ASKED) -> Fit:
    version = await fit_model(db, tenant, asked, made_by="test")
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await find_fit(connection, tenant, version)


@pytest.mark.own_clone
async def test_the_same_facts_in_any_order_and_batches_give_the_same_fit(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    # With the same secret journeys have the same keys, and so the same shards.
    async with superuser_of(clone) as superuser:
        await superuser.execute(
            "UPDATE tenants SET journey_secret = (SELECT journey_secret FROM tenants WHERE id = $1) WHERE id = $2",
            tenant,
            other_tenant,
        )
    touches, conversions = make_journeys()
    await send_journeys(db, tenant, (touches, conversions))
    chance = Random(3)
    for items in (touches, conversions):
        chance.shuffle(items)
    await send_journeys(db, other_tenant, (touches, conversions), size=97)
    for asked in (ASKED, replace(ASKED, chain_order=None), SHAPLEY_ASKED):
        one, other = await fit(db, tenant, asked), await fit(db, other_tenant, asked)
        assert other.result == one.result
        assert other.fit.data_sha256 == one.fit.data_sha256
        again = await fit(db, tenant, asked)
        assert again.result == one.result
        assert again.fit.data_sha256 == one.fit.data_sha256


async def test_what_channels_earn_adds_up_to_all_that_there_is(db: Database, tenant: UUID) -> None:
    _, conversions = items = make_journeys()
    await send_journeys(db, tenant, items)
    refund = make_conversion(
        kind="refund", order_id="order-0", amount_cents=100, currency=conversions[0]["currency"]
    )
    assert (await send_conversions(db, tenant, refund)).accepted == 1
    for asked in (ASKED, SHAPLEY_ASKED):
        result = (await fit(db, tenant, asked)).result
        assert sum(c.share.value for c in result.channels) == pytest.approx(1)
        for place, currency in enumerate(("EUR", "USD")):
            of_currency = [c.earnings[place] for c in result.channels]
            assert {e.currency for e in of_currency} == {currency}
            total = sum(
                int(str(c["amount_cents"])) for c in conversions if c["currency"] == currency
            )
            if currency == conversions[0]["currency"]:
                total -= 100
            assert sum(e.cents for e in of_currency) == total, format_minor(total, currency)
            for e in of_currency:
                if e.lower_cents is not None and e.upper_cents is not None:
                    assert e.lower_cents <= e.cents <= e.upper_cents


async def test_a_currency_of_few_orders_has_money_and_no_interval(
    db: Database, tenant: UUID
) -> None:
    touches, conversions = make_journeys()
    for each in conversions[1:]:
        each["currency"] = "EUR"
    conversions[0]["currency"] = "USD"
    await send_journeys(db, tenant, (touches, conversions))
    for asked in (ASKED, SHAPLEY_ASKED):
        channels = (await fit(db, tenant, asked)).result.channels
        assert all(c.has_enough_data for c in channels)
        for c in channels:
            euros, dollars = c.earnings
            assert (euros.currency, dollars.currency) == ("EUR", "USD")
            assert (euros.lower_cents is None, dollars.lower_cents is None) == (False, True)
            assert dollars.share.lower is None
        total = sum(c.earnings[1].cents for c in channels)
        assert total == conversions[0]["amount_cents"]


async def test_days_are_those_of_the_end_and_journeys_of_other_days_do_not_count(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(journey_key="ends later", occurred_at=at(0)),
        make_touch(journey_key="ends later", occurred_at=at(5)),
        make_touch(journey_key="is bought later", occurred_at=at(0)),
        make_touch(journey_key="ends here", occurred_at=at(0)),
        make_touch(journey_key="ends here", occurred_at=at(40)),
        make_touch(journey_key="bought here", occurred_at=at(-10), channel="display"),
        make_touch(journey_key="bought here", occurred_at=at(-31), channel="email"),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(journey_key="is bought later", occurred_at=at(3)),
        make_conversion(journey_key="bought here", occurred_at=at(0.1)),
        make_conversion(journey_key="bought without a touch", occurred_at=at(0.2)),
        make_conversion(journey_key=None, occurred_at=at(0.3)),
    )
    read = await read_journeys(db, tenant, date(2026, 3, 1), date(2026, 3, 1), 30)
    journeys = read.journeys
    assert sorted(journeys.channels) == ["display", "email"]
    assert len(journeys) == 2
    assert journeys.converted.sum() == 1
    assert journeys.values["USD"].sum() == 10_000
    assert (read.without_touch, read.without_key) == (1, 1)


async def test_touches_of_one_moment_are_in_the_order_of_their_idempotency_keys(
    db: Database, tenant: UUID
) -> None:
    channels = ["email", "display", "paid_search", "organic_search"]
    await send_touches(
        db,
        tenant,
        *(
            make_touch(
                journey_key="j", occurred_at=at(0), channel=channel, idempotency_key=f"touch {n}"
            )
            for n, channel in reversed(list(enumerate(channels)))
        ),
    )
    journeys = (await read_journeys(db, tenant, FIRST_DAY, FIRST_DAY, 30)).journeys
    assert [journeys.channels[place] for place in journeys.touches] == channels


async def test_many_small_ranges_of_keys_give_what_one_gives(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_journeys(db, tenant)
    whole = await fit(db, tenant)
    await forget_kept(db, tenant)
    monkeypatch.setattr("skeldir.fits.reading.TOUCHES_AT_A_TIME", 40)
    divided = await fit(db, tenant)
    assert divided.result == whole.result
    assert divided.fit.data_sha256 == whole.fit.data_sha256


async def test_another_tenants_facts_and_fits_are_invisible(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    made = await fit(db, tenant)
    with pytest.raises(FitTooSmall, match="0 journeys"):
        await fit(db, other_tenant)
    async with db.tenant(other_tenant, is_read_only=True) as connection:
        assert await list_fits(connection, other_tenant) == []
        assert await list_fits(connection, tenant) == []
        with pytest.raises(FitUnknown):
            await find_fit(connection, tenant, made.fit.version)


async def test_two_fits_at_once_get_a_version_each_and_no_fit_changes(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    first = await fit(db, tenant)
    versions = await asyncio.gather(
        *(fit_model(db, tenant, replace(ASKED, seed=seed), made_by="test") for seed in (1, 2))
    )
    assert sorted(versions) == ["markov@2", "markov@3"]
    async with db.tenant(tenant, is_read_only=True) as connection:
        assert await find_fit(connection, tenant, "markov@1") == first
        # Of two that were made at once either may have begun first.
        *newest, oldest = (f.version for f in await list_fits(connection, tenant))
        assert (sorted(newest), oldest) == (sorted(versions), "markov@1")
    for statement in ("UPDATE model_fits SET seed = 1", "DELETE FROM model_fits"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant(tenant) as connection:
                await connection.execute(statement)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model": "linear"}, "no model that is fitted"),
        ({"model": SHAPLEY}, "no order"),
        ({"collapse_repeats": None}, "not said"),
        ({"last_day": FIRST_DAY - timedelta(days=1)}, "last day is before the first one"),
        ({"last_day": FIRST_DAY + timedelta(days=1_100)}, "These are 1101 days"),
        ({"lookback_days": 0}, "lookback"),
        ({"chain_order": 5}, "order of the chain is 5"),
        ({"chain_order": 0}, "order of the chain is 0"),
        ({"draws": 99}, "draws"),
        ({"seed": -1}, "seed"),
        ({"level_percent": 100}, "level in percent is 100"),
    ],
)
def test_a_fit_that_cannot_be_is_refused_with_the_reason(
    change: dict[str, object], why: str
) -> None:
    with pytest.raises(FitInvalid, match=why):
        replace(ASKED, **change).require_valid()  # type: ignore[arg-type]


async def test_days_whose_touches_are_forgotten_are_refused(db: Database, tenant: UUID) -> None:
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, 30)
        await connection.fetchval("SELECT public.forget_touches(10)")
    with pytest.raises(TouchesForgotten, match="were forgotten"):
        await fit(db, tenant)


async def test_two_fits_are_compared_channel_by_channel(db: Database, tenant: UUID) -> None:
    await send_journeys(db, tenant)
    one, other = await fit(db, tenant), await fit(db, tenant, SHAPLEY_ASKED)
    compared = compare_fits(one, other)
    shares = {c.channel: c.share.value for c in one.result.channels}
    others = {c.channel: c.share.value for c in other.result.channels}
    assert {c.channel: c.difference for c in compared} == pytest.approx(
        {channel: others[channel] - share for channel, share in shares.items()}
    )
    assert all(c.intervals_meet is not None for c in compared)
    differences = [abs(c.difference) for c in compared]
    assert differences == sorted(differences, reverse=True)


async def test_the_api_shows_fits_and_another_tenants_are_not_found(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    made, other = await fit(db, tenant), await fit(db, tenant, SHAPLEY_ASKED)
    own, foreign = await key_of(db, tenant), await key_of(db, other_tenant)
    paths = (f"{PATH}/markov@1", f"{PATH}/markov@1/compared-with/shapley@1")
    async with open_client(clone) as client:
        listed = (await client.get(PATH, headers=own)).json()["data"]
        assert [each["version"] for each in listed] == ["shapley@1", "markov@1"]
        shown, compared = [(await client.get(path, headers=own)).json() for path in paths]
        assert shown["fit"]["data_sha256"] == made.fit.data_sha256
        assert {c["channel"]: c["share"]["value"] for c in shown["result"]["channels"]} == {
            c.channel: c.share.value for c in made.result.channels
        }
        assert [c["channel"] for c in compared["data"]] == [
            c.channel for c in compare_fits(made, other)
        ]
        assert (await client.get(PATH, headers=foreign)).json() == {"data": []}
        for path in (*paths, f"{PATH}/markov@0", f"{PATH}/markov", f"{PATH}/linear@1"):
            key = own if path not in paths else foreign
            answer = await client.get(path, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (404, "fit_unknown")


async def test_touches_of_one_moment_follow_each_other_by_their_idempotency_keys(
    db: Database, tenant: UUID
) -> None:
    codes = ["paid_search", "email", "referral", "direct", "display", "email", "organic_search"]
    touches = [
        make_touch(
            journey_key=f"visitor-{visitor}", idempotency_key=f"{place}-{visitor}", channel=code
        )
        for visitor in range(50)
        for place, code in enumerate(codes)
    ]
    Random(1).shuffle(touches)
    await send_touches(db, tenant, *touches)
    journeys = (await read_journeys(db, tenant, FIRST_DAY, FIRST_DAY, 30)).journeys
    paths = journeys.touches.reshape(50, len(codes)).tolist()
    assert [[journeys.channels[number] for number in path] for path in paths] == [codes] * 50
