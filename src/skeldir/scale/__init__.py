"""More than one server: which tables a Citus database distributes, whether it does, and how to make it so.

What the next ten-fold needs is in `scale.planning`, which has a door of its own.
"""

from skeldir.scale.applying import Applied, Content, apply_scale
from skeldir.scale.checking import Finding, ScaleReport, check_scale
from skeldir.scale.cluster import Node
from skeldir.scale.errors import (
    CitusMissing,
    ContentChanged,
    ProgramsRunning,
    ScaleRefused,
    SuperuserNeeded,
)
from skeldir.scale.tables import DISTRIBUTED, LOCAL, ROOT

__all__ = [
    "DISTRIBUTED",
    "LOCAL",
    "ROOT",
    "Applied",
    "CitusMissing",
    "Content",
    "ContentChanged",
    "Finding",
    "Node",
    "ProgramsRunning",
    "ScaleRefused",
    "ScaleReport",
    "SuperuserNeeded",
    "apply_scale",
    "check_scale",
]
