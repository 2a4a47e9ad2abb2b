"""What the rollups and the views must say, worked out from the facts alone, in plain Python and row by row."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import asyncpg

Rows: TypeAlias = set[tuple[object, ...]]

OPEN_DAYS = 35
_STATES = {
    "capture": "captured",
    "refund": "refunded",
    "refund_reversal": "refund_reversed",
    "dispute": "disputed",
    "dispute_reversal": "dispute_reversed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry, with what is derived from the other entries of its order."""

    day: date
    currency: str
    kind: str
    state: str
    amount: int
    occurred_at: datetime
    opens_order: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one tenant, as a superuser reads them."""

    entries: list[Entry]
    models: list[str]
    allocations: list[asyncpg.Record]
    spend: list[asyncpg.Record]
    runs: list[asyncpg.Record]


async def read_facts(connection: asyncpg.Connection[asyncpg.Record], tenant: UUID) -> Facts:
    """Read what was recorded of `tenant`; nothing of it comes from a rollup or a view."""
    ledger = await connection.fetch("SELECT * FROM revenue_ledger WHERE tenant_id = $1", tenant)
    models = await connection.fetch(
        "SELECT model_version FROM attribution_models WHERE tenant_id = $1 AND is_active", tenant
    )
    return Facts(
        entries=_derive(ledger),
        models=[row["model_version"] for row in models],
        allocations=await connection.fetch(
            "SELECT * FROM attribution_allocations WHERE tenant_id = $1", tenant
        ),
        spend=await connection.fetch("SELECT * FROM spend WHERE tenant_id = $1", tenant),
        runs=await connection.fetch(
            "SELECT * FROM reconciliation_runs WHERE tenant_id = $1", tenant
        ),
    )


def _derive(ledger: list[asyncpg.Record]) -> list[Entry]:
    first_captures: dict[str, tuple[datetime, str]] = {}
    for row in ledger:
        if row["kind"] == "capture":
            mine = (row["occurred_at"], row["business_key"])
            first_captures[row["order_id"]] = min(first_captures.get(row["order_id"], mine), mine)
    return [
        Entry(
            day=row["occurred_at"].astimezone(UTC).date(),
            currency=row["currency"],
            kind=row["kind"],
            state=_state(row["kind"], has_capture=row["order_id"] in first_captures),
            amount=row["amount_cents"],
            occurred_at=row["occurred_at"],
            opens_order=first_captures.get(row["order_id"])
            == (row["occurred_at"], row["business_key"]),
        )
        for row in ledger
    ]


def _state(kind: str, *, has_capture: bool) -> str:
    if has_capture:
        return _STATES[kind]
    return "dispute_awaiting_capture" if kind.startswith("dispute") else "awaiting_capture"


def realtime_revenue(facts: Facts) -> Rows:
    """(currency, captured, refunded, disputed, net, orders, last entry)."""
    rows: Rows = set()
    for currency in {entry.currency for entry in facts.entries}:
        mine = [entry for entry in facts.entries if entry.currency == currency]
        by_kind: Counter[str] = Counter()
        for entry in mine:
            by_kind[entry.kind] += entry.amount
        rows.add(
            (
                currency,
                by_kind["capture"],
                by_kind["refund"] + by_kind["refund_reversal"],
                by_kind["dispute"] + by_kind["dispute_reversal"],
                sum(by_kind.values()),
                sum(entry.opens_order for entry in mine),
                max(entry.occurred_at for entry in mine),
            )
        )
    return rows


def daily_revenue_summary(facts: Facts) -> Rows:
    """(revenue_date, currency, state, amount, entries)."""
    amounts: Counter[tuple[object, ...]] = Counter()
    entries: Counter[tuple[object, ...]] = Counter()
    for entry in facts.entries:
        key = (entry.day, entry.currency, entry.state)
        amounts[key] += entry.amount
        entries[key] += 1
    return {(*key, amounts[key], entries[key]) for key in entries}


def channel_performance(facts: Facts) -> Rows:
    """(model_version, channel_code, date, currency, conversions, credited, spend, roas)."""
    parts: Counter[tuple[object, ...]] = Counter()
    credited: Counter[tuple[object, ...]] = Counter()
    spent: Counter[tuple[object, ...]] = Counter()
    keys = set()
    for row in facts.allocations:
        if row["model_version"] in facts.models:
            key = (row["model_version"], row["channel_code"], row["entry_date"], row["currency"])
            keys.add(key)
            parts[key] += row["conversion_ppt"]
            credited[key] += row["allocated_cents"]
    for row in facts.spend:
        for model in facts.models:
            key = (model, row["channel_code"], row["spend_date"], row["currency"])
            keys.add(key)
            spent[key] += row["amount_cents"]
    return {
        (
            *key,
            Decimal(parts[key]) / 10**12,
            credited[key],
            spent[key],
            _roas(credited[key], spent[key]),
        )
        for key in keys
    }


def _roas(credited: int, spent: int) -> Decimal | None:
    if spent == 0:
        return None
    # PostgreSQL rounds halves away from zero; twice the numerator keeps it exact.
    scaled, rest = divmod(abs(credited) * 10**6, abs(spent))
    scaled += 2 * rest >= abs(spent)
    return Decimal(scaled if (credited < 0) == (spent < 0) else -scaled) / 10**6


def allocation_summary(facts: Facts) -> Rows:
    """(model_version, date, currency, ledger, awaiting capture, allocated, drift, is_balanced)."""
    ledger: Counter[tuple[object, ...]] = Counter()
    awaiting: Counter[tuple[object, ...]] = Counter()
    allocated: Counter[tuple[object, ...]] = Counter()
    keys = set()
    for entry in facts.entries:
        for model in facts.models:
            key = (model, entry.day, entry.currency)
            keys.add(key)
            ledger[key] += entry.amount
            awaiting[key] += entry.amount if entry.state.endswith("awaiting_capture") else 0
    for row in facts.allocations:
        if row["model_version"] in facts.models:
            key = (row["model_version"], row["entry_date"], row["currency"])
            keys.add(key)
            allocated[key] += row["allocated_cents"]
    return {
        (*key, ledger[key], awaiting[key], allocated[key], drift, drift == 0)
        for key in keys
        for drift in [ledger[key] - awaiting[key] - allocated[key]]
    }


def reconciliation_status(facts: Facts) -> Rows:
    """(platform, currency, state, claimed, verified, ghost, discrepancy in basis points, ran_at, run_id)."""
    latest: dict[str, asyncpg.Record] = {}
    for row in sorted(facts.runs, key=lambda run: (run["ran_at"], run["id"].int)):
        latest[row["platform"]] = row
    return {
        (
            row["platform"],
            row["currency"],
            row["state"],
            row["claimed_cents"],
            row["verified_cents"],
            row["ghost_cents"],
            _basis_points(row["claimed_cents"], row["verified_cents"]),
            row["ran_at"],
            row["id"],
        )
        for row in latest.values()
    }


def _basis_points(claimed: int, verified: int) -> Decimal | None:
    if verified == 0:
        return None
    scaled, rest = divmod(abs(claimed - verified) * 10**6, verified)
    scaled += 2 * rest >= verified
    return Decimal(scaled if claimed >= verified else -scaled) / 100


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
    """Sort rows by the day that stands in `day_column` of `columns`."""
    place = columns.split(", ").index(day_column)
    days: dict[date, Rows] = defaultdict(set)
    for row in rows:
        days[row[place]].add(row)  # type: ignore[index]  # the column holds a date
    return days
