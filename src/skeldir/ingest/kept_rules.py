"""Whether each touch has the channel that its correction, or the rule of the tenant's own that it keeps, gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.ingest.channels import compiled_rules
from skeldir.ingest.own_rules import RulesUnknown, list_rules, load_rules
from skeldir.ingest.restating import (
    Standards,
    derive_again,
    find_moves,
    read_page_to_derive,
    read_standards,
    rule_of_correction,
    was_corrected,
)
from skeldir.ingest.store import queries
from skeldir.revenue import Span

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.ingest.store import SelectTouchesToDeriveRow

_AT_ONCE: Final = 10_000
_NIL: Final = UUID(int=0)
_MOST_LISTED: Final = 100
_OWN: Final = "own."


@dataclass(slots=True)
class KeptRules:
    """How many standing touches keep a rule of the tenant's own or a correction, and how many not the channel it gives.

    `faults` lists the first of these, with the reason. `left` touches would get another channel by the rules in force.
    """

    compared: int = 0
    wrong: int = 0
    faults: list[tuple[UUID, str]] = field(default_factory=list)
    left: int = 0

    def add_fault(self, touch_id: UUID, fault: str) -> None:
        """Count a touch that has not the channel that it must have."""
        self.wrong += 1
        if len(self.faults) < _MOST_LISTED:
            self.faults.append((touch_id, fault))


async def compare_kept_rules(
    connection: Connection, tenant_id: UUID, *, most: int = _AT_ONCE
) -> KeptRules:
    """Derive the touches of the transaction's tenant again by the versions that they keep; `most` are read at once.

    Those that somebody corrected are compared with their correction in force. A tenant that never stored rules or
    corrected a touch has nothing to compare. A touch may follow the tenant's hosts of now or none, since they may have
    been added after it.
    """
    found = KeptRules()
    await _compare_corrections(connection, tenant_id, found, most)
    if not (found.compared or await list_rules(connection, tenant_id, most=1)):
        return found
    now = await read_standards(connection, tenant_id)
    versions: dict[str, Standards | None] = {}
    span = Span(_NIL, await queries.select_last_touch(connection, tenant_id=tenant_id), most)
    while page := await read_page_to_derive(connection, tenant_id, span):
        found.left += len(find_moves(page, now))
        for row in page:
            if row["is_standing"] and was_corrected(row) and not row["is_corrected"]:
                found.add_fault(row["id"], f"{row['channel_rule']} is not in force")
            if row["is_standing"] and row["channel_rule"].startswith(_OWN):
                number = row["channel_rule"].rpartition("@")[2]
                if number not in versions:
                    versions[number] = await _read_version(connection, tenant_id, now, number)
                _compare(found, row, versions[number])
        span = Span(page[-1]["id"], span.until, most)
    return found


async def _read_version(
    connection: Connection, tenant_id: UUID, now: Standards, number: str
) -> Standards | None:
    """Return the standards with a version's rules; None if there is no such version."""
    try:
        stored = await load_rules(connection, tenant_id, int(number))
    except (RulesUnknown, ValueError):
        return None
    return replace(now, rules=compiled_rules(stored.about.version, stored.document))


def _compare(found: KeptRules, row: SelectTouchesToDeriveRow, by: Standards | None) -> None:
    found.compared += 1
    kept = row["channel_code"], row["channel_rule"]
    if by is None:
        fault = f"there is no version of rules for {row['channel_rule']}"
    else:
        choices = [derive_again(row, by), derive_again(row, replace(by, own_hosts=frozenset()))]
        if kept in [(choice.code, choice.rule) for choice in choices]:
            return
        fault = f"{kept[1]} does not give it {kept[0]}: {choices[0].rule} gives {choices[0].code}"
    found.add_fault(row["id"], fault)


async def _compare_corrections(
    connection: Connection, tenant_id: UUID, found: KeptRules, most: int
) -> None:
    after = _NIL
    while page := await queries.select_corrected_touches(
        connection, tenant_id=tenant_id, after=after, most=most
    ):
        for row in page:
            # One that was taken back has nothing to compare; it may come again.
            if row["touch_id"] is None:
                continue
            found.compared += 1
            rule = rule_of_correction(row["id"], None)
            kept = row["touch_channel"], (row["touch_rule"] or "").partition(":")[0]
            if kept != (row["channel_code"], rule):
                gives = f"{rule} gives it {row['channel_code']}"
                found.add_fault(row["touch_id"], f"{kept[1]} gave it {kept[0]}: {gives}")
        after = page[-1]["id"]
