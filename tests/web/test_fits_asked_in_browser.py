"""Asking for a fit in a real browser: with and without a script, in three languages, within the rules of access.

Chromium is Debian's; where it is not installed this test is left out.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from playwright.async_api import Page

from skeldir.db.pool import open_database
from skeldir.fits.kinds import MAKE_FIT
from skeldir.fits.tasks import MAKE_FIT_KIND
from skeldir.jobs import do_jobs
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import make_app, serving_on_loopback
from tests.support.browsing import CHROMIUM, WATCH, open_chromium
from tests.support.fitted import send_journeys
from tests.support.people import make_link
from tests.web.test_fits_in_browser import SCREENS, faults_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
REQUESTS = "/models/fits/requests"


async def work(clone: Clone) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        await do_jobs(db, {MAKE_FIT: MAKE_FIT_KIND})


async def fill(page: Page, first: str, last: str) -> None:
    await page.fill("#first", first)
    await page.fill("#last", last)
    await page.locator(f"form[action^='{REQUESTS}'] button").click()


async def test_a_fit_is_asked_for_with_and_without_a_script_and_no_page_breaks_a_rule(
    clone: Clone, tenant: UUID
) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        await send_journeys(db, tenant)
    app = make_app(clone.app_url)
    faults: list[object] = []
    async with (
        app.router.lifespan_context(app),
        serving_on_loopback(app) as port,
        open_chromium() as chromium,
    ):
        address = f"http://127.0.0.1:{port}"
        for place, (width, scheme, language) in enumerate(SCREENS):
            has_script = language != "fr"
            context = await chromium.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                locale=language,
                java_script_enabled=has_script,
            )
            page = await context.new_page()
            link = await make_link(clone, "mia@shop.example", tenant, Role.MANAGER)
            await page.goto(f"{address}/sign-in/{link.token}")
            await page.locator("main form button").first.click()
            await page.wait_for_url("**/account**")
            await page.add_init_script(WATCH)

            async def look(page: Page = page, has_script: bool = has_script) -> None:
                if has_script:
                    faults.extend((page.url, each) for each in await faults_of(page))

            await page.goto(f"{address}/models")
            await page.locator("main details.more summary").click()
            await look()
            await fill(page, "2025-03-01", "2025-03-02")
            await page.wait_for_url(f"**{REQUESTS}/*")
            await look()
            await work(clone)
            # It looks again by itself: by a script, or by loading itself.
            await page.wait_for_selector("text=fit_too_small", timeout=10_000)
            await look()
            await fill(page, "2026-03-01", "2026-04-30")
            await page.wait_for_selector(f"main a[href^='{REQUESTS}/']")
            await asyncio.sleep(0.2)
            await work(clone)
            await page.wait_for_url(f"**/models/fits/markov@{place + 1}", timeout=10_000)
            await look()
            await page.goto(address + REQUESTS)
            await look()
            await context.close()
    assert faults == []
