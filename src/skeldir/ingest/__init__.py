"""Bytes become recorded facts: touches and conversions, and dead events for rejected items. The door of the room."""

from skeldir.ingest.channels import COMMON_CHANNELS
from skeldir.ingest.dead_letters import (
    DeadEvent,
    DeadEventCount,
    count_dead_events,
    list_dead_events,
)
from skeldir.ingest.deliveries import Receipt, origins_of_file
from skeldir.ingest.fields import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.ingest.forgetting import Forgotten, forget_now
from skeldir.ingest.kinds import DELETE_TENANT, FORGET_TOUCHES, SCAN_PERSONAL_DATA
from skeldir.ingest.own_channels import add_channels, list_channels
from skeldir.ingest.personal_data import (
    Finding,
    ScanReport,
    list_findings,
    scan_for_personal_data,
)
from skeldir.ingest.receive import receive_conversions, receive_touches
from skeldir.ingest.rejections import Rejection
from skeldir.ingest.undo_requests import (
    KnownImport,
    NothingToRedo,
    NothingToUndo,
    ReasonMissing,
    Target,
    TargetUnknown,
    Undoing,
    UndoPreview,
    list_imports,
    list_undoings,
    preview_undo,
    request_redo,
    request_undo,
    target_of_import,
    target_of_key,
    target_of_order,
    target_of_origin,
)
from skeldir.ingest.undoing import UndoingProgress, UndoingUnknown, run_undoing

__all__ = [
    "COMMON_CHANNELS",
    "CONVERSION_FIELDS",
    "DELETE_TENANT",
    "FORGET_TOUCHES",
    "SCAN_PERSONAL_DATA",
    "TOUCH_FIELDS",
    "DeadEvent",
    "DeadEventCount",
    "Finding",
    "Forgotten",
    "KnownImport",
    "NothingToRedo",
    "NothingToUndo",
    "ReasonMissing",
    "Receipt",
    "Rejection",
    "ScanReport",
    "Target",
    "TargetUnknown",
    "UndoPreview",
    "Undoing",
    "UndoingProgress",
    "UndoingUnknown",
    "add_channels",
    "count_dead_events",
    "forget_now",
    "list_channels",
    "list_dead_events",
    "list_findings",
    "list_imports",
    "list_undoings",
    "origins_of_file",
    "preview_undo",
    "receive_conversions",
    "receive_touches",
    "request_redo",
    "request_undo",
    "run_undoing",
    "scan_for_personal_data",
    "target_of_import",
    "target_of_key",
    "target_of_order",
    "target_of_origin",
]
