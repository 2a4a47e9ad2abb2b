"""The room's job kinds."""

from skeldir.jobs import declare_kind

ERASE = declare_kind("inbox.erase", queue="ingest")
