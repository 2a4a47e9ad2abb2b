"""Passkeys in a real browser, whose device is a virtual one: added, used and removed by the buttons of the pages.

Chromium is Debian's; where it is not installed these tests are left out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, CDPSession, Page

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import make_app, serving_on_loopback
from tests.support.browsing import CHROMIUM, WATCH, open_chromium
from tests.support.people import make_link

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
ANNA = "anna@shop.example"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def address(clone: Clone) -> AsyncIterator[str]:
    app = make_app(clone.app_url)
    async with app.router.lifespan_context(app), serving_on_loopback(app) as port:
        yield f"http://localhost:{port}"


async def add_device(page: Page) -> tuple[CDPSession, str]:
    """Give the page's browser a device that keeps passkeys and whose user is there."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    added = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return devtools, added["authenticatorId"]


async def check(page: Page) -> None:
    """Check that the page breaks neither its policy nor a rule of access, and is no wider than the screen."""
    assert await page.evaluate("window.violations") == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0
    found = (await Axe().run(page)).response["violations"]
    assert [each["id"] for each in found] == []


@asynccontextmanager
async def opening() -> AsyncIterator[BrowserContext]:
    async with open_chromium() as chromium:
        context = await chromium.new_context(locale="en", viewport={"width": 360, "height": 800})
        await context.add_init_script(WATCH)
        yield context


async def use_link(page: Page, clone: Clone, address: str, tenant: UUID) -> None:
    link = await make_link(clone, ANNA, tenant, Role.VIEWER)
    await page.goto(f"{address}/sign-in/{link.token}")
    await page.locator("main form button").first.click()
    await page.wait_for_url(lambda url: "/sign-in" not in url)
    await page.goto(f"{address}/account")


async def test_a_passkey_is_added_signs_in_and_is_removed_and_nothing_asks_without_scripts(
    clone: Clone, tenant: UUID, address: str
) -> None:
    async with opening() as context:
        page = await context.new_page()
        devtools, device = await add_device(page)
        await use_link(page, clone, address, tenant)
        assert not await page.get_by_text("runs scripts").is_visible()
        await page.fill("#passkey-name", "my laptop")
        await page.get_by_role("button", name="Add a passkey").click()
        await page.wait_for_url("**/account?done=passkey")
        assert "my laptop" in await page.locator("table").first.inner_text()
        # The device knows that it has one already.
        await page.get_by_role("button", name="Add a passkey").click()
        await page.get_by_text("has a passkey for your account already").wait_for()
        await check(page)
        await page.context.clear_cookies()
        await page.goto(f"{address}/sign-in?next=/portfolio")
        # Without a check of the user, the page says that no passkey was used, and stays.
        verified = {"authenticatorId": device, "isUserVerified": False}
        await devtools.send("WebAuthn.setUserVerified", verified)
        await page.get_by_role("button", name="Sign in by passkey").click()
        await page.get_by_text("No passkey was used").wait_for()
        await check(page)
        await devtools.send("WebAuthn.setUserVerified", verified | {"isUserVerified": True})
        await page.get_by_role("button", name="Sign in by passkey").click()
        await page.wait_for_url(f"{address}/portfolio")
        await page.goto(f"{address}/account")
        # With a password it is asked for, and a wrong one is answered by the page.
        for field in ("#new", "#again"):
            await page.fill(field, "violet anchor seventy marmalade")
        await page.get_by_role("button", name="Set the password").click()
        await page.wait_for_url("**/account?done=password")
        await page.fill("#passkey-old", "wrong")
        await page.get_by_role("button", name="Add a passkey").click()
        await page.get_by_text("The present password is wrong.").wait_for()
        assert await page.get_by_role("button", name="Add a passkey").is_visible()
        await page.fill("#remove-1", "violet anchor seventy marmalade")
        await page.locator('form[action^="/passkeys/remove"] button').click()
        await page.wait_for_url("**/account?done=no_passkey")
        await page.context.clear_cookies()
        await page.goto(f"{address}/sign-in")
        await page.get_by_role("button", name="Sign in by passkey").click()
        await page.get_by_text("passkey_refused").wait_for()
        plain = await chromium_of(context).new_context(java_script_enabled=False, locale="en")
        page = await plain.new_page()
        await page.goto(f"{address}/sign-in")
        assert not await page.get_by_role("button", name="Sign in by passkey").is_visible()
        await use_link(page, clone, address, tenant)
        assert not await page.get_by_role("button", name="Add a passkey").is_visible()
        assert await page.get_by_text("runs scripts").is_visible()


def chromium_of(context: BrowserContext) -> Browser:
    assert context.browser is not None
    return context.browser
