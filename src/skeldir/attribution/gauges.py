"""How far credit is behind the facts, read from the database when the metrics are scraped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.attribution.store import queries
from skeldir.observability import CREDIT_BACKLOG, CREDIT_LAG, ORDERS_SET_ASIDE, SET_ASIDE_REASONS

if TYPE_CHECKING:
    from skeldir.db import Database


async def sample_credit(database: Database) -> None:
    """Set CREDIT_LAG in seconds, CREDIT_BACKLOG in marks and ORDERS_SET_ASIDE in orders, over all tenants.

    Raises:
        DatabaseUnreachable: the gauges keep their values.
    """
    async with database.statement() as connection:
        # The lag, which alerts, is known even while a count is not.
        CREDIT_LAG.set(max(0.0, await queries.credit_lag(connection) or 0.0))
        CREDIT_BACKLOG.set(await queries.credit_backlog(connection))
        aside = {r["reason"]: r["orders"] for r in await queries.set_aside_counts(connection)}
    for reason in SET_ASIDE_REASONS:
        ORDERS_SET_ASIDE.labels(reason).set(aside.get(reason, 0))
