"""Pages in a real browser: a walk through them with and without JavaScript, and no page breaks a rule of its own.

Chromium is Debian's; where it is not installed these tests are left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page
from starlette.routing import Route

from skeldir.db.pool import Database
from skeldir.ingest import list_undoings, run_undoing
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from skeldir.web.routes import routers
from tests.conftest import Clone
from tests.support.api import make_app, serving_on_loopback
from tests.support.browsing import CHROMIUM, WATCH, open_chromium
from tests.support.credit import credit_until_complete
from tests.support.make import make_touch, send_touches
from tests.support.people import make_link

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]

DAYS = "from=2026-02-01&to=2026-03-31"
ORDERS = (
    "order_id,kind,amount,currency,occurred_at,visitor_id\n"
    "o-1,capture,10.00,EUR,2026-03-01T13:00:00Z,visitor-1\n"
    "o-2,capture,20.50,EUR,2026-03-02T10:00:00Z,v-2\n"
    "o-2,refund,0.50,EUR,2026-03-03T10:00:00Z,v-2\n"
)
RULE = '[[rule]]\nid = "letters"\nchannel = "affiliates"\nsource.is = ["newsletter"]\n'
# Width, appearance: the ends of what pages are made for.
SCREENS = ((360, "dark"), (1280, "light"), (1920, "dark"))


@pytest.fixture
async def address(clone: Clone) -> AsyncIterator[str]:
    app = make_app(clone.app_url)
    async with app.router.lifespan_context(app), serving_on_loopback(app) as port:
        yield f"http://127.0.0.1:{port}"


async def sign_in(context: BrowserContext, clone: Clone, address: str, tenant: UUID) -> Page:
    link = await make_link(clone, "ada@shop.example", tenant, Role.ADMIN)
    page = await context.new_page()
    await page.goto(f"{address}/sign-in/{link.token}")
    await page.locator("main form button").first.click()
    await page.wait_for_url("**/account**")
    return page


async def drop(page: Page, file: Path) -> None:
    """Drag a file from outside the browser onto the field for files."""
    box = await page.locator("#file").bounding_box()
    assert box is not None
    devtools = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        event = {"type": kind, "x": x, "y": y, "data": data}
        await devtools.send("Input.dispatchDragEvent", event)


async def settle(page: Page) -> None:
    """Wait until a page shows no progress any more: it loads itself again."""
    for _ in range(100):
        if not await page.locator("[data-progress]").count():
            return
        await page.wait_for_timeout(200)
    raise AssertionError("The work did not end in time.")


async def credit(db: Database, tenant: UUID) -> None:
    """Do what workers do."""
    for undoing in reversed(await open_undoings(db, tenant)):
        await run_undoing(db, tenant, undoing)
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def open_undoings(db: Database, tenant: UUID) -> list[UUID]:
    async with db.tenant(tenant) as connection:
        listed = await list_undoings(connection, tenant)
    return [each.id for each in listed if each.ended_at is None]


@pytest.mark.parametrize("has_scripts", [True, False])
async def test_a_newcomer_walks_from_the_link_to_an_export(
    has_scripts: bool, clone: Clone, db: Database, tenant: UUID, address: str, tmp_path: Path
) -> None:
    touch = make_touch(source="newsletter", medium="x")
    del touch["channel"]
    await send_touches(db, tenant, touch)
    file = tmp_path / "orders.csv"
    await asyncio.to_thread(file.write_text, ORDERS)
    async with open_chromium() as chromium:
        context = await chromium.new_context(java_script_enabled=has_scripts, locale="en")
        page = await sign_in(context, clone, address, tenant)
        await page.goto(f"{address}/imports/new")
        if has_scripts:
            await drop(page, file)
        else:
            await page.set_input_files("#file", str(file))
        await page.get_by_role("button", name="See what it would do").click()
        await settle(page)
        await page.locator('button[value="import"]').click()
        await settle(page)
        place = page.url
        await credit(db, tenant)
        await page.goto(f"{address}/channels?{DAYS}&currency=EUR")
        assert "30.00" in await page.locator("tfoot").first.inner_text()
        await page.goto(f"{address}/orders?{DAYS}")
        await page.get_by_role("link", name="o-1").first.click()
        assert "o-1" in await page.locator("h1").inner_text()
        await page.goto(f"{address}/rules")
        await page.fill("#document", RULE)
        await page.locator('button[value="dry-run"]').click()
        assert "Affiliates" in await page.locator("main").inner_text()
        await page.fill("#reason", "newsletters are of affiliates")
        await page.locator('button[value="apply"]').click()
        await page.wait_for_load_state()
        await credit(db, tenant)
        await page.goto(f"{address}/channels?{DAYS}&currency=EUR")
        assert "Affiliates" in await page.locator("tbody").first.inner_text()
        await page.goto(place)
        await page.get_by_role("link", name="See what taking it back would do").click()
        await page.fill("#reason", "a trial")
        await page.locator('button[value="undo"]').click()
        await page.wait_for_url("**?done=undo")
        await credit(db, tenant)
        # What was taken back does not stand any more; what else is there, can be had.
        assert await download(page, address, "entries", "o-2") == 0
        assert await download(page, address, "touches", "newsletter") == 1


async def download(page: Page, address: str, part: str, word: str) -> int:
    """Store a part by its link; return how often a word is in it."""
    await page.goto(f"{address}/exports?{DAYS}")
    async with page.expect_download() as begun:
        await page.locator(f'a[href^="/exports/{part}?"]').first.click()
    stored = await (await begun.value).path()
    text = await asyncio.to_thread(Path(stored).read_text)
    assert text.count("\n") >= 1
    return text.count(word)


@pytest.mark.begins_early
async def test_no_page_breaks_its_policy_its_width_or_a_rule_of_access(
    clone: Clone, db: Database, tenant: UUID, address: str
) -> None:
    paths = sorted(
        route.path
        for router in routers
        for route in router.routes
        if isinstance(route, Route) and "GET" in (route.methods or ()) and "{" not in route.path
    )
    faults = []
    async with open_chromium() as chromium:
        for width, scheme in SCREENS:
            context = await chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, locale="de"
            )
            page = await sign_in(context, clone, address, tenant)
            await page.add_init_script(WATCH)
            for path in paths:
                await page.goto(address + path)
                seen = await page.evaluate("window.violations")
                wide = await page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                found = (await Axe().run(page)).response["violations"]
                rules = [each["id"] for each in found]
                if seen or wide > 0 or rules:
                    faults.append((path, width, scheme, seen, wide, rules))
            await context.close()
    assert faults == []
