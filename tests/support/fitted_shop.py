"""A tenant with fits, for tests of their pages: six channels, one of them rare, and money of three currencies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from skeldir.db.pool import Database, open_database
from skeldir.fits import Fit, FitAsked, find_fit, fit_model
from skeldir.lifts import MILLION, LiftKey, Measured, record_lift_tests
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking, bearer
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import HOST, sign_in

FIRST, LAST, LATER = date(2026, 3, 1), date(2026, 3, 18), date(2026, 3, 22)
MARKOV, SHAPLEY, OF_OTHER_DAYS = "markov@1", "shapley@1", "shapley@2"
RARE: Final = "affiliates"
CURRENCIES: Final = {"USD": 2, "JPY": 0, "KWD": 3}
_JOURNEYS: Final = 600
_PATHS: Final = (
    ("email",),
    ("paid_search", "email"),
    ("display", "paid_search"),
    ("direct",),
    ("referral", "email", "direct"),
)


@dataclass(frozen=True, slots=True)
class FittedShop:
    """A tenant with the fits MARKOV, SHAPLEY and OF_OTHER_DAYS, one without any, and who is signed in."""

    clone: Clone
    tenant: UUID
    other: UUID
    cookies: dict[str, str]
    key: dict[str, str]
    fits: dict[str, Fit]


async def fill_fitted(clone: Clone) -> FittedShop:
    """Make the shop. Whoever shares it does not change it."""
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        tenant, other = await make_tenant(db, "Tea & <Co>"), await make_tenant(db, "B")
        await _send_facts(db, tenant)
        await credit_until_complete(db, tenant)
        await roll_up_dirty_days(db, tenant_id=tenant)
        fits = {}
        for asked in (
            FitAsked("markov", FIRST, LAST, 10, collapse_repeats=False, draws=200, seed=7),
            FitAsked("shapley", FIRST, LAST, 10, draws=200),
            FitAsked("shapley", FIRST, LATER, 10, level_percent=97, draws=200),
        ):
            version = await fit_model(db, tenant, asked, made_by="mia@shop.example")
            async with db.tenant(tenant, is_read_only=True) as connection:
                fits[version] = await find_fit(connection, tenant, version)
        await _record_lift_tests(db, tenant)
        async with asking(clone.app_url) as (_, client):
            client.base_url = HOST
            await sign_in(client, clone, tenant, Role.VIEWER, "ada@shop.example")
            cookies = dict(client.cookies)
        return FittedShop(clone, tenant, other, cookies, await bearer(db, tenant, "read"), fits)


async def _send_facts(db: Database, tenant: UUID) -> None:
    """Touches of all journeys; each second has an order on the day after."""
    touches, orders = [], []
    for number in range(_JOURNEYS):
        path = _PATHS[number % 5] if number % 60 else (RARE, *_PATHS[0])
        key, day = f"v-{number}", number % 18
        touches += [
            make_touch(channel=channel, journey_key=key, occurred_at=at(day + place / 10))
            for place, channel in enumerate(path)
        ]
        if number % 2 == 0:
            currency = {0: "JPY", 12: "KWD"}.get(number % 24, "USD")
            orders.append(
                make_conversion(
                    order_id=f"o-{number}",
                    amount_cents=10_001 + number,
                    currency=currency,
                    journey_key=key,
                    occurred_at=at(day + 1),
                )
            )
    without_key = make_conversion(order_id="no-key")
    del without_key["journey_key"]
    orders += [
        make_conversion(order_id="o-4", kind="refund", amount_cents=5_000, occurred_at=at(5)),
        make_conversion(order_id="no-touch", journey_key="nobody"),
        without_key,
    ]
    for batch in (touches[:1_000], touches[1_000:]):
        receipt = await send_touches(db, tenant, *batch)
        assert receipt.accepted == len(batch)
    assert (await send_conversions(db, tenant, *orders)).accepted == len(orders)


async def _record_lift_tests(db: Database, tenant: UUID) -> None:
    """Record a test of conversions that the models agree with, and one of money that they do not."""
    conversions = LiftKey("Geo <north>", "email", "conversions", "")
    dollars = replace(conversions, measure="value", currency="USD")
    tests = (
        Measured(conversions, FIRST, LAST, 90 * MILLION, MILLION, 250 * MILLION, 90),
        Measured(dollars, FIRST, LAST, -1, -1_000, 5, 80),
    )
    async with db.tenant(tenant) as connection:
        await record_lift_tests(
            connection, tenant, tests, source="lift.csv", recorded_by="mia@shop.example"
        )
