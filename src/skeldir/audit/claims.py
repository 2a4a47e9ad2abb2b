"""Compares the sums of compared claims with their lines, and the view with the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.audit.differences import CheckResult, compare
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.audit.store import SelectRunSumsRow, SelectShownRunsRow
    from skeldir.db import Connection

_SUMS: Final = ("claimed_cents", "verified_cents", "ghost_cents")


async def check_reconciliations(connection: Connection, tenant_id: UUID) -> CheckResult:
    """Compare the stored sums of the transaction's tenant with their lines, and what the view shows with the sums."""
    result = CheckResult("reconciliations")
    runs = await queries.select_run_sums(connection, tenant_id=tenant_id)
    lines = await queries.select_line_sums(connection, tenant_id=tenant_id)
    compare(
        result,
        {
            (str(r["reconciliation_id"]), r["platform"], r["currency"]): (
                r["claimed_cents"],
                r["verified_cents"],
                r["ghost_cents"],
            )
            for r in runs
            if r["reconciliation_id"] is not None
        },
        {
            (str(r["reconciliation_id"]), r["platform"], r["currency"]): (
                int(r["claimed_cents"]),
                int(r["verified_cents"]),
                int(r["ghost_cents"]),
            )
            for r in lines
        },
        _SUMS,
    )
    shown = await queries.select_shown_runs(connection, tenant_id=tenant_id)
    ids = {r["run_id"] for r in shown}
    compare(
        result,
        {_key_of(r, r["run_id"]): _sums_of(r) for r in shown},
        {_key_of(r, r["id"]): _sums_of(r) for r in runs if r["id"] in ids},
        _SUMS,
    )
    return result


def _key_of(row: SelectShownRunsRow | SelectRunSumsRow, run_id: UUID | None) -> tuple[object, ...]:
    return f"run {run_id} in the view", row["platform"], row["currency"]


def _sums_of(row: SelectShownRunsRow | SelectRunSumsRow) -> tuple[int | None, ...]:
    return row["claimed_cents"], row["verified_cents"], row["ghost_cents"]
