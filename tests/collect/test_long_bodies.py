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


async def test_a_short_packed_body_with_many_messages_is_read_by_another_process(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_heavy(PACKED)
    ran: list[UUID] = []
    run = Offload.run

    async def note(self: Offload, owner: UUID, job: Callable[[], object]) -> object:
        ran.append(owner)
        return await run(self, owner, job)

    monkeypatch.setattr(Offload, "run", note)
    key = await bearer(db, tenant, "ingest")
    async with asking(clone.app_url) as (_, client):
        for events, jobs in ((PACKED, 1), (gzip.compress(orjson.dumps([EVENT])), 1)):
            sent = await client.post("/batch/", content=events, headers=key)
            assert (sent.status_code, len(ran)) == (200, jobs)
