"""The kind of job of the room."""

from skeldir.jobs import declare_kind

AUDIT = declare_kind("audit.tenant", queue="maintenance")
