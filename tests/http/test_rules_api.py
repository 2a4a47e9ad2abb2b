"""`/v1/rules`: rules are checked, stored, listed and applied by keys of the right scopes, each tenant its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.tenants import issue_key
from tests.conftest import Clone
from tests.support.audited import settle
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import open_client

pytestmark = pytest.mark.shares_clone

RULES = '[[rule]]\nid = "brand"\nchannel = "display"\ncampaign.is = "brand"\n'
STORED = {"document": RULES, "reason": "brand is display"}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def headers(db: Database, tenant: UUID, *scopes: str) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="k", scopes=scopes, expires_at=None)
    return {"Authorization": f"Bearer {key.secret}"}


async def test_rules_are_checked_stored_and_applied(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    manage, read = await headers(db, tenant, "manage"), await headers(db, tenant, "read")
    of_other = await headers(db, other_tenant, "manage", "read")
    touch = make_touch(channel=None, campaign="Brand", source="google", medium="cpc")
    await send_touches(db, tenant, touch)
    wrong = {
        "document": RULES.replace("display", "nowhere") + RULES.replace('"brand"\nch', '"b"\nch')
    }
    checked = (await client.post("/v1/rules/check", headers=read, json=wrong)).json()
    assert [(fault["line"], fault["rule"]) for fault in checked["faults"]] == [(1, "brand")]
    assert [(fault["line"], fault["rule"]) for fault in checked["never_match"]] == [(5, "b")]
    refused = await client.post("/v1/rules", headers=manage, json=STORED | wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules_invalid")
    stored = await client.post("/v1/rules", headers=manage, json=STORED)
    assert stored.status_code == 200, stored.text
    assert stored.json()["version"]["version"] == 1
    await client.post("/v1/rules", headers=manage, json=STORED)
    applied = await client.post(
        "/v1/rules/apply", headers=manage, json={"version": 1, "reason": "now"}
    )
    assert applied.status_code == 200, applied.text
    assert applied.json()["is_done"] is False
    await send_touches(db, tenant, touch | {"idempotency_key": "after"})
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT channel_rule FROM attribution_events WHERE idempotency_key = 'after'"
        )
    assert [row[0] for row in rows] == ["own.brand@1"]
    page = (await client.get("/v1/rules?limit=1", headers=read)).json()
    assert (page["in_force"], [one["version"] for one in page["data"]]) == (1, [2])
    rest = await client.get(f"/v1/rules?limit=1&cursor={page['next_cursor']}", headers=read)
    assert [one["version"] for one in rest.json()["data"]] == [1]
    assert (await client.get("/v1/rules/versions/1", headers=read)).json()["document"] == RULES
    turns = (await client.get("/v1/rules/turns", headers=read)).json()
    assert [(one["turn"], one["version"], one["reason"]) for one in turns["data"]] == [
        (1, 1, "now")
    ]

    assert (await client.get("/v1/rules", headers=of_other)).json()["data"] == []
    assert (await client.get("/v1/rules/turns", headers=of_other)).json()["data"] == []
    assert (await client.get("/v1/rules/versions/1", headers=of_other)).status_code == 404
    theirs = await client.post(
        "/v1/rules/apply", headers=of_other, json={"version": 1, "reason": "x"}
    )
    assert (theirs.status_code, theirs.json()["code"]) == (404, "rules_unknown")


async def test_a_dry_run_says_what_moves_of_the_key_s_tenant_and_stores_nothing(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one, source in ((tenant, "google"), (other_tenant, "bing")):
        touch = make_touch(channel=None, campaign="Brand", source=source, medium="cpc")
        await send_touches(db, one, touch, touch | {"idempotency_key": "email", "channel": "email"})
        await send_conversions(db, one, make_conversion(order_id=f"of-{source}"))
        await settle(db, one)
    sent = {"document": RULES}
    read, ingest = await headers(db, tenant, "read"), await headers(db, tenant, "ingest")
    answer = await client.post("/v1/rules/dry-run", headers=read, json=sent)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["moves"] == [
        {"channel_now": "paid_search", "channel_then": "display", "touches": 1}
    ]
    assert (found["touches"], found["touches_derived"], found["touches_moved"]) == (2, 1, 1)
    assert found["first_orders_moved"] == ["of-google"]
    linear = {
        row["channel"]: (row["credited_cents_now"], row["credited_cents_then"])
        for row in found["credit"]
        if row["model"] == "linear"
    }
    assert linear == {"display": (0, 5_000), "email": (5_000, 5_000), "paid_search": (5_000, 0)}
    of_other = await headers(db, other_tenant, "manage")
    theirs = await client.post("/v1/rules/dry-run", headers=of_other, json=sent)
    assert theirs.json()["first_orders_moved"] == ["of-bing"]
    assert (await client.get("/v1/rules", headers=read)).json()["data"] == []
    refused = await client.post("/v1/rules/dry-run", headers=ingest, json=sent)
    assert refused.status_code == 403
    wrong = {"document": RULES.replace("display", "nowhere")}
    refused = await client.post("/v1/rules/dry-run", headers=read, json=wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "rules_invalid")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/rules", {"document": RULES}),
        ("/v1/rules", STORED | {"reason": " "}),
        ("/v1/rules", STORED | {"reason": "a\0b"}),
        ("/v1/rules", STORED | {"more": 1}),
        ("/v1/rules/apply", {"version": None, "reason": "a\0b"}),
        ("/v1/rules/apply", {"version": 0, "reason": "x"}),
        ("/v1/rules/apply", {"reason": "x"}),
        ("/v1/rules/check", {"document": 1}),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str, body: dict[str, object]
) -> None:
    answer = await client.post(path, headers=await headers(db, tenant, "manage"), json=body)
    assert answer.status_code == 422, answer.text


async def test_only_a_key_that_manages_may_store_and_apply(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    read = await headers(db, tenant, "read", "ingest")
    for path, body in (("", STORED), ("/apply", {"version": None, "reason": "x"})):
        assert (await client.post(f"/v1/rules{path}", headers=read, json=body)).status_code == 403
    manage = await headers(db, tenant, "manage")
    assert (await client.get("/v1/rules", headers=manage)).status_code == 403
