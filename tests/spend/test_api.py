"""`POST /v1/spend` and `/v1/claims`: batches that may be sent again, and items that are refused alone."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.spend import CURES
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import get, key_of, open_client, settle

pytestmark = pytest.mark.shares_clone

SPEND: dict[str, Any] = {
    "platform": "google_ads",
    "account": "877-953-6058",
    "campaign_id": "1042",
    "campaign_name": "Brand",
    "day": "2026-09-01",
    "currency": "EUR",
    "cost_cents": 12_050,
    "clicks": 210,
}
CLAIM: dict[str, Any] = {
    **{name: SPEND[name] for name in ("platform", "account", "campaign_id", "day", "currency")},
    "claim_type": "conversions",
    "conversions": "12.5",
    "value_cents": 99_900,
}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def rows(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


LATEST = """
    SELECT revision, cost_cents, clicks, claims_millionths, claimed_cents, channel_code
    FROM ad_days ORDER BY revision DESC"""


async def test_spend_and_claims_meet_in_one_day_and_may_be_sent_again(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    key = await key_of(db, tenant, "ingest")
    first = await client.post("/v1/spend", headers=key, json=[SPEND])
    assert first.status_code == 200, first.text
    receipt = first.json()
    assert (receipt["new"], receipt["restated"], receipt["unchanged"]) == (1, 0, 0)
    assert (receipt["totals"], receipt["rejected"]) == ({"EUR": 12_050}, [])
    again = (await client.post("/v1/spend", headers=key, json=[SPEND])).json()
    assert (again["load_id"], again["unchanged"]) == (None, 1)
    claimed = (await client.post("/v1/claims", headers=key, json=[CLAIM])).json()
    assert claimed["restated"] == 1
    restated = (
        await client.post("/v1/spend", headers=key, json={**SPEND, "cost_cents": 12_000})
    ).json()
    assert restated["restated"] == 1
    assert (await rows(db, tenant, LATEST))[0] == (
        3,
        12_000,
        210,
        12_500_000,
        99_900,
        "paid_search",
    )
    assert await rows(db, tenant, "SELECT sum(amount_cents)::bigint FROM spend") == [(12_000,)]
    assert await rows(db, other_tenant, "SELECT count(*) FROM ad_days") == [(0,)]


WRONG: dict[str, tuple[str, object]] = {
    "item_not_an_object": ("/v1/spend", 7),
    "platform_invalid": ("/v1/spend", {**SPEND, "platform": "Google Ads"}),
    "field_unknown": ("/v1/spend", {**SPEND, "impresions": 4_100}),
    "id_spoiled": ("/v1/spend", {**SPEND, "campaign_id": "1.2E+17"}),
    "account_missing": ("/v1/spend", {**SPEND, "account": " "}),
    "campaign_missing": ("/v1/spend", {**SPEND, "campaign_id": None, "campaign_name": None}),
    "day_invalid": ("/v1/spend", {**SPEND, "day": "2026-02-30"}),
    "currency_unknown": ("/v1/spend", {**SPEND, "currency": "EUX"}),
    "figure_missing": ("/v1/spend", {k: v for k, v in SPEND.items() if k != "cost_cents"}),
    "figure_invalid": ("/v1/spend", {**SPEND, "cost_cents": 12.5}),
    "conversions_invalid": ("/v1/claims", {**CLAIM, "conversions": "1e3"}),
    "claim_type_missing": ("/v1/claims", {**CLAIM, "claim_type": None}),
    "text_invalid": ("/v1/spend", {**SPEND, "campaign_name": "a\u0000b"}),
    "channel_missing": ("/v1/spend", {**SPEND, "platform": "radio"}),
    "channel_unknown": ("/v1/spend", {**SPEND, "channel": "unattributed"}),
}


@pytest.mark.parametrize("code", WRONG)
async def test_a_wrong_item_is_refused_with_its_cure_and_the_others_are_recorded(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, code: str
) -> None:
    path, item = WRONG[code]
    good = SPEND if path == "/v1/spend" else CLAIM
    key = await key_of(db, tenant, "ingest")
    answer = await client.post(path, headers=key, json=[item, {**good, "campaign_id": "9"}])
    assert answer.status_code == 200, answer.text
    (rejection,) = answer.json()["rejected"]
    assert (rejection["index"], rejection["code"], rejection["cure"]) == (0, code, CURES[code])
    assert rejection["detail"]
    assert await rows(db, tenant, "SELECT campaign FROM ad_days") == [("9",)]


async def test_every_code_of_a_rejection_is_provoked(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant, "ingest")
    await client.post("/v1/spend", headers=key, json=[SPEND])
    other = {**SPEND, "currency": "USD"}
    answer = await client.post("/v1/spend", headers=key, json=[other, SPEND, SPEND])
    codes = [rejection["code"] for rejection in answer.json()["rejected"]]
    assert codes == ["day_stored_otherwise", "day_repeated"]
    lines = {**key, "Content-Type": "application/x-ndjson"}
    answer = await client.post("/v1/spend", headers=lines, content=b'{"platform":\n')
    codes += [rejection["code"] for rejection in answer.json()["rejected"]]
    assert {*codes, *WRONG} == set(CURES)


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({}, b"[", 400, "body_unreadable"),
        ({}, json.dumps([SPEND] * 1_001).encode(), 413, "body_too_large"),
        ({}, b"7", 400, "body_unreadable"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_whole(
    client: httpx2.AsyncClient,
    db: Database,
    tenant: UUID,
    headers: dict[str, str],
    body: bytes,
    status: int,
    code: str,
) -> None:
    key = await key_of(db, tenant, "ingest")
    answer = await client.post("/v1/spend", headers={**key, **headers}, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await rows(db, tenant, "SELECT count(*) FROM ad_days") == [(0,)]


@pytest.mark.parametrize("path", ["/v1/spend", "/v1/claims"])
async def test_only_a_key_for_ingest_may_send(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str
) -> None:
    key = await key_of(db, tenant, "read")
    assert (await client.post(path, headers=key, json=[SPEND])).status_code == 403
    assert (await client.post(path, json=[SPEND])).status_code == 401


async def test_an_item_of_each_line_of_ndjson_is_recorded(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = {**await key_of(db, tenant, "ingest"), "Content-Type": "application/x-ndjson"}
    lines = "\n".join(json.dumps({**SPEND, "campaign_id": str(n)}) for n in range(3))
    answer = await client.post("/v1/spend", headers=key, content=lines)
    assert answer.json()["new"] == 3


async def test_the_report_shows_spend_and_what_the_credit_is_to_it(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(channel="paid_search"))
    await send_conversions(
        db, tenant, make_conversion(occurred_at=at(0.01), amount_cents=5_000, currency="EUR")
    )
    spend = {**SPEND, "day": at(0.01)[:10], "cost_cents": 1_200}
    await client.post("/v1/spend", headers=await key_of(db, tenant, "ingest"), json=[spend])
    await settle(db)
    report = await get(
        client, "/v1/attribution/channels", await key_of(db, tenant), model="last_touch"
    )
    (row,) = [row for row in report["data"] if row["channel"] == "paid_search"]
    credit = row["models"]["last_touch"]
    assert (credit["credited_cents"], credit["spend_cents"]) == (5_000, 1_200)
    assert credit["roas"] == "4.166667"


async def test_no_body_makes_an_internal_error(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key, chance = await key_of(db, tenant, "ingest"), random.Random(7)
    whole = json.dumps([SPEND, CLAIM])
    for path in ("/v1/spend", "/v1/claims"):
        for _ in range(60):
            letters = list(whole)
            for _ in range(chance.randint(1, 3)):
                place = chance.randrange(len(letters))
                letters[place] = chance.choice('0123456789"{}[]:,.-eE\\u\x00') * chance.randint(
                    0, 3
                )
            answer = await client.post(path, headers=key, content="".join(letters).encode())
            assert answer.status_code in (200, 400), (answer.text, "".join(letters))
