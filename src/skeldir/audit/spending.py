"""Compares what ads cost by the latest revisions of campaign days with what these added to spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.audit.differences import CheckResult, compare
from skeldir.audit.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

_COST: Final = ("spend_cents",)


async def check_ad_spend(connection: Connection, tenant_id: UUID) -> CheckResult:
    """Compare the spend of the transaction's tenant, as far as it comes from ad platforms, by day and channel."""
    result = CheckResult("ad_spend")
    spent = await queries.select_ad_spend(connection, tenant_id=tenant_id)
    costs = await queries.select_ad_costs(connection, tenant_id=tenant_id)
    compare(
        result,
        {
            (r["spend_date"], r["channel_code"], r["currency"]): (int(r["spend_cents"]),)
            for r in spent
        },
        {(r["day"], r["channel_code"], r["currency"]): (int(r["cost_cents"]),) for r in costs},
        _COST,
    )
    return result
