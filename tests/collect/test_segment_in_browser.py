"""Segment's and RudderStack's browser libraries, in Chromium, send from pages of another origin: once each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

import pytest
from playwright.async_api import Page

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.browsing import CHROMIUM, open_chromium
from tests.support.sdks import MODULES, MortalService, Network, Pages, missing_package

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

PACKAGES = ("@segment/analytics-next", "@rudderstack/analytics-js")
SEGMENT = MODULES / PACKAGES[0] / "dist" / "umd" / "index.js"
RUDDER = MODULES / PACKAGES[1] / "dist" / "npm" / "modern" / "bundled" / "umd" / "index.js"
TOUCHES = "SELECT landing_path, source, referrer_host, click_id_kinds FROM standing_touches"
CLAIMS = "SELECT order_id, kind, total_cents, currency FROM claimed_orders"

START = """<!doctype html><title>Shop</title><script src="/segment.js"></script><script src="/rudder.js"></script>
<script>
const [address, key] = decodeURIComponent(location.hash.slice(1)).split(" ");
const order = (id) => ["Order Completed", { order_id: id, total: 27.5, currency: "EUR" }];
"""
SENT = """
library.page("Landing");
library.track(...order(location.pathname.slice(1) + "-first"));
library.identify("ada@example.com", { name: "Ada" });
</script>"""
LOADING = {
    # The address is the only thing that a page changes: the settings lead to it.
    "segment": "const library = AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnURL: address });",
    "segment-batching": """const library = AnalyticsNext.AnalyticsBrowser.load({ writeKey: key, cdnURL: address },
        { integrations: { "Segment.io": { deliveryStrategy: { strategy: "batching" } } } });""",
    "rudder": """const library = new rudderanalytics.RudderAnalytics();
        library.load(key, address, { configUrl: address });""",
}


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - threads of the network count
            await asyncio.sleep(0.05)


async def until_claimed(db: Database, tenant: UUID, count: int) -> list[tuple[object, ...]]:
    async with asyncio.timeout(90):
        while len(claims := await read(db, tenant, CLAIMS)) < count:  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.1)
    return claims


async def open_page(page: Page, origin: str, name: str, network: Network, key: str) -> None:
    """Land on a page from a click on an ad."""
    await page.goto(
        f"{origin}/{name}?utm_source=news&gclid=secret#{network.address} {key}",
        referer="https://www.google.com/",
    )


async def test_libraries_for_browsers_deliver_each_message_once(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    if reason := missing_package(*PACKAGES):
        pytest.skip(reason)
    files = {f"/{name}": f"{START}{load}{SENT}".encode() for name, load in LOADING.items()}
    files |= {"/segment.js": SEGMENT.read_bytes(), "/rudder.js": RUDDER.read_bytes()}
    with ExitStack() as stack:
        origin = stack.enter_context(Pages(files)).origin
        async with db.tenant(tenant) as connection:
            terms = KeyTerms(frozenset({origin}))
            key = await issue_key(
                connection, tenant, name="site", scopes=["collect"], expires_at=None, terms=terms
            )
        service = stack.enter_context(MortalService(clone.app_url))
        networks = {name: stack.enter_context(Network(service.port)) for name in LOADING}
        async with open_chromium() as browser:
            pages = {name: await (await browser.new_context()).new_page() for name in LOADING}
            await asyncio.gather(
                *(open_page(pages[n], origin, n, networks[n], key.secret) for n in LOADING)
            )
            claims = await until_claimed(db, tenant, 3)
            assert len(claims) == 3
            assert {order_id for order_id, *_ in claims} == {f"{name}-first" for name in LOADING}
            await until(lambda: all(network.lost == 1 for network in networks.values()))
            service.kill()
            for name, page in pages.items():
                await page.evaluate(f"void library.track(...order('{name}-second'))")
            await until(lambda: all(network.lost > 1 for network in networks.values()))
            await asyncio.to_thread(service.start)
            claims = await until_claimed(db, tenant, 6)
    assert len(claims) == 6
    assert set(claims) == {
        (f"{name}-{word}", "completed", 2750, "EUR")
        for name in LOADING
        for word in ("first", "second")
    }
    assert sorted(await read(db, tenant, TOUCHES)) == [
        (f"/{name}", "news", "www.google.com", ["gclid"]) for name in sorted(LOADING)
    ]
    assert await read(db, tenant, "SELECT count(*) FROM dead_events") == [(0,)]
    assert await read(db, tenant, "SELECT count(*) FROM standing_entries") == [(0,)]
    assert {path for network in networks.values() for path in network.sent} == {
        *("/v1/p", "/v1/t", "/v1/i", "/v1/b"),
        *("/v1/page", "/v1/track", "/v1/identify"),
    }
