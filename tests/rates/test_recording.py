"""Rates by file, by hand and by the API: restated by revisions, of one base a source, and of one tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.rate_files import HISTORY, PLAIN
from tests.support.reading import get, key_of, open_client, read_all

SENT: dict[str, Any] = {
    "source": "treasury",
    "base": "EUR",
    "rates": [
        {"day": "2026-09-03", "quote": "USD", "rate": "1.0827"},
        {"day": "2026-09-04", "quote": "USD", "rate": "1.0850"},
    ],
}


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


def rates(clone: Clone, tenant: UUID, command: str, *words: str, status: int = 0) -> str:
    said = run_here(clone.app_url, "rates", command, str(tenant), *words, status=status)
    return " ".join(said.split())


async def send(client: httpx2.AsyncClient, key: dict[str, str], **fields: object) -> Any:
    answer = await client.post("/v1/rates", headers=key, json=SENT | fields)
    return answer.json() if answer.status_code == 200 else answer.json()["code"]


def test_a_file_is_tried_imported_and_restated(clone: Clone, tenant: UUID, tmp_path: Path) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text(HISTORY)
    tried = rates(clone, tenant, "import", str(file), "--source", "ecb", "--dry-run")
    assert "Nothing was recorded (--dry-run): 11 new rates" in tried
    assert "No rates are recorded." in rates(clone, tenant, "list")
    said = rates(clone, tenant, "import", str(file), "--source", "ecb")
    assert (
        "11 rates for 1 EUR, of 3 days from 2026-09-02 to 2026-09-04: BGN, GBP, JPY, USD." in said
    )
    assert "Left out, since no amount is in them: CYP, HRK." in said
    assert "Recorded: 11 new rates, 0 restated, 0 as they were." in said
    file.write_text(HISTORY.replace("1.0827", "1.0830").replace("1.9558", "1.95580"))
    again = rates(clone, tenant, "import", str(file), "--source", "ecb")
    assert "Restated: USD on 2026-09-03, 1.0827 before, 1.083 now." in again
    assert "Recorded: 0 new rates, 1 restated, 10 as they were." in again
    words = ("--quote", "USD", "--from", "2026-09-03", "--to", "2026-09-04")
    assert "1.0827" not in rates(clone, tenant, "list", *words)
    every = rates(clone, tenant, "list", *words, "--revisions")
    assert "1.0827" in every
    assert "1.083" in every


def test_a_rate_is_set_by_hand_with_its_reason(clone: Clone, tenant: UUID, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(PLAIN)
    rates(clone, tenant, "import", str(file), "--source", "ecb")
    why = ("--reason", "Contract", "--source", "ecb")
    said = rates(clone, tenant, "set", "2026-09-04", "EUR", "USD", "1.10", *why)
    assert "ecb: 1 EUR = 1.1 USD on 2026-09-04." in said
    assert "0 new rates, 1 restated" in said
    assert "Contract" in rates(clone, tenant, "list")
    small = rates(clone, tenant, "set", "2026-09-04", "eur", "USD", "1.10", *why, status=1)
    assert "rate_unreadable" in small
    turned = rates(clone, tenant, "set", "2026-09-04", "USD", "EUR", "0.9", *why, status=1)
    assert "rate_base_differs" in turned
    far = rates(clone, tenant, "set", "2026-09-05", "EUR", "USD", "10.85", *why, status=1)
    assert "rate_jumps" in far
    assert "--accept-jumps" in far
    assert "1 new rates" in rates(
        clone, tenant, "set", "2026-09-05", "EUR", "USD", "10.85", *why, "--accept-jumps"
    )
    comma = rates(clone, tenant, "set", "2026-09-06", "EUR", "USD", "1,1", *why, status=1)
    assert "rate_mark_open" in comma


async def test_rates_are_sent_read_and_restated(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    key = await key_of(db, tenant, "ingest")
    assert await send(client, key) == {"new": 2, "restated": 0, "unchanged": 0}
    assert await send(client, key) == {"new": 0, "restated": 0, "unchanged": 2}
    second = [{"day": "2026-09-04", "quote": "USD", "rate": "1.09"}]
    assert await send(client, key, rates=second) == {"new": 0, "restated": 1, "unchanged": 0}
    reader = await key_of(db, tenant)
    latest = (await get(client, "/v1/rates", reader))["data"]
    assert [(one["day"], one["rate"], one["revision"]) for one in latest] == [
        ("2026-09-03", "1.0827", 1),
        ("2026-09-04", "1.09", 2),
    ]
    assert latest[0]["recorded_by"].startswith("key:")
    every = await read_all(client, "/v1/rates", reader, revisions="all", limit=1)
    assert [(one["rate"], one["revision"]) for one in every] == [
        ("1.0827", 1),
        ("1.085", 1),
        ("1.09", 2),
    ]
    assert (await get(client, "/v1/rates", reader, quote="GBP"))["data"] == []
    assert (await get(client, "/v1/rates", await key_of(db, other_tenant)))["data"] == []
    assert await send(client, reader) == "scope_missing"


async def test_of_wrong_rates_none_is_recorded(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant, "ingest")
    good = SENT["rates"][0]
    wrong: dict[str, list[dict[str, Any]]] = {
        "input_invalid": [{"rates": []}, {"rates": [{**good, "rate": 1.0827}]}, {"source": "ECB"}],
        "rate_unreadable": [
            {"rates": [good, {**good, "day": "2026-02-30"}]},
            {"rates": [good, {**good, "quote": "USX"}]},
            {"rates": [good, {**good, "rate": "0.0"}]},
            {"base": "EUX"},
        ],
        "rates_refused": [{"base": "USD"}],
        "rate_repeated": [{"rates": [good, {**good, "rate": "1.08"}]}],
        "rate_jumps": [{"rates": [good, {**good, "day": "2026-09-04", "rate": "0.5"}]}],
    }
    for code, changes in wrong.items():
        for change in changes:
            assert await send(client, key, **change) == code, change
    assert (await get(client, "/v1/rates", await key_of(db, tenant)))["data"] == []
    accepted = await send(client, key, **wrong["rate_jumps"][0], accept_jumps=True)
    assert accepted["new"] == 2
    assert await send(client, key, base="GBP") == "rate_base_differs"
    forged = await client.get(
        "/v1/rates", headers=await key_of(db, tenant), params={"cursor": "WyJhIiwgMV0"}
    )
    assert forged.json()["code"] == "cursor_invalid"
