"""The orders of a source or a campaign: they add up to the row of the report that leads to them."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from html import unescape
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.revenue import put_renewals
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.api import asking
from tests.support.channels import MODELS, cents
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import HOST, Shown, read_tables, sign_in

DAYS = "from=2026-03-01&to=2026-03-10&currency=USD"
ORDERS = 140
ORIGINS = (
    ("email", "news & <letter>", "spring"),
    ("email", "news & <letter>", None),
    ("email", " padded", "autumn"),
    ("email", None, "spring"),
    ("paid_search", "google", "spring"),
    ("direct", None, None),
)


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[tuple[Clone, UUID]]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield clone, asyncio.run(_fill(clone))


async def _fill(clone: Clone) -> UUID:
    chance = random.Random(52)
    touches, orders = [], []
    for n in range(ORDERS):
        journey = f"v-{n}"
        touches += [
            make_touch(
                channel=channel,
                source=source,
                campaign=campaign,
                journey_key=journey,
                occurred_at=at(step / 10),
            )
            for step, (channel, source, campaign) in enumerate(chance.choices(ORIGINS, k=5))
        ]
        fields = {"order_id": f"o-{n:03}", "journey_key": journey}
        amount = chance.randrange(1, 10_000)
        orders.append(
            make_conversion(**fields, amount_cents=amount, occurred_at=at(1 + n / ORDERS))
        )
        if n % 5 == 0:
            taken = {"kind": "refund", "amount_cents": 1, "occurred_at": at(3 + n % 20)}
            orders.append(make_conversion(**fields) | taken)
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        tenant = await make_tenant(db, "A")
        await send_touches(db, tenant, *touches)
        await send_conversions(db, tenant, *orders)
        async with db.tenant(tenant) as connection:
            await put_renewals(connection, tenant, {f"o-{n:03}": True for n in range(0, 140, 7)})
        await credit_until_complete(db, tenant)
        await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


@pytest.fixture
async def browser(shop: tuple[Clone, UUID]) -> AsyncIterator[httpx2.AsyncClient]:
    clone, tenant = shop
    async with asking(clone.app_url) as (_, client):
        client.base_url = HOST
        await sign_in(client, clone, tenant, Role.VIEWER, "ada@shop.example")
        yield client


async def sum_of(browser: httpx2.AsyncClient, link: str | None) -> tuple[int, int]:
    """Return the credit of all pages of a list in its last column of money, and the number of orders."""
    credited, orders = 0, 0
    while link is not None:
        page = await browser.get(link)
        assert page.status_code == 200, page.text
        shown = read_tables(page.text)["orders-USD"]
        place = max(n for n, title in enumerate(shown.titles) if title.startswith("Credit of"))
        of_page = sum(cents(row[place]) for row in shown.rows)
        assert not shown.totals or cents(shown.totals[place]) == of_page
        credited += of_page
        orders += len(shown.rows)
        before, found, _ = page.text.partition('" rel="next"')
        link = unescape(before.rpartition('href="')[2]) if found else None
    return credited, orders


async def open_origins(browser: httpx2.AsyncClient, query: str) -> Shown:
    page = await browser.get(f"/channels?{DAYS}&{query}")
    (table,) = (t for key, t in read_tables(page.text).items() if key.startswith("origins-"))
    return table


@pytest.mark.parametrize(
    "query",
    [
        "channel=email&by=source",
        "channel=email&by=campaign",
        "channel=email&by=source&renewals=exclude",
        "channel=direct",
    ],
)
async def test_the_orders_of_each_amount_add_up_to_it(
    browser: httpx2.AsyncClient, query: str
) -> None:
    shown = await open_origins(browser, query)
    links = {link: text for text, link in shown.links.items()}
    assert all(link.startswith("/orders?") for link in links)
    # Of each origin and of the total, the amount by one model: each time by another one.
    of_origin = defaultdict(list)
    for link in links:
        fields = dict(parse_qsl(link.partition("?")[2]))
        assert fields.pop("model") in MODELS
        of_origin[urlencode(fields)].append(link)
    counts = []
    for place, some in enumerate(of_origin.values()):
        link = some[place % len(some)]
        credited, orders = await sum_of(browser, link)
        assert credited == cents(links[link]), link
        counts.append(orders)
    assert len(counts) >= (2 if "direct" in query else 4)
    assert max(counts) > 50


async def test_a_source_and_a_campaign_together_are_the_touches_of_both(
    browser: httpx2.AsyncClient,
) -> None:
    base = f"/orders?{DAYS}&channel=email&model=linear&source=news %26 <letter>"
    whole, _ = await sum_of(browser, base)
    spring, some = await sum_of(browser, f"{base}&campaign=spring")
    rest, _ = await sum_of(browser, f"{base}&without=campaign")
    assert spring + rest == whole
    assert 0 < some < ORDERS
    nothing = await browser.get(f"{base}&campaign=none of them")
    assert read_tables(nothing.text)["orders-USD"].rows == []
    page = (await browser.get(base)).text
    assert "source “news &amp; &lt;letter&gt;”" in page
    assert '<input type="hidden" name="source" value="news &amp; &lt;letter&gt;">' in page


@pytest.mark.parametrize(
    "query",
    ["source=x", "channel=email&source=%00", "channel=email&campaign=" + "x" * 301, "renewals=maybe",
     "channel=email&without=medium"],
)  # fmt: skip
async def test_what_no_touch_has_is_refused(browser: httpx2.AsyncClient, query: str) -> None:
    page = await browser.get(f"/orders?{DAYS}&{query}")
    assert (page.status_code, "input_invalid" in page.text) == (422, True)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_the_filter_is_named_in_the_browsers_language(
    browser: httpx2.AsyncClient, language: str
) -> None:
    query = "channel=email&without=source&campaign=spring&renewals=exclude"
    page = await browser.get(f"/orders?{DAYS}&{query}", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert "spring" in page.text


async def test_a_member_of_another_tenant_finds_none_of_them(shop: tuple[Clone, UUID]) -> None:
    clone, _ = shop
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        other = await make_tenant(db, "B")
        await send_conversions(db, other, make_conversion(order_id="own"))
        await credit_until_complete(db, other)
        await roll_up_dirty_days(db, tenant_id=other)
    async with asking(clone.app_url) as (_, client):
        client.base_url = HOST
        await sign_in(client, clone, other, Role.VIEWER, "eve@other.example")
        page = await client.get(f"/orders?{DAYS}&channel=email&source=news %26 <letter>")
        assert page.status_code == 200
        assert "o-0" not in page.text
