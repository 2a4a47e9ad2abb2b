"""Channels beside other days and moments, and what an address may ask the page for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC
from html import unescape
from urllib.parse import quote
from uuid import UUID

import httpx2
import pytest

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.pool import Database
from skeldir.revenue import put_renewals
from skeldir.rollups import roll_up_dirty_days
from skeldir.web import DASH
from tests.conftest import TEMPLATE, Clone, scratch_database
from tests.support.channels import (
    API,
    DAYS,
    Shop,
    ask,
    by_channel,
    cents,
    fill,
    looking,
    open_tables,
)
from tests.support.credit import credit_until_complete, rebuild_credits
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.pages import read_tables, signed_in

HOSTILE = (
    "currency=usd", "currency=%27%3BDROP", "model=u_shaped", "channel=..%2F..", "channel=" + "a" * 101,
    "by=referrer", "basis=year", "known_at=yesterday", "known_at=2026-13-01T00:00", "compare=all",
    "compare=custom&compare_from=1-1-1", "granularity=hour", "sort=%3Cscript%3E", "renewals=maybe",
    "chart=pie", "known_at=0001-01-01T00:00%2B23:59", "known_at=2999-12-31T23:59-23:59",
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer) -> Iterator[Shop]:
    with scratch_database(server, template=TEMPLATE) as clone:
        yield asyncio.run(fill(clone))


@pytest.fixture
async def browser(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    async with looking(shop) as client:
        yield client


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
    page = await browser.get("/channels?from=2017-01-01&to=2026-12-31&granularity=day")
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


async def test_renewals_are_left_out_of_the_credit_and_of_the_ledger_alike(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_conversions(
        db, tenant, make_conversion(order_id="a"), make_conversion(order_id="b", amount_cents=777)
    )
    async with db.tenant(tenant) as connection:
        await put_renewals(connection, tenant, {"b": True})
    await rebuild_credits(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with signed_in(clone, tenant) as client:
        for query, total in (("", "107.77"), ("renewals=exclude", "100.00")):
            page = await client.get(f"/channels?{DAYS}&{query}")
            assert read_tables(page.text)["channels-USD"].totals[4] == total
            assert page.text.count("Equals the ledger") == 1


async def test_each_model_that_differs_from_the_ledger_is_named_with_the_amount(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="a", amount_cents=777))
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with signed_in(clone, tenant) as client:
        page = (await client.get(f"/channels?{DAYS}")).text.replace("\N{NO-BREAK SPACE}", " ")
        assert "Linear: Differs from the ledger by 7.77 USD" in page
        assert page.count("Differs from the ledger") == 6
        assert "1 order awaits credit" in page
        await credit_until_complete(db, tenant)
        await roll_up_dirty_days(db, tenant_id=tenant)
        page = (await client.get(f"/channels?{DAYS}")).text
        assert "Differs from the ledger" not in page


async def test_a_tenant_without_money_is_shown_how_to_begin(clone: Clone, db: Database) -> None:
    empty = await make_tenant(db, "B")
    async with signed_in(clone, empty) as client:
        page = await client.get("/channels")
    assert f"skeldir import conversions FILE --tenant {empty}" in page.text
