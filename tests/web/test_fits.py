"""Fits on pages: the numbers of the API with their intervals, the parameters, and two fits side by side."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.fits import Part
from skeldir.money import format_minor
from skeldir.users import Role
from skeldir.web import DASH, LANGUAGES
from tests.conftest import TEMPLATE, scratch_database
from tests.support.api import asking
from tests.support.fitted_shop import (
    CURRENCIES,
    MARKOV,
    OF_OTHER_DAYS,
    RARE,
    SHAPLEY,
    FittedShop,
    fill_fitted,
)
from tests.support.pages import HOST, Shown, read_tables, sign_in

pytestmark = pytest.mark.xdist_group("fits on pages")

NAMES = {
    "affiliates": "Affiliates",
    "direct": "Direct",
    "display": "Display",
    "email": "E-mail",
    "paid_search": "Paid search",
    "referral": "Referral",
}
NOT_MEASURED = "A fit divides what was earned; it does not measure what advertising caused."


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[FittedShop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill_fitted(clone))


@pytest.fixture
async def browser(shop: FittedShop) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(shop.clone.app_url) as (_, client):
        client.base_url = HOST
        client.cookies.update(shop.cookies)
        yield client


async def open_page(browser: httpx2.AsyncClient, path: str) -> tuple[str, dict[str, Shown]]:
    page = await browser.get(path)
    assert page.status_code == 200, page.text
    return page.text, read_tables(page.text)


async def ask(browser: httpx2.AsyncClient, shop: FittedShop, path: str) -> Any:
    answer = await browser.get(path, headers=shop.key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def percents(part: dict[str, float | None]) -> list[str]:
    ends = (part["value"], part["lower"], part["upper"])
    return [DASH if end is None else f"{100 * end:.1f}%" for end in ends]


def numbers(part: dict[str, float | None]) -> list[str]:
    ends = (part["value"], part["lower"], part["upper"])
    return [DASH if end is None else f"{end:,.2f}" for end in ends]


def known(cells: list[str]) -> list[str]:
    """Return the texts of cells, with a dash alone where a value is unknown."""
    return [DASH if cell.startswith(DASH) else cell for cell in cells]


@pytest.mark.parametrize("version", [MARKOV, SHAPLEY])
async def test_what_channels_earn_is_what_the_api_and_the_room_say(
    browser: httpx2.AsyncClient, shop: FittedShop, version: str
) -> None:
    text, tables = await open_page(browser, f"/models/fits/{version}")
    answer = await ask(browser, shop, f"/v1/fits/{version}")
    shown = tables[f"{version.replace('@', '-')}-channels"]
    rows = {row[0]: known(row[1:]) for row in shown.rows}
    channels = answer["result"]["channels"]
    assert list(rows) == [
        NAMES[each["channel"]]
        for each in sorted(channels, key=lambda each: -each["share"]["value"])
    ]
    for each in channels:
        effect = [] if version == SHAPLEY else percents(each["removal_effect"])
        assert rows[NAMES[each["channel"]]] == [
            str(each["journeys"]), str(each["converted"]), *effect,
            *percents(each["share"]), *numbers(each["conversions"]),
        ]  # fmt: skip
    found = shop.fits[version]
    for one in found.result.channels:
        assert rows[NAMES[one.channel]][0] == str(one.journeys)
        assert f"{100 * one.share.value:.1f}%" in rows[NAMES[one.channel]]
    totals = known(shown.totals)
    assert (totals[-6], totals[-3]) == ("100.0%", f"{found.fit.conversions:.2f}")
    assert NOT_MEASURED in text


@pytest.mark.parametrize("version", [MARKOV, SHAPLEY])
@pytest.mark.parametrize("currency", CURRENCIES)
async def test_the_money_of_a_currency_is_divided_to_its_smallest_unit(
    browser: httpx2.AsyncClient, shop: FittedShop, version: str, currency: str
) -> None:
    _, tables = await open_page(browser, f"/models/fits/{version}")
    shown = tables[f"{version.replace('@', '-')}-money-{currency}"]
    rows = {row[0]: known(row[1:7]) for row in shown.rows}
    total = 0
    for each in shop.fits[version].result.channels:
        (earned,) = [one for one in each.earnings if one.currency == currency]
        total += earned.cents
        cents = (earned.cents, earned.lower_cents, earned.upper_cents)
        assert rows[NAMES[each.channel]] == [
            *percents({name: getattr(earned.share, name) for name in ("value", "lower", "upper")}),
            *(DASH if one is None else format_minor(one, currency) for one in cents),
        ]
    assert known(shown.totals)[4] == format_minor(total, currency)
    assert total > 0


async def test_beside_the_money_is_what_rule_models_credit_on_the_same_days(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    _, tables = await open_page(browser, f"/models/fits/{MARKOV}")
    report = await ask(
        browser, shop, "/v1/attribution/channels?from=2026-03-01&to=2026-03-19&limit=1000"
    )
    found = 0
    for currency in CURRENCIES:
        shown = tables[f"markov-1-money-{currency}"]
        credited = {
            NAMES[row["channel"]]: [one["share"] for one in row["models"].values()]
            for row in report["data"]
            if row["currency"] == currency and row["channel"] in NAMES
        }
        for row in shown.rows:
            shares = credited.get(row[0], [None] * 6)
            expected = [DASH if one is None else f"{100 * float(one):.1f}%" for one in shares]
            assert known(row[7:]) == expected
            found += len(expected) - expected.count(DASH)
        assert shown.titles[7].startswith("First touch")
    assert found > 50


async def test_a_rare_channel_has_no_interval_and_the_page_says_so(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    text, tables = await open_page(browser, f"/models/fits/{MARKOV}")
    (row,) = [row for row in tables["markov-1-channels"].rows if row[0] == NAMES[RARE]]
    (channel,) = [one for one in shop.fits[MARKOV].result.channels if one.channel == RARE]
    assert not channel.has_enough_data
    assert channel.share.value > 0
    # The ends of all three estimates are unknown, and their values are not.
    assert [place for place, cell in enumerate(row) if cell.startswith(DASH)] == [
        4,
        5,
        7,
        8,
        10,
        11,
    ]
    # Money has an interval where enough orders of the channel left money of the currency.
    earned = [one for each in shop.fits[MARKOV].result.channels for one in each.earnings]
    lacking = sum(one.share.lower is None for one in earned)
    assert len(CURRENCIES) < lacking < len(earned)
    assert text.count('<span class="second">not enough data</span>') == 1 + lacking
    assert "fewer than 50 journeys" in text
    # Each interval has a bar, and each estimate a mark.
    channels = len(shop.fits[MARKOV].result.channels)
    pictures = re.findall(r'<svg[^>]*class="interval".*?</svg>', text)
    assert len(pictures) == channels * (1 + len(CURRENCIES))
    assert sum('class="bar' in each for each in pictures) == len(pictures) - 1 - lacking
    assert all('class="estimate"' in each for each in pictures)
    assert "style=" not in text


async def test_the_parameters_of_a_fit_are_on_its_page(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    text, tables = await open_page(browser, f"/models/fits/{MARKOV}")
    one, result = shop.fits[MARKOV].fit, shop.fits[MARKOV].result
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>(?:<code>)?([^<]*)", text))
    plain = {name: value.replace("\N{NO-BREAK SPACE}", " ") for name, value in facts.items()}
    probability = result.conversion_probability
    assert probability is not None
    assert plain == {
        "Days": "1 Mar 2026 to 18 Mar 2026",
        "Lookback": "10 days before the end of a journey",
        "Order of the chain": f"{one.chain_order}, chosen by cross-validation",
        "Touches of one channel in a row": "count each",
        "Level of the intervals": "90%",
        "Draws": "200",
        "Seed": "7",
        "Journeys with a touch": f"{one.journeys:,}, with {one.touches:,} touches",
        "With an order": str(one.conversions),
        "Part of the journeys that convert": written(probability),
        "Orders whose journey has no touch that counts": "1",
        "Orders that name no journey": "1",
        "SHA-256 of the counts": one.data_sha256,
    }
    orders = tables["markov-1-orders"].rows
    assert [row[1:] for row in orders] == [
        [str(each.states), f"{each.likelihood:.4f}", f"{each.error:.4f}"] for each in result.orders
    ]
    chosen = re.findall(r'>(\d)<span class="second">chosen</span>', text)
    assert chosen == [str(one.chain_order)]
    other, _ = await open_page(browser, f"/models/fits/{OF_OTHER_DAYS}")
    assert "97% of the draws" in other
    assert "Largest difference of two ways to compute" in other


def written(part: Part) -> str:
    assert part.lower is not None
    assert part.upper is not None
    return f"{100 * part.value:.2f}% ({100 * part.lower:.2f}% to {100 * part.upper:.2f}%)"


async def test_a_table_of_a_fit_is_a_file_with_its_days_and_version_in_its_name(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    text, tables = await open_page(browser, f"/models/fits/{SHAPLEY}")
    (link,) = re.findall(r'href="([^"]*download=shapley-1-money-KWD[^"]*)"', text)
    file = await browser.get(link.replace("&amp;", "&"))
    assert (
        'filename="tea-co-2026-03-01-2026-03-18-shapley-1-money-kwd.csv"'
        in (file.headers["Content-Disposition"])
    )
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    shown = tables["shapley-1-money-KWD"]
    assert [row[0] for row in rows[1:-1]] == [row[0] for row in shown.rows]
    by_name = {row[0]: row for row in rows[1:]}
    for each in shop.fits[SHAPLEY].result.channels:
        (earned,) = [one for one in each.earnings if one.currency == "KWD"]
        row = by_name[NAMES[each.channel]]
        assert float(row[1]) == pytest.approx(earned.share.value, abs=1e-6)
        assert row[4] == format_minor(earned.cents, "KWD")
        assert (row[5] == "") == (earned.lower_cents is None)
    unknown = await browser.get(f"/models/fits/{SHAPLEY}?download=nothing")
    assert unknown.status_code == 404


@pytest.mark.parametrize("other", [SHAPLEY, OF_OTHER_DAYS])
async def test_two_fits_stand_side_by_side_as_the_api_compares_them(
    browser: httpx2.AsyncClient, shop: FittedShop, other: str
) -> None:
    path = f"/models/fits/{MARKOV}/compared-with/{other}"
    chosen = await browser.get(f"/models/fits/{MARKOV}?other={other}")
    assert (chosen.status_code, chosen.headers["location"]) == (303, path)
    text, tables = await open_page(browser, path)
    shown = tables[f"markov-1-and-{other.replace('@', '-')}"]
    answer = await ask(browser, shop, f"/v1{path.removeprefix('/models')}")
    words = {True: "meet", False: "do not meet", None: DASH}
    assert [known(row) for row in shown.rows] == [
        [
            NAMES[each["channel"]],
            *percents(each["share"]),
            *percents(each["other_share"]),
            f"{100 * each['difference']:.1f}%",
            words[each["intervals_meet"]],
        ]
        for each in answer["data"]
    ]
    moved = answer["orders_moved"]["data"]
    for currency, places in CURRENCIES.items():
        table = tables[f"markov-1-and-{other.replace('@', '-')}-orders-{currency}"]
        assert [
            (row[0], *(row[place].replace(",", "") for place in (2, 3))) for row in table.rows
        ] == [
            (
                order["order_id"],
                *(
                    f"{Decimal(channel[name]).scaleb(-places):f}"
                    for name in ("credited_cents", "other_credited_cents")
                ),
            )
            for order in moved
            if order["currency"] == currency
            for channel in order["channels"]
        ]
    assert ("not of the same days" in text) == (other == OF_OTHER_DAYS)
    assert NOT_MEASURED in text


async def test_the_page_of_a_fit_offers_all_others_to_compare_with(
    browser: httpx2.AsyncClient,
) -> None:
    text, _ = await open_page(browser, f"/models/fits/{SHAPLEY}")
    assert set(re.findall(r'<option value="([^"]*)"', text)) == {MARKOV, OF_OTHER_DAYS}
    nasty = await browser.get(f"/models/fits/{SHAPLEY}", params={"other": "x/../\r\n<b>"})
    assert (
        nasty.headers["location"] == f"/models/fits/{SHAPLEY}/compared-with/x%2F..%2F%0D%0A%3Cb%3E"
    )


async def test_the_page_of_models_lists_the_fits_with_the_newest_first(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    _, tables = await open_page(browser, "/models")
    answer = await ask(browser, shop, "/v1/fits")
    assert [row[0] for row in tables["fits"].rows] == [one["version"] for one in answer["data"]]
    assert tables["fits"].links == {
        version: f"/models/fits/{version}" for version in (MARKOV, SHAPLEY, OF_OTHER_DAYS)
    }
    by_version = {row[0]: row for row in tables["fits"].rows}
    for one in answer["data"]:
        row = known(by_version[one["version"]])
        order = DASH if one["chain_order"] is None else str(one["chain_order"])
        assert row[3:6] == [order, str(one["journeys"]), str(one["conversions"])]
        assert row[7] == "mia@shop.example"
    assert by_version[OF_OTHER_DAYS][1:3] == ["1 Mar 2026", "22 Mar 2026"]


async def test_a_tenant_without_fits_reads_why_and_by_which_command_one_is_made(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    await sign_in(browser, shop.clone, shop.other, Role.VIEWER, "eve@other.example")
    text, tables = await open_page(browser, "/models?from=2026-03-01&to=2026-03-20")
    assert "fits" not in tables
    assert "500 with a touch and 100 of them with an order at least" in text
    command = f"skeldir models fit {shop.other} markov --from 2026-03-01 --to 2026-03-20"
    assert f"<code>{command}</code>" in text


async def test_the_fit_of_another_tenant_and_an_unknown_one_are_not_found(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    for version in ("markov@2", "markov@0", "markov", "linear@1", "<script>", "x" * 300):
        for path in (
            version,
            f"{version}/compared-with/{MARKOV}",
            f"{MARKOV}/compared-with/{version}",
        ):
            page = await browser.get(f"/models/fits/{path}")
            assert (page.status_code, "<code>fit_unknown</code>" in page.text) == (404, True), path
            assert "<script>&" not in page.text
    german = await browser.get("/models/fits/markov@2?lang=de")
    assert "Der Mandant hat keine solche Schätzung." in german.text
    await sign_in(browser, shop.clone, shop.other, Role.ADMIN, "eve@other.example")
    for path in (MARKOV, SHAPLEY, f"{MARKOV}/compared-with/{SHAPLEY}"):
        page = await browser.get(f"/models/fits/{path}")
        assert (page.status_code, "<code>fit_unknown</code>" in page.text) == (404, True), path
    browser.cookies.clear()
    led = await browser.get(f"/models/fits/{MARKOV}")
    assert led.headers["location"].startswith("/sign-in?next=%2Fmodels%2Ffits")


async def test_each_language_has_the_pages_with_its_own_numbers(
    browser: httpx2.AsyncClient, shop: FittedShop
) -> None:
    (largest,) = [
        one for one in shop.fits[MARKOV].result.channels
        if one.share.value == max(each.share.value for each in shop.fits[MARKOV].result.channels)
    ]  # fmt: skip
    english = f"{100 * largest.share.value:.1f}"
    for tag in LANGUAGES:
        for path in (
            "/models",
            f"/models/fits/{MARKOV}",
            f"/models/fits/{MARKOV}/compared-with/{SHAPLEY}",
        ):
            page = await browser.get(f"{path}?lang={tag}")
            assert page.status_code == 200, page.text
            assert f'<html lang="{tag}"' in page.text
        page = await browser.get(f"/models/fits/{MARKOV}?lang={tag}")
        shown = read_tables(page.text)["markov-1-channels"].rows[0]
        comma = tag in ("de", "fr")
        assert (english.replace(".", ",") + " %" if comma else f"{english}%") in shown
