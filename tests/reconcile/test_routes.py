"""`/v1/reconciliations`: asked for with one key, read with another, and never by another tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.reconcile import run_reconciliation
from tests.conftest import Clone
from tests.support.reading import key_of, open_client
from tests.support.reconciling import claim, claims

pytestmark = pytest.mark.shares_clone

PATH = "/v1/reconciliations"
ASKED: dict[str, Any] = {
    "first_day": "2026-03-01",
    "last_day": "2026-03-10",
    "platform": "meta",
    "model": "linear",
}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def test_a_comparison_is_asked_for_and_read_page_by_page(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await claims(db, tenant, claim("meta", "1", 7), claim("meta", "2", None))
    manage, reader = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    refused = await client.post(PATH, headers=reader, json=ASKED)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    made = await client.post(PATH, headers=manage, json=ASKED)
    assert made.status_code == 200, made.text
    assert made.json()["reconciliation"]["state"] == "waiting"
    again = await client.post(PATH, headers=manage, json=ASKED)
    assert (again.status_code, again.json()["code"]) == (409, "reconciliation_running")
    found = made.json()["reconciliation"]["id"]
    await run_reconciliation(db, tenant, UUID(found))

    one = (await client.get(f"{PATH}/{found}", headers=reader)).json()
    assert one["reconciliation"]["state"] == "done"
    (summed,) = one["platforms"]
    assert (summed["claimed_cents"], summed["difference_bp"], summed["unknown_lines"]) == (
        7,
        "10000",
        1,
    )
    assert any("not wrong because it is larger" in words for words in one["words"])
    page = (await client.get(f"{PATH}/{found}/lines?limit=1", headers=reader)).json()
    rest = await client.get(
        f"{PATH}/{found}/lines?limit=1&cursor={page['next_cursor']}", headers=reader
    )
    lines = page["data"] + rest.json()["data"]
    assert [(line["campaign"], line["claimed_cents"]) for line in lines] == [("1", 7), ("2", None)]
    assert rest.json()["next_cursor"] is None
    listed = (await client.get(PATH, headers=reader)).json()
    assert [row["id"] for row in listed["data"]] == [found]

    theirs = await key_of(db, other_tenant)
    assert (await client.get(PATH, headers=theirs)).json()["data"] == []
    for path in (f"{PATH}/{found}", f"{PATH}/{found}/lines"):
        hidden = await client.get(path, headers=theirs)
        assert (hidden.status_code, hidden.json()["code"]) == (404, "reconciliation_unknown")


@pytest.mark.parametrize(
    "body", ["", "[]", '{"first_day": "2026-03-01"}', '{"first_day": 1, "last_day": 2}']
)
async def test_a_body_that_is_no_such_request_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, body: str
) -> None:
    manage = await key_of(db, tenant, "manage")
    answer = await client.post(PATH, headers=manage, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
