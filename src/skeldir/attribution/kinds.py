"""The room's job kind."""

from skeldir.jobs import declare_kind

CREDIT = declare_kind("attribution.credit", queue="attribution")
