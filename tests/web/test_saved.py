"""Saved reports: managers keep addresses of reports under names, members open them, and nobody else has them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import escape, unescape
from uuid import UUID, uuid4

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role, list_actions, list_saved_reports
from skeldir.web.reports import SAVED_PATHS
from skeldir.web.sharing import REPORTS
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.pages import sign_in, signed_in
from tests.support.sites import OWN

DAYS = "from=2026-03-01&to=2026-03-10"
REPORT = f"/orders?{DAYS}&currency=USD&channel=unattributed&without=source"


@pytest.fixture
async def browser(clone: Clone, db: Database, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    await send_conversions(db, tenant, make_conversion())
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with signed_in(clone, tenant, Role.MANAGER) as client:
        yield client


async def save(
    browser: httpx2.AsyncClient, name: str, report: str = REPORT, days: str = "shown"
) -> httpx2.Response:
    return await browser.post(
        "/saved", headers=OWN, data={"name": name, "report": report, "days": days}
    )


async def saved_by(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        return {each.name: each.address for each in await list_saved_reports(connection, tenant)}


async def ids_of(db: Database, tenant: UUID) -> list[UUID]:
    async with db.tenant(tenant) as connection:
        return [each.report_id for each in await list_saved_reports(connection, tenant)]


def test_what_can_be_saved_is_what_can_be_shared() -> None:
    assert set(REPORTS) == SAVED_PATHS


async def test_a_saved_report_is_opened_from_its_page_by_all_members(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    shown = (await browser.get(f"{REPORT}&lang=en")).text
    form = shown[shown.index('action="/saved?') :]
    report = re.search(r'name="report" value="([^"]+)"', form)
    assert report is not None
    answer = await save(browser, " Montag <früh> ", unescape(report[1]))
    assert answer.status_code == 303
    # It is the address that was shown, without what belongs to whoever looked.
    address = answer.headers["location"]
    assert address.startswith("/orders?")
    assert set(address.partition("?")[2].split("&")) == set(REPORT.partition("?")[2].split("&"))
    assert (await save(browser, "Today's days", unescape(report[1]), "latest")).status_code == 303
    assert "from=" not in (await saved_by(db, tenant))["Today's days"]
    await sign_in(browser, clone, tenant, Role.VIEWER, "bob@shop.example")
    page = (await browser.get("/orders")).text
    links = dict(re.findall(r'<li><a href="([^"]+)"[^>]*>([^<]+)</a></li>', page))
    (link,) = (unescape(href) for href, name in links.items() if "fr" in name and "Montag" in name)
    assert link == address
    assert "Montag &lt;früh&gt;" in page
    there = await browser.get(link)
    assert there.status_code == 200
    assert 'aria-current="true">Montag' in there.text
    # It is of Orders: other reports do not list it. A viewer changes nothing.
    assert "Montag" not in (await browser.get("/overview")).text
    assert "Montag" in (await browser.get("/saved")).text
    assert 'action="/saved' not in page + (await browser.get("/saved")).text


async def test_a_report_is_saved_again_renamed_and_removed_with_a_note_of_each(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await save(browser, "A")
    await save(browser, "A", "/orders")
    assert await saved_by(db, tenant) == {"A": "/orders"}
    await save(browser, "B")
    (first, second) = await ids_of(db, tenant)
    for report_id, name, status in ((first, "B", 409), (first, " ", 422), (uuid4(), "C", 404)):
        refused = await browser.post(
            f"/saved/{report_id}", headers=OWN, data={"do": "rename", "name": name}
        )
        assert refused.status_code == status, refused.text
    for report_id, fields in ((first, {"do": "rename", "name": "C"}), (second, {"do": "remove"})):
        answer = await browser.post(f"/saved/{report_id}", headers=OWN, data=fields)
        assert answer.status_code == 303, answer.text
        assert (await browser.get(answer.headers["location"])).status_code == 200
    assert await saved_by(db, tenant) == {"C": "/orders"}
    again = await browser.post(f"/saved/{second}", headers=OWN, data={"do": "remove"})
    assert (again.status_code, "saved_report_unknown" in again.text) == (404, True)
    async with db.tenant(tenant) as connection:
        noted = [
            (each.action, each.subject)
            for each in await list_actions(connection, tenant)
            if each.action.startswith("report.")
        ]
    assert noted[:2] == [("report.remove", "B"), ("report.rename", "A: C")]
    assert [action for action, _ in noted[2:]] == ["report.save"] * 3


@pytest.mark.parametrize(
    ("report", "name"),
    [
        ("https://evil.example/orders", "x"),
        ("//evil.example/orders", "x"),
        ("//[x/orders", "x"),
        ("/\\evil.example/orders", "x"),
        ("/orders/../settings/keys", "x"),
        ("/orders/o-1", "x"),
        ("/settings/keys", "x"),
        ("/sign-out", "x"),
        ("javascript:alert(1)", "x"),
        ("", "x"),
        ("/orders?next=https://evil.example", "x"),
        ("/orders?channel=" + "x" * 1_000, "x"),
        (REPORT, ""),
        (REPORT, "x" * 81),
        (REPORT, "two\nlines"),
        (REPORT, "turned \u202e round"),
    ],
)
async def test_only_reports_of_this_site_are_saved_under_a_name(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID, report: str, name: str
) -> None:
    refused = await save(browser, name, report)
    assert (refused.status_code, "input_invalid" in refused.text) == (422, True)
    assert await saved_by(db, tenant) == {}


async def test_what_a_report_has_in_its_address_leads_to_this_site_only(
    browser: httpx2.AsyncClient,
) -> None:
    answer = await save(browser, "x", "/paths?path=//evil.example&channel=%0d%0aSet-Cookie:%20a=b")
    assert answer.headers["location"].startswith("/paths?path=%2F%2Fevil.example")
    assert "set-cookie" not in answer.headers


async def test_a_tenant_saves_a_hundred_reports(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "INSERT INTO saved_reports (tenant_id, id, name, path, query) "
            "SELECT $1, gen_random_uuid(), n::text, '/paths', '' FROM generate_series(1, 100) n",
            tenant,
        )
    refused = await save(browser, "one more")
    assert (refused.status_code, "saved_reports_too_many" in refused.text) == (409, True)
    assert (await save(browser, "7", "/paths")).status_code == 303


async def test_another_tenant_neither_sees_nor_changes_it(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    await save(browser, "Ours")
    (report_id,) = await ids_of(db, tenant)
    other = await make_tenant(db, "B")
    await sign_in(browser, clone, other, Role.ADMIN, "eve@other.example")
    for path in ("/saved", "/orders"):
        assert "Ours" not in (await browser.get(path)).text
    for fields in ({"do": "remove"}, {"do": "rename", "name": "Theirs"}):
        refused = await browser.post(f"/saved/{report_id}", headers=OWN, data=fields)
        assert refused.status_code == 404
    await save(browser, "Ours", "/orders")
    assert await saved_by(db, tenant) == {"Ours": (await saved_by(db, tenant))["Ours"]}
    assert (await saved_by(db, tenant))["Ours"] != "/orders"


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_the_list_is_written_in_the_browsers_language(
    browser: httpx2.AsyncClient, language: str
) -> None:
    await save(browser, "x")
    for path in ("/saved", "/saved?done=removed", REPORT):
        page = await browser.get(path, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<html lang="{language}"' in page.text


@pytest.mark.parametrize(
    ("language", "fixed", "latest"),
    [
        ("en", "1 Mar 2026 to 10 Mar 2026", "the latest 28"),
        ("de", "1. März 2026 bis 10. März 2026", "die jeweils letzten 28"),
        ("fr", "du 1 mars 2026 au 10 mars 2026", "les 28 derniers"),
    ],
)
async def test_the_list_says_which_days_each_report_has(
    browser: httpx2.AsyncClient, language: str, fixed: str, latest: str
) -> None:
    await save(browser, "a")
    await save(browser, "b", days="latest")
    await save(browser, "c", "/evidence")
    page = (await browser.get(f"/saved?lang={language}")).text.replace("\xa0", " ")
    cells = re.findall(
        r'<th scope="row".*?</th>\s*<td>[^<]*</td>\s*<td class="wrap">([^<]*)<', page
    )
    assert cells == ["\N{EN DASH}", fixed, latest]


async def test_the_list_of_links_says_what_each_one_shows_and_who_made_it(
    browser: httpx2.AsyncClient,
) -> None:
    await browser.post("/shares", headers=OWN, data={"report": REPORT, "days": "7"})
    page = (await browser.get("/shares?lang=de")).text
    row = re.search(r'<th scope="row".*?</form>', page, re.DOTALL)
    assert row is not None
    words = " ".join(re.sub(r"<[^>]+>", " ", row[0]).replace("\xa0", " ").split())
    assert words.startswith("Bestellungen 1. März 2026 bis 10. März 2026 "), words
    assert "/orders?" not in words, words
    assert re.search(r"\S@shop\.example", words), words
    assert f'<a href="{escape(REPORT)}">' in row[0]
