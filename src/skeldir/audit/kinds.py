"""The room's job kind."""

from skeldir.jobs import declare_kind

AUDIT = declare_kind("audit.tenant", queue="maintenance")
