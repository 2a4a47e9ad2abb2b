"""The expected rollups and views, computed only from the facts, by the recomputation of the proof."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from proof.recomputed.crediting import allocations_of
from proof.recomputed.standing import standing_entries, standing_touches
from proof.recomputed.sums import (
    Entry,
    Facts,
    Rows,
    allocation_summary,
    channel_performance,
    daily_revenue_summary,
    derive_entries,
    realtime_revenue,
    reconciliation_status,
    revenue_totals,
)

__all__ = [
    "Entry",
    "Facts",
    "Rows",
    "allocation_summary",
    "channel_performance",
    "daily_revenue_summary",
    "realtime_revenue",
    "reconciliation_status",
    "revenue_totals",
]

OPEN_DAYS = 35


async def read_facts(connection: asyncpg.Connection[asyncpg.Record], tenant: UUID) -> Facts:
    """Read the facts of `tenant`, as a superuser, and compute its credit; no touch may have been forgotten."""
    ledger = standing_entries(
        await connection.fetch("SELECT * FROM revenue_ledger WHERE tenant_id = $1", tenant)
    )
    models = await connection.fetch(
        "SELECT * FROM attribution_models WHERE tenant_id = $1 AND is_active", tenant
    )
    touches = standing_touches(
        await connection.fetch("SELECT * FROM attribution_events WHERE tenant_id = $1", tenant),
        await connection.fetch("SELECT * FROM touch_withdrawals WHERE tenant_id = $1", tenant),
    )
    return Facts(
        entries=derive_entries(ledger),
        models=[row["model_version"] for row in models],
        allocations=allocations_of(ledger, touches, models),
        spend=await connection.fetch("SELECT * FROM spend WHERE tenant_id = $1", tenant),
        runs=await connection.fetch(
            "SELECT * FROM reconciliation_runs WHERE tenant_id = $1", tenant
        ),
    )


# reader → (its columns without the tenant, in the order of the tuples; the column of its day; the recomputation)
READERS = {
    "realtime_revenue": (
        "currency, captured_cents, refunded_cents, disputed_cents, net_cents, orders, last_entry_at",
        None,
        realtime_revenue,
    ),
    "daily_revenue_summary": (
        "revenue_date, currency, state, amount_cents, entries",
        "revenue_date",
        daily_revenue_summary,
    ),
    "channel_performance": (
        "model_version, channel_code, date, currency, credited_conversions, credited_cents, spend_cents, roas",
        "date",
        channel_performance,
    ),
    "allocation_summary": (
        (
            "model_version, date, currency, ledger_cents, awaiting_capture_cents, allocated_cents,"
            " drift_cents, is_balanced"
        ),
        "date",
        allocation_summary,
    ),
    "reconciliation_status": (
        "platform, currency, state, claimed_cents, verified_cents, ghost_cents, discrepancy_bp, ran_at, run_id",
        None,
        reconciliation_status,
    ),
}


def first_open_day(facts: Facts) -> date:
    """Return the first of the 35 days up to the newest one with money, credit or spend."""
    days = [entry.day for entry in facts.entries]
    days += [row["entry_date"] for row in facts.allocations if row["model_version"] in facts.models]
    days += [row["spend_date"] for row in facts.spend if facts.models]
    return max(days) - timedelta(days=OPEN_DAYS - 1)


def rows_by_day(rows: Rows, columns: str, day_column: str) -> dict[date, Rows]:
    """Sort rows by the day in `day_column` of `columns`."""
    place = columns.split(", ").index(day_column)
    days: dict[date, Rows] = defaultdict(set)
    for row in rows:
        days[row[place]].add(row)  # type: ignore[index]  # the column holds a date
    return days
