"""`/v1/corrections`: a key of scope manage corrects touches of its tenant, and one of scope read lists them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.http.test_rules_api import headers
from tests.support.audited import settle
from tests.support.make import make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import open_client

pytestmark = pytest.mark.shares_clone

SENT = {"touch": "t", "channel": "affiliates", "reason": "it was Ann's newsletter"}
URL = "/v1/corrections"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def test_a_touch_is_tried_corrected_listed_and_revoked(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    manage, read = await headers(db, tenant, "manage"), await headers(db, tenant, "read")
    of_other = await headers(db, other_tenant, "manage", "read")
    await send_touches(db, tenant, make_touch(idempotency_key="t", channel="email"))
    await send_conversions(db, tenant, make_conversion(order_id="A", amount_cents=1_001))
    await settle(db, tenant)
    tried = await client.post(URL, headers=manage, json=SENT | {"dry_run": True})
    assert tried.status_code == 200, tried.text
    moves = tried.json()["moves"]
    assert (moves["channel_now"], moves["channel_then"]) == ("email", "affiliates")
    assert moves["first_orders_moved"] == ["A"]
    linear = {
        row["channel"]: row["difference_cents"]
        for row in moves["credit"]
        if row["model"] == "linear"
    }
    assert linear == {"affiliates": 1_001, "email": -1_001}
    assert (await client.get(URL, headers=read)).json()["data"] == []
    done = (await client.post(URL, headers=manage, json=SENT)).json()["correction"]
    assert (done["channel"], done["is_in_force"]) == ("affiliates", True)
    assert done["requested_by"].startswith("key:")
    await settle(db, tenant)
    order = (await client.get("/v1/attribution/orders/A", headers=read)).json()
    (touch,) = order["touches"]
    assert (touch["channel"], touch["correction"]["reason"]) == ("affiliates", SENT["reason"])
    for wanted in ({"reason": "no", "dry_run": True}, {"reason": "no"}):
        path = f"{URL}/{done['id']}/revoke"
        assert (await client.post(path, headers=of_other, json=wanted)).status_code == 404
        revoked = (await client.post(path, headers=manage, json=wanted)).json()
    assert (revoked["correction"]["channel"], revoked["moves"]) == (None, None)
    again = await client.post(path, headers=manage, json={"reason": "no"})
    assert (again.status_code, again.json()["code"]) == (409, "correction_not_in_force")
    page = (await client.get(f"{URL}?limit=1&touch=t", headers=read)).json()
    assert [one["id"] for one in page["data"]] == [revoked["correction"]["id"]]
    rest = await client.get(f"{URL}?limit=1&touch=t&cursor={page['next_cursor']}", headers=read)
    assert [one["id"] for one in rest.json()["data"]] == [done["id"]]
    assert (await client.get(URL, headers=of_other)).json()["data"] == []
    theirs = await client.post(URL, headers=of_other, json=SENT)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "touch_unknown")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (URL, SENT | {"channel": "unattributed"}, 422),
        (URL, SENT | {"channel": "nowhere\0"}, 422),
        (URL, SENT | {"touch": "\0"}, 404),
        (URL, SENT | {"reason": " "}, 422),
        (URL, SENT | {"reason": "a\0b"}, 422),
        (URL, SENT | {"dry_run": "yes"}, 422),
        (f"{URL}/{UUID(int=1)}/revoke", {"reason": "why"}, 404),
        (f"{URL}/1/revoke", {"reason": "why"}, 422),
    ],
)
async def test_what_is_no_correction_is_refused(
    client: httpx2.AsyncClient,
    db: Database,
    tenant: UUID,
    path: str,
    body: dict[str, object],
    status: int,
) -> None:
    manage, read = await headers(db, tenant, "manage"), await headers(db, tenant, "read")
    assert (await client.post(path, headers=manage, json=body)).status_code == status
    assert (await client.post(path, headers=read, json=body)).status_code == 403
    assert (await client.get(f"{URL}?touch=%00", headers=read)).status_code == 422
