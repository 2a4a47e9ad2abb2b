"""Previews of taking a large import back: the page says how far they are, with a script and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.pages import read_tables, signed_in
from tests.support.sites import OWN as OWN_FORM
from tests.web.test_imports import import_whole


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.MANAGER) as client:
        yield client


async def test_a_preview_that_takes_long_says_how_far_it_is_and_is_then_shown_once(
    browser: httpx2.AsyncClient, clone: Clone
) -> None:
    place = await import_whole(browser)
    with psycopg.connect(clone.superuser_url) as admin:
        # The preview waits for the ledger, and the rest of the page needs nothing of it.
        admin.execute("LOCK TABLE revenue_ledger IN ACCESS EXCLUSIVE MODE")
        waiting = await browser.get(f"{place}?preview=undo")
        assert f'data-progress="{place}/undo-progress"' in waiting.text
        assert '<noscript><meta http-equiv="refresh"' in waiting.text
        assert "Found so far: 0 entries and 0 touches" in waiting.text
        assert "money-EUR" not in read_tables(waiting.text)
        # A form that is refused then is no page that loads itself again.
        refused = await browser.post(place, headers=OWN_FORM, data={"do": "undo", "reason": " "})
        assert refused.status_code == 422
        assert "undo-progress" not in refused.text
        admin.rollback()
    ended = await browser.get(f"{place}/undo-progress")
    assert ended.headers["content-type"].startswith("text/event-stream")
    assert ended.text.endswith("event: end\ndata: end\n\n")
    shown = await browser.get(f"{place}?preview=undo")
    assert read_tables(shown.text)["money-EUR"].totals[-1] == "-30.00"
    assert "data-progress" not in shown.text


async def test_a_file_of_a_preview_has_all_of_it(browser: httpx2.AsyncClient) -> None:
    place = await import_whole(browser)
    shown = await browser.get(f"{place}?preview=undo")
    assert "money-EUR" in read_tables(shown.text)
    file = await browser.get(f"{place}?preview=undo&download=money-EUR")
    assert file.status_code == 200
    assert "30.00" in file.text


async def test_nobody_streams_the_preview_of_an_import_that_is_not_there(
    browser: httpx2.AsyncClient,
) -> None:
    answer = await browser.get(f"/imports/{'0' * 64}/undo-progress")
    assert (answer.status_code, "import_unknown" in answer.text) == (404, True)
