"""The pages of fits in a real browser: none breaks its policy, its width or a rule of access, in any language.

Chromium is Debian's; where it is not installed this test is left out.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import make_app, serving_on_loopback
from tests.support.browsing import CHROMIUM, WATCH, open_chromium
from tests.support.fitted_shop import MARKOV, OF_OTHER_DAYS, SHAPLEY, fill_fitted
from tests.support.people import make_link

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]
PATHS = (
    "/models",
    f"/models/fits/{MARKOV}",
    f"/models/fits/{SHAPLEY}",
    f"/models/fits/{MARKOV}/compared-with/{OF_OTHER_DAYS}",
)
# Width, appearance, language: the ends of what pages are made for.
SCREENS = ((360, "dark", "de"), (1280, "light", "en"), (1920, "dark", "fr"))


async def faults_of(page: Page) -> list[object]:
    seen: list[object] = await page.evaluate("window.violations")
    wide = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    found = (await Axe().run(page)).response["violations"]
    return [*seen, *([wide] if wide > 0 else []), *(each["id"] for each in found)]


async def test_no_page_of_fits_breaks_its_policy_its_width_or_a_rule_of_access(
    clone: Clone,
) -> None:
    shop = await fill_fitted(clone)
    app = make_app(clone.app_url)
    faults = []
    async with (
        app.router.lifespan_context(app),
        serving_on_loopback(app) as port,
        open_chromium() as chromium,
    ):
        address = f"http://127.0.0.1:{port}"
        for width, scheme, language in SCREENS:
            context = await chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, locale=language
            )
            page = await context.new_page()
            link = await make_link(clone, "ada@shop.example", shop.tenant, Role.VIEWER)
            await page.goto(f"{address}/sign-in/{link.token}")
            await page.locator("main form button").first.click()
            await page.wait_for_url("**/account**")
            await page.add_init_script(WATCH)
            for path in PATHS:
                await page.goto(address + path)
                faults += [(path, width, each) for each in await faults_of(page)]
            await page.goto(f"{address}/models/fits/{SHAPLEY}")
            await page.select_option("#other", MARKOV)
            await page.locator("main form button").click()
            await page.wait_for_url(f"**/models/fits/{SHAPLEY}/compared-with/{MARKOV}")
            await context.close()
    assert faults == []
