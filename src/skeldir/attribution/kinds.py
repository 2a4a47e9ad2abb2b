"""The kind of job of the room."""

from skeldir.jobs import declare_kind

CREDIT = declare_kind("attribution.credit", queue="attribution")
