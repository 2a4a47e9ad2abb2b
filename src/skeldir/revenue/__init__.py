"""The ledger: append-only, signed, in integer minor units. The door of the room."""

from skeldir.revenue.ledger import (
    KIND_SIGNS,
    ORDER_STATES,
    FlaggedOrder,
    LedgerBatch,
    LedgerRow,
    LedgerTotal,
    OrderBalance,
    Posting,
    ledger_totals,
    list_balances,
    pack_entries,
    post_entries,
)

__all__ = [
    "KIND_SIGNS",
    "ORDER_STATES",
    "FlaggedOrder",
    "LedgerBatch",
    "LedgerRow",
    "LedgerTotal",
    "OrderBalance",
    "Posting",
    "ledger_totals",
    "list_balances",
    "pack_entries",
    "post_entries",
]
