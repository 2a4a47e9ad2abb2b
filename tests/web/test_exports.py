"""Exports by pages: the same bytes as by the API, for members only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.exports import PART_NAMES
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.pages import sign_in, signed_in

DAYS = "from=2026-03-01&to=2026-03-10"


@pytest.fixture
async def browser(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    await send_conversions(db, tenant, make_conversion(order_id="=1+1", amount_cents=4_200))
    async with signed_in(clone, tenant) as client:
        yield client


async def test_each_link_leads_to_what_the_api_sends(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    page = await browser.get(f"/exports?{DAYS}")
    links = [unescape(link) for link in re.findall(r'href="(/exports/[^"]+)"', page.text)]
    assert {link.split("?")[0] for link in links} == {f"/exports/{name}" for name in PART_NAMES}
    key = await bearer(db, tenant, "read")
    for link in links:
        if "format=csv" in link:
            sent = await browser.get(link)
            by_api = await browser.get(f"/v1{link}", headers=key)
            assert sent.status_code == by_api.status_code == 200, link
            assert sent.content == by_api.content
    entries = await browser.get(next(link for link in links if "/entries?" in link))
    assert "4200" in entries.text
    assert "'=1+1" in entries.text


async def test_all_days_are_taken_out_if_asked(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/exports?all=1")
    assert 'href="/exports/entries?format=csv"' in page.text
    assert "4200" in (await browser.get("/exports/entries?format=csv")).text


async def test_another_tenants_member_and_a_removed_one_get_nothing(
    clone: Clone, db: Database, browser: httpx2.AsyncClient, tenant: UUID
) -> None:
    own = "/exports/entries?format=csv"
    assert "4200" in (await browser.get(own)).text
    async with db.tenant(tenant) as connection:
        await connection.execute("DELETE FROM memberships WHERE tenant_id = $1", tenant)
    gone = await browser.get(own)
    assert gone.headers["location"] == "/tenants"
    other = await make_tenant(db, "B")
    await sign_in(browser, clone, other, Role.VIEWER, "eve@other.example")
    assert "4200" not in (await browser.get(own)).text
    browser.cookies.clear()
    assert (await browser.get(own)).headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "path", ["/exports/users", "/exports/entries?format=exe", "/exports/entries?from=1"]
)
async def test_what_cannot_be_exported_is_refused(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 422
    assert "input_invalid" in answer.text
