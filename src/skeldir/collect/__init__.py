"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room.

It loads a part of the room when it is asked for: every command that has a key reads its terms, and few need more.
"""

from typing import TYPE_CHECKING

from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.collect.claims import MOST_CLAIMS as MOST_CLAIMS
    from skeldir.collect.claims import ClaimedOrder as ClaimedOrder
    from skeldir.collect.claims import list_claims as list_claims
    from skeldir.collect.cors import OriginRefused as OriginRefused
    from skeldir.collect.coverage import report_collect_coverage as report_collect_coverage
    from skeldir.collect.coverage_schemas import CollectCoverageReport as CollectCoverageReport
    from skeldir.collect.coverage_schemas import CollectCoverageRow as CollectCoverageRow
    from skeldir.collect.mapped import PROTOCOLS as PROTOCOLS
    from skeldir.collect.order_maps import read_order_maps as read_order_maps
    from skeldir.collect.samples import Sample as Sample
    from skeldir.collect.samples import make_sample as make_sample
    from skeldir.collect.samples import read_protocol as read_protocol
    from skeldir.collect.scripts import make_script_line as make_script_line
    from skeldir.collect.trying import Becomes as Becomes
    from skeldir.collect.trying import try_request as try_request

__getattr__ = load_later(
    __name__,
    {
        "MOST_CLAIMS": "claims",
        "PROTOCOLS": "mapped",
        "Becomes": "trying",
        "ClaimedOrder": "claims",
        "CollectCoverageReport": "coverage_schemas",
        "CollectCoverageRow": "coverage_schemas",
        "OriginRefused": "cors",
        "Sample": "samples",
        "list_claims": "claims",
        "make_sample": "samples",
        "make_script_line": "scripts",
        "read_order_maps": "order_maps",
        "read_protocol": "samples",
        "report_collect_coverage": "coverage",
        "try_request": "trying",
    },
)
