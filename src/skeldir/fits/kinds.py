"""The room's job kinds."""

from skeldir.jobs import declare_kind

MAKE_FIT = declare_kind("fits.make", queue="maintenance")
