"""The room's job kinds."""

from skeldir.jobs import declare_kind

CHECK = declare_kind("notices.check", queue="maintenance")
REVIEW = declare_kind("notices.review", queue="maintenance")
SEND = declare_kind("notices.send", queue="maintenance")
