"""ROAS, cost per conversion and share of channels: as SQL computes them, and null where they are not known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import cost_per_conversion, return_on_spend, share_of
from skeldir.db.pool import Database
from skeldir.rollups import mark_days
from tests.conftest import Clone
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client, read_all, settle

PATH = "/v1/attribution/channels"
# Spend comes from `spend` itself; conversions are in parts per 10**12.
BY_HAND = """
    WITH credit AS (
        SELECT date_trunc('week', revenue_date)::date AS period, currency, channel_code, model_version,
               sum(credited_cents) AS credited, sum(conversion_ppt) AS ppt
        FROM rollup_channel_day WHERE basis = 'entry' GROUP BY 1, 2, 3, 4
    ), spent AS (
        SELECT date_trunc('week', spend_date)::date AS period, currency, channel_code, sum(amount_cents) AS cents
        FROM spend GROUP BY 1, 2, 3
    )
    SELECT c.period, c.currency, c.channel_code, split_part(c.model_version, '@', 1),
           round(c.credited / nullif(s.cents, 0), 6)::text,
           round(s.cents * 1000000000000 / nullif(c.ppt, 0), 6)::text,
           round(c.credited / nullif(sum(c.credited) OVER w, 0), 6)::text
    FROM credit c LEFT JOIN spent s USING (period, currency, channel_code)
    WINDOW w AS (PARTITION BY c.period, c.currency, c.model_version)"""


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell_and_spend(db: Database, tenant: UUID) -> None:
    """Orders of two weeks and currencies, earned by three channels, of which two cost something in one currency."""
    await send_touches(
        db,
        tenant,
        make_touch(),
        make_touch(channel="paid_search", occurred_at=at(0.1)),
        make_touch(channel="display", occurred_at=at(2)),
    )
    await send_conversions(
        db,
        tenant,
        *(
            make_conversion(occurred_at=at(days), amount_cents=cents, currency=currency)
            for days, cents, currency in (
                (1, 10_001, "USD"),
                (3, 7_777, "USD"),
                (9, 333, "USD"),
                (3, 90_000, "EUR"),
            )
        ),
    )
    spent = [
        ("paid_search", 0, 3_000),
        ("display", 1, 1_001),
        ("paid_search", 9, 700),
        ("radio", 1, 50),
    ]
    days: list[date] = []
    async with db.tenant(tenant) as connection:
        for channel, days_later, cents in spent:
            days.append((DAY_0 + timedelta(days=days_later)).date())
            await connection.execute(
                """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
                   VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, $3, $2, 'USD', $4)""",
                tenant, channel, days[-1], cents,
            )  # fmt: skip
        await mark_days(connection, tenant, days)
    await settle(db)


def ratios_of(rows: list[dict[str, Any]]) -> set[tuple[str | None, ...]]:
    return {
        (
            row["period"],
            row["currency"],
            row["channel"],
            model,
            one["roas"],
            one["cpa_cents"],
            one["share"],
        )
        for row in rows
        for model, one in row["models"].items()
    }


async def test_ratios_are_those_of_sql_by_hand_on_whatever_page_they_are(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell_and_spend(db, tenant)
    await sell_and_spend(db, other_tenant)
    async with db.tenant(tenant) as connection:
        by_hand = {(str(row[0]), *row[1:]) for row in await connection.fetch(BY_HAND)}
    assert len(by_hand) > 40
    key = await key_of(db, tenant)
    for limit in (1, 4, 1_000):
        rows = await read_all(client, PATH, key, granularity="week", limit=limit)
        shown = {one for one in ratios_of(rows) if (one[0], *one[1:4]) in {b[:4] for b in by_hand}}
        assert shown == by_hand, limit
    total = await read_all(client, PATH, key, granularity="total", limit=1)
    assert ratios_of(total) == ratios_of((await get(client, PATH, key))["data"])
    shares = [float(row["models"]["linear"]["share"]) for row in total if row["currency"] == "USD"]
    assert sum(shares) == pytest.approx(1, abs=1e-5)


async def test_what_is_not_known_is_null_and_never_0(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell_and_spend(db, tenant)
    rows = (await get(client, PATH, await key_of(db, tenant), model="last_touch"))["data"]
    of = {(row["currency"], row["channel"]): row["models"]["last_touch"] for row in rows}
    assert (of["EUR", "display"]["roas"], of["EUR", "display"]["cpa_cents"]) == (None, None)
    assert of["EUR", "display"]["share"] == "1.000000"
    radio = of["USD", "radio"]
    assert (radio["spend_cents"], radio["roas"], radio["cpa_cents"]) == (50, "0.000000", None)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (return_on_spend(1, 3), "0.333333"),
        (return_on_spend(-5, 4_000_000), "-0.000001"),
        (return_on_spend(5, 0), None),
        (return_on_spend(0, 5), "0.000000"),
        (cost_per_conversion(1_000, 3 * 10**12), "333.333333"),
        (cost_per_conversion(1_000, 0), None),
        (cost_per_conversion(0, 10**12), None),
        (share_of(1, 0), None),
        (share_of(-1, -2), None),
        (share_of(2, 3), "0.666667"),
    ],
)
def test_a_ratio_is_rounded_as_postgresql_does(made: str | None, expected: str | None) -> None:
    assert made == expected
