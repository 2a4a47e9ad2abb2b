"""What the program returns over HTTP of each order's credit: every allocation of `GET /v1/attribution/orders`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx2

from proof.recomputed.sums import Row, Rows
from proof.stage.expectations import one_row
from proof.stage.proving import Proof

MONEY_COLUMNS: Final = ("model_version", "order_id", "business_key", "currency", "cents")
"""The columns of `Explained.money` and `money_of_ledger`."""


@dataclass(slots=True)
class Explained:
    """The explanations of some orders: `rows` in the COLUMNS of `crediting`, `money` in MONEY_COLUMNS.

    `money` has a row for every entry and version that is shown, of the sum over all channels.
    """

    rows: Rows = field(default_factory=set)
    money: Rows = field(default_factory=set)
    orders: int = 0
    awaiting: int = 0
    set_aside: int = 0
    in_part: int = 0
    refused: int = 0

    def counts(self) -> dict[str, int]:
        """Return how many orders were explained, and how far."""
        return {
            "explained": self.orders,
            "awaiting_credit": self.awaiting,
            "set_aside": self.set_aside,
            "shown_in_part": self.in_part,
            "not_explained": self.refused,
        }

    def add(self, explanation: dict[str, Any]) -> None:
        """Take in an answer."""
        self.orders += 1
        self.awaiting += explanation["awaits_credit"]
        self.set_aside += explanation["set_aside"] is not None
        self.in_part += any(explanation["left_out"].values())
        entries = {entry["business_key"]: entry for entry in explanation["entries"]}
        for version in explanation["versions"]:
            self._add_version(explanation["order_id"], version, entries)

    def _add_version(
        self, order_id: str, version: dict[str, Any], entries: dict[str, dict[str, Any]]
    ) -> None:
        name = version["model_version"]
        cents: Counter[str] = Counter()
        for allocation in version["allocations"]:
            key = allocation["business_key"]
            cents[key] += allocation["allocated_cents"]
            self.rows.add(
                (
                    order_id,
                    key,
                    name,
                    allocation["channel"],
                    _day(entries[key]["occurred_at"]),
                    entries[key]["currency"],
                    allocation["allocated_cents"],
                    allocation["conversion_ppt"],
                )
            )
        self.money |= {
            (name, order_id, key, entry["currency"], cents[key]) for key, entry in entries.items()
        }


def explain_orders(proof: Proof, key: str, order_ids: Iterable[str]) -> Explained:
    """Ask for the explanation of each order with a tenant's key, and record how far they go."""
    explained = Explained()
    base = proof.world.base
    with httpx2.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for order_id in sorted(set(order_ids)):
            answer = client.get(f"{base}/v1/attribution/orders/{quote(order_id, safe='')}")
            if answer.status_code == httpx2.codes.OK:
                explained.add(answer.json())
            else:
                explained.refused += 1
    counts = explained.counts()
    proof.tabulate(
        f"GET {base}/v1/attribution/orders/… of every order in revenue_ledger, with the key of this tenant: how many "
        "orders are explained, and how far",
        tuple(counts),
        [tuple(counts.values())],
        expect=one_row(**dict.fromkeys(counts, 0) | {"explained": "<count>"}),
    )
    return explained


def money_of_ledger(ledger: Sequence[Row], model_versions: Sequence[str]) -> Rows:
    """Return, in MONEY_COLUMNS, what entries bring by each version: their amount, once their order has a capture."""
    captured = {entry["order_id"] for entry in ledger if entry["kind"] == "capture"}
    return {
        (
            version,
            entry["order_id"],
            entry["business_key"],
            entry["currency"],
            entry["amount_cents"] if entry["order_id"] in captured else 0,
        )
        for version in model_versions
        for entry in ledger
    }


def _day(moment: str) -> object:
    return datetime.fromisoformat(moment).astimezone(UTC).date()
