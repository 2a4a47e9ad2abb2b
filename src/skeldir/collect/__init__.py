"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room."""

from skeldir.collect.claims import MOST_CLAIMS, ClaimedOrder, list_claims
from skeldir.collect.coverage import report_collect_coverage
from skeldir.collect.coverage_schemas import CollectCoverageReport, CollectCoverageRow
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.scripts import current_script

__all__ = [
    "MOST_CLAIMS",
    "ClaimedOrder",
    "CollectCoverageReport",
    "CollectCoverageRow",
    "current_script",
    "list_claims",
    "read_order_maps",
    "report_collect_coverage",
]
