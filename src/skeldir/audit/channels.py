"""Compares the channels of touches with what the kept rules of the tenant's own give."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.audit.differences import CheckResult, Difference
from skeldir.ingest import compare_kept_rules

if TYPE_CHECKING:
    from skeldir.db import Connection


async def check_channel_rules(connection: Connection, tenant_id: UUID) -> CheckResult:
    """Compare the touches of the transaction's tenant with the rule of its own, or the correction, that they keep."""
    kept = await compare_kept_rules(connection, tenant_id)
    result = CheckResult("channel_rules", kept.compared)
    for touch_id, fault in kept.faults:
        result.add(Difference(f"touch {touch_id}", fault=fault))
    result.count = kept.wrong
    if kept.left:
        result.note = (
            f"{kept.left:,} touches would get another channel by what is in force now: `skeldir channels restate` or "
            "`skeldir rules apply` would move them"
        )
    return result
