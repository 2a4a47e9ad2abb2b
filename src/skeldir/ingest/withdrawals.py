"""Finds the touches that an undoing takes back, or that a redoing puts back, piece by piece of all touches.

No index leads to the touches of a delivery, since it would cost every touch; so all are looked at, many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue import Span

# A tenth of a second or two, far from the limit of a statement's time on any machine.
TOUCHES_LOOKED_AT: Final = 100_000


@dataclass(frozen=True, slots=True)
class TouchPage:
    """The ids of the touches that were found, the journey and moment of each, and the last id that was looked at.

    It is None if nothing was left to look at.
    """

    ids: list[UUID]
    keyed: list[tuple[bytes, datetime]]
    last_id: UUID | None

    @classmethod
    def of(
        cls, found: Sequence[tuple[UUID, bytes | None, datetime]], most: int, until: UUID
    ) -> TouchPage:
        """Make one of at most `most` touches that were found up to `until`, in order of id."""
        return cls(
            [touch_id for touch_id, _, _ in found],
            [(key, moment) for _, key, moment in found if key is not None],
            found[-1][0] if len(found) == most else until,
        )


NOTHING_LEFT: Final = TouchPage([], [], None)


async def find_touches_to_withdraw(
    connection: Connection, tenant_id: UUID, span: Span, *, deliveries: Sequence[UUID]
) -> TouchPage:
    """Return the next standing touches of the span that came with one of `deliveries`."""
    if span.after >= span.until:
        return NOTHING_LEFT
    until = await _find_end(connection, tenant_id, span)
    rows = await queries.select_touches_to_withdraw(
        connection,
        tenant_id=tenant_id,
        deliveries=deliveries,
        after=span.after,
        until=until,
        most=span.most,
    )
    found = [(row["id"], row["journey_key"], row["occurred_at"]) for row in rows]
    return TouchPage.of(found, span.most, until)


async def find_touches_to_restore(
    connection: Connection, tenant_id: UUID, span: Span, *, undoing_id: UUID
) -> TouchPage:
    """Return the next touches of the span that an undoing withdrew."""
    if span.after >= span.until:
        return NOTHING_LEFT
    until = await _find_end(connection, tenant_id, span)
    rows = await queries.select_touches_to_restore(
        connection,
        tenant_id=tenant_id,
        undoing_id=undoing_id,
        after=span.after,
        until=until,
        most=span.most,
    )
    found = [(row["id"], row["journey_key"], row["occurred_at"]) for row in rows]
    return TouchPage.of(found, span.most, until)


async def _find_end(connection: Connection, tenant_id: UUID, span: Span) -> UUID:
    return await queries.find_end_of_touches(
        connection,
        tenant_id=tenant_id,
        after=span.after,
        until=span.until,
        most=TOUCHES_LOOKED_AT,
    )
