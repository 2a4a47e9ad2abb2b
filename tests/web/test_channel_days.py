"""Channels by day: one currency and model, as a table, for the script that zooms, and as a picture without it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from tests.conftest import TEMPLATE, scratch_database
from tests.support.channels import API, DAYS, Shop, ask, cents, fill, looking
from tests.support.pages import read_tables, signed_in


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Shop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill(clone))


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    async with looking(shop) as client:
        yield client


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
async def test_the_script_gets_the_numbers_of_the_table_which_are_those_of_the_api(
    browser: httpx2.AsyncClient, shop: Shop, currency: str
) -> None:
    query = f"currency={currency}&model=first_touch"
    page = await browser.get(f"/channels/days?{DAYS}&{query}")
    (written,) = re.findall(r'data-zoom="([^"]*)"', page.text)
    data = json.loads(unescape(written))
    report = await ask(
        browser, shop, f"/v1/attribution/channels?{API}&granularity=day&limit=1000&{query}"
    )
    by_day = dict.fromkeys(data["days"], 0)
    for row in report["data"]:
        by_day[row["period"]] += row["models"]["first_touch"]["credited_cents"]
    sums = [sum(values) for values in zip(*(s["values"] for s in data["series"]), strict=True)]
    assert (sums, data["unit"]) == (list(by_day.values()), currency)
    shown = read_tables(page.text)[f"credit-{currency}"]
    assert [cents(row[-1], data["places"]) for row in shown.rows] == sums
    assert shown.titles[1:-1] == [series["name"] for series in data["series"]]


async def test_without_a_script_the_picture_of_the_server_stays(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(f"/channels/days?{DAYS}")
    assert page.text.count('role="img"') == 2, "for wide and for narrow screens"
    assert re.search(r'<div class="zoomable" [^>]*hidden></div>', page.text)
    for name in ("uplot.min.js", "uplot.min.css", "channel-days.js"):
        assert name in page.text
        for other in ("channels", "overview"):
            assert name not in (await browser.get(f"/{other}?{DAYS}")).text


async def test_days_that_are_too_many_or_empty_are_explained(browser: httpx2.AsyncClient) -> None:
    many = await browser.get("/channels/days?from=2020-01-01&to=2026-01-01")
    assert (many.status_code, "750 days" in many.text) == (200, True)
    none = await browser.get("/channels/days?from=2020-01-01&to=2020-01-02&currency=EUR")
    assert (none.status_code, "No credit in these days" in none.text) == (200, True)
    for query in ("currency=%27", "model=u_shaped", "known_at=never"):
        assert (await browser.get(f"/channels/days?{query}")).status_code == 422


async def test_a_member_of_another_tenant_sees_nothing_of_it(shop: Shop) -> None:
    async with signed_in(shop.clone, shop.other, email="eve@other.example") as client:
        page = await client.get(f"/channels/days?{DAYS}&lang=fr")
    assert "987,65" in page.text
    assert not re.search(r"Paid search|E-mail|JPY", page.text)


async def test_the_page_of_channels_leads_to_its_days(browser: httpx2.AsyncClient) -> None:
    page = unescape((await browser.get(f"/channels?{DAYS}&model=last_touch")).text)
    link = "/channels/days?from=2026-03-01&to=2026-03-10&currency=USD&model=last_touch"
    assert f'href="{link}"' in page
    assert (await browser.get(link)).status_code == 200
