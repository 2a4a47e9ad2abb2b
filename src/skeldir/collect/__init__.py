"""What sites and servers send in the formats of other analytics: each protocol is one mapping. The door of the room."""

from skeldir.collect.coverage import report_collect_coverage
from skeldir.collect.coverage_schemas import CollectCoverageReport
from skeldir.collect.scripts import current_script

__all__ = ["CollectCoverageReport", "current_script", "report_collect_coverage"]
