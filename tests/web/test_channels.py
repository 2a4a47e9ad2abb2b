"""Channels: models side by side, kinds of money, sources and campaigns, with the numbers of the API and the ledger."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.users import Role
from skeldir.web import DASH
from tests.conftest import TEMPLATE, scratch_database
from tests.support.channels import (
    API,
    DAYS,
    MODELS,
    Shop,
    ask,
    by_channel,
    cents,
    fill,
    looking,
    open_tables,
)
from tests.support.pages import read_tables, signed_in
from tests.support.sites import OWN


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Shop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill(clone))


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    async with looking(shop) as client:
        yield client


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


async def test_claims_stand_beside_what_the_ledger_confirms_where_just_these_days_were_compared(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    shown = (await open_tables(browser, DAYS))["claims-USD"]
    made = (await ask(browser, shop, "/v1/reconciliations"))["data"][0]["id"]
    report = await ask(browser, shop, f"/v1/reconciliations/{made}")
    (of_platform,) = [row for row in report["platforms"] if row["currency"] == "USD"]
    assert shown.rows[0][0] == "google_ads"
    names = ("claimed", "verified", "ghost", "missed")
    assert [cents(text) for text in shown.rows[0][1:5]] == [
        of_platform[f"{name}_cents"] for name in names
    ]
    assert not {"claims-USD"} & set(await open_tables(browser, "from=2026-03-01&to=2026-03-09"))


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
    orders = f"/orders?{days}&currency=USD&channel=paid_search"
    assert shown.links[credited] == f"{orders}&model=first_touch"
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


async def test_money_of_all_currencies_is_converted_by_stored_rates(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    tables = await open_tables(browser, f"{DAYS}&convert=EUR")
    report = await ask(browser, shop, f"/v1/attribution/channels?{API}&currency=EUR&convert=true")
    for column, model in enumerate(MODELS, 1):
        total = report["totals"][model]["credited_cents"]
        assert cents(tables["channels-EUR"].totals[column]) == total
    # No rate of the dinar is known: it is shown apart, in its own currency.
    assert tables["channels-KWD"].totals[1] == "1.234"
    assert [row[0] for row in tables["rates-missing"].rows] == ["KWD"]
    assert {row[0] for row in tables["rates"].rows} == {"JPY", "USD"}
    async with signed_in(shop.clone, shop.other, email="tom@other.example") as client:
        page = await client.get(f"/channels?{DAYS}&convert=EUR")
    assert f"skeldir rates import {shop.other}" in page.text


async def test_a_link_shows_the_report_and_lets_nothing_else_be_chosen(
    browser: httpx2.AsyncClient, shop: Shop
) -> None:
    report = f"/channels?{DAYS}&currency=USD&sort=channel&compare=previous"
    async with signed_in(shop.clone, shop.tenant, Role.MANAGER, "max@shop.example") as client:
        made = await client.post("/shares", headers=OWN, data={"report": report, "days": "7"})
        (link,) = re.findall(r"<code>http://localhost(/shared/[\w.-]+)</code>", made.text)
        client.cookies.clear()
        page = await client.get(link)
    assert read_tables(page.text)["channels-USD"].rows == (
        (await open_tables(browser, report.partition("?")[2]))["channels-USD"].rows
    )
    targets = set(re.findall(r'(?:href|action)="(/[^"?#]*)', page.text))
    assert {target for target in targets if not target.startswith("/static/")} == {"/", link}


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
