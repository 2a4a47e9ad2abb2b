"""More than one server: which tables a Citus database distributes."""

from skeldir.scale.tables import DISTRIBUTED, LOCAL, ROOT

__all__ = ["DISTRIBUTED", "LOCAL", "ROOT"]
