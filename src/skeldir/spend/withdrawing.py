"""Taking a load back: its days go back to what they were without it. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.spend.days import FIGURES, AdDay, AdKey
from skeldir.spend.recording import Load, Recorded, common_of, figures_of, record_days, take_locks
from skeldir.spend.refusals import LoadUnknown
from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class _Said:
    """What one load made of a key; `withdrawn` is the load that it took back, None for a file or the API."""

    load_id: UUID
    withdrawn: UUID | None
    day: AdDay


async def withdraw_load(
    connection: Connection, tenant_id: UUID, load_id: UUID, *, recorded_by: str
) -> Recorded:
    """Put the days of a load back to what they were before it, or to unknown.

    Days that a later load restated, which was not withdrawn, stay, and are counted as `covered`. A withdrawal is
    a load, too: to withdraw it brings back what it took.

    Raises:
        LoadUnknown: the transaction's tenant has no such load.
    """
    await take_locks(connection, tenant_id)
    source = await queries.find_load(connection, tenant_id=tenant_id, load_id=load_id)
    if source is None:
        raise LoadUnknown(
            "The tenant has no load with this id.", cure="`skeldir spend list TENANT` shows them."
        )
    histories = groupby(await _read_said(connection, tenant_id, load_id), lambda one: one.day.key)
    days, covered = [], 0
    for _, history in histories:
        before, is_covered = _without(list(history), load_id)
        covered += is_covered
        if before is not None:
            days.append(before)
    load = Load(
        "withdrawal", f"load {load_id}: {source}"[:300], load_id.hex * 2, recorded_by, len(days)
    )
    return replace(await record_days(connection, tenant_id, load, days), covered=covered)


async def _read_said(connection: Connection, tenant_id: UUID, load_id: UUID) -> list[_Said]:
    found = []
    for row in await queries.select_days_of_load(connection, tenant_id=tenant_id, load_id=load_id):
        key = AdKey(row["platform"], row["account"], row["campaign"], row["day"], row["currency"])
        figures = dict(zip(FIGURES, figures_of(row), strict=True))
        day = AdDay(
            key,
            row["campaign_name"],
            figures,
            row["channel_code"],
            row["channel_rule"],
            common_of(row["common_channel"], row["common_rule"]),
        )
        # The digest of a withdrawal is the id of what it took back, twice.
        withdrawn = UUID(row["digest"][:32]) if row["kind"] == "withdrawal" else None
        found.append(_Said(row["load_id"], withdrawn, day))
    return found


def _without(history: Sequence[_Said], load_id: UUID) -> tuple[AdDay | None, bool]:
    """Return the day as it is without a load, None if it stays; and whether later loads stand on that of the load."""
    standing: list[_Said] = []
    taken: dict[UUID, _Said] = {}
    for said in history:
        if said.withdrawn in taken:
            standing.append(taken.pop(said.withdrawn))
        elif standing and standing[-1].load_id == said.withdrawn:
            taken[said.load_id] = standing.pop()
        else:
            standing.append(said)
    if load_id in taken and history[-1].load_id == load_id:
        return taken[load_id].day, False
    if not standing or standing[-1].load_id != load_id:
        return None, any(said.load_id == load_id for said in standing)
    if len(standing) > 1:
        return standing[-2].day, False
    last = standing[-1].day
    return replace(last, figures=dict.fromkeys(FIGURES)), False
