"""Marking and crediting read the captures of each journey, not all captures of the tenant for each journey."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from skeldir.attribution import define_models, mark_orders_reached_by_touches
from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.reading import read_orders
from skeldir.db.pool import Database, open_database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.tenants import load_profile
from tests.conftest import Clone
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

pytestmark = pytest.mark.one_server("the coordinator does not count what its nodes read")

# With this many captures the index of journeys has one level more than that of days. The tables were never analyzed.
NUMBER = 180
MOST_READ = 10 * NUMBER


@pytest.fixture
async def resetting(db: Database, tenant: UUID) -> UUID:
    """A tenant whose conversions cut journeys."""
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=45, after_conversion="reset")
    return tenant


def orders_of_different_journeys() -> list[dict[str, object]]:
    return [make_conversion(journey_key=f"visitor-{n}") for n in range(NUMBER)]


async def entries_read(connection: Connection) -> int:
    """Return how many rows of the ledger the transaction has read."""
    read: int = await connection.fetchval(
        """SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
           FROM pg_stat_xact_user_tables WHERE relname = 'revenue_ledger'"""
    )
    return read


async def test_new_captures_read_the_captures_of_their_journeys(
    db: Database, resetting: UUID
) -> None:
    async with db.tenant(resetting) as connection:
        profile = await load_profile(connection, resetting)
        await receive_conversions(
            connection, profile, orders_of_different_journeys(), origin="test"
        )
        assert NUMBER <= await entries_read(connection) <= MOST_READ


async def test_new_touches_read_the_captures_of_their_journeys(
    db: Database, resetting: UUID
) -> None:
    await send_conversions(db, resetting, *orders_of_different_journeys())
    touches = [make_touch(journey_key=f"visitor-{n}") for n in range(NUMBER)]
    async with db.tenant(resetting) as connection:
        profile = await load_profile(connection, resetting)
        read = await entries_read(connection)
        await receive_touches(connection, profile, touches, origin="test")
        assert NUMBER <= await entries_read(connection) - read <= MOST_READ


async def test_touches_that_reach_many_orders_read_the_captures_of_their_journeys(
    db: Database, resetting: UUID
) -> None:
    await send_conversions(db, resetting, *orders_of_different_journeys())
    async with db.tenant(resetting) as connection:
        rows = await connection.fetch("SELECT journey_key, occurred_at FROM revenue_ledger")
        read = await entries_read(connection)
        await mark_orders_reached_by_touches(connection, resetting, [tuple(row) for row in rows])
        assert NUMBER <= await entries_read(connection) - read <= MOST_READ


async def test_a_credit_run_reads_the_captures_and_touches_of_its_journeys(
    db: Database, clone: Clone, resetting: UUID
) -> None:
    orders = orders_of_different_journeys()
    await send_conversions(db, resetting, *orders)
    touches = [make_touch(journey_key=f"visitor-{n}") for n in range(NUMBER)]
    await send_touches(db, resetting, *touches)
    order_ids = [str(order["order_id"]) for order in orders]
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as reader:
        reading = await read_orders(reader, resetting, order_ids, BOUNDS)
        assert reading is not None
        assert len(reading.journeys) == NUMBER
        async with reader.statement() as connection:
            # A connection's counter continues after a transaction, and is reset at most once a second.
            read = await connection.fetch(
                """SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows
                   FROM pg_stat_xact_user_tables WHERE relname IN ('revenue_ledger', 'attribution_events')"""
            )
    assert all(row["rows"] <= MOST_READ for row in read)
