"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room."""

from skeldir.collect.claims import MOST_CLAIMS, ClaimedOrder, list_claims
from skeldir.collect.coverage import report_collect_coverage
from skeldir.collect.coverage_schemas import CollectCoverageReport
from skeldir.collect.mapped import PROTOCOLS
from skeldir.collect.order_maps import read_order_maps
from skeldir.collect.samples import make_sample, read_protocol
from skeldir.collect.scripts import current_script
from skeldir.collect.trying import Becomes, try_request

__all__ = [
    "MOST_CLAIMS",
    "PROTOCOLS",
    "Becomes",
    "ClaimedOrder",
    "CollectCoverageReport",
    "current_script",
    "list_claims",
    "make_sample",
    "read_order_maps",
    "read_protocol",
    "report_collect_coverage",
    "try_request",
]
