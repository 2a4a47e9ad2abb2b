"""The sums of credit by tenant, day, model version, channel and currency: changed as credit changes, with a journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from skeldir.db import pack_column, wait_for_lock
from skeldir.jobs import note_waiting
from skeldir.rollups.store import queries
from skeldir.rollups.waiting import rollup_lock

if TYPE_CHECKING:
    from skeldir.db import Connection

Basis = Literal["entry", "renewal"]
"""What a sum is of: all credit by the day of the entry, or the part of it that is credited for renewals."""

CreditKey = tuple[date, str, str, str]
"""Local day, model version, channel, currency."""


async def add_credit(
    connection: Connection,
    tenant_id: UUID,
    turn: int,
    changes: Mapping[CreditKey, tuple[int, int, int]],
    *,
    basis: Basis = "entry",
) -> None:
    """Add changes to the sums of the transaction's tenant, and to the journal under the turn that makes them.

    Their days are marked for comparison with the ledger. A change is signed, in conversions of 10^-12, minor units and
    number of allocations. A sum without allocations is deleted; that of a refunded order keeps its allocations.

    Raises:
        asyncpg.NumericValueOutOfRangeError: a sum does not fit in a bigint.
    """
    rows = sorted(changes.items())
    columns: dict[str, list[date] | list[str] | list[int]] = {
        "days": [day for (day, _, _, _), _ in rows],
        "model_versions": [version for (_, version, _, _), _ in rows],
        "channel_codes": [channel for (_, _, channel, _), _ in rows],
        "currencies": [currency for (_, _, _, currency), _ in rows],
        "ppts": [ppt for _, (ppt, _, _) in rows],
        "cents": [cents for _, (_, cents, _) in rows],
        "counts": [count for _, (_, _, count) in rows],
    }
    texts = {name: pack_column(map(str, values)) for name, values in columns.items()}
    await queries.add_credit(connection, tenant_id=tenant_id, turn=turn, basis=basis, **texts)
    fewer = sorted({day for (day, _, _, _), (_, _, count) in rows if count < 0})
    if fewer:
        await queries.delete_empty_channel_days(
            connection, tenant_id=tenant_id, basis=basis, days=fewer
        )
    await queries.note_credit_change(connection, tenant_id=tenant_id)


async def settle_journal(connection: Connection, tenant_id: UUID, turn: int) -> None:
    """Delete any remaining sums of credit, and bring the journal to zero, after the versions in force were removed.

    Nothing remains, and the journal is zero already, unless the sums or the journal were changed outside the program.
    """
    await queries.delete_channel_days(connection, tenant_id=tenant_id)
    await queries.settle_journal(connection, tenant_id=tenant_id, turn=turn)


async def remove_credit(
    connection: Connection, tenant_id: UUID, turn: int, model_versions: Sequence[str]
) -> None:
    """Remove the sums of versions that are no longer in force, and mark the days of spend to be summed for the others.

    The removal is recorded in the journal. A concurrent roll-up may have read the previous models; this waits for it,
    and later ones wait for this transaction.
    """
    await wait_for_lock(connection, rollup_lock(tenant_id))
    if model_versions:
        await queries.take_off_credit(
            connection, tenant_id=tenant_id, turn=turn, model_versions=list(model_versions)
        )
        await queries.note_rollup_change(connection)
    if await queries.mark_days_of_models(connection, tenant_id=tenant_id):
        await note_waiting(connection, tenant_id, "days")
