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
    mark_days_of_orders,
    pack_entries,
    post_entries,
)
from skeldir.revenue.orders import (
    read_fixing_capture,
    read_order_balances,
    read_order_entries,
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
    "mark_days_of_orders",
    "pack_entries",
    "post_entries",
    "read_fixing_capture",
    "read_order_balances",
    "read_order_entries",
]
