"""What platforms claim, against the money that the ledger confirms. The door of the room."""

from skeldir.reconcile.comparing import (
    Claim,
    Line,
    PlatformSum,
    Reason,
    Verified,
    basis_points,
    compare,
    find_timing,
    sum_lines,
)
from skeldir.reconcile.kinds import RECONCILE
from skeldir.reconcile.order_lines import (
    ORDER_REASONS,
    ClaimedOrder,
    LedgerOrder,
    OrderBridge,
    OrderLine,
    OrderReason,
    OrderSum,
    bridge_orders,
    compare_orders,
    sum_orders,
)
from skeldir.reconcile.orders import (
    ClaimedRow,
    Expects,
    OrdersAsked,
    OrdersComparison,
    compare_order_rows,
)
from skeldir.reconcile.placing import Placed, Places
from skeldir.reconcile.reading import START, list_lines, list_reconciliations, read_reconciliation
from skeldir.reconcile.refusals import (
    ExpectationOpen,
    ModelNotChosen,
    PlatformUnknown,
    ReconciliationRunning,
    ReconciliationUnknown,
)
from skeldir.reconcile.requests import request_reconciliation
from skeldir.reconcile.running import run_reconciliation
from skeldir.reconcile.schemas import (
    WORDS,
    LineReport,
    Overlap,
    PlatformReport,
    Reconciliation,
    ReconciliationReport,
)

__all__ = [
    "ORDER_REASONS",
    "RECONCILE",
    "START",
    "WORDS",
    "Claim",
    "ClaimedOrder",
    "ClaimedRow",
    "ExpectationOpen",
    "Expects",
    "LedgerOrder",
    "Line",
    "LineReport",
    "ModelNotChosen",
    "OrderBridge",
    "OrderLine",
    "OrderReason",
    "OrderSum",
    "OrdersAsked",
    "OrdersComparison",
    "Overlap",
    "Placed",
    "Places",
    "PlatformReport",
    "PlatformSum",
    "PlatformUnknown",
    "Reason",
    "Reconciliation",
    "ReconciliationReport",
    "ReconciliationRunning",
    "ReconciliationUnknown",
    "Verified",
    "basis_points",
    "bridge_orders",
    "compare",
    "compare_order_rows",
    "compare_orders",
    "find_timing",
    "list_lines",
    "list_reconciliations",
    "read_reconciliation",
    "request_reconciliation",
    "run_reconciliation",
    "sum_lines",
    "sum_orders",
]
