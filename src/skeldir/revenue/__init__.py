"""The ledger: append-only, amounts with plus and minus in integer minor units. The door of the room."""

from typing import TYPE_CHECKING

from skeldir.revenue.captured import (
    CapturedOrder,
    StandingEntry,
    list_orders_captured,
    list_standing_entries,
    read_captured_orders,
)
from skeldir.revenue.known import read_revenue_of_days_known
from skeldir.revenue.ledger import (
    KIND_SIGNS,
    LONGEST_KEY,
    ORDER_STATES,
    EntryKind,
    FlaggedOrder,
    LedgerBatch,
    LedgerRow,
    LedgerTotal,
    OrderBalance,
    OrderState,
    Posting,
    ledger_totals,
    list_balances,
    pack_entries,
    post_entries,
)
from skeldir.revenue.months import read_months
from skeldir.revenue.orders import (
    DeliveredEntry,
    RefundsSoFar,
    StandingOrder,
    read_entries_of_deliveries,
    read_fixing_capture,
    read_order_balances,
    read_order_entries,
    read_refunds_so_far,
    read_standing_of_orders,
    read_standing_orders,
    was_taken_back,
)
from skeldir.revenue.renewals import (
    RenewalsFilter,
    RenewalTotal,
    put_renewals,
    renewal_totals,
)
from skeldir.revenue.reversals import (
    Dependent,
    MoneyOfMonth,
    Span,
    delivery_of_entry,
    find_entries_to_restore,
    find_entries_to_reverse,
    last_entry_id,
    list_dependents,
    list_refunds_to_restore,
    repeats_entries,
    restore_entries,
    reverse_entries,
    sum_entries,
)

if TYPE_CHECKING:
    # The rows that some functions return; these classes exist only for mypy.
    from skeldir.revenue.store import SelectFixingCaptureRow as SelectFixingCaptureRow
    from skeldir.revenue.store import SelectOrderBalancesRow as SelectOrderBalancesRow
    from skeldir.revenue.store import SelectOrderEntriesRow as SelectOrderEntriesRow
    from skeldir.revenue.store import SelectStandingOfOrdersRow as SelectStandingOfOrdersRow

__all__ = [
    "KIND_SIGNS",
    "LONGEST_KEY",
    "ORDER_STATES",
    "CapturedOrder",
    "DeliveredEntry",
    "Dependent",
    "EntryKind",
    "FlaggedOrder",
    "LedgerBatch",
    "LedgerRow",
    "LedgerTotal",
    "MoneyOfMonth",
    "OrderBalance",
    "OrderState",
    "Posting",
    "RefundsSoFar",
    "RenewalTotal",
    "RenewalsFilter",
    "Span",
    "StandingEntry",
    "StandingOrder",
    "delivery_of_entry",
    "find_entries_to_restore",
    "find_entries_to_reverse",
    "last_entry_id",
    "ledger_totals",
    "list_balances",
    "list_dependents",
    "list_orders_captured",
    "list_refunds_to_restore",
    "list_standing_entries",
    "pack_entries",
    "post_entries",
    "put_renewals",
    "read_captured_orders",
    "read_entries_of_deliveries",
    "read_fixing_capture",
    "read_months",
    "read_order_balances",
    "read_order_entries",
    "read_refunds_so_far",
    "read_revenue_of_days_known",
    "read_standing_of_orders",
    "read_standing_orders",
    "renewal_totals",
    "repeats_entries",
    "restore_entries",
    "reverse_entries",
    "sum_entries",
    "was_taken_back",
]
