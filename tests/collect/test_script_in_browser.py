"""The collector's script in a real browser: what it sends and stores in each mode. Left out where no Chromium is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from skeldir.clock import utc_now
from skeldir.collect.collector import WIRE
from skeldir.collect.mapped import Asked
from skeldir.collect.scripts import SOURCE, current_script
from tests.support import shop_pages
from tests.support.browsing import CHROMIUM, open_chromium
from tests.support.shop_pages import ADS, KEY, SHOP, Site, open_site

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
LANDING = "/shoes?utm_source=News&utm_medium=email&utm_campaign=spring&gclid=secretvalue"
STORED = "[sessionStorage.skeldir, localStorage.skeldir].map((text) => text && text.split('.')[0])"
PRIVATE = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });"
REFUSING = (
    "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('refused'); } });"
)


async def load(page: Page, address: str) -> None:
    await page.goto(address)
    await settle(page)


async def follow(page: Page, address: str) -> None:
    """Go to an address as by a link of the page."""
    async with page.expect_navigation():
        await page.evaluate(f"location.href = '{address}'")
    await settle(page)


async def settle(page: Page) -> None:
    """Wait until a request that is sent after those of the script has been answered."""
    await page.evaluate("fetch('/c/later').then((answer) => answer.text())")


async def stored(page: Page) -> list[Any]:
    """Return the keys in sessionStorage and localStorage, and what `skeldir.journey()` returns."""
    keys: list[Any] = await page.evaluate(f"[...{STORED}, skeldir.journey()]")
    return keys


async def say(page: Page, consent: str) -> None:
    await page.evaluate(f"skeldir.consent('{consent}')")
    await settle(page)


class Visitor:
    """A browser of somebody who has not been here."""

    def __init__(self, context: BrowserContext, faults: list[str]) -> None:
        self.context, self.faults = context, faults

    async def open(self, *scripts: str) -> Page:
        page = await self.context.new_page()
        for script in scripts:
            await page.add_init_script(script)
        page.on("pageerror", lambda error: self.faults.append(f"{error}"))
        page.on(
            "console", lambda line: self.faults.append(line.text) if line.type == "error" else None
        )
        return page


async def walk_sessions(site: Site, visitor: Visitor) -> None:
    page = await visitor.open()
    await load(page, site.page(LANDING, "session"))
    ((method, headers, _),) = site.requests
    assert (method, headers["content-type"]) == ("POST", "text/plain;charset=UTF-8")
    assert (headers["origin"], "cookie" in headers) == (f"http://{SHOP}:{site.port}", False)
    (report,) = site.take()
    journey, own_id = report["j"], report["i"]
    assert report == {
        "k": KEY,
        "j": journey,
        "i": own_id,
        "o": "session",
        "w": 0,
        "p": f"http://{SHOP}:{site.port}/shoes",
        "r": "",
        "s": "News",
        "m": "email",
        "c": "spring",
        "g": ["gclid"],
    }
    ((_, touch),) = WIRE.read(report, Asked(utc_now())).touches
    assert touch["landing_path"] == "/shoes"
    assert await stored(page) == [journey, None, journey]
    # A reload, a step back, a route of a single-page app and a page inside are no landings.
    await page.reload()
    await settle(page)
    await page.evaluate("history.pushState({}, '', '/cart?utm_source=inside')")
    await follow(page, "/cart?attribute=session")
    await follow(page, "/hats?utm_source=inside&attribute=session")
    for _ in range(3):
        await page.go_back()
        await settle(page)
    assert "gclid" in page.url
    # Neither is a visit that shows nothing.
    await load(page, site.page("/about", "session"))
    assert await stored(page) == [journey, None, journey]
    assert (site.take(), await visitor.context.cookies()) == ([], [])
    # Who agrees keeps the journey; who withdraws has none.
    await say(page, "granted")
    assert await stored(page) == [None, journey, journey]
    await load(page, site.page("/?fbclid=x#/start?utm_source=App", "session"))
    (report,) = site.take()
    assert (report["j"], report["o"], report["s"], report["g"]) == (
        journey,
        "granted",
        "App",
        ["fbclid"],
    )
    await say(page, "denied")
    assert await stored(page) == [None, None, None]
    await say(page, "granted")
    assert await stored(page) != [None, None, None]
    assert site.take() == []


async def walk_denied(site: Site, visitor: Visitor) -> None:
    page = await visitor.open()
    for attribute in ("denied", "", "anything"):
        await load(page, site.page(LANDING, attribute))
        assert (site.take(), await stored(page)) == ([], [None, None, None])
    # The landing waits for consent, and is then reported once.
    await say(page, "session")
    await say(page, "granted")
    (report,) = site.take()
    assert (report["o"], await stored(page)) == ("session", [None, report["j"], report["j"]])
    # A referrer is evidence; of its address only the host is sent.
    await page.goto(site.page("/ad/1?person=anna", host=ADS))
    await follow(page, site.page("/hats", "granted"))
    (again,) = site.take()
    assert (again["r"], again["j"], again["i"] != report["i"]) == (ADS, report["j"], True)


async def walk_expiry(site: Site, visitor: Visitor) -> None:
    page = await visitor.open()
    await load(page, site.page("/", "granted"))
    ages = ((29, True), (31, False))
    for days, is_same in ages:
        old = "ab" * 16
        await page.evaluate(f"localStorage.skeldir = '{old}.' + (Date.now() - {days} * 864e5)")
        await load(page, site.page("/", "session"))
        assert ((await stored(page))[1:] == [old, old]) is is_same
    await page.evaluate("localStorage.clear()")
    for minutes, is_same in ((29, True), (31, False)):
        await page.evaluate(f"sessionStorage.skeldir = '{old}.' + (Date.now() - {minutes} * 6e4)")
        await load(page, site.page("/", "session"))
        assert ((await stored(page))[0] == old) is is_same
    assert site.take() == []


async def walk_private(site: Site, visitor: Visitor) -> None:
    page = await visitor.open(PRIVATE)
    await load(page, site.page(LANDING, "granted"))
    await say(page, "granted")
    assert (site.take(), await stored(page)) == ([], [None, None, None])
    # Where storing is refused, the journey lasts as long as the page.
    page = await visitor.open(REFUSING)
    await load(page, site.page(LANDING, "session"))
    (report,) = site.take()
    assert (report["w"], await page.evaluate("skeldir.journey()")) == (1, report["j"])
    # A page may hold the script twice, and change its address before.
    page = await visitor.open()
    await load(page, site.page("/app?utm_source=News", "session"))
    assert await page.evaluate("location.search") == ""
    await page.add_script_tag(url=f"http://{shop_pages.COLLECTOR}:{site.port}/c/v1.js")
    await settle(page)
    assert [report["s"] for report in site.take()] == ["News"]


@pytest.fixture(params=["source", "minified"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    script = SOURCE.read_bytes() if request.param == "source" else current_script().content
    async with open_site(script) as opened:
        yield opened


async def test_the_script_sends_and_stores_what_each_mode_allows(site: Site) -> None:
    faults: list[str] = []
    async with open_chromium() as chromium:
        for walk in (walk_sessions, walk_denied, walk_expiry, walk_private):
            context = await chromium.new_context()
            await walk(site, Visitor(context, faults))
            await context.close()
    assert faults == []
