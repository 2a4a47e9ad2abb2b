"""Every report that can be shared shows itself by its link, and leads its reader nowhere else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from html import unescape
from uuid import UUID

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import open_database
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from tests.conftest import TEMPLATE, Clone, scratch_database
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
from tests.support.pages import HOST, read_tables, sign_in
from tests.support.sites import OWN

DAYS = "from=2026-03-01&to=2026-03-10"
REPORTS = {
    f"/overview?{DAYS}": "channels-USD",
    f"/channels?{DAYS}": "channels-USD",
    f"/channels?{DAYS}&channel=email&by=campaign": "origins-email-USD",
    f"/orders?{DAYS}": "orders-USD",
    f"/orders?{DAYS}&channel=email&source=news": "orders-USD",
    "/orders?q=o-1": "orders-USD",
    f"/paths?{DAYS}&path=email&currency=USD": "orders-USD",
    f"/paths?{DAYS}": "paths-USD",
    f"/spend?{DAYS}": "campaigns-USD",
    "/evidence": "ledger-USD",
}
EMPTY = (
    "/overview?from=2020-01-01&to=2020-01-02",
    "/orders?from=2020-01-01&to=2020-01-02",
    "/orders?q=nothing",
    "/paths?from=2020-01-01&to=2020-01-02",
    "/spend?from=2020-01-01&to=2020-01-02",
)


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[tuple[Clone, UUID, dict[str, str]]]:
    with scratch_database(server, template=TEMPLATE) as clone:
        tenant, cookies = asyncio.run(_fill(clone))
        yield clone, tenant, cookies


async def _fill(clone: Clone) -> tuple[UUID, dict[str, str]]:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        tenant = await make_tenant(db, "A")
        names = [f"o-{n}" for n in range(60)]
        await send_touches(
            db,
            tenant,
            *(make_touch(channel="email", source="news", journey_key=name) for name in names),
        )
        await send_conversions(
            db,
            tenant,
            *(
                make_conversion(order_id=name, journey_key=name, occurred_at=at(1 + n / 60))
                for n, name in enumerate(names)
            ),
        )
        async with asking(clone.app_url) as (_, client):
            client.base_url = HOST
            day = {
                "platform": "google_ads",
                "account": "1",
                "campaign_id": "7",
                "day": "2026-03-02",
            }
            spent = await client.post(
                "/v1/spend",
                headers=await bearer(db, tenant, "ingest"),
                json=[day | {"currency": "USD", "cost_cents": 2_000}],
            )
            assert spent.status_code == 200, spent.text
            await credit_until_complete(db, tenant)
            await roll_up_dirty_days(db, tenant_id=tenant)
            await sign_in(client, clone, tenant, Role.MANAGER, "ada@shop.example")
            return tenant, dict(client.cookies)


@pytest.fixture
async def browser(
    shop: tuple[Clone, UUID, dict[str, str]],
) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(shop[0].app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop[2])
        yield client


async def share(browser: httpx2.AsyncClient, report: str) -> str:
    """Make a link as the form on the report's page does, and forget who is signed in."""
    shown = await browser.get(report)
    found = re.search(r'name="report" value="([^"]+)"', shown.text)
    assert found is not None, shown.text
    fields = {"report": unescape(found[1]), "days": "7"}
    page = await browser.post("/shares", headers=OWN, data=fields)
    link = re.search(r"<code>http://localhost(/shared/[\w.-]+)</code>", page.text)
    assert link is not None, page.text
    browser.cookies.clear()
    return link[1]


def assert_leads_nowhere_else(page: httpx2.Response, link: str) -> None:
    targets = set(re.findall(r'(?:href|action|src)="([^"#?]*)', page.text))
    others = {each for each in targets if each and not each.startswith("/static/")} - {"/", link}
    assert others == set()
    # Nothing can be sent, and no command names the tenant.
    assert "<form" not in page.text
    assert "<pre" not in page.text


@pytest.mark.parametrize("report", [*REPORTS, *EMPTY])
async def test_whoever_has_a_link_reads_the_report_and_is_led_nowhere_else(
    browser: httpx2.AsyncClient, report: str
) -> None:
    own = read_tables((await browser.get(report)).text)
    link = await share(browser, report)
    page = await browser.get(link)
    assert page.status_code == 200, page.text
    assert_leads_nowhere_else(page, link)
    shown = read_tables(page.text)
    assert {key: (one.titles, one.rows, one.totals) for key, one in shown.items()} == {
        key: (one.titles, one.rows, one.totals) for key, one in own.items()
    }
    assert not any(one.links for one in shown.values())
    # Whatever is asked for beside the link is not shown.
    more = "?q=o-2&channel=direct&source=x&currency=JPY&path=direct&from=2020-01-01&to=2020-01-02"
    assert set(read_tables((await browser.get(link + more)).text)) == set(shown)
    if report in REPORTS:
        assert shown[REPORTS[report]].rows
        file = await browser.get(f"{link}?download={REPORTS[report]}")
        assert file.headers["content-type"].startswith("text/csv")


async def test_a_shared_list_is_read_page_by_page(browser: httpx2.AsyncClient) -> None:
    link = await share(browser, f"/orders?{DAYS}")
    first = await browser.get(link)
    before, found, _ = first.text.partition('" rel="next"')
    assert found
    second = await browser.get(unescape(before.rpartition('href="')[2]))
    assert_leads_nowhere_else(second, link)
    rows = [row[0] for page in (first, second) for row in read_tables(page.text)["orders-USD"].rows]
    assert rows == [f"o-{n}" for n in reversed(range(60))]
    refused = await browser.get(f"{link}?cursor=x")
    assert refused.status_code == 422


async def test_the_page_of_one_order_is_not_shared(browser: httpx2.AsyncClient) -> None:
    for report in ("/orders/o-1", "/order?id=o-1", "/paths/x", "/spend/match", "/evidence/"):
        answer = await browser.post("/shares", headers=OWN, data={"report": report, "days": "7"})
        assert answer.status_code == 422, report


async def test_guesses_at_links_are_slowed_and_a_link_in_use_is_not(
    browser: httpx2.AsyncClient,
) -> None:
    link = await share(browser, "/evidence")
    assert (await browser.get(link)).status_code == 200
    codes = [(await browser.get(f"{link[:-12]}{n:012}")).status_code for n in range(60)]
    assert codes[:50] == [403] * 50
    assert codes[-1] == 429
    limited = await browser.get(f"{link[:-12]}{61:012}")
    assert "unknown_keys_limited" in limited.text
    assert int(limited.headers["retry-after"]) > 0
    assert (await browser.get(link)).status_code == 200
