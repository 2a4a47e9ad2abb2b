"""The words that checks and evidence share: verdicts with their meanings, and the names of steps that are quoted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MEANINGS: Final[Mapping[str | None, str]] = MappingProxyType(
    {
        "REFUTED": "fault not found",
        "CONFIRMED": "fault found",
        "RESOLVED": "fault found before, not now",
        None: "not decided, some checks were not run",
        "PROVEN": "as expected",
        "NOT PROVEN": "not as expected",
        "PASS": "no fault found",
        "FAIL": "a fault, or a condition that does not hold",
        "PENDING": "not decided",
        "PASSED": "no fault was found",
        "FAILED": "a fault was found, or a gate fails",
    }
)
"""The words of verdicts and results, each with its meaning in plain words."""
INVENTORY_LINE: Final = "MATVIEW INVENTORY OK (registry == pg_matviews)"
"""What a log of CI must show when both lists of views are the same."""
TENANTS: Final = ("tenant A", "tenant B")
"""What the steps call the two planted tenants."""
# The steps that the first page of the evidence quotes, by their names.
LEDGER_OF: Final = {tenant: f"the ledger of {tenant}" for tenant in TENANTS}
CREDIT_OF: Final = {tenant: f"the credit of {tenant} by model" for tenant in TENANTS}
SEEN_BY_B: Final = "where B sees its own texts"
FOUND_IN_DATABASE: Final = "what A finds in the database"
FOUND_BY_ROUTES: Final = "what A is answered"


def with_meaning(word: str | None) -> str:
    """Return a verdict or result with its meaning, for whoever does not know the words."""
    return f"{word}: {MEANINGS[word]}" if word else MEANINGS[None]
