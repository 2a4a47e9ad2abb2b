"""Channels that a tenant adds to the common taxonomy."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.ingest import add_channels, list_channels
from tests.support.credit import credit_until_complete, sum_by_channel
from tests.support.make import (
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)


async def test_a_tenants_own_channel_is_its_own(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    touch = make_touch(channel="town_crier")
    assert [fault.code for fault in (await send_touches(db, tenant, touch)).rejected] == [
        "channel_unknown"
    ]
    async with db.tenant(tenant) as connection:
        await add_channels(connection, tenant, {"town_crier": " Town crier "})
        await add_channels(connection, tenant, {"town_crier": "Another label"})
        assert await list_channels(connection, tenant) == {"town_crier": "Town crier"}
    assert (await send_touches(db, tenant, touch)).accepted == 1
    assert (await send_touches(db, other_tenant, touch)).accepted == 0
    await send_conversions(db, tenant, make_conversion())
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"town_crier": 10_000}


async def test_a_tenants_own_channel_needs_a_new_code_and_a_label(
    db: Database, tenant: UUID
) -> None:
    wrong = {"email": "Mail", "unattributed": "X", "Big": "X", "a b": "X", "crier": " ", "": "X"}
    async with db.tenant(tenant) as connection:
        for code, label in wrong.items():
            with pytest.raises(InputInvalid):
                await add_channels(connection, tenant, {"good": "Good", code: label})
        assert await list_channels(connection, tenant) == {}
