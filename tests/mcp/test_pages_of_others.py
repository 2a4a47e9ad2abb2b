"""Pages in browsers, other than this service's own, get nothing from `/mcp`."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.db.pool import Database
from tests.conftest import Clone
from tests.support.api import PROBLEM_FIELDS, asking
from tests.support.reading import key_of

pytestmark = pytest.mark.shares_clone

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize("public_url", [None, "https://stats.shop.example"])
async def test_pages_of_other_sites_are_refused_even_at_a_name_that_leads_here(
    clone: Clone,
    db: Database,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
    public_url: str | None,
) -> None:
    if public_url is not None:
        monkeypatch.setenv("SKELDIR_PUBLIC_URL", public_url)
    key = await key_of(db, tenant)
    local, public, rebound = "localhost:8000", "stats.shop.example", "foreign.example:8000"
    async with asking(clone.app_url) as (_, http):
        for host, origins, is_own in (
            (local, (), True),
            (rebound, (), True),  # a program, which needs a key; pages cannot leave the header out
            (local, (f"http://{local}",), public_url is None),
            (public, (f"https://{public}",), public_url is not None),
            (rebound, (f"http://{rebound}",), False),
            (local, ("https://foreign.example",), False),
            (local, ("http://localhost:9000",), False),
            (local, ("null",), False),
            (local, ("",), False),
            (local, (f"http://{local}", "https://foreign.example"), False),
        ):
            sent = [("Host", host), *key.items(), *(("Origin", origin) for origin in origins)]
            sent += [("Accept", "application/json, text/event-stream")]
            answer = await http.post("/mcp", json=PING, headers=sent)
            assert answer.status_code == (200 if is_own else 403), (host, origins, answer.text)
            if not is_own:
                assert set(answer.json()) == PROBLEM_FIELDS
                assert answer.json()["code"] == "origin_refused"
                assert "SKELDIR_PUBLIC_URL" in answer.json()["cure"]
        # Whether a key is in force is not said either.
        for headers in ({}, {"Authorization": "Bearer skd_" + "x" * 40}):
            answer = await http.post("/mcp", json=PING, headers={"Origin": "null", **headers})
            assert answer.status_code == 403
