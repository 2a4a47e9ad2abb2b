"""What the rollups and the views must say, worked out from the facts of one tenant, in plain Python and row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

from proof.stage.tables import print_table

Rows: TypeAlias = set[tuple[Any, ...]]

_STATES = {
    "capture": "captured",
    "refund": "refunded",
    "refund_reversal": "refund_reversed",
    "dispute": "disputed",
    "dispute_reversal": "dispute_reversed",
}


class Row(Protocol):
    """A row of a table, whichever driver read it."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry, with what is derived from the other entries of its order. `amount` is in minor units."""

    day: date
    currency: str
    kind: str
    state: str
    amount: int
    occurred_at: datetime
    opens_order: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one tenant, and the credit that follows from them; nothing comes from a rollup or a view.

    `models` are the active versions, `allocations` what they give, as `crediting.allocations_of` works it out.
    """

    entries: Sequence[Entry]
    models: Sequence[str]
    allocations: Sequence[Row]
    spend: Sequence[Row]
    runs: Sequence[Row]


def derive_entries(ledger: Sequence[Row], zone: tzinfo = UTC) -> list[Entry]:
    """Return the entries of the rows of `revenue_ledger` of one tenant, by the days of its zone.

    The first capture of an order, by (occurred_at, business_key), opens it; an entry of an order without one awaits it.
    """
    first_captures: dict[str, tuple[datetime, str]] = {}
    for row in ledger:
        if row["kind"] == "capture":
            mine = (row["occurred_at"], row["business_key"])
            first_captures[row["order_id"]] = min(first_captures.get(row["order_id"], mine), mine)
    return [
        Entry(
            day=row["occurred_at"].astimezone(zone).date(),
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


def revenue_days(facts: Facts) -> Rows:
    """(revenue_date, currency, state, amount, entries, orders, last entry)."""
    return {
        (*key, amount, count, sum(e.opens_order for e in mine), max(e.occurred_at for e in mine))
        for *key, amount, count in daily_revenue_summary(facts)
        for mine in [[e for e in facts.entries if [e.day, e.currency, e.state] == key]]
    }


def revenue_totals(facts: Facts) -> Rows:
    """(currency, state, amount, entries, orders, last entry of the currency)."""
    rows: Rows = set()
    for currency, state in {(entry.currency, entry.state) for entry in facts.entries}:
        of_currency = [entry for entry in facts.entries if entry.currency == currency]
        mine = [entry for entry in of_currency if entry.state == state]
        rows.add(
            (
                currency,
                state,
                sum(entry.amount for entry in mine),
                len(mine),
                sum(entry.opens_order for entry in mine),
                max(entry.occurred_at for entry in of_currency),
            )
        )
    return rows


def channel_performance(facts: Facts) -> Rows:
    """(model_version, channel_code, date, currency, conversions, credited, spend, roas)."""
    return {
        (*key, _scaled(parts, 12), credited, spent, _roas(credited, spent))
        for *key, parts, credited, spent in channel_days(facts)
    }


def channel_days(facts: Facts) -> Rows:
    """(model_version, channel_code, date, currency, conversions in 10⁻¹², credited, spend)."""
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
    return {(*key, parts[key], credited[key], spent[key]) for key in keys}


def credit_days(facts: Facts) -> Rows:
    """(model_version, channel_code, date, currency, conversions in 10⁻¹², credited, allocations)."""
    sums: dict[tuple[object, ...], tuple[int, int, int]] = {}
    for row in facts.allocations:
        if row["model_version"] in facts.models:
            key = (row["model_version"], row["channel_code"], row["entry_date"], row["currency"])
            parts, cents, count = sums.get(key, (0, 0, 0))
            sums[key] = (parts + row["conversion_ppt"], cents + row["allocated_cents"], count + 1)
    return {(*key, *values) for key, values in sums.items()}


def _scaled(number: int, places: int) -> Decimal:
    """Return number · 10⁻ᵖˡᵃᶜᵉˢ, written with that many places."""
    return Decimal(number).scaleb(-places)


def _roas(credited: Any, spent: Any) -> Decimal | None:
    if spent == 0:
        return None
    # PostgreSQL rounds halves away from zero; twice the rest keeps it exact.
    scaled, rest = divmod(abs(credited) * 10**6, abs(spent))
    scaled += 2 * rest >= abs(spent)
    return _scaled(scaled if (credited < 0) == (spent < 0) else -scaled, 6)


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
    latest: dict[str, Row] = {}
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
    return _scaled(scaled if claimed >= verified else -scaled, 2)


Recomputation: TypeAlias = Callable[[Facts], Rows]

READERS: Final = MappingProxyType[str, Recomputation](
    {
        "allocation_summary": allocation_summary,
        "channel_performance": channel_performance,
        "daily_revenue_summary": daily_revenue_summary,
        "realtime_revenue": realtime_revenue,
        "reconciliation_status": reconciliation_status,
    }
)
"""What each reader must show of a tenant; the docstrings say the columns, which leave out the tenant."""


def write_table(columns: Sequence[str], rows: Rows) -> str:
    """Print rows as `Proof.ask` does, sorted by all columns from left to right."""
    return print_table(columns, sorted(rows, key=_in_order))


def _in_order(row: Sequence[object]) -> tuple[tuple[bool, Any], ...]:
    return tuple((value is None, value) for value in row)
