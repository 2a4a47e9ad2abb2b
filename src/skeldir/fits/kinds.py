"""The room's job kinds."""

from skeldir.jobs import declare_kind

KEEP_JOURNEYS = declare_kind("fits.keep_journeys", queue="maintenance")
MAKE_FIT = declare_kind("fits.make", queue="maintenance")
