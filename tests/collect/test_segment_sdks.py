"""Segment's and RudderStack's own libraries send to a service that dies: touches and orders arrive, once each."""

from __future__ import annotations

import asyncio
import sys
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

SERVER_LIBRARIES = ("analytics-python", "rudder-sdk-python", "analytics-node", "rudder-sdk-node")
NODE_PACKAGES = ("@segment/analytics-node", "@rudderstack/rudder-sdk-node")
TOUCHES = "SELECT source, landing_path FROM standing_touches ORDER BY source, landing_path"
ENTRIES = "SELECT order_id, kind, amount_cents, currency FROM standing_entries ORDER BY order_id"


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


def words_of(library: str, address: str, key: str) -> list[str]:
    is_python = library.endswith("-python")
    runner = [sys.executable, "segment_server.py"] if is_python else ["node", "segment_server.cjs"]
    return [*runner, library, address, key]


def send_over_a_death(service: MortalService, key: str, libraries: tuple[str, ...]) -> None:
    """Have each library send twice: the first answer gets lost, and the second time nobody is there at first."""
    with ExitStack() as stack:
        networks = {name: stack.enter_context(Network(service.port)) for name in libraries}
        senders = {
            name: stack.enter_context(sending(words_of(name, network.address, key)))
            for name, network in networks.items()
        }
        for sender in senders.values():
            sender.send("first")
        for sender in senders.values():
            sender.await_delivery("first")
        for name, network in networks.items():
            assert network.lost == 1, name
            assert set(network.sent) == {"/v1/batch"}, name
        service.kill()
        for sender in senders.values():
            sender.send("second")
        for name, network in networks.items():
            wait_until(lambda network=network: network.lost > 1, 30, name)  # type: ignore[misc]  # bound now
        service.start()
        for sender in senders.values():
            sender.await_delivery("second")


async def test_libraries_for_servers_deliver_each_message_once(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    if reason := missing_package(*NODE_PACKAGES):
        pytest.skip(reason)
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="server", scopes=["ingest"], expires_at=None)
        await set_sdk_basis(connection, tenant, "total")
    with MortalService(clone.app_url) as service:
        await asyncio.to_thread(send_over_a_death, service, key.secret, SERVER_LIBRARIES)
    names = sorted(SERVER_LIBRARIES)
    assert await read(db, tenant, TOUCHES) == [
        (name, f"/{word}") for name in names for word in ("first", "second")
    ]
    assert await read(db, tenant, ENTRIES) == [
        (f"{name}-{word}", "capture", 2750, "EUR") for name in names for word in ("first", "second")
    ]
    assert await read(db, tenant, "SELECT count(*) FROM dead_events") == [(0,)]
