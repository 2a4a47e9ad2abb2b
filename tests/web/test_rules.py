"""Rules: checked, tried and stored on a page as by the API; a viewer changes nothing, and sees one tenant."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.ingest import run_undoing
from skeldir.spend import restate_spend
from skeldir.users import Role
from skeldir.web import LANGUAGES
from tests.conftest import Clone
from tests.spend.test_recording import make_day, record
from tests.support.api import bearer
from tests.support.audited import settle
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.own_rules import apply, store
from tests.support.pages import read_tables, sign_in, signed_in
from tests.support.sites import OWN

RULES = '[[rule]]\nid = "brand"\nchannel = "display"\ncampaign.is = "brand"\n'
NASTY = '</textarea><script>alert(1)</script>{{ 7 * 7 }}\x7f"\\'


async def fill(db: Database, tenant: UUID, source: str) -> None:
    """A tenant with a touch that rules can move and one that they cannot, orders in three currencies, and spend."""
    touch = make_touch(channel=None, campaign="Brand", source=source, medium="cpc")
    await send_touches(db, tenant, touch, touch | {"idempotency_key": "mail", "channel": "email"})
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id=f"of-{source}"),
        make_conversion(order_id="yen/1", amount_cents=26_401, currency="JPY"),
        make_conversion(order_id="dinar", amount_cents=1_235, currency="KWD"),
    )
    await settle(db, tenant)


@pytest.fixture
async def shop(db: Database, tenant: UUID, other_tenant: UUID) -> UUID:
    await fill(db, tenant, "google")
    await fill(db, other_tenant, "bing")
    await record(db, tenant, make_day(700))
    return tenant


@pytest.fixture
async def manager(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop, Role.MANAGER, "mia@shop.example") as client:
        yield client


async def send(client: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    return await client.post(path, headers=OWN, data=fields)


def editor_of(page: str) -> str:
    """Return the text of the editor as a browser has it: the first line break is not part of it."""
    text = page.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return unescape(text).removeprefix("\n")


def plain(number: str) -> str:
    return number.replace(",", "").replace(".", "")


async def test_a_dry_run_shows_what_the_api_says_and_each_total_stays(
    manager: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    page = await send(manager, "/rules/try", document=RULES.replace("\n", "\r\n"), do="dry-run")
    assert page.status_code == 200, page.text
    shown = read_tables(page.text)
    answer = await manager.post(
        "/v1/rules/dry-run", headers=await bearer(db, shop, "read"), json={"document": RULES}
    )
    found = answer.json()
    assert shown["touches"].rows == [["Paid search", "Display", "1"]]
    assert {key.partition("-")[2] for key in shown if key.startswith("models")} == {
        "USD", "JPY", "KWD",
    }  # fmt: skip
    for row in found["credit"]:
        table = shown[f"credit-{row['currency']}-{row['model']}"]
        assert table.totals[1] == table.totals[2], table
        numbers = [plain(value) for value in (table.totals[1], table.totals[3])]
        assert numbers[1].strip("0") == ""
        names = {"display": "Display", "paid_search": "Paid search", "email": "E-mail"}
        (cells,) = [cells for cells in table.rows if cells[0] == names[row["channel"]]]
        assert [int(plain(value)) for value in cells[1:4]] == [
            row["credited_cents_now"], row["credited_cents_then"], row["difference_cents"],
        ]  # fmt: skip
    assert shown["credit-JPY-linear"].totals[1] == "26,401"
    assert shown["credit-KWD-linear"].totals[1] == "1.235"
    assert page.text.count("Totals stay equal") == 3
    assert {tuple(row[:3]) for row in shown["spend-EUR"].rows} >= {("Display", "0.00", "7.00")}
    assert "/order?id=yen%2F1" in page.text
    assert (await manager.get("/order?id=yen%2F1")).status_code == 200
    assert "of-bing" not in page.text


async def test_a_file_of_a_dry_run_has_what_is_seen(manager: httpx2.AsyncClient) -> None:
    page = await send(manager, "/rules/try", document=RULES, do="dry-run")
    shown = read_tables(page.text)["credit-JPY-linear"]
    file = await send(
        manager, "/rules/try", document=RULES, do="dry-run", download="credit-JPY-linear"
    )
    assert file.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert [row[:4] for row in rows[1:]] == [
        [cell.replace(",", "") for cell in row[:4]] for row in [*shown.rows, shown.totals]
    ]
    other = await send(manager, "/rules/try", document=RULES, do="dry-run", download="nothing")
    assert (other.status_code, "table_unknown" in other.text) == (404, True)


async def test_faults_are_shown_by_line_and_the_text_stays_in_the_editor(
    manager: httpx2.AsyncClient,
) -> None:
    wrong = RULES.replace("display", "nowhere") + RULES.replace('"brand"\nch', '"b"\nch')
    for path, fields in (
        ("/rules/try", {"do": "check"}),
        ("/rules/try", {"do": "dry-run"}),
        ("/rules/store", {"do": "apply", "reason": "why"}),
    ):
        page = await send(manager, path, document=wrong, **fields)
        shown = read_tables(page.text)
        assert [(*row[:2], row[3]) for row in shown["faults"].rows] == [
            ("1", "brand", "[[rule]]")
        ], path
        assert [row[:2] for row in shown["never_match"].rows] == [["5", "b"]]
        assert editor_of(page.text) == wrong
    page = await send(manager, "/rules/try", document=RULES, do="check")
    assert "have no faults" in page.text
    page = await send(manager, "/rules/try", document=NASTY, do="check")
    assert editor_of(page.text) == NASTY
    assert "<script>alert" not in page.text
    assert "No version yet" in (await manager.get("/rules")).text


async def test_a_manager_stores_applies_and_reverts_and_the_log_says_who(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID
) -> None:
    refused = await send(manager, "/rules/store", document=RULES, reason=" ", do="apply")
    assert (refused.status_code, "reason_missing" in refused.text) == (422, True)
    assert editor_of(refused.text) == RULES
    stored = await send(manager, "/rules/store", document=RULES, reason="a brand", do="store")
    assert stored.headers["location"] == "/rules?version=1&done=stored"
    page = await manager.get(stored.headers["location"])
    assert "Common rules only" in page.text
    assert editor_of(page.text) == RULES
    applied = await send(manager, "/rules/apply", version="1", reason="now")
    assert applied.headers["location"] == "/rules?done=applied"
    page = await manager.get("/rules?done=applied")
    assert "Version 1 in force" in page.text
    assert 'id="restating" hx-get' in page.text
    again = await send(manager, "/rules/store", document=RULES + "\n", reason="more", do="apply")
    assert again.headers["location"] == "/rules?version=2&done=stored_only"
    busy = await send(manager, "/rules/apply", version="none", reason="back")
    assert (busy.status_code, "undoing_under_way" in busy.text) == (409, True)
    async with db.tenant(shop) as connection:
        row = await connection.fetchrow("SELECT undoing_id FROM channel_rule_turns")
    assert row is not None
    await run_undoing(db, shop, row["undoing_id"])
    await restate_spend(db, shop)
    shown = read_tables((await manager.get("/rules")).text)
    assert shown["rules"].rows == [["1", "brand", "Display", "campaign is “brand”"]]
    assert [row[0] for row in shown["versions"].rows] == ["2", "1"]
    assert [(row[0], *row[2:]) for row in shown["turns"].rows] == [
        ("1", "mia@shop.example", "now", "1")
    ]
    reverted = await send(manager, "/rules/apply", version="none", reason="back")
    assert reverted.status_code == 303
    with psycopg.connect(clone.superuser_url) as admin:
        log = admin.execute(
            "SELECT actor, action, subject FROM audit_log WHERE action LIKE 'rules.%' ORDER BY at"
        ).fetchall()
    assert log == [
        ("mia@shop.example", "rules.store", "version 1: a brand"),
        ("mia@shop.example", "rules.apply", "version 1: now"),
        ("mia@shop.example", "rules.store", "version 2: more"),
        ("mia@shop.example", "rules.apply", "version none: back"),
    ]


async def test_a_rule_is_made_of_a_source_behind_the_rules_in_force(
    manager: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    await apply(db, shop, await store(db, shop, RULES))
    asked = {"source": 'Brand "x"\n', "medium": "e-paper", "campaign": NASTY}
    page = await manager.get("/rules", params=asked)
    assert editor_of(page.text) == RULES
    assert "<script>alert" not in page.text
    wrong = await manager.get("/rules", params=asked | {"channel": "unattributed"})
    assert "Choose a channel of the list" in wrong.text
    made = await manager.get("/rules", params=asked | {"channel": "partners", "source": "brand"})
    assert made.status_code == 200
    made = await manager.get("/rules", params={"source": "brand", "channel": "referral"})
    text = editor_of(made.text)
    assert text == RULES + '\n[[rule]]\nid = "brand-2"\nchannel = "referral"\nsource.is = "brand"\n'
    made = await manager.get("/rules", params=asked | {"channel": "referral"})
    checked = await send(manager, "/rules/try", document=editor_of(made.text), do="check")
    assert "have no faults" in checked.text


async def test_a_viewer_tries_and_stores_nothing(
    manager: httpx2.AsyncClient, clone: Clone, shop: UUID
) -> None:
    await sign_in(manager, clone, shop, Role.VIEWER, "ada@shop.example")
    page = await manager.get("/rules")
    assert "/rules/store" not in page.text
    assert "/rules/apply" not in page.text
    assert "a manager stores them" in page.text
    assert "skeldir rules edit" not in page.text
    assert (await send(manager, "/rules/try", document=RULES, do="dry-run")).status_code == 200
    for path, fields in (
        ("/rules/store", {"document": RULES, "reason": "mine"}),
        ("/rules/apply", {"version": "none", "reason": "mine"}),
    ):
        refused = await send(manager, path, **fields)
        assert (refused.status_code, "role_missing" in refused.text) == (403, True)
        foreign = await manager.post(
            path, headers=OWN | {"Sec-Fetch-Site": "cross-site"}, data=fields
        )
        assert (foreign.status_code, "form_foreign" in foreign.text) == (403, True)
    manager.cookies.clear()
    for path in ("/rules/try", "/rules/store", "/rules/apply"):
        assert (await send(manager, path)).headers["location"] == "/sign-in"


async def test_another_tenant_sees_none_of_the_versions(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID, other_tenant: UUID
) -> None:
    await apply(db, shop, await store(db, shop, RULES))
    await sign_in(manager, clone, other_tenant, Role.MANAGER, "eve@other.example")
    page = await manager.get("/rules")
    shown = read_tables(page.text)
    assert shown["rules"].rows == []
    assert "No version yet" in page.text
    for path in ("/rules?version=1", "/rules?version=7"):
        other = await manager.get(path)
        assert (other.status_code, "rules_unknown" in other.text) == (404, True)
    theirs = await send(manager, "/rules/apply", version="1", reason="theirs")
    assert (theirs.status_code, "rules_unknown" in theirs.text) == (404, True)


async def test_each_language_has_the_page_and_a_dry_run(
    manager: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    await apply(
        db,
        shop,
        await store(db, shop, RULES + '[[rule]]\nid = "x"\nchannel = "sms"\nalways = true\n'),
    )
    for tag in LANGUAGES:
        for path in ("/rules", "/rules/try", "/rules/store", "/rules/apply"):
            page = await manager.get(path, params={"lang": tag, "version": "none"})
            assert page.status_code == 200, page.text
            assert f'<html lang="{tag}"' in page.text
        tried = await send(manager, f"/rules/try?lang={tag}", document="", do="dry-run")
        assert read_tables(tried.text)["touches"].rows, tried.text


async def test_a_version_that_is_none_is_refused(manager: httpx2.AsyncClient) -> None:
    for version in ("0", "-1", "x", "9" * 12, "٣", "1.0", "\0"):
        page = await manager.get("/rules", params={"version": version})
        assert page.status_code in (404, 422), page.text
        sent = await send(manager, "/rules/apply", version=version, reason="x")
        assert sent.status_code in (400, 404, 422), sent.text
