"""Paths: the journeys of the page are those that are stored, counted one by one, and their money that of the orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby, product
from random import Random
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import (
    ModelParameters,
    PathsAsked,
    list_journeys,
    report_paths,
    set_models,
)
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.web import DASH
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.credit import credit_until_complete
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import read_tables, signed_in

DAYS = "from=2026-03-01&to=2026-03-31"
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


def visits(key: str, *channels: str, from_day: float = 0.0) -> list[dict[str, object]]:
    return [
        make_touch(journey_key=key, channel=channel, occurred_at=at(from_day + place / 10))
        for place, channel in enumerate(channels)
    ]


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """A tenant with orders of few journeys, some of them alike, in two currencies."""
    await send_touches(
        db,
        tenant,
        *visits("a", "paid_search", "paid_search", "email"),
        *visits("b", "paid_search", "email", "email", "email", from_day=-4),
        *visits("c", "email"),
        *visits("d", "email", "paid_search", from_day=-50),
        *visits("e", "direct", from_day=0.9),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="a", journey_key="a", amount_cents=10_000),
        make_conversion(
            order_id="a", journey_key="a", kind="refund", amount_cents=2_500, occurred_at=at(60)
        ),
        make_conversion(order_id="b", journey_key="b", amount_cents=5_000),
        make_conversion(
            order_id="b", journey_key="b", amount_cents=700, currency="JPY", occurred_at=at(2)
        ),
        make_conversion(order_id="c", journey_key="c", amount_cents=1_000),
        make_conversion(order_id="d", journey_key="d", amount_cents=1_500),
        make_conversion(order_id="e", journey_key="e", amount_cents=2_000),
        # First paid before the days, and again on them.
        make_conversion(order_id="old", journey_key="a", amount_cents=9_000, occurred_at=at(-9)),
        make_conversion(order_id="old", journey_key="a", amount_cents=9_000, occurred_at=at(3)),
    )
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


@pytest.fixture
async def browser(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop) as client:
        yield client


async def test_journeys_are_counted_with_the_money_that_is_left_of_their_orders(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    page = await browser.get(f"/paths?{DAYS}")
    tables = read_tables(page.text)
    assert [row[:6] for row in tables["paths-USD"].rows] == [
        ["Paid search → E-mail", "2", "40.0%", "125.00", "73.5%", "3.5"],
        ["Direct", "1", "20.0%", "20.00", "11.8%", "1.0"],
        ["No known touch", "1", "20.0%", "15.00", "8.8%", "0.0"],
        ["E-mail", "1", "20.0%", "10.00", "5.9%", "1.0"],
    ]
    assert tables["paths-USD"].totals[:5] == ["Total", "5", "100.0%", "170.00", "100.0%"]
    assert tables["paths-USD"].rows[2][6] == DASH
    assert tables["paths-JPY"].rows[0][:4] == ["Paid search → E-mail", "1", "100.0%", "700"]
    # The same orders, and the same money, by the day of the orders.
    answer = await browser.get(
        "/v1/attribution/kinds?from=2026-03-01&to=2026-04-01&model=linear&basis=order_day&currency=USD",
        headers=await bearer(db, shop, "read"),
    )
    net = sum(row["models"]["linear"]["net_cents"] for row in answer.json()["data"])
    assert net == 17_000


async def test_lengths_and_days_are_of_all_orders(browser: httpx2.AsyncClient) -> None:
    tables = read_tables((await browser.get(f"/paths?{DAYS}")).text)
    assert {row[0]: row[1] for row in tables["lengths"].rows if row[1] != "0"} == {
        "0 touches": "1",
        "1 touch": "2",
        "3 touches": "1",
        "4 touches": "1",
    }
    assert {row[0]: row[1] for row in tables["days"].rows if row[1] != "0"} == {
        "Within a day": "1",
        "1 day": "2",
        "4\N{EN DASH}7 days": "1",
    }
    for key in ("lengths", "days"):
        assert tables[key].totals[1] == str(sum(int(row[1]) for row in tables[key].rows))


async def test_a_journey_leads_to_its_orders(browser: httpx2.AsyncClient) -> None:
    tables = read_tables((await browser.get(f"/paths?{DAYS}")).text)
    links = tables["paths-USD"].links
    for name, orders in (("Paid search → E-mail", {"a", "b"}), ("No known touch", {"d"})):
        shown = read_tables((await browser.get(links[name])).text)
        assert {row[0] for row in shown["orders-USD"].rows} == orders
    nothing = await browser.get(f"/paths?{DAYS}&path=display>sms")
    assert "No order of these days has this journey" in nothing.text


async def test_a_journey_is_what_the_model_looks_back_at(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    async with db.tenant(shop) as connection:
        parameters = ModelParameters(lookback_days=3, after_conversion="reset")
        await set_models(connection, shop, {"last_touch": parameters}, changed_by="test")
    await credit_until_complete(db, shop)
    tables = read_tables((await browser.get(f"/paths?{DAYS}&model=last_touch")).text)
    assert {row[0] for row in tables["paths-USD"].rows} == {
        "Paid search → E-mail",
        "E-mail",
        "Direct",
        "No known touch",
    }
    assert tables["paths-USD"].rows[0][:2] == ["No known touch", "2"]


async def test_paths_are_those_of_the_stored_journeys(db: Database, tenant: UUID) -> None:
    random = Random(5)
    channels = ["email", "paid_search", "direct", "sms"]
    touches, sales = [], []
    for number in range(300):
        key = f"v-{number}"
        for _ in range(random.choice([0, 1, 2, 5])):
            moment = at(-random.random() * 40)
            touches.append(
                make_touch(journey_key=key, channel=random.choice(channels), occurred_at=moment)
            )
        sales.append(
            make_conversion(order_id=key, journey_key=key, occurred_at=at(random.random()))
        )
    await send_touches(db, tenant, *touches)
    await send_conversions(db, tenant, *sales)
    await credit_until_complete(db, tenant)
    async with db.tenant(tenant, is_read_only=True) as connection:
        asked = PathsAsked(FIRST, LAST, "linear", most_paths=1_000)
        report = await report_paths(connection, tenant, asked)
        cut = await report_paths(connection, tenant, asked, most_orders=100)
        few = await report_paths(connection, tenant, replace(asked, most_paths=3))
        stored: dict[str, list[str]] = defaultdict(list)
        async for rows in list_journeys(connection, tenant):
            for order_id, channel, touched, converted in zip(
                rows.order_id, rows.channel, rows.touched_at, rows.converted_at, strict=True
            ):
                if converted - touched <= timedelta(days=30):
                    stored[order_id].append(channel)
    expected: dict[tuple[str, ...], int] = defaultdict(int)
    for number in range(300):
        path = tuple(channel for channel, _ in groupby(stored[f"v-{number}"]))
        expected[path] += 1
    paths = report.paths["USD"]
    assert {group.path: group.orders for group in paths.shown} == expected
    assert (report.orders, report.is_cut, report.left_out) == (300, False, 0)
    assert sum(group.cents for group in paths.shown) == paths.every.cents == 3_000_000
    assert few.paths["USD"].shown == paths.shown[:3]
    assert few.paths["USD"].other_paths == len(expected) - 3
    assert few.paths["USD"].others.orders == 300 - sum(one.orders for one in paths.shown[:3])
    assert sum(length * n for length, n in report.by_touches.items()) == sum(
        map(len, stored.values())
    )
    assert (cut.orders, cut.is_cut) == (100, True)
    moments = sorted(str(sale["occurred_at"]) for sale in sales)
    assert cut.earliest is not None
    assert cut.earliest.isoformat() == moments[200]
    assert Fraction(cut.by_touches.total(), 100) == 1
    assert cut.earliest > DAY_0


async def test_what_is_no_path_is_refused(browser: httpx2.AsyncClient) -> None:
    for path in ("%00", "<b>", "a>>b", ">", "A", "a%3Eb%3E" * 400, "..%2F", "-%3Ea"):
        page = await browser.get(f"/paths?{DAYS}&path={path}")
        assert page.status_code == 422, path
        assert "<b>" not in page.text
    assert (await browser.get(f"/paths?{DAYS}&currency=usd")).status_code == 422


async def test_a_page_is_written_in_the_browsers_language(browser: httpx2.AsyncClient) -> None:
    pages = (DAYS, f"{DAYS}&path=-", "from=2020-01-01&to=2020-01-02")
    for language, query in product(("en", "de", "fr"), pages):
        page = await browser.get(f"/paths?{query}", headers={"Accept-Language": language})
        assert page.status_code == 200, page.text
        assert f'<html lang="{language}"' in page.text


async def test_a_table_is_stored_as_it_is_seen(browser: httpx2.AsyncClient) -> None:
    file = await browser.get(f"/paths?{DAYS}&download=paths-USD")
    tables = read_tables((await browser.get(f"/paths?{DAYS}")).text)
    rows = [line.split(",") for line in file.text.strip().splitlines()]
    assert [row[:2] for row in rows[1:]] == [
        row[:2] for row in [*tables["paths-USD"].rows, tables["paths-USD"].totals]
    ]


async def test_a_member_of_another_tenant_sees_nothing_of_it(
    clone: Clone, db: Database, shop: UUID
) -> None:
    other = await make_tenant(db, "B")
    async with signed_in(clone, other, email="eve@other.example") as client:
        for query in (DAYS, f"{DAYS}&path=paid_search>email"):
            page = await client.get(f"/paths?{query}")
            assert page.status_code == 200
            assert "125.00" not in page.text
            assert f"--tenant {other}" in page.text
