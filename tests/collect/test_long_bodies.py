"""Short bodies that say a lot: they are refused, or read by another process, so that other requests need not wait."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from uuid import UUID

import orjson
import pytest

from skeldir.collect import matomo, posthog
from skeldir.collect.mapped import Wire
from skeldir.db.pool import Database
from skeldir.http.offload import Offload
from skeldir.inbox import set_sdk_basis
from skeldir.ingest import UnreadableItem, is_heavy
from tests.conftest import Clone
from tests.support.api import asking, bearer

EVENT = {"event": "$pageview", "properties": {"distinct_id": "v", "$current_url": "https://a.b/"}}
PACKED = gzip.compress(orjson.dumps([EVENT] * 5_000))
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("wire", [posthog.WIRE, matomo.WIRE], ids=["posthog", "matomo"])
@pytest.mark.parametrize("part", ["%41", "&"])
def test_a_form_with_millions_of_escapes_or_fields_is_not_read(wire: Wire, part: str) -> None:
    found = wire.parse(b"data=" + part.encode() * 1_000_000, {}, FORM)
    assert isinstance(found, UnreadableItem)
    assert found.code == "field_too_long"


def test_the_texts_of_a_bulk_body_are_not_read_to_find_its_key() -> None:
    bulk = {"requests": ["url=" + "%41" * 30_000, "url=x"]}
    assert matomo.WIRE.parse(orjson.dumps(bulk), {}, "") == {
        **bulk,
        "token_auth": None,
        "is_bulk": True,
    }


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What other processes have returned."""
    returned: list[object] = []
    run = Offload.run

    async def note(self: Offload, owner: UUID, work: Callable[[], object]) -> object:
        returned.append(await run(self, owner, work))
        return returned[-1]

    monkeypatch.setattr(Offload, "run", note)
    return returned


async def test_a_short_packed_body_with_many_messages_is_read_by_another_process(
    clone: Clone, db: Database, tenant: UUID, done: list[object]
) -> None:
    assert not is_heavy(PACKED)
    key = await bearer(db, tenant, "ingest")
    async with asking(clone.app_url) as (_, client):
        for events in (PACKED, gzip.compress(orjson.dumps([EVENT]))):
            sent = await client.post("/batch/", content=events, headers=key)
            assert (sent.status_code, len(done)) == (200, 1)


async def test_many_orders_are_read_and_tried_by_another_process_and_each_is_recorded_once(
    clone: Clone, db: Database, tenant: UUID, done: list[object]
) -> None:
    message = {"type": "track", "event": "Order Completed", "timestamp": "2026-11-02T10:00:00Z"}
    orders = [
        message
        | {"messageId": f"m-{number}"}
        | {"properties": {"order_id": f"R-{number}", "total": "10.10", "currency": "USD"}}
        for number in range(250)
    ]
    key = await bearer(db, tenant, "ingest")
    async with db.tenant(tenant) as connection:
        await set_sdk_basis(connection, tenant, "total")
    async with asking(clone.app_url) as (_, client):
        body = {"batch": [*orders, orders[0]]}
        for more in ({"skeldir-dry-run": "1"}, {}):
            sent = await client.post("/v1/batch", json=body, headers=key | more)
            assert sent.status_code == 200
    tried, found = done
    assert isinstance(tried, bytes)
    assert tried.count(b'"becomes":"order"') == 251
    assert isinstance(found, tuple)
    mapped, sorted_orders, prepared = found
    assert (mapped.orders, len(sorted_orders.arrivals), prepared) == ((), 251, None)
    async with db.tenant(tenant) as connection:
        count = "SELECT count(*), sum(amount_cents)::bigint FROM standing_entries"
        assert [tuple(row) for row in await connection.fetch(count)] == [(250, 250 * 1010)]
