"""The columns and words of balance reports: Stripe's, PayPal's, and a general layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

BalanceProvider: TypeAlias = Literal["stripe", "paypal", "other"]
_Choices: TypeAlias = Sequence[tuple[str, ...]]
"""Sets of columns, in lower case; the first of which the file has all is taken."""


@dataclass(frozen=True, slots=True)
class BalanceLayout:
    """How a provider writes its report. Columns, categories and states are compared in lower case.

    `fee_sign` is -1 where fees are negative, so that net is gross plus fee. `pays_out`: payments to others have the
    types of those that came in. `utc_moments` are columns of times in UTC.
    """

    name: str
    export: str
    columns: Mapping[str, _Choices]
    kinds: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)
    fee_sign: Literal[1, -1] = 1
    pays_out: bool = False
    settled: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()
    utc_moments: frozenset[str] = frozenset()
    needed: Sequence[str] = ("id", "category", "gross", "fee", "net", "currency", "occurred_at")


def plain(text: str) -> str:
    """Return the name of a column, a category or a state as layouts write it."""
    return text.strip().casefold()


_STRIPE: Final = BalanceLayout(
    "Stripe's itemised balance report",
    "Balance change from activity or Payout reconciliation, itemised",
    {
        "id": [("balance_transaction_id",)],
        "reference": [("source_id",)],
        "payment": [("charge_id", "payment_intent_id"), ("charge_id",), ("payment_intent_id",)],
        "order_id": [],
        "category": [("reporting_category",)],
        "gross": [("gross",)],
        "fee": [("fee",)],
        "net": [("net",)],
        "currency": [("currency",)],
        "occurred_at": [("created_utc",), ("created",)],
        "payout": [("automatic_payout_id",)],
        "balance": [],
    },
    {
        "charge": "capture",
        "refund": "refund",
        "refund_failure": "refund_reversal",
        "dispute": "dispute",
        "dispute_reversal": "dispute_reversal",
        "fee": "fee",
        "network_cost": "fee",
        "payout": "payout",
        "payout_reversal": "payout_reversal",
    },
    settings={"amount_unit": "major"},
    utc_moments=frozenset(["created_utc"]),
)
# The words are those of the preset of imports; kinds of reversed payments and of fees are of lists of types in public
# readers of such files (unchecked). A type that is missing here is shown as other.
_PAYPAL: Final = BalanceLayout(
    "PayPal's activity download",
    "Activity, all transactions, with the columns Fee and Net",
    {
        "id": [("transaction id",)],
        "reference": [],
        "payment": [("reference txn id",)],
        "order_id": [("invoice number", "custom number"), ("invoice number",), ("custom number",)],
        "category": [("type",)],
        "gross": [("gross",)],
        "fee": [("fee",)],
        "net": [("net",)],
        "currency": [("currency",)],
        "occurred_at": [("date", "time", "timezone"), ("date", "time", "time zone")],
        "payout": [],
        "balance": [("balance",)],
        "state": [("status",)],
        "impact": [("balance impact",)],
    },
    {
        **dict.fromkeys(
            (
                "express checkout payment", "invoice payment", "website payment", "mobile payment", "general payment",
                "donation payment", "ebay auction payment", "preapproved payment bill user payment",
            ),
            "capture",
        ),
        "payment refund": "refund",
        "payment reversal": "dispute",
        "chargeback": "dispute",
        "chargeback reversal": "dispute_reversal",
        "chargeback fee": "fee",
        "dispute fee": "fee",
        "general withdrawal": "payout",
        "general withdrawal - bank account": "payout",
        "user initiated withdrawal": "payout",
    },
    settings={"amount_unit": "major"},
    fee_sign=-1,
    pays_out=True,
    settled=frozenset(["completed", "partially refunded", "refunded", "reversed"]),
    unsettled=frozenset(
        ["pending", "denied", "failed", "canceled", "cancelled", "expired", "voided", "unclaimed", "on hold"]
    ),
    needed=("id", "category", "gross", "fee", "net", "currency", "occurred_at", "state"),
)  # fmt: skip
_OTHER: Final = BalanceLayout(
    "a balance report",
    "one with the columns id, category, gross, fee, net, currency and date",
    {
        "id": [("id",), ("movement_id",), ("transaction_id",)],
        "reference": [("reference",), ("reference_id",)],
        "payment": [("payment_id",)],
        "order_id": [("order_id",), ("order id",), ("order",)],
        "category": [("category",), ("type",), ("kind",)],
        "gross": [("gross",)],
        "fee": [("fee",)],
        "net": [("net",)],
        "currency": [("currency",)],
        "occurred_at": [("date",), ("time",), ("created_at",), ("created",), ("occurred_at",)],
        "payout": [("payout",), ("payout_id",)],
        "balance": [("balance",), ("balance_after",)],
    },
    {
        "capture": "capture",
        "charge": "capture",
        "payment": "capture",
        "sale": "capture",
        "refund": "refund",
        "refund_reversal": "refund_reversal",
        "dispute": "dispute",
        "chargeback": "dispute",
        "dispute_reversal": "dispute_reversal",
        "chargeback_reversal": "dispute_reversal",
        "fee": "fee",
        "payout": "payout",
        "payout_reversal": "payout_reversal",
    },
)
LAYOUTS: Final[Mapping[BalanceProvider, BalanceLayout]] = {
    "stripe": _STRIPE,
    "paypal": _PAYPAL,
    "other": _OTHER,
}
