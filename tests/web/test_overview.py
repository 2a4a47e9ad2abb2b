"""Overview: its numbers are those of the API and of the ledger, each currency apart, and nothing of another tenant."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
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

DAYS = "from=2026-03-01&to=2026-03-10"


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """A tenant with money in currencies of two, no and three decimals, before the days shown and on them."""
    await send_touches(
        db,
        tenant,
        make_touch(channel="paid_search", occurred_at=at(0)),
        make_touch(channel="email", occurred_at=at(0.5)),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", occurred_at=at(-5), amount_cents=2_000, journey_key="v-0"),
        make_conversion(order_id="a", amount_cents=10_001),
        make_conversion(order_id="a", kind="refund", amount_cents=1_000, occurred_at=at(2)),
        make_conversion(order_id="b", amount_cents=5_000, journey_key="v-2", occurred_at=at(3)),
        make_conversion(order_id="b", kind="dispute", amount_cents=5_000, occurred_at=at(4)),
        make_conversion(
            order_id="b", kind="dispute_reversal", amount_cents=5_000, occurred_at=at(5)
        ),
        make_conversion(order_id="yen", amount_cents=26_400, currency="JPY"),
        make_conversion(order_id="dinar", amount_cents=1_234, currency="KWD"),
    )
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


@pytest.fixture
async def browser(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop) as client:
        yield client


async def open_tables(browser: httpx2.AsyncClient, query: str = DAYS) -> dict[str, Shown]:
    page = await browser.get(f"/overview?{query}")
    assert page.status_code == 200, page.text
    return read_tables(page.text)


async def test_the_bridge_leads_from_the_balance_before_to_the_one_after(
    browser: httpx2.AsyncClient,
) -> None:
    shown = (await open_tables(browser))["bridge-USD"]
    assert [(row[0], row[1]) for row in [*shown.rows, shown.totals]] == [
        ("Opening", "20.00"),
        ("Captured", "150.01"),
        ("Refunded", "-10.00"),
        ("Disputed", "-50.00"),
        ("Reversed", "50.00"),
        ("Closing", "160.01"),
    ]


async def test_money_of_each_currency_is_apart_and_has_its_own_decimals(
    browser: httpx2.AsyncClient,
) -> None:
    page = await browser.get(f"/overview?{DAYS}")
    tables = read_tables(page.text)
    assert tables["bridge-JPY"].rows[1][1] == "26,400"
    assert tables["bridge-KWD"].rows[1][1] == "1.234"
    assert page.text.count("Equals the ledger") == 3
    one = await open_tables(browser, f"{DAYS}&currency=JPY")
    assert {key.rpartition("-")[2] for key in one} == {"JPY"}


async def test_the_return_on_ad_spend_is_the_same_above_and_below(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    item = {
        "platform": "google_ads",
        "account": "1",
        "campaign_id": "7",
        "day": "2026-03-02",
        "currency": "USD",
        "cost_cents": 2_000,
    }
    key = await bearer(db, shop, "ingest")
    sent = await browser.post("/v1/spend", json=[item], headers=key)
    assert sent.status_code == 200, sent.text
    await roll_up_dirty_days(db, tenant_id=shop)
    page = await browser.get(f"/overview?{DAYS}&currency=USD")
    found = re.search(r"<dt>Return on ad spend</dt>\s*<dd[^>]*><a[^>]*>([\d.]+)</a>", page.text)
    assert found is not None, page.text
    assert found[1] == read_tables(page.text)["channels-USD"].totals[5] == "7.00"


async def test_credit_is_what_the_api_reports(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    key = await bearer(db, shop, "read")
    for model in ("linear", "first_touch", "last_touch"):
        shown = (await open_tables(browser, f"{DAYS}&model={model}"))["channels-USD"]
        answer = await browser.get(
            f"/v1/attribution/channels?from=2026-03-01&to=2026-03-11&currency=USD&model={model}",
            headers=key,
        )
        expected = sorted(row["models"][model]["credited_cents"] for row in answer.json()["data"])
        assert sorted(round(float(row[1]) * 100) for row in shown.rows) == expected
        assert shown.totals[1] == "140.01"
    daily = await browser.get(
        "/v1/revenue/daily?from=2026-03-01&to=2026-03-11&currency=USD", headers=key
    )
    assert sum(row["amount_cents"] for row in daily.json()["data"]) == 14_001


async def test_what_is_unknown_is_a_dash_and_never_zero(browser: httpx2.AsyncClient) -> None:
    shown = (await open_tables(browser))["channels-USD"]
    assert {row[4] for row in shown.rows} == {DASH}


async def test_a_table_is_stored_as_it_is_seen(browser: httpx2.AsyncClient) -> None:
    shown = (await open_tables(browser))["bridge-USD"]
    file = await browser.get(f"/overview?{DAYS}&download=bridge-USD")
    assert file.headers["content-disposition"].startswith('attachment; filename="a-2026-03-01')
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\N{BYTE ORDER MARK}"))))
    assert rows[0] == ["Movement", "Amount (USD)", "Entries"]
    assert [row[:2] for row in rows[1:]] == [row[:2] for row in [*shown.rows, shown.totals]]
    missing = await browser.get(f"/overview?{DAYS}&download=nothing")
    assert missing.status_code == 404
    assert "table_unknown" in missing.text


async def test_links_keep_the_days_and_the_currency(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/overview?{DAYS}&currency=USD")
    channels = read_tables(page.text)["channels-USD"]
    (email,) = [row for row in channels.rows if row[0] == "E-mail"]
    orders = "/orders?from=2026-03-01&to=2026-03-10&currency=USD&channel=email&model="
    assert channels.links[email[1]].startswith(orders)
    link = channels.links["E-mail"]
    assert link == "/channels?from=2026-03-01&to=2026-03-10&currency=USD&channel=email"
    assert 'href="/overview?from=2026-03-01&amp;to=2026-03-10&amp;currency=USD' in page.text


@pytest.mark.parametrize(
    "query",
    ["from=2026-03-10&to=2026-03-01", "from=x", "to=2026-02-30", "from=1970-01-02&to=2999-12-30"],
)
async def test_days_that_are_none_are_marked(browser: httpx2.AsyncClient, query: str) -> None:
    page = await browser.get(f"/overview?{query}")
    assert page.status_code == 200
    assert 'id="days-error"' in page.text


async def test_many_days_are_put_together_by_months(browser: httpx2.AsyncClient) -> None:
    shown = (await open_tables(browser, "from=2025-01-15&to=2026-12-31"))["days-USD"]
    assert (shown.rows[0][0], len(shown.rows)) == ("15 Jan 2025", 24)
    assert [row[1] for row in shown.rows if row[1] != "0.00"] == ["20.00", "140.01"]
    assert shown.totals[1] == "160.01"


async def test_what_came_before_its_capture_is_not_credited_and_no_difference(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    early = make_conversion(order_id="later", kind="refund", amount_cents=700, occurred_at=at(2))
    await send_conversions(db, shop, early)
    await credit_until_complete(db, shop)
    await roll_up_dirty_days(db, tenant_id=shop)
    page = await browser.get(f"/overview?{DAYS}&currency=USD")
    assert ["Before their capture", "-7.00", "1"] in read_tables(page.text)["bridge-USD"].rows
    assert "Equals the ledger" in page.text
    page = await browser.get("/evidence")
    assert "notice success" in page.text


async def test_days_without_money_lead_to_those_that_have_some(browser: httpx2.AsyncClient) -> None:
    page = await browser.get("/overview?from=2020-01-01&to=2020-01-31")
    assert "24 Feb 2026 to 6 Mar 2026" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "/overview?from=2026-02-24&amp;to=2026-03-06" in page.text


@pytest.mark.parametrize(
    ("language", "total"), [("en", "140.01"), ("de", "140,01"), ("fr", "140,01")]
)
async def test_a_page_is_written_in_the_browsers_language(
    browser: httpx2.AsyncClient, language: str, total: str
) -> None:
    page = await browser.get(f"/overview?{DAYS}", headers={"Accept-Language": language})
    assert f'<html lang="{language}"' in page.text
    assert read_tables(page.text)["channels-USD"].totals[1] == total


async def test_a_choice_of_language_and_appearance_is_kept(browser: httpx2.AsyncClient) -> None:
    await browser.get("/overview?lang=fr&theme=dark")
    page = await browser.get("/overview")
    assert '<html lang="fr" data-theme="dark"' in page.text


async def test_a_tenant_without_money_is_shown_how_to_begin(clone: Clone, db: Database) -> None:
    other = await make_tenant(db, "B")
    async with signed_in(clone, other) as client:
        page = await client.get("/overview")
    assert re.search(rf"skeldir import conversions \S+ --tenant {other}", page.text)


async def test_a_member_of_another_tenant_sees_nothing_of_it(
    clone: Clone, db: Database, shop: UUID
) -> None:
    other = await make_tenant(db, "B")
    async with signed_in(clone, other, email="eve@other.example") as client:
        page = await client.get(f"/overview?{DAYS}")
    assert page.status_code == 200
    assert "150.01" not in page.text
    assert str(shop) not in page.text
