"""`GET /v1/attribution/channels`: models side by side, by day, week, month and in total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.attribution import RULE_MODELS, channel_totals, define_models, mark_all_orders
from skeldir.attribution.schemas import MOST_AWAITING
from skeldir.db.pool import Database
from skeldir.revenue import ledger_totals
from skeldir.rollups import mark_days
from tests.conftest import Clone
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_tenant,
    make_touch,
    post_plainly,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client, read_all, settle
from tests.support.syntax import named_text

pytestmark = pytest.mark.shares_clone

PATH = "/v1/attribution/channels"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def spend(db: Database, tenant: UUID, cents: int, channel: str = "email") -> None:
    """Record spend on the first day."""
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), 'spend', $2, $3, 'USD', $4)""",
            tenant, DAY_0.date(), channel, cents,
        )  # fmt: skip
        await mark_days(connection, tenant, [DAY_0.date()])


async def sell(db: Database, tenant: UUID) -> None:
    """Two touches of email and search, then 100.01 USD on the first day, 50.00 USD and 7.00 EUR eight days later."""
    await send_touches(
        db, tenant, make_touch(), make_touch(channel="paid_search", occurred_at=at(0.1))
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(amount_cents=10_001, occurred_at=at(0.2)),
        make_conversion(amount_cents=5_000, occurred_at=at(8)),
        make_conversion(amount_cents=700, occurred_at=at(8), currency="EUR"),
    )


async def test_all_models_are_side_by_side_with_their_versions(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    await settle(db)
    body = await get(client, PATH, await key_of(db, tenant))
    assert body["model_versions"] == {model: f"{model}@1" for model in RULE_MODELS}
    assert [(row["currency"], row["channel"], row["period"]) for row in body["data"]] == [
        ("EUR", "email", None),
        ("EUR", "paid_search", None),
        ("USD", "email", None),
        ("USD", "paid_search", None),
    ]
    email, search = (row["models"] for row in body["data"][2:])
    assert list(email) == list(RULE_MODELS)
    assert email["first_touch"] == {
        "credited_cents": 15_001,
        "conversions": "2",
        "spend_cents": 0,
        "roas": None,
        "cpa_cents": None,
        "share": "1.000000",
        "interval": None,
    }
    assert email["last_touch"]["credited_cents"] == 0
    assert email["last_touch"]["conversions"] == "0"
    assert (email["linear"]["conversions"], email["linear"]["credited_cents"]) == ("1", 7_501)
    for model in RULE_MODELS:
        assert email[model]["credited_cents"] + search[model]["credited_cents"] == 15_001
        parts = [Decimal(row[model]["conversions"]) for row in (email, search)]
        assert sum(parts) == 2


@pytest.mark.parametrize(
    ("granularity", "periods"),
    [
        ("day", ["2026-03-01", "2026-03-09"]),
        ("week", ["2026-02-23", "2026-03-09"]),
        ("month", ["2026-03-01"]),
    ],
)
async def test_rows_are_reported_by_period(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, granularity: str, periods: list[str]
) -> None:
    await sell(db, tenant)
    await settle(db)
    rows = (await get(client, PATH, await key_of(db, tenant), granularity=granularity))["data"]
    assert sorted({row["period"] for row in rows}) == periods
    total = sum(row["models"]["linear"]["credited_cents"] for row in rows)
    assert total == 15_001 + 700


async def test_return_on_spend_is_an_exact_quotient_to_six_places(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    await spend(db, tenant, 3_000)
    await spend(db, other := await make_tenant(db, "C"), 1)
    await settle(db)
    key = await key_of(db, tenant)
    email = (await get(client, PATH, key, currency="USD", model="first_touch"))["data"][0]["models"]
    assert email == {
        "first_touch": {
            "credited_cents": 15_001,
            "conversions": "2",
            "spend_cents": 3_000,
            "roas": "5.000333",
            "cpa_cents": "1500.000000",
            "share": "1.000000",
            "interval": None,
        }
    }
    only_spend = (await get(client, PATH, await key_of(db, other)))["data"]
    assert [row["models"]["linear"]["roas"] for row in only_spend] == ["0.000000"]


async def test_filters_narrow_the_report(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    await settle(db)
    key = await key_of(db, tenant)

    async def cents(**filters: object) -> int:
        rows = (await get(client, PATH, key, **filters))["data"]
        return sum(model["credited_cents"] for row in rows for model in row["models"].values())

    assert await cents(model="linear") == 15_701
    assert await cents(model="linear,last_touch") == 2 * 15_701
    assert await cents(model=["last_touch", "linear", "linear"]) == 2 * 15_701
    assert await cents(model="linear", currency="EUR") == 700
    assert await cents(model="linear", currency="XXX") == 0
    assert await cents(model="linear", from_="2026-03-01", to="2026-03-09") == 10_001
    assert await cents(model="linear", from_="2026-03-09") == 5_700
    assert await cents(model="linear", to="2026-03-02") == 10_001
    last = (await get(client, PATH, key, model="last_touch"))["data"]
    assert {row["channel"] for row in last} == {"paid_search"}, "a channel that it gives nothing"
    both = await get(client, PATH, key, model="time_decay,linear")
    assert list(both["model_versions"]) == ["linear", "time_decay"]


async def test_only_active_versions_are_reported(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    await settle(db)
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=1)
    await settle(db)
    body = await get(client, PATH, await key_of(db, tenant), model="linear")
    assert body["model_versions"] == {"linear": "linear@2"}
    by_channel: dict[str, int] = defaultdict(int)
    for row in body["data"]:
        by_channel[row["channel"]] += row["models"]["linear"]["credited_cents"]
    assert by_channel == {"email": 5_001, "paid_search": 5_000, "unattributed": 5_700}


@pytest.mark.parametrize("granularity", ["total", "day", "week", "month"])
async def test_pages_together_hold_the_same_rows_as_one_page(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, granularity: str
) -> None:
    await sell(db, tenant)
    await settle(db)
    key = await key_of(db, tenant)
    whole = (await get(client, PATH, key, granularity=granularity))["data"]
    assert len(whole) in (4, 6)
    for limit in (1, 3):
        assert await read_all(client, PATH, key, granularity=granularity, limit=limit) == whole


async def test_a_tenant_without_models_or_rows_gets_an_empty_list(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell(db, other_tenant)
    await settle(db)
    async with db.tenant(tenant) as connection:
        await connection.execute("UPDATE attribution_models SET is_active = false")
    body = await get(client, PATH, await key_of(db, tenant))
    assert body == {
        "time_zone": "UTC",
        "known_at": None,
        "comparison": None,
        "renewals": "include",
        "model_versions": {},
        "orders_awaiting_credit": 0,
        "orders_set_aside": 0,
        "data": [],
        "next_cursor": None,
    }


@pytest.mark.own_clone
@pytest.mark.one_server("the coordinator shows no generic plan of a distributed table")
@pytest.mark.parametrize(
    ("statement", "index", "bounds"),
    [
        (
            named_text("skeldir.attribution", "select_channel_report"),
            "rollup_channel_day_pkey",
            ("basis = ANY",),
        ),
        (named_text("skeldir.rollups", "select_revenue_days"), "rollup_revenue_day_pkey", ()),
    ],
    ids=["channels", "daily"],
)
def test_a_report_of_some_days_looks_them_up_in_an_index(
    tenant: UUID, clone: Clone, statement: str, index: str, bounds: tuple[str, ...]
) -> None:
    """Three years of eleven tenants, six models and eight channels: the range of days is looked up, not filtered."""
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute(
            """INSERT INTO tenants (id, name) SELECT gen_random_uuid(), 'T' FROM generate_series(1, 10);
               INSERT INTO rollup_channel_day
               SELECT t.id, DATE '2026-06-01' - d, m || '@1', 'channel_' || c, 'USD', 1000000000000, 100, 10
               FROM tenants t, generate_series(0, 1094, 3) d, generate_series(1, 8) c,
                    unnest(ARRAY['linear', 'last_touch', 'first_touch', 'time_decay', 'position_based',
                                 'last_non_direct']) m;
               INSERT INTO rollup_revenue_day
               SELECT t.id, DATE '2026-06-01' - d, 'USD', 'captured', 100, 1, 1, now()
               FROM tenants t, generate_series(0, 1094) d;
               ANALYZE"""
        )
    # The generic plan: after some executions the server no longer plans a prepared statement for its values.
    with psycopg.connect(clone.app_url) as connection:
        connection.execute("SELECT set_tenant(%s)", (tenant,))
        explained = f"EXPLAIN (GENERIC_PLAN) {statement}".encode()
        plan = [row[0].strip() for row in connection.execute(explained)]
    (place,) = [number for number, line in enumerate(plan) if index in line]
    condition = plan[place + 1]
    days = ("revenue_date >= GREATEST", "revenue_date < LEAST")
    for part in ("Index Cond", "tenant_id = ", *bounds, *days):
        assert part in condition, plan


async def test_a_report_shows_how_many_orders_of_its_tenant_await_credit(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    keys = [await key_of(db, one) for one in (tenant, await make_tenant(db, "C"))]

    async def awaiting() -> list[int]:
        return [(await get(client, PATH, key))["orders_awaiting_credit"] for key in keys]

    assert await awaiting() == [3, 0]
    await settle(db)
    assert await awaiting() == [0, 0]
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=1)
    assert await awaiting() == [3, 0]
    await send_conversions(db, tenant, make_conversion(order_id="new"))
    assert await awaiting() == [4, 0]


async def test_orders_that_await_credit_are_counted_up_to_a_bound(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO dirty_orders (tenant_id, order_id)
               SELECT $1, 'o' || n / 2 FROM generate_series(2, $2) AS n
               RETURNING 1""",
            tenant, 2 * MOST_AWAITING - 1,
        )  # fmt: skip
        # Two marks for each order: all but one of the bound.
    key = await key_of(db, tenant)
    assert (await get(client, PATH, key))["orders_awaiting_credit"] == MOST_AWAITING - 1
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO dirty_orders (tenant_id, order_id)
               SELECT $1, 'p' || n FROM generate_series(1, 2) AS n
               RETURNING 1""",
            tenant,
        )
    assert (await get(client, PATH, key))["orders_awaiting_credit"] == MOST_AWAITING


async def test_credit_that_exceeds_the_databases_integers_is_reported_exactly(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    for days in (0, 1):
        day = (DAY_0 + timedelta(days=days)).date()
        await post_plainly(db, tenant, f"order-{days}", 6 * 10**18, day)
    async with db.tenant(tenant) as connection:
        await mark_all_orders(connection, tenant)
    await settle(db)
    (row,) = (await get(client, PATH, await key_of(db, tenant)))["data"]
    assert {one["credited_cents"] for one in row["models"].values()} == {12 * 10**18}
    async with db.tenant(tenant) as connection:
        totals = await channel_totals(connection, tenant)
        (ledger,) = await ledger_totals(connection, tenant)
    assert {total.credited_cents for total in totals} == {ledger.net_cents} == {12 * 10**18}


@pytest.mark.own_clone
async def test_very_many_conversions_are_reported_to_the_last_place(
    client: httpx2.AsyncClient, db: Database, clone: Clone, tenant: UUID
) -> None:
    """A quotient of such large numbers would be rounded to eight places."""
    await send_conversions(db, tenant, make_conversion(journey_key=None))
    await settle(db)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("UPDATE rollup_channel_day SET conversion_ppt = 230000003123456789012")
    (row,) = (await get(client, PATH, await key_of(db, tenant), model="linear"))["data"]
    assert row["models"]["linear"]["conversions"] == "230000003.123456789012"
    async with db.tenant(tenant) as connection:
        totals = await channel_totals(connection, tenant)
    assert {total.conversions for total in totals} == {Decimal("230000003.123456789012")}


async def test_a_cursor_of_models_that_are_no_longer_active_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    await settle(db)
    key = await key_of(db, tenant)
    cursor = (await get(client, PATH, key, limit=1))["next_cursor"]
    assert (await get(client, PATH, key, limit=1, cursor=cursor))["data"]
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, lookback_days=1)
    answer = await client.get(PATH, headers=key, params={"limit": 1, "cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
