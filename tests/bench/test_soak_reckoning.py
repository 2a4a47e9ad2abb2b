"""The reckoning sees what is lost, doubled, another's, or not credited; asked of a real database, tampered with."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import orjson
import psycopg
import pytest

from bench.reckoning import count_to_do, do_views_show_everything
from bench.service import ask
from bench.soak.reckoning import reckon
from bench.soak.records import QUIET, Found, Run, Sent, Tally
from bench.soak.shop import Shop, as_array
from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.make import send_conversions, send_touches

Reckoned = Callable[[], Awaitable[Found]]
TOUCHES, CONVERSIONS = 20, 16


@pytest.fixture
async def reckoned(clone: Clone, db: Database, tenant: UUID, other_tenant: UUID) -> Reckoned:
    """Fill a tenant as its sender does, all of it acknowledged, work it off, and return what reckons it."""
    tally = Tally("q00", QUIET)
    shop = Shop(tally, random.Random(1))
    for send, (lines, numbers), acknowledged in (
        (send_touches, shop.touches(TOUCHES), tally.touches_acknowledged),
        (send_conversions, shop.conversions(CONVERSIONS), tally.conversions_acknowledged),
    ):
        receipt = await send(db, tenant, *orjson.loads(as_array(lines)))
        assert receipt.accepted == len(numbers)
        acknowledged[:] = bytes([1]) * len(numbers)
    assert count_to_do(partial(ask, clone.superuser_url))["marked days"] > 0
    await credit_dirty_orders(db)
    await roll_up_dirty_days(db)
    for view in CANONICAL_VIEWS:
        await refresh_view(db, view.name, requested_at=utc_now())

    async def reckon_it() -> Found:
        run = Run(60.0, (0.0, 0.0), (0.0, 0.0), sent=[Sent([tally])])
        reckon(clone.superuser_url, run, {"q00": tenant, "q01": other_tenant})
        (found,) = run.found
        return found

    return reckon_it


def tamper(clone: Clone, *statements: str) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as connection:
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount != 0, "nothing was changed"


async def test_what_was_acknowledged_and_worked_off_is_found_whole(
    clone: Clone, reckoned: Reckoned
) -> None:
    whole = Found("q00", QUIET, 0, 0, 0, 0, 0, 0, touches=TOUCHES, entries=CONVERSIONS)
    assert await reckoned() == whole
    assert do_views_show_everything(partial(ask, clone.superuser_url))


async def test_a_row_that_is_gone_is_lost(clone: Clone, reckoned: Reckoned) -> None:
    tamper(clone, "DELETE FROM attribution_events WHERE idempotency_key = 'q00-t-7'")
    tamper(clone, "DELETE FROM revenue_ledger WHERE business_key = 'q00-c-3'")
    found = await reckoned()
    assert (found.lost, found.touches, found.entries) == (2, TOUCHES - 1, CONVERSIONS - 1)


async def test_a_row_that_came_in_twice_is_doubled(clone: Clone, reckoned: Reckoned) -> None:
    tamper(
        clone,
        """DO $$ DECLARE unique_one text; BEGIN
           SELECT conname INTO unique_one FROM pg_constraint
           WHERE conrelid = 'revenue_ledger'::regclass AND contype = 'u';
           EXECUTE format('ALTER TABLE revenue_ledger DROP CONSTRAINT %I', unique_one);
           END $$""",
        """INSERT INTO revenue_ledger (tenant_id, id, business_key, order_id, kind, amount_cents, currency,
                                               occurred_at, source)
           SELECT tenant_id, gen_random_uuid(), business_key, order_id, kind, amount_cents, currency, occurred_at,
                  source FROM revenue_ledger WHERE business_key = 'q00-c-3'""",
    )
    found = await reckoned()
    assert (found.lost, found.doubled) == (0, 1)
    assert found.uncredited > 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attribution_events SET campaign = 'q01-spring' WHERE idempotency_key = 'q00-t-7'",
        "UPDATE revenue_ledger SET order_id = 'q01-o-0' WHERE business_key = 'q00-c-0'",
        "UPDATE order_journeys SET order_id = 'q01-o-0' WHERE order_id = 'q00-o-0'",
        "UPDATE attribution_events SET idempotency_key = 'q01-t-0' WHERE idempotency_key = 'q00-t-7'",
    ],
)
async def test_what_bears_the_marker_of_another_is_foreign(
    clone: Clone, reckoned: Reckoned, statement: str
) -> None:
    tamper(clone, statement)
    assert (await reckoned()).unknown > 0


async def test_a_cent_that_goes_astray_is_seen(clone: Clone, reckoned: Reckoned) -> None:
    tamper(
        clone,
        """UPDATE rollup_channel_day SET credited_cents = credited_cents + 1
           WHERE (revenue_date, model_version, channel_code, tenant_id) =
                 (SELECT revenue_date, model_version, channel_code, tenant_id FROM rollup_channel_day
                  WHERE model_version = 'linear@1' ORDER BY 4, 1, 3 LIMIT 1)""",
    )
    found = await reckoned()
    assert (found.uncredited, found.wrong_views) == (1, 0)


async def test_money_that_the_views_do_not_show_is_seen(clone: Clone, reckoned: Reckoned) -> None:
    tamper(clone, "UPDATE rollup_revenue_day SET amount_cents = amount_cents + 1")
    tamper(clone, "REFRESH MATERIALIZED VIEW mv_realtime_revenue")
    assert (await reckoned()).wrong_views > 0
