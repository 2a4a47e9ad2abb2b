"""The money of some days as a bridge: the balance before them, what was booked on them, and the balance after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from skeldir.rollups import read_revenue_bridge, read_revenue_days

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.db import Connection
    from skeldir.rollups import SelectRevenueBridgeRow

STEPS: Final = ("captured", "refunded", "disputed", "reversed", "awaiting_capture")
"""The movements of a bridge, in their order. Entries before the capture of their order are apart from the others."""

_STEP_OF_STATE: Final = {
    "captured": "captured",
    "refunded": "refunded",
    "disputed": "disputed",
    "refund_reversed": "reversed",
    "dispute_reversed": "reversed",
    "awaiting_capture": "awaiting_capture",
    "dispute_awaiting_capture": "awaiting_capture",
}
_MOST_ROWS: Final = 1_000_000


@dataclass(slots=True)
class Movement:
    """What was booked on some days in one step of the bridge: signed minor units, entries, and orders captured."""

    cents: int = 0
    entries: int = 0
    orders: int = 0


@dataclass(slots=True)
class Balance:
    """The money of one currency: before the days, and moved on them by step, in signed minor units."""

    currency: str
    opening_cents: int = 0
    steps: dict[str, Movement] = field(default_factory=lambda: {step: Movement() for step in STEPS})

    @property
    def net_cents(self) -> int:
        """What all steps of the days add up to."""
        return sum(movement.cents for movement in self.steps.values())

    @property
    def creditable_cents(self) -> int:
        """What credit of the days adds up to: no model credits what came before the capture of its order."""
        return self.net_cents - self.steps["awaiting_capture"].cents

    @property
    def closing_cents(self) -> int:
        """The balance after the days."""
        return self.opening_cents + self.net_cents

    @property
    def entries(self) -> int:
        """How many entries the days have."""
        return sum(movement.entries for movement in self.steps.values())


def step_of_state(state: str) -> str:
    """Return the step of the bridge that entries of a state are in."""
    return _STEP_OF_STATE[state]


async def read_balances(
    connection: Connection, tenant_id: UUID, first_day: date, end_day: date
) -> list[Balance]:
    """Return the money of the transaction's tenant on the days `[first_day, end_day)`, by currency in its order."""
    rows = await read_revenue_bridge(connection, tenant_id, first_day, end_day)
    return balances_of(rows)


def balances_of(rows: Sequence[SelectRevenueBridgeRow]) -> list[Balance]:
    """Put the sums of states together, by currency."""
    balances: dict[str, Balance] = {}
    for row in rows:
        balance = balances.setdefault(row["currency"], Balance(row["currency"]))
        balance.opening_cents += int(row["before_cents"])
        movement = balance.steps[step_of_state(row["state"])]
        movement.cents += int(row["within_cents"])
        movement.entries += row["within_entries"]
        movement.orders += row["within_orders"]
    return [balances[currency] for currency in sorted(balances)]


async def read_creditable_totals(connection: Connection, tenant_id: UUID) -> dict[str, int]:
    """Return what credit over all days of the transaction's tenant adds up to, by currency, in signed minor units."""
    rows = await read_revenue_bridge(connection, tenant_id, date.max, date.max)
    totals: dict[str, int] = {}
    for row in rows:
        is_credited = _STEP_OF_STATE[row["state"]] != "awaiting_capture"
        totals.setdefault(row["currency"], 0)
        totals[row["currency"]] += int(row["before_cents"]) if is_credited else 0
    return totals


async def read_net_by_day(
    connection: Connection, tenant_id: UUID, first_day: date, end_day: date
) -> dict[str, dict[date, int]]:
    """Return the net money of each day that has entries, by currency, in signed minor units."""
    rows = await read_revenue_days(
        connection,
        tenant_id,
        first_day=first_day,
        end_day=end_day,
        currency=None,
        state=None,
        after=None,
        most=_MOST_ROWS,
    )
    net: dict[str, dict[date, int]] = {}
    for row in rows:
        days = net.setdefault(row["currency"], {})
        days[row["date"]] = days.get(row["date"], 0) + row["amount_cents"]
    return net
