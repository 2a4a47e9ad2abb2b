"""What one process reads from a delivery is sent to another."""

from __future__ import annotations

import gc
import pickle
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest.deliveries import Delivery
from skeldir.ingest.receive import prepare_touches
from skeldir.tenants import load_profile


async def test_ten_thousand_rejections_are_sent_between_processes_as_a_few_texts(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        profile = await load_profile(connection, tenant)
    prepared = prepare_touches(profile, [Delivery([None] * 10_000, "test")])
    sent = pickle.dumps(prepared)
    gc.collect()
    gc.disable()
    try:
        before = gc.get_count()[0]
        received = pickle.loads(sent)  # noqa: S301 - our own
        made = gc.get_count()[0] - before
    finally:
        gc.enable()
    assert made < 100
    assert len(received.delivered[0].rejected) == 10_000
    assert list(received.delivered[0].rejected)[-1].index == 9_999
