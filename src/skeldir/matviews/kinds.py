"""The room's job kind."""

from skeldir.jobs import declare_kind

REFRESH = declare_kind("matviews.refresh", queue="maintenance")
