"""The tags of touches that no rule knows: their channel is `unknown` until the tenant has a rule for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

TOUCHES_LOOKED_AT: Final = 20_000
_MOST_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class UnknownSource:
    """A source and medium that touches name, in small letters, on how many they are, and when the latest happened."""

    source: str | None
    medium: str | None
    touches: int
    last_at: datetime


async def list_unknown_sources(
    connection: Connection,
    tenant_id: UUID,
    *,
    latest: int = TOUCHES_LOOKED_AT,
    most: int = _MOST_LISTED,
) -> list[UnknownSource]:
    """Return the sources and media of the tenant's touches that no rule knows, the most frequent first.

    Looks at the `latest` touches that were recorded; memory and time do not grow with all of them.
    """
    after = await queries.find_beginning_of_touches(connection, tenant_id=tenant_id, most=latest)
    rows = await queries.select_unknown_sources(
        connection, tenant_id=tenant_id, after=after, most=most
    )
    return [UnknownSource(**row) for row in rows]
