"""The room's job kinds."""

from skeldir.jobs import declare_kind

FORGET_TOUCHES = declare_kind("ingest.forget_touches", queue="ingest")
SCAN_PERSONAL_DATA = declare_kind("ingest.scan_personal_data", queue="ingest")
UNDO = declare_kind("ingest.undo", queue="ingest")
RESTATE_SPEND = declare_kind("spend.restate", queue="ingest")
"""Done by the room of spend: enqueued here, since rules of channels are applied to touches and spend together."""
DELETE_TENANT = declare_kind("tenants.delete", queue="ingest")
