"""Which facts stand: those that no later fact takes back. Shares nothing with the program's views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

RowT = TypeVar("RowT", bound=Mapping[str, Any])


def standing_entries(ledger: Sequence[RowT]) -> list[RowT]:
    """Return the rows of `revenue_ledger` of one tenant that neither take an entry back nor were taken back.

    The entry of generation g of a key is taken back by the one of generation -1 - g, with the negative amount.
    """
    of_key = {(row["business_key"], row["generation"]): row for row in ledger}
    for (key, generation), row in of_key.items():
        if generation < 0 and of_key[key, -1 - generation]["amount_cents"] != -row["amount_cents"]:
            raise AssertionError(f"{key} is taken back with another amount")
    return [
        row
        for row in ledger
        if row["generation"] >= 0 and (row["business_key"], -1 - row["generation"]) not in of_key
    ]


def standing_touches(
    touches: Sequence[RowT], withdrawals: Sequence[Mapping[str, Any]]
) -> list[RowT]:
    """Return the rows of `attribution_events` of one tenant that no row of `touch_withdrawals` withdraws."""
    withdrawn = {(row["idempotency_key"], row["generation"]) for row in withdrawals}
    return [row for row in touches if (row["idempotency_key"], row["generation"]) not in withdrawn]
