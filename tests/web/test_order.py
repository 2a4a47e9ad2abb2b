"""One order explained: what the page shows is what the API explains, and the way by hand ends at the stored credit."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from fractions import Fraction
from html import unescape
from itertools import product
from urllib.parse import quote
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.attribution import ModelParameters, set_models
from skeldir.db.pool import Database
from skeldir.ingest import correct_touch, target_of_import
from skeldir.rollups import roll_up_dirty_days
from skeldir.web import DASH
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import Shown, read_tables, signed_in

ODD_IDS = (
    "a/b",
    "/a//b/",
    "..",
    ".",
    "../../etc/passwd",
    "50%",
    "%2e%2e",
    "a?b=c&d#e",
    "größe 漢字 🧾",
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "back\\slash",
    "\N{RIGHT-TO-LEFT OVERRIDE}fdp",
    " spaced ",
    "x" * 200,
)
UNKNOWN = (
    "/orders/nothing",
    "/orders/" + "x" * 500,
    "/orders/%00",
    "/order?id=%00",
    "/orders/%ff%fe",
    "/order?id=" + quote("/../" * 100),
)
MODELS = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay")


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """A tenant with an order of several channels, refunds and currencies, and orders with odd ids."""
    await send_touches(
        db,
        tenant,
        make_touch(channel="display", occurred_at=at(-60)),
        make_touch(
            occurred_at=at(-20), channel=None, source="google", medium="cpc", campaign="<b>Winter"
        ),
        make_touch(channel="email", occurred_at=at(-10)),
        make_touch(channel="referral", occurred_at=at(-1)),
        make_touch(channel="direct", occurred_at=at(0)),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="one", idempotency_key="one:paid", amount_cents=10_001),
        make_conversion(order_id="one", kind="refund", amount_cents=3_334, occurred_at=at(2)),
        make_conversion(order_id="one", kind="dispute", amount_cents=6_667, occurred_at=at(3)),
        make_conversion(
            order_id="one", kind="dispute_reversal", amount_cents=6_667, occurred_at=at(4)
        ),
        make_conversion(order_id="one", amount_cents=1_001, currency="JPY", occurred_at=at(5)),
        make_conversion(order_id="bare", kind="refund", amount_cents=5, journey_key="v-9"),
        *(make_conversion(order_id=each, journey_key=None, amount_cents=501) for each in ODD_IDS),
    )
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


@pytest.fixture
async def browser(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop) as client:
        yield client


async def open_page(
    browser: httpx2.AsyncClient, query: str = "", order: str = "one"
) -> tuple[str, dict[str, Shown]]:
    page = await browser.get(f"/orders/{order}{query}")
    assert page.status_code == 200, page.text
    return page.text, read_tables(page.text)


def cents(text: str) -> int:
    return int(text.replace(".", "").replace(",", ""))


async def test_credit_by_model_is_what_the_api_explains_and_adds_up_to_the_entries(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    answer = await browser.get("/v1/attribution/orders/one", headers=await bearer(db, shop, "read"))
    explained = answer.json()
    currency_of = {entry["business_key"]: entry["currency"] for entry in explained["entries"]}
    _, tables = await open_page(browser)
    for currency, total in (("USD", 6_667), ("JPY", 1_001)):
        table = tables[f"credit-{currency}"]
        assert [cents(text) for text in table.totals[1:]] == [total] * 6
        for place, version in enumerate(explained["versions"], start=1):
            sums: dict[str, int] = {}
            for one in version["allocations"]:
                if currency_of[one["business_key"]] == currency:
                    sums[one["channel"]] = sums.get(one["channel"], 0) + one["allocated_cents"]
            shown = sorted(cents(row[place]) for row in table.rows)
            assert [one for one in shown if one] == sorted(one for one in sums.values() if one)
    assert tables["entries-USD"].totals[2] == "66.67"
    assert tables["weights"].totals[1:] == ["100.0%"] * 6


async def test_the_way_by_hand_ends_at_the_credit_in_the_reports(
    browser: httpx2.AsyncClient,
) -> None:
    for model in MODELS:
        text, tables = await open_page(browser, f"?model={model}")
        by_hand = [table for key, table in tables.items() if key.startswith("by-hand")]
        assert len(by_hand) == 5
        for table in by_hand:
            for row in table.rows:
                exact, rounded, extra, part, before, allocated, stored = (
                    Fraction(cell.replace(",", "")) for cell in row[2:9]
                )
                assert abs(exact) >= abs(rounded)
                assert rounded + extra == part
                assert part - before == allocated == stored
            sums = [sum(cents(row[n]) for row in table.rows) for n in range(3, 9)]
            assert [cents(total) for total in table.totals[3:9]] == sums
        assert "Equals the credit in the reports" in text


async def test_each_touch_names_the_rule_that_classified_it_and_why_it_does_not_count(
    browser: httpx2.AsyncClient,
) -> None:
    text, tables = await open_page(browser)
    rows = {row[0]: row for row in tables["touches"].rows}
    paid = rows["Paid search"]
    assert paid[2:7] == ["1/4", "25.0%", "google", "cpc", "<b>Winter"]
    assert paid[9].startswith("rule ")
    assert "<b>" not in text
    assert rows["E-mail"][9] == "channel named by the sender"
    line = text.partition('class="timeline"')[2].partition("</ol>")[0]
    kinds = re.findall(r'<li class="(\w+)">', line)
    assert kinds == ["touch"] * 4 + ["money", "loss", "loss", "money", "money"]


async def test_a_touch_before_the_lookback_is_shown_apart(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    async with db.tenant(shop) as connection:
        await set_models(
            connection, shop, {"linear": ModelParameters(lookback_days=5)}, changed_by="test"
        )
    await credit_until_complete(db, shop)
    text, tables = await open_page(browser)
    rows = {row[0]: row for row in tables["touches"].rows}
    assert rows["E-mail"][2] == DASH
    assert "before the lookback of 5 days" in text


async def test_a_page_says_who_corrected_a_touch_and_which_file_brought_an_entry(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID
) -> None:
    async with db.tenant(shop) as connection:
        await connection.execute(
            """INSERT INTO imports (tenant_id, fingerprint, file_name, rows_done, touches_accepted, touches_duplicate,
                                    conversions_accepted, conversions_duplicate, rejected, is_complete)
               VALUES ($1, 'f00d', 'june <refunds>.csv', 1, 0, 0, 1, 0, 0, true)""",
            shop,
        )
        delivery = (await target_of_import(connection, shop, "f00d")).deliveries[0]
        touch = await connection.fetchval(
            "SELECT idempotency_key FROM attribution_events WHERE tenant_id = $1 AND channel_code = 'referral'",
            shop,
        )
    async with db.tenant(shop) as connection:
        await correct_touch(
            connection, shop, touch, "affiliates", reason="A partner", requested_by="ada"
        )
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE revenue_ledger SET source = 'file', delivery = %s WHERE order_id = 'one' AND kind = 'refund'",
            [delivery],
        )
    await credit_until_complete(db, shop)
    text, tables = await open_page(browser)
    assert tables["entries-USD"].links == {"june <refunds>.csv": "/imports/f00d"}
    assert "june &lt;refunds&gt;.csv" in text
    corrected = {row[0]: row[9] for row in tables["touches"].rows}["Affiliates"]
    assert corrected.startswith("corrected by ada, ")
    assert corrected.endswith(": A partner")


async def test_an_order_that_awaits_its_payment_says_that_nobody_is_credited(
    browser: httpx2.AsyncClient,
) -> None:
    text, tables = await open_page(browser, order="bare")
    assert "no payment yet: nobody is credited" in text
    assert "Awaits its payment" in text
    assert not any(key.startswith(("by-hand", "credit")) for key in tables)


async def test_every_order_in_the_list_leads_to_its_page_whatever_its_id(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get("/orders?from=2026-03-01&to=2026-03-31&currency=USD")
    links = read_tables(page.text)["orders-USD"].links
    titles = set()
    for link in links.values():
        # What a browser makes of the address first: dots are steps, escaped or not.
        assert not re.search(r"/(\.|%2e){1,2}(/|$)", link.partition("?")[0], re.IGNORECASE)
        shown = await browser.get(link)
        assert shown.status_code == 200, link
        found = re.search(r"<h1>(.*?)</h1>", shown.text, re.DOTALL)
        assert found is not None
        titles.add(unescape(found[1]).removeprefix("Order "))
        assert "<script>alert" not in shown.text
        assert "49" not in found[1]
    assert {one.strip() for one in titles} == {one.strip() for one in (*ODD_IDS, "one", "bare")}


async def test_an_order_that_is_not_known_is_a_page_with_a_cure(
    browser: httpx2.AsyncClient,
) -> None:
    for path in UNKNOWN:
        page = await browser.get(path)
        assert page.status_code == 404, path
        assert "order_unknown" in page.text
    for path in ("/order", "/order?id=", "/order?id=" + "x" * 2_001):
        assert (await browser.get(path)).status_code == 422, path


async def test_a_page_is_written_in_the_browsers_language(browser: httpx2.AsyncClient) -> None:
    for language, order in product(("en", "de", "fr"), ("one", "bare")):
        page = await browser.get(f"/orders/{order}", headers={"Accept-Language": language})
        assert page.status_code == 200, page.text
        assert f'<html lang="{language}"' in page.text


async def test_a_table_is_stored_as_it_is_seen(browser: httpx2.AsyncClient) -> None:
    file = await browser.get("/orders/one?download=by-hand-2")
    _, tables = await open_page(browser)
    rows = [line.split(",") for line in file.text.strip().splitlines()]
    assert [row[3:] for row in rows[1:]] == [
        row[3:] for row in [*tables["by-hand-2"].rows, tables["by-hand-2"].totals]
    ]


async def test_a_member_of_another_tenant_sees_nothing_of_it(
    clone: Clone, db: Database, shop: UUID
) -> None:
    other = await make_tenant(db, "B")
    async with signed_in(clone, other, email="eve@other.example") as client:
        for path in ("/orders/one", "/order?id=one", "/order?id=a/b"):
            page = await client.get(path)
            assert page.status_code == 404
            assert "66.67" not in page.text
            assert "taken back" not in page.text
