"""Orders: what each moved on the days shown adds up to the ledger; found by id; page by page without a gap."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from html import unescape
from itertools import product
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.revenue import put_renewals
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
MANY = "from=2026-05-01&to=2026-05-31"
HOSTILE = (
    "kind=everything",
    "channel=%00",
    "channel=<b>",
    "currency=usd",
    "currency=%00",
    "q=%00x",
    "q=" + "x" * 201,
    "currency=USD&cursor=x",
    "currency=USD&cursor=" + "x" * 3_000,
    "q=a&cursor=x",
)


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """A tenant with orders in every state and in currencies of two, no and three decimals."""
    await send_touches(
        db,
        tenant,
        make_touch(channel="paid_search", occurred_at=at(0)),
        make_touch(channel="email", occurred_at=at(0.5)),
    )
    late = {"journey_key": None, "amount_cents": 700}
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="old", occurred_at=at(-5), amount_cents=2_000, journey_key="v-0"),
        make_conversion(
            order_id="old", kind="refund", occurred_at=at(1.5), amount_cents=500, journey_key="v-0"
        ),
        make_conversion(order_id="a", amount_cents=10_001),
        make_conversion(order_id="a", kind="refund", amount_cents=1_000, occurred_at=at(2)),
        make_conversion(order_id="b", amount_cents=5_000, journey_key="v-2", occurred_at=at(3)),
        make_conversion(order_id="b", kind="dispute", amount_cents=5_000, occurred_at=at(4)),
        make_conversion(
            order_id="b", kind="dispute_reversal", amount_cents=5_000, occurred_at=at(5)
        ),
        make_conversion(order_id="early", kind="refund", amount_cents=300, occurred_at=at(6)),
        make_conversion(order_id="yen", amount_cents=26_400, currency="JPY"),
        make_conversion(order_id="dinar", amount_cents=1_234, currency="KWD"),
        *(
            make_conversion(order_id=f"many-{n:03}", occurred_at=at(62 + n / 100), **late)
            for n in range(120)
        ),
    )
    async with db.tenant(tenant) as connection:
        await put_renewals(connection, tenant, {"b": True})
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    return tenant


@pytest.fixture
async def browser(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop) as client:
        yield client


async def open_tables(browser: httpx2.AsyncClient, query: str = DAYS) -> dict[str, Shown]:
    page = await browser.get(f"/orders?{query}")
    assert page.status_code == 200, page.text
    return read_tables(page.text)


async def test_each_order_has_what_it_moved_on_the_days_and_all_add_up_to_the_ledger(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    page = await browser.get(f"/orders?{DAYS}&currency=USD")
    shown = read_tables(page.text)["orders-USD"]
    assert [[row[0], *row[2:9]] for row in shown.rows] == [
        ["early", "Awaits its payment", "0.00", "0.00", "0.00", "0.00", "-3.00", "-3.00"],
        ["b", "Paid", "50.00", "0.00", "-50.00", "50.00", "0.00", "50.00"],
        ["old", "Partially refunded", "0.00", "-5.00", "0.00", "0.00", "0.00", "-5.00"],
        ["a", "Partially refunded", "100.01", "-10.00", "0.00", "0.00", "0.00", "90.01"],
    ]
    assert shown.totals[3:9] == ["150.01", "-15.00", "-50.00", "50.00", "-3.00", "132.01"]
    assert "Equals the ledger" in page.text
    answer = await browser.get(
        "/v1/revenue/daily?from=2026-03-01&to=2026-03-11&currency=USD",
        headers=await bearer(db, shop, "read"),
    )
    assert sum(row["amount_cents"] for row in answer.json()["data"]) == 13_201
    days = read_tables(page.text)["days-USD"]
    assert days.totals[1:] == shown.totals[3:9]


async def test_an_order_names_its_touches_and_the_channels_that_earned_it(
    browser: httpx2.AsyncClient,
) -> None:
    shown = (await open_tables(browser, f"{DAYS}&currency=USD"))["orders-USD"]
    assert shown.titles[-2:] == ["Touches", "Channels, Linear"]
    by_id = {row[0]: row[-2:] for row in shown.rows}
    assert by_id["a"] == ["2", "E-mail 50%, Paid search 50%"]
    assert by_id["b"] == ["0", "Unattributed"]
    assert by_id["early"] == [DASH, DASH]
    last = await open_tables(browser, f"{DAYS}&currency=USD&model=last_touch")
    assert {row[0]: row[-1] for row in last["orders-USD"].rows}["a"] == "E-mail"


async def test_flags_stand_beside_an_order(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/orders?{DAYS}&currency=USD")
    assert page.text.count('<span class="second">renewal</span>') == 1


async def test_a_kind_of_money_shows_the_orders_that_have_it(browser: httpx2.AsyncClient) -> None:
    for kind, orders in (
        ("captured", ["b", "a"]),
        ("refunded", ["early", "a", "old"]),
        ("disputed", ["b"]),
        ("reversed", ["b"]),
    ):
        shown = await open_tables(browser, f"{DAYS}&currency=USD&kind={kind}")
        assert [row[0] for row in shown["orders-USD"].rows] == orders, kind


async def test_the_orders_of_a_channel_add_up_to_its_credit(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    answer = await browser.get(
        "/v1/attribution/channels?from=2026-03-01&to=2026-03-11&currency=USD&model=linear",
        headers=await bearer(db, shop, "read"),
    )
    channels = {row["channel"]: row["models"]["linear"] for row in answer.json()["data"]}
    assert channels.keys() == {"paid_search", "email", "unattributed"}
    for channel, credit in channels.items():
        shown = await open_tables(browser, f"{DAYS}&currency=USD&channel={channel}")
        table = shown["orders-USD"]
        place = next(n for n, title in enumerate(table.titles) if title.startswith("Credit of"))
        assert round(float(table.totals[place]) * 100) == credit["credited_cents"], channel
        assert {row[0] for row in table.rows} == (
            {"b", "old"} if channel == "unattributed" else {"a"}
        )
    none = await open_tables(browser, f"{DAYS}&currency=USD&channel=display")
    assert none["orders-USD"].rows == []


async def test_money_of_each_currency_is_apart_and_has_its_own_decimals(
    browser: httpx2.AsyncClient,
) -> None:
    tables = await open_tables(browser)
    assert tables["orders-JPY"].rows[0][3] == "26,400"
    assert tables["orders-KWD"].rows[0][3] == "1.234"
    assert {key.rpartition("-")[2] for key in tables} == {"JPY", "KWD", "USD"}
    one = await open_tables(browser, f"{DAYS}&currency=JPY")
    assert {key.rpartition("-")[2] for key in one} == {"JPY"}


async def next_of(browser: httpx2.AsyncClient, page: httpx2.Response) -> httpx2.Response | None:
    before, found, _ = page.text.partition('" rel="next"')
    if not found:
        return None
    link = unescape(before.rpartition('href="')[2])
    return await browser.get(link)


async def test_pages_follow_each_other_without_a_gap_whatever_comes_in_between(
    browser: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    page: httpx2.Response | None = await browser.get(f"/orders?{MANY}&kind=captured")
    seen: list[str] = []
    sizes = []
    while page is not None:
        assert page.status_code == 200, page.text
        rows = [row[0] for row in read_tables(page.text)["orders-USD"].rows]
        seen += rows
        sizes.append(len(rows))
        # A later refund of an order that is still to come does not move it.
        await send_conversions(
            db,
            shop,
            make_conversion(
                order_id="many-010",
                kind="refund",
                amount_cents=1,
                occurred_at=at(85 + len(seen) / 1000),
            ),
        )
        page = await next_of(browser, page)
    assert sizes == [50, 50, 20]
    assert seen == [f"many-{n:03}" for n in reversed(range(120))]


async def test_a_cursor_of_other_filters_is_refused(browser: httpx2.AsyncClient) -> None:
    page = await browser.get(f"/orders?{MANY}")
    follows = await next_of(browser, page)
    assert follows is not None
    query = urlsplit(str(follows.request.url)).query
    for change in ("&kind=refunded", "&channel=email"):
        refused = await browser.get(f"/orders?{query}{change}")
        assert refused.status_code == 422
        assert "cursor_invalid" in refused.text


async def test_an_order_is_found_by_its_id_or_its_beginning_on_any_day(
    browser: httpx2.AsyncClient,
) -> None:
    shown = (await open_tables(browser, "q=many-00"))["orders-USD"]
    assert [row[0] for row in shown.rows] == [f"many-{n:03}" for n in range(10)]
    shown = (await open_tables(browser, "q=old"))["orders-USD"]
    assert shown.rows[0][3:5] == ["20.00", "-5.00"]
    page = await browser.get("/orders?q=many-")
    seen = []
    follows: httpx2.Response | None = page
    while follows is not None:
        seen += [row[0] for row in read_tables(follows.text)["orders-USD"].rows]
        follows = await next_of(browser, follows)
    assert seen == [f"many-{n:03}" for n in range(120)]
    nothing = await browser.get("/orders", params={"q": "%_\\"})
    assert "No order begins so" in nothing.text


async def test_a_table_is_stored_as_it_is_seen(browser: httpx2.AsyncClient) -> None:
    for query in (f"{DAYS}&currency=USD", f"{MANY}&currency=USD"):
        shown = (await open_tables(browser, query))["orders-USD"]
        file = await browser.get(f"/orders?{query}&download=orders-USD")
        rows = list(csv.reader(io.StringIO(file.text.removeprefix("\N{BYTE ORDER MARK}"))))
        assert rows[0][3] == "Captured (USD)"
        expected = [*shown.rows, *([shown.totals] if shown.totals else [])]
        assert [[row[0], *row[3:7]] for row in rows[1:]] == [
            [row[0], *(cell.replace(",", "") for cell in row[3:7])] for row in expected
        ]


async def test_what_cannot_be_asked_for_is_refused_with_a_cure(
    browser: httpx2.AsyncClient,
) -> None:
    for query in HOSTILE:
        page = await browser.get(f"/orders?{DAYS}&{query}")
        assert page.status_code == 422, query
        assert "<b>" not in page.text


async def test_a_page_is_written_in_the_browsers_language(browser: httpx2.AsyncClient) -> None:
    pages = (
        DAYS,
        f"{DAYS}&channel=email&kind=captured",
        "q=a",
        "q=nothing",
        "from=2020-01-01&to=2020-01-02",
    )
    for language, query in product(("en", "de", "fr"), pages):
        page = await browser.get(f"/orders?{query}", headers={"Accept-Language": language})
        assert page.status_code == 200, page.text
        assert f'<html lang="{language}"' in page.text


async def test_a_member_of_another_tenant_sees_nothing_of_it(
    clone: Clone, db: Database, shop: UUID
) -> None:
    other = await make_tenant(db, "B")
    async with signed_in(clone, other, email="eve@other.example") as client:
        empty = await client.get(f"/orders?{DAYS}")
        assert f"--tenant {other}" in empty.text
        await send_conversions(db, other, make_conversion(order_id="a", amount_cents=77))
        await roll_up_dirty_days(db, tenant_id=other)
        for query in (DAYS, "q=a", "q=many", f"{DAYS}&channel=email"):
            page = await client.get(f"/orders?{query}")
            assert page.status_code == 200
            assert "100.01" not in page.text
            assert "many-0" not in page.text
