"""Pages are compressed for whoever opened them himself; no other site learns from their length what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.conftest import Clone
from tests.support.api import asking
from tests.support.sites import OWN

PAGE = "/sign-in"
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


def is_compressed(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-encoding") == "gzip"


async def test_a_page_is_compressed_for_who_opened_it_and_as_it_is_for_who_was_led_to_it(
    browser: httpx2.AsyncClient,
) -> None:
    led = {
        name: await browser.get(PAGE, headers=GZIP | headers)
        for name, headers in {
            "cross-site": {"Sec-Fetch-Site": "cross-site"},
            "same-site": {"Sec-Fetch-Site": "same-site"},
            "both": {"Sec-Fetch-Site": "same-origin, cross-site"},
            "unknown": {},
        }.items()
    }
    assert {name: is_compressed(answer) for name, answer in led.items()} == dict.fromkeys(
        led, False
    )
    for opened in ("none", "same-origin"):
        page = await browser.get(PAGE, headers=GZIP | {"Sec-Fetch-Site": opened})
        assert is_compressed(page)
        assert page.text == led["unknown"].text
        assert int(page.headers["content-length"]) < len(page.content) / 2
        assert "Sec-Fetch-Site" in page.headers["vary"]
    plain = await browser.get(
        PAGE, headers={"Accept-Encoding": "gzip;q=0", "Sec-Fetch-Site": "none"}
    )
    assert not is_compressed(plain)
    form = await browser.post(PAGE, headers=GZIP | OWN, data={"email": "", "password": ""})
    assert "text/html" in form.headers["content-type"]
    assert not is_compressed(form)
