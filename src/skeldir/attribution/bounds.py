"""Limits on what a credit run holds in memory, computes and writes at once, whatever a tenant sends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a run."""

    orders_at_once: int = 10_000
    """Orders read and written together. What they have in common, such as a sum of a day, is then written once."""
    touches_of_order: int = 50_000
    """More touches in an order's window than this are no person's journey: it would be one every two hours over the
    longest possible lookback, ten years. Such an order is set aside, and its money is `unattributed`."""
    entries_of_order: int = 10_000
    """An order with more entries is set aside and keeps the credit it has."""
    allocations_of_order: int = 200_000
    """The same holds for an order whose entries, channels and models would give more allocations."""
    touches_of_light_journey: int = 1_000
    """An order whose journey has more touches waits until the others are credited. Where captures cut journeys, more
    captures than this have the same effect."""
    touches_at_once: int = 200_000
    """Read in one transaction. Not less than twice `touches_of_order`: see `reading.read_journey`."""
    entries_at_once: int = 40_000
    """Read in one transaction. More than `entries_of_order`."""
    touches_of_page: int = 2_500
    """Touches of a long journey that one statement reads: turning more into rows would block the event loop."""
    touches_of_part: int = 150_000
    """Touches in the paths of one writing transaction, unless a single order has more."""
    shares_of_part: int = 200_000
    """Balances times channels that one model divides for one writing transaction, unless a single order has more."""
    rows_of_statement: int = 2_500
    """Allocations that one statement inserts: encoding more would block the event loop."""
    orders_of_expansion: int = 10_000
    """Orders that are marked at a time when a mark of a journey is turned into marks of its orders."""
    orders_of_restatement: int = 20_000
    """Stored journeys that one transaction credits by the models of a restatement."""


BOUNDS = Bounds()
