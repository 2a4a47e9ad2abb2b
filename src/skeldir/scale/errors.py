"""Why a Citus database cannot be checked, or not be changed now."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class SuperuserNeeded(SkeldirError):
    """The role may not read the roles and the shards of every node, or not distribute a table."""

    code = "superuser_needed"
    status = 403
    title = "The role may not look at every node"


class CitusMissing(SkeldirError):
    """The database has no Citus, so nothing can be distributed."""

    code = "citus_missing"
    status = 409
    title = "The database has no Citus"


class ProgramsRunning(SkeldirError):
    """Programs use the database, and would write while tables are distributed."""

    code = "programs_running"
    status = 409
    title = "Programs are running"


class ScaleRefused(SkeldirError):
    """The tables cannot be distributed as they are; nothing was changed."""

    code = "scale_refused"
    status = 409
    title = "The tables cannot be distributed"


class ContentChanged(SkeldirError):
    """A distributed table has other rows than the local one had; nothing was changed."""

    code = "content_changed"
    status = 500
    title = "Distributing a table changed its rows"
