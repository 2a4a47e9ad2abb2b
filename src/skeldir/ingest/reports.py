"""A tenant's own dead events, as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from skeldir.http import Keyset, Page
from skeldir.ingest.schemas import DeadEventsQuery
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_NEWEST_FIRST = Keyset("dead-events@1", tuple[UUID])


@dataclass(frozen=True, slots=True)
class DeadEventReport:
    """A refused item with its reason. The journey's hash is hidden."""

    id: UUID
    recorded_at: datetime
    item_kind: str
    origin: str
    code: str
    detail: str
    cure: str
    item: dict[str, Any]


async def page_dead_events(
    connection: Connection, tenant_id: UUID, query: DeadEventsQuery
) -> Page[DeadEventReport]:
    """Return a page of the refused items of the transaction's tenant, the newest first.

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    before = _NEWEST_FIRST.after(query)
    rows = await queries.select_dead_events_page(
        connection,
        tenant_id=tenant_id,
        before_id=before and before[0],
        item_kind=query.item_kind,
        code=query.code,
        first_moment=query.from_,
        end_moment=query.to,
        most=query.limit + 1,
    )
    reports = [DeadEventReport(**{**row, "item": _without_journey(row["item"])}) for row in rows]
    return _NEWEST_FIRST.page(query, reports, lambda report: (report.id,))


def _without_journey(item: str) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(item)
    if fields.get("journey_key"):
        fields["journey_key"] = "[hidden]"
    return fields
