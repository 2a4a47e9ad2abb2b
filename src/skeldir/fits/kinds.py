"""The room's job kind."""

from skeldir.jobs import declare_kind

KEEP_JOURNEYS = declare_kind("fits.keep_journeys", queue="maintenance")
