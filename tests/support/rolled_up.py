"""The rollups of a tenant as they are, and as they must be by a computation from all facts."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

import asyncpg

from tests.support.recompute import (
    Facts,
    Rows,
    allocation_summary,
    channel_performance,
    daily_revenue_summary,
    read_facts,
    revenue_totals,
)

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def read_rollups(superuser: Superuser, tenant: UUID) -> dict[str, Rows]:
    """Return the rollups in the form of the recomputation, with orders and last entries."""
    questions = {
        "revenue": "SELECT revenue_date, currency, state, amount_cents, entries FROM rollup_revenue_day",
        "orders": "SELECT revenue_date, currency, sum(orders), max(last_entry_at) FROM rollup_revenue_day",
        "total": "SELECT currency, state, amount_cents, entries, orders,"
        " max(last_entry_at) OVER (PARTITION BY currency) FROM rollup_revenue_total",
        "channel": "SELECT model_version, channel_code, revenue_date, currency, conversion_ppt, credited_cents,"
        " spend_cents FROM rollup_channel_day",
        "allocation": "SELECT model_version, revenue_date, currency, ledger_cents, awaiting_capture_cents,"
        " allocated_cents FROM rollup_allocation_day",
    }
    ends = {
        "orders": " GROUP BY 1, 2",
        "total": " AND entries <> 0",
        "channel": " AND basis = 'entry'",
    }
    return {
        name: {
            tuple(row)
            for row in await superuser.fetch(
                f"{question} WHERE tenant_id = $1{ends.get(name, '')}", tenant
            )
        }
        for name, question in questions.items()
    }


def expected_rollups(facts: Facts) -> dict[str, Rows]:
    days = {(entry.day, entry.currency) for entry in facts.entries}
    return {
        "revenue": daily_revenue_summary(facts),
        "orders": {
            (
                day,
                currency,
                sum(e.opens_order for e in facts.entries if (e.day, e.currency) == (day, currency)),
                max(e.occurred_at for e in facts.entries if (e.day, e.currency) == (day, currency)),
            )
            for day, currency in days
        },
        "total": revenue_totals(facts),
        "channel": {(*row[:4], row[4] * 10**12, *row[5:7]) for row in channel_performance(facts)},  # type: ignore[operator]  # the fifth is a Decimal
        "allocation": {row[:6] for row in allocation_summary(facts)},
    }


async def assert_rolled_up(superuser: Superuser, tenant: UUID) -> None:
    facts = await read_facts(superuser, tenant)
    shown, expected = await read_rollups(superuser, tenant), expected_rollups(facts)
    for name in expected:
        assert shown[name] == expected[name], name
