"""Libraries for GA4, Plausible, Snowplow, Matomo and Umami send to a service that dies: all arrives, once each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.inbox import set_sdk_basis
from skeldir.tenants import issue_key
from tests.conftest import Clone
from tests.support.sdks import MortalService, Network, missing_package, sending
from tests.support.service import wait_until

pytestmark = pytest.mark.slow

TOTALS = ("matomo-tracker", "snowplow-tracker")
PERSONAL = ("ada@example.com", "Ada's", "203.0.113.9")
PATHS = {
    "ga4mp": "/mp/collect?",
    "snowplow-tracker": "/com.snowplowanalytics.snowplow/tp2",
    "matomo-tracker": "/matomo.php",
    "@umami/node": "/api/send",
}
TOUCHES = "SELECT source, landing_path FROM standing_touches ORDER BY source, landing_path"
ENTRIES = "SELECT order_id, kind, amount_cents, currency FROM standing_entries ORDER BY order_id"
EVERYTHING = """
    SELECT (SELECT count(*) FROM dead_events)::text || coalesce(
        (SELECT string_agg(to_jsonb(e)::text, '') FROM attribution_events e), '')"""


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def make_key(db: Database, tenant: UUID, basis: str) -> str:
    async with db.tenant(tenant) as connection:
        await set_sdk_basis(connection, tenant, "total" if basis == "total" else "revenue")
        key = await issue_key(connection, tenant, name="server", scopes=["ingest"], expires_at=None)
    return key.secret


def words_of(library: str, address: str, key: str) -> list[str]:
    is_node = library in ("matomo-tracker", "@umami/node")
    runner = ["node", "other_server.cjs"] if is_node else [sys.executable, "other_server.py"]
    return [*runner, library, address, key]


def send_over_a_death(service: MortalService, keys: Mapping[str, str]) -> None:
    """Have each library send twice: the first answer gets lost, and the second time nobody is there at first."""
    with ExitStack() as stack:
        networks = {name: stack.enter_context(Network(service.port)) for name in keys}
        senders = {
            name: stack.enter_context(sending(words_of(name, network.address, keys[name])))
            for name, network in networks.items()
        }
        for sender in senders.values():
            sender.send("first")
        for name, sender in senders.items():
            sender.await_delivery("first")
            assert networks[name].lost == 1, name
            assert all(path.startswith(PATHS[name]) for path in networks[name].sent), name
        service.kill()
        for sender in senders.values():
            sender.send("second")
        for name, network in networks.items():
            wait_until(lambda network=network: network.lost > 1, 30, name)  # type: ignore[misc]  # bound now
        service.start()
        for sender in senders.values():
            sender.await_delivery("second")


def send_without_retries(service: MortalService, key: str) -> None:
    """Have Umami's library for Python send. It says no moment, and "Bearer None" in a header."""
    address = f"http://127.0.0.1:{service.port}"
    with sending(words_of("umami-analytics", address, key)) as sender:
        sender.send("once")
        sender.await_delivery("once")


async def test_libraries_for_servers_deliver_each_message_once(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    if reason := missing_package("matomo-tracker", "@umami/node"):
        pytest.skip(reason)
    total = await make_key(db, tenant, "total")
    revenue = await make_key(db, other_tenant, "revenue")  # GA4's value excludes tax and shipping
    keys = dict.fromkeys((*TOTALS, "@umami/node"), total) | {"ga4mp": revenue}
    with MortalService(clone.app_url) as service:
        await asyncio.to_thread(send_over_a_death, service, keys)
        await asyncio.to_thread(send_without_retries, service, total)
    for owner, touching, ordering in (
        (tenant, ("@umami/node", *TOTALS, "umami-analytics"), TOTALS),
        (other_tenant, ("ga4mp",), ("ga4mp",)),
    ):
        assert await read(db, owner, TOUCHES) == [
            (name, f"/{word}")
            for name in touching
            for word in (("once",) if name == "umami-analytics" else ("first", "second"))
        ]
        assert await read(db, owner, ENTRIES) == [
            (f"{name}-{word}", "capture", 2750, "EUR")
            for name in ordering
            for word in ("first", "second")
        ]
        ((kept,),) = await read(db, owner, EVERYTHING)
        assert str(kept).startswith("0")
        assert not [one for one in PERSONAL if one in str(kept)]
