"""The time zone of a tenant in tests."""

from __future__ import annotations

from uuid import UUID

from skeldir.attribution import set_time_zone
from skeldir.days import read_rules
from skeldir.db.pool import Database


async def set_zone(db: Database, tenant: UUID, name: str) -> bool:
    """Have the tenant report by the days of this zone; return whether it did not already."""
    async with db.tenant(tenant) as connection:
        return await set_time_zone(connection, tenant, read_rules(name), changed_by="test")
