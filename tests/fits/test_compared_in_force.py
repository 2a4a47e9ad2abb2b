"""What a fit in force shows beside its credit: intervals in the channel report, and what another fit would move."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.attribution import ChannelsQuery, find_orders_moved, read_channel_page
from skeldir.db.pool import Database
from skeldir.fits import find_fit, fit_model, weigh_fit
from tests.fits.test_activating import SHAPLEY_ASKED, by_hand, put_in_force, settle
from tests.support.fitted import ASKED, make_journeys, send_journeys
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

pytestmark = pytest.mark.shares_clone


async def test_the_orders_that_move_most_come_first_and_add_up(db: Database, tenant: UUID) -> None:
    touches, conversions = make_journeys()
    await send_journeys(db, tenant, (touches, conversions))
    one = await fit_model(db, tenant, ASKED, made_by="test")
    other = await fit_model(db, tenant, SHAPLEY_ASKED, made_by="test")
    await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        fits = [weigh_fit(await find_fit(connection, tenant, name)) for name in (one, other)]
    found = await find_orders_moved(db, tenant, *fits)
    assert found.orders == len(conversions)
    assert found.data
    amounts = {str(c["order_id"]): int(str(c["amount_cents"])) for c in conversions}
    for order in found.data:
        gains = [c.other_credited_cents - c.credited_cents for c in order.channels]
        assert sum(gains) == 0
        assert 0 < sum(gain for gain in gains if gain > 0) == order.moved_cents
        assert sum(c.credited_cents for c in order.channels) <= amounts[order.order_id]
    for currency in ("EUR", "USD"):
        moves = [o.moved_cents for o in found.data if o.currency == currency]
        assert moves == sorted(moves, reverse=True)
        assert len(moves) == 20
        everything = [
            sum(
                max(0, cents - by_hand(touches, [c], fits[0]).get((one, *key[1:]), 0))
                for key, cents in by_hand(touches, [c], fits[1]).items()
            )
            for c in conversions
            if c["currency"] == currency
        ]
        assert moves == sorted(everything, reverse=True)[:20]
    assert (await find_orders_moved(db, tenant, fits[0], fits[0])).data == []


async def test_the_channel_report_has_intervals_of_the_fit_and_of_no_rule(
    db: Database, tenant: UUID
) -> None:
    await send_journeys(db, tenant)
    # Too few orders for an interval, enough for a number.
    rare = {"journey_key": "rare", "occurred_at": at(10)}
    await send_touches(db, tenant, make_touch(channel="audio", **rare))
    await send_conversions(
        db, tenant, make_conversion(journey_key="rare", occurred_at=at(11), amount_cents=500)
    )
    version = await fit_model(db, tenant, ASKED, made_by="test")
    await put_in_force(db, tenant, version)
    await settle(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        page = await read_channel_page(connection, tenant, ChannelsQuery())
        fit = await find_fit(connection, tenant, version)
    shares = {each.channel: each.share for each in fit.result.channels}
    assert page.data
    for row in page.data:
        assert row.models["linear"].interval is None
        credit, share = row.models["markov"], shares[row.channel]
        if share.lower is None or share.upper is None:
            assert (row.channel, credit.interval) == ("audio", None)
            continue
        assert credit.interval is not None
        factor = credit.credited_cents / share.value
        assert credit.interval.lower_cents == pytest.approx(factor * share.lower, abs=1)
        assert credit.interval.upper_cents == pytest.approx(factor * share.upper, abs=1)
    assert {row.channel for row in page.data} == set(shares)
