"""Comparisons as they are stored: the list, one with its sums, and its lines."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

import orjson

from skeldir.reconcile.comparing import basis_points
from skeldir.reconcile.refusals import ReconciliationUnknown
from skeldir.reconcile.schemas import (
    WORDS,
    LineReport,
    Overlap,
    PlatformReport,
    Reconciliation,
    ReconciliationReport,
)
from skeldir.reconcile.store import queries

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.db import Connection
    from skeldir.reconcile.store import (
        FindReconciliationRow,
        SelectReconciliationsRow,
        SumStoredLinesRow,
    )

LinePlace: TypeAlias = tuple[str, str, str, date, str]
"""Platform, account, campaign, day and currency of a line."""
START: Final[LinePlace] = ("", "", "", date.min, "")


async def list_reconciliations(
    connection: Connection,
    tenant_id: UUID,
    *,
    before: tuple[datetime, UUID] | None = None,
    most: int = 50,
) -> list[Reconciliation]:
    """Return comparisons of the transaction's tenant, the newest first, from `before` on."""
    moment, before_id = before or (None, None)
    rows = await queries.select_reconciliations(
        connection, tenant_id=tenant_id, before_at=moment, before_id=before_id, most=most
    )
    return [_report(row) for row in rows]


async def read_reconciliation(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID
) -> ReconciliationReport:
    """Return a comparison with its sums and overlaps.

    Raises:
        ReconciliationUnknown: the transaction's tenant has none with this id.
    """
    row = await _find(connection, tenant_id, reconciliation_id)
    sums = await queries.sum_stored_lines(connection, tenant_id=tenant_id, id=reconciliation_id)
    overlaps = await queries.select_overlaps(connection, tenant_id=tenant_id, id=reconciliation_id)
    return ReconciliationReport(
        _report(row),
        [_report_sum(one) for one in sums],
        [Overlap(**one) for one in overlaps],
        list(WORDS),
    )


async def list_lines(
    connection: Connection,
    tenant_id: UUID,
    reconciliation_id: UUID,
    *,
    after: LinePlace = START,
    most: int = 1_000,
) -> list[LineReport]:
    """Return lines of a comparison in order, those after a place.

    Raises:
        ReconciliationUnknown: the transaction's tenant has none with this id.
    """
    await _find(connection, tenant_id, reconciliation_id)
    rows = await queries.select_lines(
        connection,
        tenant_id=tenant_id,
        id=reconciliation_id,
        after_platform=after[0],
        after_account=after[1],
        after_campaign=after[2],
        after_day=after[3],
        after_currency=after[4],
        most=most,
    )
    return [LineReport(**row) for row in rows]


async def _find(
    connection: Connection, tenant_id: UUID, reconciliation_id: UUID
) -> FindReconciliationRow:
    row = await queries.find_reconciliation(connection, tenant_id=tenant_id, id=reconciliation_id)
    if row is None:
        raise ReconciliationUnknown(
            "The tenant has no comparison with this id.",
            cure="`skeldir reconcile list` and GET /v1/reconciliations show them.",
        )
    return row


def _report(row: FindReconciliationRow | SelectReconciliationsRow) -> Reconciliation:
    return Reconciliation(**{**row, "unplaced": orjson.loads(row["unplaced"])})


def _report_sum(row: SumStoredLinesRow) -> PlatformReport:
    claimed, verified = int(row["claimed_cents"]), int(row["verified_cents"])
    ghost, missed = int(row["ghost_cents"]), int(row["missed_cents"])
    is_known = row["lines"] > 0
    known_state = "differs" if ghost or missed else "matched"
    return PlatformReport(
        row["platform"],
        row["currency"],
        known_state if is_known else "unknown",  # type: ignore[arg-type]
        row["lines"],
        claimed if is_known else None,
        verified,
        int(row["reversed_cents"]),
        ghost if is_known else None,
        missed if is_known else None,
        basis_points(claimed, verified) if is_known else None,
        int(row["timing_cents"]),
        row["unknown_lines"],
        int(row["unknown_verified_cents"]),
        row["settings"],
    )
