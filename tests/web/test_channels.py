"""Channels: models side by side as the API has them, beside other days and moments, and what a channel is made of."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database, open_database
from skeldir.rollups import roll_up_dirty_days
from skeldir.users import Role
from skeldir.web import DASH
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.api import asking, bearer
from tests.support.credit import credit_until_complete
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import HOST, Shown, read_tables, sign_in, signed_in

DAYS = "from=2026-03-01&to=2026-03-10"
API = "from=2026-03-01&to=2026-03-11"
MODELS = (
    "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay"
)  # fmt: skip
HOSTILE = (
    "currency=usd", "currency=%27%3BDROP", "model=markov", "channel=..%2F..", "channel=" + "a" * 101,
    "by=referrer", "basis=year", "known_at=yesterday", "known_at=2026-13-01T00:00", "compare=all",
    "compare=custom&compare_from=1-1-1", "granularity=hour", "sort=%3Cscript%3E", "renewals=maybe",
    "chart=pie", "known_at=0001-01-01T00:00%2B23:59",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with money and spend, as it was at `then` and since; another one; and who is signed in."""

    clone: Clone
    tenant: UUID
    other: UUID
    then: datetime
    cookies: dict[str, str]
    key: dict[str, str]


async def credit(db: Database, tenant: UUID) -> None:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def fill(clone: Clone) -> Shop:
    """Make the shop; no test of this module changes it."""
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        tenant, other = await make_tenant(db, "Tea & <Co>"), await make_tenant(db, "B")
        await send_touches(
            db,
            tenant,
            make_touch(
                channel="paid_search",
                occurred_at=at(0),
                source="google",
                medium="cpc",
                campaign="Brand",
            ),
            make_touch(channel="email", occurred_at=at(0.5), source="news<letter>"),
            make_touch(channel="direct", occurred_at=at(0.7)),
            make_touch(channel="referral", occurred_at=at(1), journey_key="v-2"),
        )
        await send_conversions(
            db,
            tenant,
            make_conversion(
                order_id="old", occurred_at=at(-5), amount_cents=4_000, journey_key="v-0"
            ),
            make_conversion(order_id="a", amount_cents=10_001),
            make_conversion(order_id="a", kind="refund", amount_cents=1_000, occurred_at=at(2)),
            make_conversion(order_id="b", amount_cents=5_000, journey_key="v-2", occurred_at=at(3)),
            make_conversion(order_id="b", kind="dispute", amount_cents=700, occurred_at=at(4)),
            make_conversion(order_id="lost", kind="refund", amount_cents=33, occurred_at=at(4)),
            make_conversion(order_id="yen", amount_cents=26_400, currency="JPY"),
            make_conversion(order_id="dinar", amount_cents=1_234, currency="KWD"),
        )
        await send_conversions(db, other, make_conversion(order_id="foreign", amount_cents=98_765))
        await credit(db, tenant)
        await credit(db, other)
        async with db.statement() as connection:
            then: datetime = await connection.fetchval("SELECT clock_timestamp()")
        await send_conversions(
            db,
            tenant,
            make_conversion(order_id="b", kind="refund", amount_cents=100, occurred_at=at(5)),
        )
        await credit(db, tenant)
        async with asking(clone.app_url) as (_, client):
            client.base_url = HOST
            writing = await bearer(db, tenant, "ingest")
            day = {"platform": "google_ads", "account": "1", "campaign_id": "7", "campaign_name": "Brand",
                   "day": "2026-03-02", "currency": "USD"}  # fmt: skip
            spent = await client.post(
                "/v1/spend", headers=writing, json=[day | {"cost_cents": 2_000}]
            )
            claimed = await client.post(
                "/v1/claims",
                headers=writing,
                json=[day | {"claim_type": "purchases", "conversions": "1", "value_cents": 12_345}],
            )
            assert (spent.status_code, claimed.status_code) == (200, 200), spent.text + claimed.text
            await roll_up_dirty_days(db, tenant_id=tenant)
            await sign_in(client, clone, tenant, Role.VIEWER, "ada@shop.example")
            cookies = dict(client.cookies)
        return Shop(clone, tenant, other, then, cookies, await bearer(db, tenant, "read"))


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Shop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill(clone))


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(shop.clone.app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop.cookies)
        yield client


async def open_tables(browser: httpx2.AsyncClient, query: str) -> dict[str, Shown]:
    page = await browser.get(f"/channels?{query}")
    assert page.status_code == 200, page.text
    return read_tables(page.text)


async def ask(browser: httpx2.AsyncClient, shop: Shop, path: str) -> Any:
    answer = await browser.get(path, headers=shop.key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def cents(text: str, places: int = 2) -> int:
    return round(float(text.replace(",", "")) * 10**places)


def by_channel(shown: Shown, column: str) -> dict[str, str]:
    place = shown.titles.index(column)
    return {row[0]: row[place] for row in shown.rows}


async def test_all_models_are_those_of_the_api_and_add_up_to_the_ledger(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    page = await browser.get(f"/channels?{DAYS}")
    tables = read_tables(page.text)
    report = await ask(browser, shop, f"/v1/attribution/channels?{API}")
    daily = await ask(browser, shop, f"/v1/revenue/daily?{API}")
    for currency, places in (("USD", 2), ("JPY", 0), ("KWD", 3)):
        shown = tables[f"channels-{currency}"]
        rows = [row["models"] for row in report["data"] if row["currency"] == currency]
        ledger = sum(row["amount_cents"] for row in daily["data"] if row["currency"] == currency)
        for column, model in enumerate(MODELS, 1):
            expected = sorted(row[model]["credited_cents"] for row in rows)
            pending = [row for row in shown.rows if row[0] == "Before their capture"]
            credited = [row for row in shown.rows if row not in pending]
            assert sorted(cents(row[column], places) for row in credited) == expected
            assert cents(shown.totals[column], places) == ledger
    assert page.text.count("Equals the ledger") == 3
    assert "Differs from the ledger" not in page.text
    # A refund whose payment is not known is no channel's, and is shown apart.
    assert by_channel(tables["channels-USD"], "Linear")["Before their capture"] == "-0.33"


async def test_the_spread_is_the_largest_credit_less_the_smallest(
    browser: httpx2.AsyncClient,
) -> None:
    shown = (await open_tables(browser, f"{DAYS}&currency=USD"))["channels-USD"]
    spread = shown.titles.index("Spread")
    for row in shown.rows[:-1]:
        of_models = [cents(text) for text in row[1 : 1 + len(MODELS)]]
        assert cents(row[spread]) == max(of_models) - min(of_models)
    assert cents(by_channel(shown, "Spread")["Paid search"]) > 0


async def test_spend_ratios_and_claims_stand_where_they_are_known(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    report = await ask(browser, shop, f"/v1/attribution/channels?{API}&currency=USD")
    (paid,) = [row["models"] for row in report["data"] if row["channel"] == "paid_search"]
    for model in ("linear", "first_touch"):
        shown = (await open_tables(browser, f"{DAYS}&currency=USD&model={model}"))["channels-USD"]
        figures = {title: by_channel(shown, title)["Paid search"] for title in shown.titles}
        assert figures["Spend"] == "20.00"
        assert figures["Claimed"] == "123.45"
        assert figures["ROAS"] == f"{round(float(paid[model]['roas']), 2):.2f}"
        assert cents(figures["CPA"]) == round(float(paid[model]["cpa_cents"]))
        share = float(paid[model]["share"])
        assert figures["Share"] == f"{100 * share:.1f}%"
        email = {title: by_channel(shown, title)["E-mail"] for title in shown.titles}
        assert {email[title] for title in ("Spend", "Claimed", "ROAS", "CPA")} == {DASH}
        assert shown.totals[shown.titles.index("Claimed")] == DASH


async def test_rows_are_sorted_as_the_address_says(browser: httpx2.AsyncClient) -> None:
    for order, column, is_down in (("-linear", 4, True), ("first_touch", 1, False), ("", 4, True)):
        shown = (await open_tables(browser, f"{DAYS}&currency=USD&sort={order}"))["channels-USD"]
        amounts = [cents(row[column]) for row in shown.rows[:-1]]
        assert amounts == sorted(amounts, reverse=is_down)
    shown = (await open_tables(browser, f"{DAYS}&currency=USD&sort=channel"))["channels-USD"]
    assert [row[0] for row in shown.rows[:-1]] == sorted(row[0] for row in shown.rows[:-1])
    shown = (await open_tables(browser, f"{DAYS}&currency=USD&sort=spend"))["channels-USD"]
    assert shown.rows[0][0] == "Paid search", "unknown values are last, also upwards"


async def test_numbers_lead_to_the_rows_that_make_them(browser: httpx2.AsyncClient) -> None:
    shown = (await open_tables(browser, f"{DAYS}&currency=USD"))["channels-USD"]
    days = "from=2026-03-01&to=2026-03-10"
    assert shown.links["Paid search"] == f"/channels?{days}&currency=USD&channel=paid_search"
    credited = by_channel(shown, "First touch")["Paid search"]
    assert shown.links[credited] == f"/orders?{days}&currency=USD&channel=paid_search"
    assert shown.links["20.00"] == f"/spend?{days}&currency=USD&channel=paid_search"
    inside = await browser.get(shown.links["Paid search"])
    assert inside.status_code == 200


async def test_a_channel_is_divided_by_source_and_campaign_and_adds_up(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    for by, first in (("source", "google"), ("campaign", "Brand")):
        query = f"currency=USD&channel=paid_search&by={by}"
        shown = (await open_tables(browser, f"{DAYS}&{query}"))["origins-paid_search-USD"]
        (row,) = (await ask(browser, shop, f"/v1/attribution/origins?{API}&{query}"))["data"]
        assert shown.rows[0][0] == first
        for column, model in enumerate(MODELS, 1):
            assert cents(shown.totals[column]) == row["models"][model]["credited_cents"]
            parts = [cents(each[column]) for each in shown.rows if each[column] != DASH]
            assert sum(parts) == cents(shown.totals[column])
    shown = (await open_tables(browser, f"{DAYS}&channel=email"))["origins-email-USD"]
    assert shown.rows[0][0] == "news<letter>"
    page = await browser.get(f"/channels?{DAYS}&channel=email")
    assert "news<letter>" not in page.text


@pytest.mark.parametrize("basis", ["entry_day", "order_day", "touch_day"])
async def test_gross_refunded_and_disputed_are_those_of_the_api_by_each_basis(
    browser: httpx2.AsyncClient, shop: Shop, basis: str
) -> None:
    page = await browser.get(f"/channels?{DAYS}&currency=USD&basis={basis}&model=last_touch")
    shown = read_tables(page.text)["kinds-USD"]
    report = await ask(
        browser, shop, f"/v1/attribution/kinds?{API}&currency=USD&basis={basis}&model=last_touch"
    )
    rows = [row["models"]["last_touch"] for row in report["data"]]
    for title, name in (
        ("Gross", "gross"),
        ("Refunded", "refunded"),
        ("Disputed", "disputed"),
        ("Net", "net"),
    ):
        column = shown.titles.index(title)
        expected = sorted(row[f"{name}_cents"] for row in rows)
        assert sorted(cents(row[column]) for row in shown.rows) == expected
        assert cents(shown.totals[column]) == sum(expected)
    assert ("Not known" in shown.titles) == (basis == "entry_day")
    assert ("Equals the ledger" in page.text) == (basis == "entry_day")


async def test_other_days_stand_beside_these(browser: httpx2.AsyncClient, shop: Shop) -> None:
    for query, asked in (
        ("compare=previous", "compare=previous"),
        ("compare=year&match=weekday", "compare=year&match=weekday"),
        (
            "compare=custom&compare_from=2026-02-20&compare_to=2026-02-28",
            "compare=custom&compare_from=2026-02-20&compare_to=2026-03-01",
        ),
    ):
        shown = (await open_tables(browser, f"{DAYS}&currency=USD&{query}"))["compared-USD"]
        report = await ask(browser, shop, f"/v1/attribution/channels?{API}&currency=USD&{asked}")
        compared = [row["compared"]["linear"] for row in report["data"]]
        for column, name in ((2, "credited_cents"), (5, "spend_cents")):
            known = [cents(row[column]) for row in shown.rows if row[column] != DASH]
            assert sum(known) == sum(row[name] for row in compared)
        changes = sum(row["change"]["credited_cents"] for row in compared)
        assert cents(shown.totals[3]) == changes
    page = await browser.get(f"/channels?{DAYS}&compare=previous")
    assert "Compared with 19 Feb 2026 to 28 Feb 2026" in page.text.replace(
        "\N{NO-BREAK SPACE}", " "
    )


async def test_it_is_shown_as_it_stood_with_what_has_changed_since_and_why(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    moment = quote(shop.then.astimezone(UTC).isoformat())
    page = await browser.get(f"/channels?{DAYS}&currency=USD&known_at={moment}")
    tables = read_tables(page.text)
    # The ledger of then lacks the refund, and so does the credit.
    assert tables["channels-USD"].totals[1] == "132.68"
    assert "Equals the ledger" in page.text
    changes = tables["changes-USD"]
    assert changes.titles == ["Channel", "Before", "Refunds", "After", "Before", "After"]
    of_channel = {row[0]: row[1:] for row in changes.rows}
    assert of_channel["Referral"] == ["43.00", "-1.00", "42.00", DASH, DASH]
    assert of_channel["Paid search"][1:] == ["0.00", of_channel["Paid search"][0], DASH, "20.00"]
    assert 'href="/orders/b"' in page.text
    report = await ask(browser, shop, f"/v1/attribution/changes?{API}&since={moment}")
    assert {row["channel"] for row in report["data"]} == {"referral", "paid_search"}
    compared = await open_tables(
        browser, f"{DAYS}&currency=USD&compare=known_at&compare_known_at={moment}"
    )
    assert by_channel(compared["compared-USD"], "Change")["Referral"] == "-1.00"
    assert compared["changes-USD"].rows == changes.rows


async def test_a_moment_without_an_offset_is_one_of_the_zone_of_the_page(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    local = shop.then.astimezone(UTC).replace(tzinfo=None).isoformat()
    shown = (await open_tables(browser, f"{DAYS}&currency=USD&known_at={local}"))["channels-USD"]
    assert shown.totals[1] == "132.68"


async def test_the_chart_has_the_numbers_of_its_table(browser: httpx2.AsyncClient) -> None:
    for grain, first in (("day", "1 Mar 2026"), ("week", "23 Feb 2026"), ("month", "1 Mar 2026")):
        tables = await open_tables(browser, f"{DAYS}&currency=USD&granularity={grain}")
        by_period, models = tables["credit-USD"], tables["channels-USD"]
        assert by_period.rows[0][0] == first
        # Of the money of the table, only what awaits its capture is no channel's.
        assert cents(by_period.totals[-1]) - 33 == cents(models.totals[4])
        rows = [[cents(text) for text in row[1:]] for row in [*by_period.rows, by_period.totals]]
        assert all(sum(row[:-1]) == row[-1] for row in rows)
    page = await browser.get(f"/channels?{DAYS}&currency=USD&chart=lines")
    assert 'class="line tone-1"' in page.text


async def test_tables_are_stored_as_they_are_seen(browser: httpx2.AsyncClient) -> None:
    for query, key in (
        ("sort=channel", "channels-USD"),
        ("basis=order_day", "kinds-USD"),
        ("channel=email", "origins-email-USD"),
        ("granularity=week", "credit-USD"),
        ("compare=previous", "compared-USD"),
    ):
        shown = (await open_tables(browser, f"{DAYS}&{query}"))[key]
        file = await browser.get(f"/channels?{DAYS}&{query}&download={key}")
        rows = list(csv.reader(io.StringIO(file.text.removeprefix("\N{BYTE ORDER MARK}"))))
        for row, seen in zip(rows[1:], [*shown.rows, shown.totals], strict=True):
            assert row[1] == seen[1].replace(",", "").replace(DASH, "")
            assert len(row) == len(seen)
        if key != "credit-USD":  # days are written otherwise
            assert [row[0] for row in rows[1:]] == [*(row[0] for row in shown.rows), "Total"]


async def test_what_is_too_large_or_not_known_is_explained_on_the_page(
    browser: httpx2.AsyncClient,
) -> None:
    for query, code in (
        ("known_at=2019-01-01T00:00:00Z", "moment_not_known"),
        ("known_at=2999-01-01T00:00:00Z", "moment_not_known"),
        ("compare=custom", "comparison_invalid"),
        ("compare=custom&compare_from=2026-02-03&compare_to=2026-02-01", "comparison_invalid"),
        ("compare=known_at", "comparison_invalid"),
    ):
        page = await browser.get(f"/channels?{DAYS}&{query}")
        assert page.status_code == 200, page.text
        assert code in page.text
    page = await browser.get("/channels?from=1970-01-02&to=2999-01-01&granularity=day")
    assert page.status_code == 200
    assert "There is no chart" in page.text


@pytest.mark.parametrize("query", HOSTILE)
async def test_an_address_that_cannot_be_read_says_which_part(
    browser: httpx2.AsyncClient, query: str
) -> None:
    page = await browser.get(f"/channels?{DAYS}&{query}")
    assert page.status_code == 422
    assert "input_invalid" in page.text
    assert query.split("=")[0] in page.text or "compare_from" in page.text


async def test_links_keep_what_the_address_asks_for(browser: httpx2.AsyncClient) -> None:
    page = unescape((await browser.get(f"/channels?{DAYS}&currency=USD&renewals=exclude")).text)
    kept = "/channels?from=2026-03-01&to=2026-03-10&currency=USD&renewals=exclude"
    assert f'href="{kept}&model=first_touch"' in page
    assert f'href="{kept}&basis=entry_day"' in page
    assert '<input type="hidden" name="renewals" value="exclude">' in page
    assert f'href="{kept}&chart=lines"' in page


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_all_views_are_written_in_all_languages(
    browser: httpx2.AsyncClient, shop: Shop, language: str
) -> None:
    moment = quote(shop.then.astimezone(UTC).isoformat())
    for query in (
        "",
        "basis=touch_day",
        "channel=email&by=campaign",
        f"known_at={moment}",
        f"compare=known_at&compare_known_at={moment}",
        "compare=custom",
        "channel=email&compare=previous",
        "from=2020-01-01&to=2020-01-02",
    ):
        page = await browser.get(
            f"/channels?{query if 'from' in query else f'{DAYS}&{query}'}",
            headers={"Accept-Language": language},
        )
        assert page.status_code == 200, page.text
        assert f'<html lang="{language}"' in page.text


async def test_days_without_credit_lead_to_those_that_have_some(
    browser: httpx2.AsyncClient,
) -> None:
    page = unescape((await browser.get("/channels?from=2020-01-01&to=2020-01-31")).text)
    assert "/channels?from=2026-02-24&to=2026-03-06" in page


async def test_a_member_of_another_tenant_sees_nothing_of_it(shop: Shop) -> None:
    async with signed_in(shop.clone, shop.other, email="eve@other.example") as client:
        for query in (
            "",
            "channel=paid_search",
            "basis=entry_day",
            "channel=paid_search&by=campaign",
        ):
            page = await client.get(f"/channels?{DAYS}&{query}")
            assert page.status_code == 200
            assert not {"Brand", "google", "123.45", str(shop.tenant)} & set(page.text.split())
            assert "100.01" not in page.text


async def test_a_tenant_without_money_is_shown_how_to_begin(clone: Clone, db: Database) -> None:
    empty = await make_tenant(db, "B")
    async with signed_in(clone, empty) as client:
        page = await client.get("/channels")
    assert f"skeldir import conversions orders.csv --tenant {empty}" in page.text
