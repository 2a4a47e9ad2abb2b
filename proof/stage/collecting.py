"""What pages send of tenant A by the formats of other analytics, so that its reports differ from B's."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx2

from proof.stage.world import World
from skeldir.db import open_database
from skeldir.tenants import KeyTerms, issue_key

_ORIGIN: Final = "https://collecting.example"
_JOURNEY: Final = "c011ec70000000000000000000000000"


def collect_from_a(world: World) -> None:
    """Have a page of A report a landing and claim an order, and its server an order whose sum waits to be chosen."""
    key = asyncio.run(_make_write_key(world))
    world.ground.keep_secret(key)
    landing = {"k": key, "j": _JOURNEY, "i": _JOURNEY, "o": "session", "w": 0}
    order = {"order_id": "claimed-1", "total": "1.00", "currency": "EUR"}
    claim = {"event": "Order Completed", "messageId": "claim-1", "properties": order}
    with httpx2.Client(base_url=world.base, timeout=30, headers={"origin": _ORIGIN}) as client:
        for path, message in (
            ("/c/v1", {**landing, "p": f"{_ORIGIN}/", "s": "newsletter", "m": "email"}),
            ("/v1/track", {**claim, "type": "track", "writeKey": key}),
        ):
            client.post(path, json=message).raise_for_status()
    waiting = {**claim, "messageId": "waiting-1", "properties": {**order, "order_id": "waiting-1"}}
    of_a = {"authorization": f"Bearer {world.key_a}"}
    with httpx2.Client(base_url=world.base, timeout=30, headers=of_a) as client:
        client.post("/v1/track", json={**waiting, "type": "track"}).raise_for_status()


async def _make_write_key(world: World) -> str:
    url = world.environment()["DATABASE_URL"]
    async with (
        open_database(url, pool_size=1, statement_timeout_ms=30_000) as database,
        database.tenant(world.a) as connection,
    ):
        made = await issue_key(
            connection,
            world.a,
            name="pages",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({_ORIGIN})),
        )
    return made.secret
