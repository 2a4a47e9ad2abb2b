"""The room's job kinds."""

from skeldir.jobs import declare_kind

RECONCILE = declare_kind("reconcile.run", queue="maintenance")
