"""Spend and claims: what reports count, unknown where nobody knows, never added over platforms, of one tenant only."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.reconcile import run_reconciliation
from skeldir.users import Role
from skeldir.web import DASH, LANGUAGES
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.audited import settle
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.pages import Shown, read_tables, sign_in, signed_in
from tests.support.reconciling import DAY, ad, ask, claim, claims, read
from tests.support.sites import OWN

DAYS = "from=2026-03-01&to=2026-03-10"
NASTY = "</td><script>alert(1)</script>{{ 7 * 7 }}"


@pytest.fixture
async def shop(db: Database, tenant: UUID) -> UUID:
    """A tenant with spend in currencies of 2, 0 and 3 decimals, some of it unknown, claims, touches and an order."""
    await claims(
        db,
        tenant,
        claim("google_ads", "1", 9_000, cost_cents=1_001, claim_type="conversions", claims_millionths=2_500_000),
        claim("google_ads", "1", None, cost_cents=2_002, day=DAY + timedelta(days=1)),
        claim("meta", "2", 8_000, cost_cents=500, claim_type="purchases", name=NASTY),
        claim("meta", "3", None, cost_cents=None, name="Silent"),
        claim("radio_ads", "4", None, cost_cents=26_400, currency="JPY", attribution_setting=None),
        claim("radio_ads", "5", None, cost_cents=1_234, currency="KWD", attribution_setting=None),
    )  # fmt: skip
    await send_touches(
        db,
        tenant,
        ad("google", "1", occurred_at=at(0.1)),
        make_touch(channel="paid_social", campaign="nobody pays", occurred_at=at(0.05), idempotency_key="x"),
    )  # fmt: skip
    await send_conversions(db, tenant, make_conversion(order_id="a", amount_cents=10_001))
    await settle(db, tenant)
    return tenant


@pytest.fixture
async def manager(clone: Clone, shop: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, shop, Role.MANAGER, "mia@shop.example") as client:
        yield client


async def open_tables(client: httpx2.AsyncClient, path: str = f"/spend?{DAYS}") -> dict[str, Shown]:
    page = await client.get(path)
    assert page.status_code == 200, page.text
    assert "<script>alert" not in page.text
    return read_tables(page.text)


def minor(text: str) -> int:
    return int(text.replace(",", "").replace(".", ""))


async def test_spend_is_what_the_api_and_the_table_of_spend_say(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID
) -> None:
    shown = await open_tables(manager)
    with psycopg.connect(clone.superuser_url) as admin:
        rows = admin.execute("SELECT currency, sum(amount_cents)::bigint FROM spend GROUP BY 1")
        stored: Counter[str] = Counter(dict(rows.fetchall()))
    answer = await manager.get(
        "/v1/attribution/channels?from=2026-03-01&to=2026-03-11&model=linear",
        headers=await bearer(db, shop, "read"),
    )
    reported: Counter[str] = Counter()
    for row in answer.json()["data"]:
        reported[row["currency"]] += row["models"]["linear"]["spend_cents"]
    assert stored == reported == {"USD": 3_503, "JPY": 26_400, "KWD": 1_234}
    for currency, cents in stored.items():
        for key in ("channels", "platforms"):
            assert minor(shown[f"{key}-{currency}"].totals[1]) == cents, (key, currency)
        assert minor(shown[f"campaigns-{currency}"].totals[3]) == cents
        assert minor(shown[f"days-{currency}"].totals[-1]) == cents
    days = {row[0]: row[1] for row in shown["days-USD"].rows}
    assert (days["2 Mar 2026"], days["3 Mar 2026"]) == ("15.01", "20.02")
    assert days["4 Mar 2026"].startswith(DASH)
    # Many days are shown in periods of as many weeks as needed, with the same sum.
    long = (await open_tables(manager, "/spend?from=2017-01-01&to=2026-12-31"))["days-USD"]
    assert len(long.rows) <= 92
    assert minor(long.totals[-1]) == stored["USD"]
    one = await open_tables(manager, f"/spend?{DAYS}&currency=JPY")
    assert {key.rpartition("-")[2] for key in one} == {"JPY"}


async def test_what_platforms_claim_is_apart_and_what_nobody_knows_is_no_zero(
    manager: httpx2.AsyncClient,
) -> None:
    shown = await open_tables(manager)
    claimed = {tuple(row[:2]): row[3:] for row in shown["claims-USD"].rows}
    assert claimed["Google Ads", "conversions"] == ["2.50", "90.00", "1", "0"]
    assert claimed["Meta Ads", "purchases"][1:] == ["80.00", "1", "0"]
    assert shown["claims-USD"].totals == []
    campaigns = {row[0]: row[1:] for row in shown["campaigns-USD"].rows}
    assert campaigns["Silent"][2].startswith(DASH)
    assert campaigns["Silent"][5].startswith(DASH)
    assert shown["campaigns-USD"].totals[5].startswith(DASH)
    platforms = {row[0]: row[1:] for row in shown["platforms-USD"].rows}
    assert platforms["Meta Ads"][2:] == ["2", "1"]
    file = await manager.get(f"/spend?{DAYS}&download=campaigns-USD")
    rows = list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert [row[3] for row in rows[1:]] == ["30.03", "5.00", "", "35.03"]


async def test_touches_stand_beside_the_spend_that_they_name(manager: httpx2.AsyncClient) -> None:
    shown = await open_tables(manager, f"/spend/match?{DAYS}")
    touches = {row[0]: row[4] for row in shown["match-USD"].rows}
    assert (touches["Brand"], touches["Silent"]) == ("1", "0")
    assert shown["without-spend"].rows == [["nobody pays", "1"]]
    page = await manager.get(f"/spend/match?{DAYS}")
    assert "30.03" in page.text
    # 30.03 of 35.03
    assert "85.7%" in page.text


async def test_revisions_and_loads_are_shown_and_a_manager_withdraws_one(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID
) -> None:
    await claims(db, shop, claim("google_ads", "1", 9_500, cost_cents=1_100))
    path = (await open_tables(manager))["campaigns-USD"].links["Brand"]
    revised = (await open_tables(manager, path))["revisions-USD"]
    assert [row[:1] + row[2:5] for row in revised.rows[:2]] == [
        ["2 Mar 2026", "1", "10.01", "90.00"],
        ["2 Mar 2026", "2", "11.00", "95.00"],
    ]
    loads = (await open_tables(manager, "/spend/recorded"))["loads"]
    assert [row[5:9] for row in loads.rows] == [["1", "0", "1", "0"], ["1", "6", "0", "0"]]
    fields = {"load": loads.rows[0][-1]}
    await sign_in(manager, clone, shop, Role.VIEWER, "ada@shop.example")
    assert "withdraw-heading" not in (await manager.get("/spend/recorded")).text
    refused = await manager.post("/spend/recorded", headers=OWN, data=fields)
    assert (refused.status_code, "role_missing" in refused.text) == (403, True)
    await sign_in(manager, clone, shop, Role.MANAGER, "mia@shop.example")
    done = await manager.post("/spend/recorded", headers=OWN, data=fields)
    assert done.headers["location"] == "/spend/recorded?done=withdrawn"
    loads = (await open_tables(manager, "/spend/recorded?done=withdrawn"))["loads"]
    assert (loads.rows[0][1], loads.rows[0][3]) == ("withdrawal", "mia@shop.example")
    assert (await open_tables(manager, path))["revisions-USD"].rows[2][3] == "10.01"
    for load in ("x", "", str(uuid4())):
        missing = await manager.post("/spend/recorded", headers=OWN, data={"load": load})
        assert (missing.status_code, "load_unknown" in missing.text) == (404, True)


async def test_a_comparison_is_asked_for_and_shown_as_the_api_has_it(
    manager: httpx2.AsyncClient, db: Database, shop: UUID
) -> None:
    asked = {"first": "2026-03-01", "last": "2026-03-10", "platform": "", "model": "last_touch"}
    for wrong, code in (
        ({"model": ""}, "model_not_chosen"),
        ({"first": "2026-3-1"}, "input_invalid"),
        ({"first": "2026-02-30"}, "input_invalid"),
        ({"last": "2026-02-01"}, "input_invalid"),
        ({"platform": "nowhere"}, "platform_unknown"),
    ):
        refused = await manager.post("/spend/comparisons", headers=OWN, data=asked | wrong)
        assert (refused.status_code, f"<code>{code}</code>" in refused.text) == (422, True), wrong
    done = await manager.post("/spend/comparisons", headers=OWN, data=asked)
    path = done.headers["location"]
    again = await manager.post("/spend/comparisons", headers=OWN, data=asked)
    assert (again.status_code, "reconciliation_running" in again.text) == (409, True)
    assert "hx-get" in (await manager.get(path)).text
    made = UUID(path.rpartition("/")[2])
    assert await run_reconciliation(db, shop, made)
    report, lines = await read(db, shop, made)
    page = await manager.get(path)
    assert "hx-get" not in page.text
    shown = read_tables(page.text)
    for one in report.platforms:
        if one.currency == "USD" and one.platform == "google_ads":
            (row,) = [row for row in shown["sums-USD"].rows if row[0] == "Google Ads"]
            assert one.claimed_cents is not None
            assert one.ghost_cents is not None
            assert [minor(row[at]) for at in (1, 2, 4)] == [
                one.claimed_cents, one.verified_cents, one.ghost_cents,
            ]  # fmt: skip
            # 90.00 are claimed, and of these 90.00 are verified by an order of 100.01
            assert (row[3], row[5]) == ("100.0%", "10.01")
    assert sum(len(table.rows) for key, table in shown.items() if key.startswith("lines")) == len(
        lines
    )
    listed = (await open_tables(manager, "/spend/comparisons"))["comparisons"]
    assert [row[1:4] for row in listed.rows] == [["done", "All platforms", "last_touch@1"]]
    assert listed.rows[0][-1] == "mia@shop.example"
    assert listed.links[listed.rows[0][0]] == path


async def test_another_tenant_sees_none_of_it(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID, other_tenant: UUID
) -> None:
    made = await ask(db, shop)
    await sign_in(manager, clone, other_tenant, Role.ADMIN, "eve@other.example")
    for path in ("/spend", "/spend/match", "/spend/recorded", "/spend/comparisons"):
        page = await manager.get(f"{path}?{DAYS}")
        assert page.status_code == 200, page.text
        rows = [row for table in read_tables(page.text).values() for row in table.rows]
        assert rows == [], path
        assert "Silent" not in page.text
    for unknown in (made, uuid4(), "x", "%00", "..%2F"):
        page = await manager.get(f"/spend/comparisons/{unknown}")
        assert page.status_code in (404, 422), unknown
    page = await manager.get(f"/spend/campaign?platform=google_ads&campaign=1&{DAYS}")
    assert "Nothing is recorded of this campaign" in page.text
    for query in (
        "",
        "campaign=",
        "campaign=%00",
        "campaign=" + "x" * 700,
        "platform=%00&campaign=1",
    ):
        assert (await manager.get(f"/spend/campaign?{query}")).status_code == 422, query
    foreign = await manager.post(
        "/spend/comparisons", headers=OWN | {"Sec-Fetch-Site": "cross-site"}, data={}
    )
    assert (foreign.status_code, "form_foreign" in foreign.text) == (403, True)


async def test_each_language_has_all_pages_also_empty(
    manager: httpx2.AsyncClient, clone: Clone, db: Database, shop: UUID, other_tenant: UUID
) -> None:
    made = await ask(db, shop)
    assert await run_reconciliation(db, shop, made)
    paths = (
        f"/spend?{DAYS}",
        "/spend?from=2020-01-01&to=2020-01-02",
        f"/spend/match?{DAYS}",
        "/spend/recorded?done=withdrawn",
        "/spend/comparisons?x=",
        f"/spend/comparisons/{made}?x=",
        f"/spend/campaign?platform=meta&campaign=2&{DAYS}",
    )
    for tag in LANGUAGES:
        for path in paths:
            page = await manager.get(f"{path}&lang={tag}")
            assert page.status_code == 200, page.text
            assert f'<html lang="{tag}"' in page.text
    await sign_in(manager, clone, other_tenant, Role.MANAGER, "eve@other.example")
    empty = await manager.get("/spend")
    assert f"skeldir spend import {other_tenant}" in empty.text
