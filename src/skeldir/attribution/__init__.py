"""Credit: journeys, models, and the runs that turn dirty orders into allocations. The door of the room."""

from skeldir.attribution.definitions import (
    ModelChange,
    ModelInForce,
    active_versions,
    define_models,
    latest_changes,
    models_in_force,
    name_command,
    rebuild_credit,
    retain_touches,
    retire_model,
    set_models,
)
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.marks import (
    count_dirty_orders,
    credit_lock,
    ingest_lock,
    mark_all_orders,
    mark_orders_of_conversions,
    mark_orders_reached_by_touches,
)
from skeldir.attribution.models import MODEL_NAMES, ModelVersion
from skeldir.attribution.parameters import AfterConversion, CompleteParameters, ModelParameters
from skeldir.attribution.previewing import ModelPreview, preview_model
from skeldir.attribution.runs import CreditReport, credit_dirty_orders
from skeldir.attribution.splits import UNATTRIBUTED
from skeldir.attribution.totals import (
    ChannelTotal,
    SetAsideTotal,
    channel_totals,
    set_aside_totals,
)

__all__ = [
    "CREDIT",
    "MODEL_NAMES",
    "UNATTRIBUTED",
    "AfterConversion",
    "ChannelTotal",
    "CompleteParameters",
    "CreditReport",
    "ModelChange",
    "ModelInForce",
    "ModelParameters",
    "ModelPreview",
    "ModelVersion",
    "SetAsideTotal",
    "active_versions",
    "channel_totals",
    "count_dirty_orders",
    "credit_dirty_orders",
    "credit_lock",
    "define_models",
    "ingest_lock",
    "latest_changes",
    "mark_all_orders",
    "mark_orders_of_conversions",
    "mark_orders_reached_by_touches",
    "models_in_force",
    "name_command",
    "preview_model",
    "rebuild_credit",
    "retain_touches",
    "retire_model",
    "set_aside_totals",
    "set_models",
]
