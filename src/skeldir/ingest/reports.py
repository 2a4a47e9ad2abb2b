"""A tenant's own dead events, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from skeldir.http import Keyset
from skeldir.ingest.schemas import DeadEventReport, DeadEventsPage, DeadEventsQuery
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_NEWEST_FIRST = Keyset("dead-events@1", tuple[UUID])


async def page_dead_events(
    connection: Connection, tenant_id: UUID, query: DeadEventsQuery
) -> DeadEventsPage:
    """Return a page of the dead events of the transaction's tenant, newest first.

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    before = _NEWEST_FIRST.after(query)
    rows = await queries.select_dead_events_page(
        connection,
        tenant_id=tenant_id,
        before_id=None if before is None else before[0],
        item_kind=query.item_kind,
        code=query.code,
        first_moment=query.from_,
        end_moment=query.to,
        most=query.limit + 1,
    )
    reports = [
        DeadEventReport(
            id=row["id"],
            recorded_at=row["recorded_at"],
            item_kind=row["item_kind"],
            origin=row["origin"],
            code=row["code"],
            detail=row["detail"],
            cure=row["cure"],
            item=_without_journey(row["item"]),
        )
        for row in rows
    ]
    return DeadEventsPage(*_NEWEST_FIRST.cut(query, reports, lambda report: (report.id,)))


def _without_journey(item: str) -> dict[str, Any]:
    fields: dict[str, Any] = orjson.loads(item)
    if fields.get("journey_key"):
        fields["journey_key"] = "[hidden]"
    return fields
