"""An import shares the lock that shows credit runs which facts are not committed yet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.rollups import ingest_lock
from tests.ingest.files.test_importer import count, row, take, write
from tests.support.waiting import until_waiting_for_a_lock


@pytest.mark.parametrize("is_sold", [False, True])
async def test_facts_of_a_file_wait_for_an_exclusive_holder_of_the_ingest_lock(
    db: Database, tenant: UUID, tmp_path: Path, *, is_sold: bool
) -> None:
    path = write(tmp_path / "facts.csv", [row(0 if is_sold else 1)])
    async with db.tenant(tenant, locked=ingest_lock(tenant)):
        importing = asyncio.create_task(take(db, tenant, path))
        await until_waiting_for_a_lock(db)
        assert not importing.done()
        assert await count(db, tenant, "attribution_events") == 0
    await importing
    assert await count(db, tenant, "attribution_events") == 1
    assert await count(db, tenant, "revenue_ledger") == is_sold
