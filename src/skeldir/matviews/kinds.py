"""The kind of job of the room."""

from skeldir.jobs import declare_kind

REFRESH = declare_kind("matviews.refresh", queue="maintenance")
