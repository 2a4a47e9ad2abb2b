"""How much a credit run holds in memory, computes and writes at once, whatever a tenant sends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a run."""

    orders_at_once: int = 10_000
    """Read and written together. What many orders have in common, such as a sum of a day, is then written once."""
    touches_of_order: int = 50_000
    """More touches than this in an order's window are no person's journey: it would be one every two hours for the
    longest lookback there is, ten years. Such an order's money is `unattributed`, and it is set aside."""
    entries_of_order: int = 10_000
    """An order with more entries is set aside as it is."""
    allocations_of_order: int = 200_000
    """So is an order whose entries, channels and models would come to more allocations."""
    touches_of_light_journey: int = 1_000
    """An order whose journey has more touches waits until the others are credited; so with the captures of a journey,
    where they cut it."""
    touches_at_once: int = 200_000
    """Read in one transaction. Not less than twice `touches_of_order`: see `reading.read_journey`."""
    entries_at_once: int = 40_000
    """Read in one transaction. More than `entries_of_order`."""
    touches_of_page: int = 2_500
    """Of a long journey, read by one statement: making rows of more would hold up the loop."""
    touches_of_part: int = 150_000
    """In the paths of one writing transaction, unless a single order has more."""
    shares_of_part: int = 200_000
    """Balances times channels that one model divides for one writing transaction, unless a single order has more."""
    rows_of_statement: int = 2_500
    """Allocations that one statement inserts: encoding more would hold up the loop."""
    orders_of_expansion: int = 10_000
    """Orders that one mark of a journey becomes marks of, at a time."""
    orders_of_restatement: int = 20_000
    """Stored journeys that are credited by other models in one transaction."""


BOUNDS = Bounds()
