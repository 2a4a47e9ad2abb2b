"""PostHog's own libraries send to a service that dies: touches and orders arrive, once each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfile
from threading import Thread
from uuid import UUID

import pytest
from playwright.async_api import Page, Response

from bench.service import ask, wait_until
from skeldir.db.pool import Database
from skeldir.inbox import set_sdk_basis
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.browsing import open_chromium
from tests.support.sdks import MODULES, MortalService, Network, missing_package, sending

pytestmark = pytest.mark.slow

SERVER_LIBRARIES = ("posthog-each", "posthog-gzip", "posthog-plain")
ORDER_EVENTS = ("purchase=completed:order_id=order,total=amount,currency=cur",)
TOUCHES = "SELECT source, landing_path FROM standing_touches ORDER BY source, landing_path"
ENTRIES = "SELECT order_id, kind, amount_cents, currency FROM standing_entries ORDER BY order_id"
DEAD = "SELECT code, detail FROM dead_events"
PAGE = """<!doctype html><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,">
<script>
window.posthog = [];
posthog._i = [];
posthog.init = (...all) => posthog._i.push(all);
posthog.__SV = 1;
</script>
<script src="/array.js"></script>
<script>
posthog.init("{key}", {{api_host: "{address}", defaults: "2026-01-30", opt_out_useragent_filter: true}})
</script>
<a href="/cart">Cart</a>"""


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


def send_over_a_death(service: MortalService, key: str) -> None:
    """Have the library send twice in each way: an answer gets lost, and the second time nobody is there at first."""
    with ExitStack() as stack:
        networks = {name: stack.enter_context(Network(service.port)) for name in SERVER_LIBRARIES}
        senders = {
            name: stack.enter_context(
                sending([sys.executable, "posthog_server.py", name, network.address, key])
            )
            for name, network in networks.items()
        }
        for sender in senders.values():
            sender.send("first")
        for sender in senders.values():
            sender.await_delivery("first")
        assert {name: (network.lost, set(network.sent)) for name, network in networks.items()} == {
            "posthog-each": (1, {"/i/v1/analytics/events"}),
            "posthog-gzip": (1, {"/batch/"}),
            "posthog-plain": (1, {"/batch/"}),
        }
        service.kill()
        for sender in senders.values():
            sender.send("second")
        for name, network in networks.items():
            wait_until(lambda network=network: network.lost > 1, 30, name)  # type: ignore[misc]  # bound now
        service.start()
        for sender in senders.values():
            sender.await_delivery("second")


async def test_the_library_for_python_delivers_each_event_once(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection,
            tenant,
            name="server",
            scopes=["ingest"],
            expires_at=None,
            terms=KeyTerms(order_events=ORDER_EVENTS),
        )
        await set_sdk_basis(connection, tenant, "total")
    with MortalService(clone.app_url) as service:
        await asyncio.to_thread(send_over_a_death, service, key.secret)
    assert await read(db, tenant, TOUCHES) == [
        (name, f"/{word}") for name in SERVER_LIBRARIES for word in ("first", "second")
    ]
    assert await read(db, tenant, ENTRIES) == [
        (f"{name}-{word}", "capture", 2750, "EUR")
        for name in SERVER_LIBRARIES
        for word in ("first", "second")
    ]
    assert await read(db, tenant, DEAD) == []


@contextmanager
def serving_shop(folder: Path) -> Iterator[str]:
    """Serve the pages in a folder; yield their origin."""

    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = {"": "text/html", ".js": "text/javascript"}  # noqa: RUF012 - of the class

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def write_shop(folder: Path, key: str, address: str) -> None:
    copyfile(MODULES / "posthog-js" / "dist" / "array.js", folder / "array.js")
    for name in ("landing", "cart", "sale"):
        (folder / name).write_text(PAGE.format(key=key, address=address), encoding="utf-8")


async def make_write_key(db: Database, tenant: UUID, origin: str) -> str:
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection,
            tenant,
            name="site",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({origin}), order_events=ORDER_EVENTS),
        )
    return key.secret


def has_all(clone: Clone) -> bool:
    """Return whether both visits and the order have arrived."""
    counts = (
        "SELECT (SELECT count(*) FROM attribution_events), (SELECT count(*) FROM claimed_orders)"
    )
    return ask(clone.superuser_url, counts) == [(2, 1)]


def is_sent(response: Response) -> bool:
    """Return whether a response is one to events."""
    return response.request.method == "POST" and "/e/" in response.url


async def browse(page: Page, service: MortalService, shop: str) -> None:
    """Land, identify, go on within the shop, and come again from a campaign while the service is down."""
    async with page.expect_response(is_sent):
        await page.goto(
            f"{shop}/landing?utm_source=news&gclid=XYZ", referer="https://blog.example/"
        )
    async with page.expect_response(is_sent):
        await page.evaluate("posthog.identify('ada@example.com', {email: 'ada@example.com'})")
    async with page.expect_response(is_sent):
        await page.get_by_role("link", name="Cart").click()
    await asyncio.to_thread(service.kill)
    async with page.expect_event("requestfailed"):
        await page.goto(f"{shop}/sale?utm_source=mail")
    await page.evaluate("posthog.capture('purchase', {order: 'A1', amount: 27.5, cur: 'EUR'})")
    await page.wait_for_event("requestfailed", lambda request: "/e/" in request.url)
    # The library gives up after three tries; it waits while the browser is offline, and tries again at once after that.
    await page.context.set_offline(True)
    await asyncio.to_thread(service.start)
    await page.context.set_offline(False)


async def test_the_library_for_browsers_delivers_each_visit_once(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    if reason := missing_package("posthog-js"):
        pytest.skip(reason)
    claims = "SELECT order_id, total_cents, currency FROM claimed_orders"
    with MortalService(clone.app_url) as service, serving_shop(tmp_path) as shop:
        key = await make_write_key(db, tenant, shop)
        write_shop(tmp_path, key, f"http://127.0.0.1:{service.port}")
        async with open_chromium() as chromium:
            page = await chromium.new_page()
            troubles: list[str] = []
            page.on("console", lambda message: troubles.append(message.text))
            await browse(page, service, shop)
            await asyncio.to_thread(
                wait_until, lambda: has_all(clone), 60, "the library tries again"
            )
    assert await read(db, tenant, TOUCHES) == [("mail", "/sale"), ("news", "/landing")]
    assert await read(db, tenant, claims) == [("A1", 2750, "EUR")]
    journeys = "SELECT count(DISTINCT journey_key), max(click_id_kinds) FROM standing_touches"
    assert await read(db, tenant, journeys) == [(1, ["gclid"])]
    assert await read(db, tenant, DEAD) == []
    # Without a network there are others.
    assert [text for text in troubles if "status of" in text or "CORS" in text] == []
