"""Importing by a page: sent, tried, confirmed; what was refused, taken back and put back; and nobody else's file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.ingest import list_imports, list_undoings, run_undoing
from skeldir.users import Role, list_actions, list_members, remove_member
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.make import make_tenant
from tests.support.pages import HOST, read_tables, sign_in, signed_in
from tests.support.people import let_in
from tests.support.sites import OWN as OWN_FORM

OWN = {"Sec-Fetch-Site": "same-origin"}
ORDERS = (
    "order_id,kind,amount,currency,occurred_at,visitor_id\n"
    "o-1,capture,10.00,EUR,2026-03-01T10:00:00Z,v-1\n"
    "o-2,capture,20.50,EUR,2026-03-02T10:00:00Z,v-2\n"
    "o-2,refund,0.50,EUR,2026-03-03T10:00:00Z,v-2\n"
    "o-3,capture,700,JPY,2026-03-03T10:00:00Z,v-3\n"
    "o-4,capture,ten,EUR,2026-03-03T10:00:00Z,v-3\n"
)


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.MANAGER) as client:
        yield client


async def send(
    browser: httpx2.AsyncClient, content: str = ORDERS, name: str = "orders.csv", **fields: str
) -> httpx2.Response:
    return await browser.post(
        "/imports/new", headers=OWN, files={"file": (name, content.encode())}, data=fields
    )


async def open_sent(browser: httpx2.AsyncClient, sent: httpx2.Response) -> httpx2.Response:
    """Open the page to which a sent file leads, until it has been tried."""
    assert sent.status_code == 303, sent.text
    for _ in range(50):
        page = await browser.get(sent.headers["location"])
        if "data-progress" not in page.text:
            return page
    raise AssertionError("The file was not tried in time.")


async def confirm(
    browser: httpx2.AsyncClient, sent: httpx2.Response, do: str = "import"
) -> httpx2.Response:
    place = urlsplit(sent.headers["location"])
    fields = {name: values[0] for name, values in parse_qs(place.query).items()}
    return await browser.post(place.path, headers=OWN_FORM, data={**fields, "do": do})


async def import_whole(browser: httpx2.AsyncClient, content: str = ORDERS) -> str:
    """Import a file, and return the address of its page once it has ended."""
    sent = await send(browser, content)
    await open_sent(browser, sent)
    done = await confirm(browser, sent)
    assert done.status_code == 303, done.text
    place = str(done.headers["location"])
    for _ in range(200):
        if "data-progress" not in (await browser.get(place)).text:
            return place
        await asyncio.sleep(0.02)
    raise AssertionError("The import did not end in time.")


async def test_a_dry_run_shows_what_would_be_imported_and_imports_nothing(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    page = await open_sent(browser, await send(browser, kind="conversions"))
    tables = read_tables(page.text)
    assert dict(row[:2] for row in tables["rows"].rows) == {
        "Rows read": "5",
        "New touches": "0",
        "New entries": "4",
        "Touches known already": "0",
        "Entries known already": "0",
        "Refused": "1",
        "Rows left out by a condition": "0",
    }
    assert tables["money-EUR"].rows == [
        ["2026-03", "Captured", "2", "30.50"],
        ["2026-03", "Refunded", "1", "-0.50"],
    ]
    assert tables["money-EUR"].totals[-1] == "30.00"
    assert tables["money-JPY"].rows == [["2026-03", "Captured", "1", "700"]]
    ((line, code, count, *_),) = tables["refused"].rows
    assert (line, code, count) == ("6", "amount_invalid", "1")
    assert any("visitor_id" in row[1] for row in tables["recognised"].rows)
    async with db.tenant(tenant) as connection:
        assert await list_imports(connection, tenant) == []


async def test_what_is_confirmed_is_imported_and_names_who_did_it(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    place = await import_whole(browser)
    page = await browser.get(place)
    assert "by ada@shop.example" in page.text
    ((row, code, *_),) = read_tables(page.text)["refused"].rows
    assert (row, code) == ("5", "amount_invalid")
    async with db.tenant(tenant) as connection:
        (known,) = await list_imports(connection, tenant)
        (action, *_) = await list_actions(connection, tenant)
    assert known.is_complete
    assert (known.conversions_accepted, known.rejected) == (4, 1)
    assert (action.action, action.subject) == ("import.begun", known.fingerprint)
    listed = read_tables((await browser.get("/imports")).text)["imports"]
    ((name, _, by, rows, touches, entries, again, refused, state),) = listed.rows
    assert name.startswith("orders.csv")
    assert (by, rows, touches, entries) == ("ada@shop.example", "5", "0", "4")
    assert (again, refused, state) == ("0", "1", "Imported")


async def test_the_same_file_is_not_imported_twice_and_offers_its_refused_rows(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    place = await import_whole(browser)
    again = await send(browser)
    page = await open_sent(browser, again)
    assert "Nothing would be added." in page.text
    assert 'value="import"' not in page.text
    assert 'value="replay"' in page.text
    replayed = await confirm(browser, again, "replay")
    assert replayed.headers["location"] == place
    async with db.tenant(tenant) as connection:
        actions = [one.action for one in await list_actions(connection, tenant)]
    assert actions[:2] == ["import.replayed", "import.begun"]


async def test_what_a_file_leaves_open_is_asked_and_answered_on_the_page(
    browser: httpx2.AsyncClient,
) -> None:
    content = "order_id,amount,date\no-1,10.00,2026-03-01 10:00\n"
    sent = await send(browser, content)
    page = await open_sent(browser, sent)
    assert "This must be answered first." in page.text
    assert "currency" in page.text
    assert 'value="import"' not in page.text
    answers = {"kind": "conversions", "currency": "EUR", "time_zone": "Europe/Berlin"}
    place = urlsplit(sent.headers["location"]).path
    answered = await browser.get(place, params=answers)
    assert read_tables(answered.text)["money-EUR"].totals[-1] == "10.00", answered.text
    assert 'value="import"' in answered.text
    wrong = await browser.get(place, params={"lines": "kinds = ["})
    assert "are not TOML" in wrong.text
    deep = await browser.get(place, params={"lines": "kinds = " + "[" * 1_900})
    assert "are nested too deep" in deep.text


async def test_an_import_is_taken_back_and_put_back_with_a_reason(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    place = await import_whole(browser)
    preview = await browser.get(f"{place}?preview=undo")
    assert read_tables(preview.text)["money-EUR"].totals[-1] == "-30.00"
    assert read_tables(preview.text)["money-JPY"].totals[-1] == "-700"
    without = await browser.post(place, headers=OWN_FORM, data={"do": "undo", "reason": " "})
    assert without.status_code == 422
    assert "reason_missing" in without.text
    for do, shown in (("undo", "Taken back"), ("redo", "Imported")):
        answer = await browser.post(
            place, headers=OWN_FORM, data={"do": do, "reason": "wrong file"}
        )
        assert answer.headers["location"] == f"{place}?done={do}"
        async with db.tenant(tenant) as connection:
            undoing = (await list_undoings(connection, tenant))[0]
        assert (undoing.reason, undoing.requested_by) == ("wrong file", "ada@shop.example")
        assert "data-progress" in (await browser.get(place)).text
        await run_undoing(db, tenant, undoing.id)
        stream = await browser.get(f"{place}/progress")
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.text.endswith("event: end\ndata: end\n\n")
        assert read_tables((await browser.get("/imports")).text)["imports"].rows[0][-1] == shown
    history = read_tables((await browser.get(place)).text)["history"].rows
    assert [row[0] for row in history] == ["Put back", "Taken back"]


async def test_a_file_belongs_to_who_sent_it_for_one_tenant(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    place = await import_whole(browser)
    sent = await send(browser, ORDERS.replace("o-1", "o-9"))
    token_place = urlsplit(sent.headers["location"]).path
    other = await make_tenant(db, "Other")
    for email, of in (("eve@other.example", other), ("bob@shop.example", tenant)):
        await sign_in(browser, clone, of, Role.MANAGER, email)
        assert (await browser.get(token_place)).status_code == 404
        assert (await browser.get(f"{token_place}/progress")).status_code == 404
        answer = await browser.post(token_place, headers=OWN_FORM, data={"do": "import"})
        assert answer.status_code == 404
    await sign_in(browser, clone, other, Role.MANAGER, "eve@other.example")
    assert "orders.csv" not in (await browser.get("/imports")).text
    for foreign in (place, f"{place}/progress"):
        assert (await browser.get(foreign)).status_code == 404
    undo = await browser.post(place, headers=OWN_FORM, data={"do": "undo", "reason": "mine"})
    assert undo.status_code == 404


async def test_a_viewer_sees_imports_and_changes_none(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    place = await import_whole(browser)
    await sign_in(browser, clone, tenant, Role.VIEWER, "vera@shop.example")
    page = await browser.get(f"{place}?preview=undo")
    assert page.status_code == 200
    assert "money-EUR" not in page.text
    assert 'name="reason"' not in page.text
    assert "/imports/new" not in (await browser.get("/imports")).text
    assert (await browser.get("/imports/new")).status_code == 403
    assert (await send(browser)).status_code == 403
    undo = await browser.post(place, headers=OWN_FORM, data={"do": "undo", "reason": "no"})
    assert undo.status_code == 403


async def test_a_file_of_another_site_or_too_large_is_not_read(
    browser: httpx2.AsyncClient,
) -> None:
    was_read = []

    async def body() -> AsyncIterator[bytes]:
        was_read.append(True)
        yield b""

    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    for site in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = await browser.post("/imports/new", headers=boundary | site, content=body())
        assert answer.status_code == 403
    large = boundary | OWN | {"Content-Length": str(1 << 40)}
    answer = await browser.post("/imports/new", headers=large, content=body())
    assert answer.headers["location"] == "/imports/new?fault=body_too_large"
    assert "100 MiB" in (await browser.get("/imports/new?fault=body_too_large")).text
    assert not was_read
    nothing = await browser.post("/imports/new", headers=OWN, files={"file": ("", b"")})
    assert nothing.headers["location"] == "/imports/new?fault=file_missing"
    for content_type in (OWN_FORM["Content-Type"], "multipart/form-data", "text/csv"):
        headers = {**OWN, "Content-Type": content_type}
        answer = await browser.post("/imports/new", headers=headers, content=b"--x\r\n")
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\me\\orders.csv", "orders.csv"),
        ("<b>&{{7*7}}.csv", "<b>&{{7*7}}.csv"),
        ("é" * 300 + ".csv", "é" * 98 + ".csv"),
        (" . ", "upload"),
    ],
)
async def test_a_name_is_only_a_name(browser: httpx2.AsyncClient, sent: str, kept: str) -> None:
    page = await open_sent(browser, await send(browser, name=sent))
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    assert found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == kept


async def test_another_process_of_the_machine_goes_on_with_the_file(
    browser: httpx2.AsyncClient, clone: Clone
) -> None:
    sent = await send(browser)
    async with asking(clone.app_url) as (_, other):
        other.base_url = HOST
        other.cookies.update(browser.cookies)
        page = await open_sent(other, sent)
        assert "New entries" in page.text
        done = await confirm(other, sent)
        assert done.headers["location"].startswith("/imports/")


async def test_a_dropped_file_leaves_nothing(browser: httpx2.AsyncClient) -> None:
    sent = await send(browser)
    await open_sent(browser, sent)
    assert (await confirm(browser, sent, "drop")).headers["location"] == "/imports/new"
    assert (await browser.get(sent.headers["location"])).status_code == 404


async def test_a_tenant_without_facts_sees_the_three_ways_in(
    browser: httpx2.AsyncClient, tenant: UUID
) -> None:
    page = (await browser.get("/imports/new")).text
    assert "There is nothing in this tenant yet." in page
    assert f"skeldir webhooks create {tenant} stripe --url {HOST}" in page
    assert f"skeldir keys create {tenant} --scope ingest" in page
    await import_whole(browser)
    assert "There is nothing in this tenant yet." not in (await browser.get("/imports/new")).text


@pytest.mark.parametrize("language", ["de", "fr"])
async def test_the_pages_are_in_all_languages(browser: httpx2.AsyncClient, language: str) -> None:
    place = await import_whole(browser)
    sent = await send(browser, ORDERS.replace("o-1", "o-7"))
    await open_sent(browser, sent)
    for address in ("/imports", "/imports/new", f"{place}?preview=undo", sent.headers["location"]):
        page = await browser.get(address, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'<html lang="{language}' in page.text


@pytest.mark.parametrize("name", ["0" * 64, "%27", "a" * 63, "..%2f..", "x" * 500])
async def test_an_import_that_is_none_is_not_found(browser: httpx2.AsyncClient, name: str) -> None:
    assert (await browser.get(f"/imports/{name}")).status_code == 404
    assert (await browser.get(f"/imports/uploads/{name}")).status_code == 404


async def test_a_manager_of_a_tenant_without_facts_is_led_from_the_overview_to_the_import(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    first = await browser.get("/overview")
    assert first.headers["location"] == "/imports/new"
    await sign_in(browser, clone, tenant, Role.VIEWER, "vera@shop.example")
    assert (await browser.get("/overview")).status_code == 200
    await sign_in(browser, clone, tenant, Role.MANAGER, "ada@shop.example")
    await import_whole(
        browser, "idempotency_key,occurred_at,journey_key,source\na,2026-03-01T10:00:00Z,v,google\n"
    )
    assert 'href="/imports/new"' in (await browser.get("/overview")).text


async def test_of_a_user_three_files_may_arrive_at_once(browser: httpx2.AsyncClient) -> None:
    go_on, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def slowly() -> AsyncIterator[bytes]:
        begun.release()
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        await go_on.wait()
        yield f"{ORDERS}\r\n--x--\r\n".encode()

    headers = OWN | {"Content-Type": "multipart/form-data; boundary=x"}
    slow = [
        asyncio.create_task(browser.post("/imports/new", headers=headers, content=slowly()))
        for _ in range(3)
    ]
    async with asyncio.timeout(10):
        for _ in slow:
            await begun.acquire()
    assert (await send(browser)).headers["location"] == "/imports/new?fault=uploads_busy"
    go_on.set()
    assert {one.status_code for one in await asyncio.gather(*slow)} == {303}
    assert (await send(browser)).headers["location"].startswith("/imports/uploads/")


async def test_a_stream_shows_nothing_more_to_a_removed_member(
    browser: httpx2.AsyncClient,
    clone: Clone,
    db: Database,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = await import_whole(browser)
    preview = await browser.post(place, headers=OWN_FORM, data={"do": "undo", "reason": "test"})
    assert preview.status_code == 303
    monkeypatch.setattr("skeldir.web.imports.TICK_S", 0.05)
    stream = asyncio.create_task(browser.get(f"{place}/progress"))
    await asyncio.sleep(0.3)  # some ticks, in which a member goes on reading
    assert not stream.done()
    other = await let_in(clone, db, "ben@shop.example", tenant, Role.ADMIN)
    async with db.tenant(tenant) as connection:
        members = await list_members(connection, tenant)
        ada = next(one.user_id for one in members if one.email != other.email)
        await remove_member(connection, tenant, ada, by=other.email)
    async with asyncio.timeout(10):
        assert (await stream).text.endswith("event: end\ndata: end\n\n")
