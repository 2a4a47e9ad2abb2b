"""Links to one report: they show it and nothing else, until they end, are revoked, or are altered."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import list_keys
from skeldir.users import Role
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.pages import read_tables, sign_in, signed_in
from tests.support.sites import OWN

REPORT = "/overview?from=2026-03-01&to=2026-03-10&currency=USD"


@pytest.fixture
async def browser(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    await send_conversions(
        db, tenant, make_conversion(amount_cents=4_242), make_conversion(currency="JPY")
    )
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with signed_in(clone, tenant, Role.MANAGER) as client:
        yield client


async def share(browser: httpx2.AsyncClient, report: str = REPORT, days: str = "7") -> str:
    page = await browser.post("/shares", headers=OWN, data={"report": report, "days": days})
    found = re.search(r"<code>http://localhost(/shared/[\w.-]+)</code>", page.text)
    assert found is not None, page.text
    return found[1]


async def test_whoever_has_a_link_reads_the_report_and_nothing_else(
    browser: httpx2.AsyncClient,
) -> None:
    link = await share(browser)
    browser.cookies.clear()
    page = await browser.get(link)
    assert page.status_code == 200
    assert read_tables(page.text)["channels-USD"].totals[1] == "42.42"
    assert "1 Mar 2026 to 10 Mar 2026" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    # What the address asks for beside the link is not shown: neither other days nor other money.
    other = await browser.get(f"{link}?currency=JPY&from=2020-01-01&to=2020-01-02")
    assert set(read_tables(other.text)) == set(read_tables(page.text))
    # No way leads from it but to its own tables, languages and appearances.
    targets = set(re.findall(r'(?:href|action)="(/[^"?#]*)', page.text))
    assert {t for t in targets if not t.startswith("/static/")} == {"/", link}
    assert "<form" not in page.text
    file = await browser.get(f"{link}?download=channels-USD&lang=de")
    assert "42.42" in file.text
    german = await browser.get(f"{link}?lang=de")
    assert "42,42" in german.text


async def test_a_revoked_link_shows_nothing(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    link, kept = await share(browser), await share(browser, days="1")
    async with db.tenant(tenant) as connection:
        keys = await list_keys(connection, tenant)
    assert all(key.name.startswith("shared /overview?") for key in keys)
    revoked = await browser.post("/shares", headers=OWN, data={"revoke": str(keys[0].key_id)})
    assert revoked.headers["location"] == "/shares?done=revoked"
    page = await browser.get(link)
    assert (page.status_code, "share_invalid" in page.text) == (403, True)
    assert "42.42" not in page.text
    assert (await browser.get(kept)).status_code == 200
    assert "1 Mar" not in (await browser.get("/shares")).text


async def test_an_altered_link_shows_nothing(
    browser: httpx2.AsyncClient, db: Database, clone: Clone
) -> None:
    link = await share(browser)
    text, _, signature = link.removeprefix("/shared/").partition(".")
    said = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    other = await make_tenant(db, "B")
    own = re.findall(r"[0-9a-f-]{36}", said)[0]
    changes = (
        said.replace(own, str(other)),
        said.replace("currency=USD", "currency=JPY"),
        said.replace("/overview", "/settings/keys"),
        said.replace("/overview", "/shares"),
        re.sub(r"\d{10}", "4102444800", said),
        "[]",
        "x",
    )
    for changed in changes:
        forged = urlsafe_b64encode(changed.encode()).rstrip(b"=").decode()
        page = await browser.get(f"/shared/{forged}.{signature}")
        assert (page.status_code, "share_invalid" in page.text) == (403, True), changed
    for token in ("", ".", "x", "x" * 5_000, f"{text}.", f"{text}.{signature}x", "%00.%ff"):
        page = await browser.get(f"/shared/{token}")
        assert page.status_code in (403, 404), token


async def test_only_reports_are_shared_and_only_by_managers(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    for report, days in (
        ("/settings/keys", "7"),
        ("https://evil.example/", "7"),
        ("//evil.example/overview", "0"),
        (REPORT, "367"),
        (REPORT, "x"),
        (REPORT + "&q=" + "x" * 1_000, "7"),
        ("", ""),
    ):
        refused = await browser.post("/shares", headers=OWN, data={"report": report, "days": days})
        assert refused.status_code == 422, (report, days)
    await sign_in(browser, clone, tenant, Role.VIEWER, "bob@shop.example")
    assert 'action="/shares' not in (await browser.get(REPORT)).text
    refused = await browser.post("/shares", headers=OWN, data={"report": REPORT, "days": "7"})
    assert refused.status_code == 403


async def test_a_link_of_one_tenant_is_not_revoked_by_another(
    browser: httpx2.AsyncClient, db: Database, clone: Clone, tenant: UUID
) -> None:
    link = await share(browser)
    async with db.tenant(tenant) as connection:
        (key,) = await list_keys(connection, tenant)
    await sign_in(browser, clone, await make_tenant(db, "B"), Role.ADMIN, "eve@other.example")
    await browser.post("/shares", headers=OWN, data={"revoke": str(key.key_id)})
    assert (await browser.get(link)).status_code == 200


@pytest.mark.parametrize(
    "report", ["//[x/overview", "//evil.example/overview", "http://[x/overview"]
)
async def test_only_a_path_of_this_site_is_shared(browser: httpx2.AsyncClient, report: str) -> None:
    answer = await browser.post("/shares", headers=OWN, data={"report": report, "days": "7"})
    assert answer.status_code == 422
    assert "input_invalid" in answer.text
