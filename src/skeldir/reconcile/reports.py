"""Pages of comparisons, and of the lines of one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.http import KeyMoment, Keyset, KeyText, PageQuery
from skeldir.reconcile.reading import START, list_lines, list_reconciliations
from skeldir.reconcile.schemas import LinesPage, ReconciliationsPage

if TYPE_CHECKING:
    from skeldir.db import Connection

_NEWEST_FIRST: Final = Keyset("reconciliations@1", tuple[KeyMoment, UUID])
_BY_KEY: Final = Keyset("reconciliation-lines@1", tuple[KeyText, KeyText, KeyText, date, KeyText])


async def page_reconciliations(
    connection: Connection, tenant_id: UUID, query: PageQuery
) -> ReconciliationsPage:
    """Return a page of the comparisons of the transaction's tenant, the newest first.

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    found = await list_reconciliations(
        connection, tenant_id, before=_NEWEST_FIRST.after(query), most=query.limit + 1
    )
    return ReconciliationsPage(
        *_NEWEST_FIRST.cut(query, found, lambda one: (one.requested_at, one.id))
    )


async def page_lines(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID, query: PageQuery
) -> LinesPage:
    """Return a page of a comparison's lines.

    Raises:
        ReconciliationUnknown: the transaction's tenant has none with this id.
        CursorInvalid: the cursor belongs to another query.
    """
    scope = [str(reconciliation_id)]
    lines = await list_lines(
        connection,
        tenant_id,
        reconciliation_id,
        after=_BY_KEY.after(query, of=scope) or START,
        most=query.limit + 1,
    )
    shown = _BY_KEY.cut(
        query,
        lines,
        lambda line: (line.platform, line.account, line.campaign, line.day, line.currency),
        of=scope,
    )
    return LinesPage(*shown)
