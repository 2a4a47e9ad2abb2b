"""What there is now, and what ten times as much would need. The door of `skeldir scale plan`."""

from skeldir.scale.planning.costs import COSTS, ROOM, Cost, Room
from skeldir.scale.planning.counting import (
    GROWTH_DAYS,
    DatabaseDistributed,
    Growth,
    Relation,
    Stock,
    TenantStock,
    count_tenant,
    read_relations,
    summarize,
)
from skeldir.scale.planning.needs import TEN_FOLD, Machine, Needs, plan_for

__all__ = [
    "COSTS",
    "GROWTH_DAYS",
    "ROOM",
    "TEN_FOLD",
    "Cost",
    "DatabaseDistributed",
    "Growth",
    "Machine",
    "Needs",
    "Relation",
    "Room",
    "Stock",
    "TenantStock",
    "count_tenant",
    "plan_for",
    "read_relations",
    "summarize",
]
