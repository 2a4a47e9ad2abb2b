"""The room's job kinds."""

from skeldir.jobs import declare_kind

REVIEW = declare_kind("notices.review", queue="maintenance")
SEND = declare_kind("notices.send", queue="maintenance")
