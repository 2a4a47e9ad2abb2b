"""Bytes become recorded facts: touches and conversions, and dead events for rejected items. The door of the room."""

from typing import TYPE_CHECKING

from skeldir.ingest.canonical import hash_journey_key, journey_hasher, read_touch
from skeldir.ingest.channels import (
    COMMON_CHANNELS,
    RESERVED_CHANNELS,
    Fault,
    OwnRules,
    check_rules,
    choose_channel,
    compiled_rules,
    is_own_host,
)
from skeldir.ingest.corrections import (
    Correction,
    CorrectionInvalid,
    CorrectionNotInForce,
    CorrectionUnknown,
    TouchUnknown,
    correct_touch,
    list_corrections,
    revoke_correction,
)
from skeldir.ingest.dead_letters import (
    DeadEvent,
    DeadEventCount,
    count_dead_events,
    list_dead_events,
    pack_dead_events,
    record_dead_events,
)
from skeldir.ingest.deliveries import Delivery, Receipt, origin_of, origins_of_file
from skeldir.ingest.dry_running import TouchMoves, try_rules
from skeldir.ingest.fields import CONVERSION_FIELDS, LONGEST_LABEL, LONGEST_URL, TOUCH_FIELDS
from skeldir.ingest.forgetting import Forgotten, forget_now
from skeldir.ingest.formulas import guard
from skeldir.ingest.kept_rules import KeptRules, compare_kept_rules
from skeldir.ingest.kinds import DELETE_TENANT, FORGET_TOUCHES, RESTATE_SPEND, SCAN_PERSONAL_DATA
from skeldir.ingest.landing import cut_address, host_of, keep_kinds, read_landing
from skeldir.ingest.own_channels import add_channels, list_channels
from skeldir.ingest.own_hosts import (
    add_hosts,
    list_hosts,
    list_unknown_click_ids,
    remove_host,
    suggest_hosts,
)
from skeldir.ingest.own_rules import (
    RulesInvalid,
    RulesText,
    RulesTurn,
    RulesUnknown,
    RulesVersion,
    draft_rules,
    list_rules,
    list_turns,
    load_rules,
    request_rules,
    rules_in_force,
    store_rules,
)
from skeldir.ingest.personal_data import (
    Finding,
    ScanReport,
    list_findings,
    scan_for_personal_data,
)
from skeldir.ingest.receive import (
    PreparedTouches,
    prepare_touches,
    receive_conversions,
    receive_touches,
    record_touches,
)
from skeldir.ingest.rejections import (
    CURES,
    ItemRejected,
    Rejection,
    UnreadableItem,
    attempt,
    unreadable_text,
)
from skeldir.ingest.restating import ChannelPreview, preview_channels
from skeldir.ingest.rules_bodies import (
    MOST_BYTES_OF_RULES,
    document_request_body,
    read_document,
)
from skeldir.ingest.shapes import shapes_in
from skeldir.ingest.trying_corrections import CorrectionMoves, try_correction, try_revocation
from skeldir.ingest.undo_refusals import (
    NothingToRedo,
    NothingToUndo,
    ReasonMissing,
    TargetUnknown,
    UndoingUnderWay,
)
from skeldir.ingest.undo_requests import (
    Undoing,
    UndoPreview,
    has_facts,
    list_undoings,
    preview_undo,
    request_redo,
    request_undo,
)
from skeldir.ingest.undo_targets import (
    CHANNELS,
    KnownImport,
    Target,
    list_imports,
    target_of_import,
    target_of_key,
    target_of_order,
    target_of_origin,
    whole_import,
)
from skeldir.ingest.undoing import UndoingProgress, UndoingUnknown, run_undoing
from skeldir.ingest.unknown_sources import (
    TOUCHES_LOOKED_AT,
    UnknownSource,
    list_unknown_sources,
)
from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.ingest.batches import BatchBounds as BatchBounds
    from skeldir.ingest.batches import is_heavy as is_heavy
    from skeldir.ingest.reports import page_dead_events as page_dead_events
    from skeldir.ingest.schemas import DeadEventReport as DeadEventReport
    from skeldir.ingest.schemas import DeadEventsPage as DeadEventsPage
    from skeldir.ingest.schemas import DeadEventsQuery as DeadEventsQuery

__all__ = [
    "CHANNELS",
    "COMMON_CHANNELS",
    "CONVERSION_FIELDS",
    "CURES",
    "DELETE_TENANT",
    "FORGET_TOUCHES",
    "LONGEST_LABEL",
    "LONGEST_URL",
    "MOST_BYTES_OF_RULES",
    "RESERVED_CHANNELS",
    "RESTATE_SPEND",
    "SCAN_PERSONAL_DATA",
    "TOUCHES_LOOKED_AT",
    "TOUCH_FIELDS",
    "BatchBounds",
    "ChannelPreview",
    "Correction",
    "CorrectionInvalid",
    "CorrectionMoves",
    "CorrectionNotInForce",
    "CorrectionUnknown",
    "DeadEvent",
    "DeadEventCount",
    "DeadEventReport",
    "DeadEventsPage",
    "DeadEventsQuery",
    "Delivery",
    "Fault",
    "Finding",
    "Forgotten",
    "ItemRejected",
    "KeptRules",
    "KnownImport",
    "NothingToRedo",
    "NothingToUndo",
    "OwnRules",
    "PreparedTouches",
    "ReasonMissing",
    "Receipt",
    "Rejection",
    "RulesInvalid",
    "RulesText",
    "RulesTurn",
    "RulesUnknown",
    "RulesVersion",
    "ScanReport",
    "Target",
    "TargetUnknown",
    "TouchMoves",
    "TouchUnknown",
    "UndoPreview",
    "Undoing",
    "UndoingProgress",
    "UndoingUnderWay",
    "UndoingUnknown",
    "UnknownSource",
    "UnreadableItem",
    "add_channels",
    "add_hosts",
    "attempt",
    "check_rules",
    "choose_channel",
    "compare_kept_rules",
    "compiled_rules",
    "correct_touch",
    "count_dead_events",
    "cut_address",
    "document_request_body",
    "draft_rules",
    "forget_now",
    "guard",
    "has_facts",
    "hash_journey_key",
    "host_of",
    "is_heavy",
    "is_own_host",
    "journey_hasher",
    "keep_kinds",
    "list_channels",
    "list_corrections",
    "list_dead_events",
    "list_findings",
    "list_hosts",
    "list_imports",
    "list_rules",
    "list_turns",
    "list_undoings",
    "list_unknown_click_ids",
    "list_unknown_sources",
    "load_rules",
    "origin_of",
    "origins_of_file",
    "pack_dead_events",
    "page_dead_events",
    "prepare_touches",
    "preview_channels",
    "preview_undo",
    "read_document",
    "read_landing",
    "read_touch",
    "receive_conversions",
    "receive_touches",
    "record_dead_events",
    "record_touches",
    "remove_host",
    "request_redo",
    "request_rules",
    "request_undo",
    "revoke_correction",
    "rules_in_force",
    "run_undoing",
    "scan_for_personal_data",
    "shapes_in",
    "store_rules",
    "suggest_hosts",
    "target_of_import",
    "target_of_key",
    "target_of_order",
    "target_of_origin",
    "try_correction",
    "try_revocation",
    "try_rules",
    "unreadable_text",
    "whole_import",
]

__getattr__ = load_later(
    __name__,
    {
        "BatchBounds": "batches",
        "DeadEventReport": "schemas",
        "DeadEventsPage": "schemas",
        "DeadEventsQuery": "schemas",
        "is_heavy": "batches",
        "page_dead_events": "reports",
    },
)
