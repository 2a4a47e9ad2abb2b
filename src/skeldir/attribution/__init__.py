"""Credit: journeys, models, and the runs that turn dirty orders into allocations. The door of the room."""

from typing import TYPE_CHECKING

from skeldir.attribution.campaign_spend import BY_NAME, plain_campaign
from skeldir.attribution.cause_schemas import Cause, ChangedChannel, ChangesReport
from skeldir.attribution.causes import ChangesAsked, report_changes
from skeldir.attribution.channel_rows import ChannelRow, ComparedCredit, ModelCredit
from skeldir.attribution.comparing import (
    compare_with_facts,
    list_awaiting_credit,
    list_set_aside,
)
from skeldir.attribution.comparisons import (
    Compare,
    Comparison,
    ComparisonAsked,
    ComparisonInvalid,
    Match,
    find_other,
    pair_rows,
)
from skeldir.attribution.converted import (
    ChannelAmounts,
    ConvertAsked,
    ConvertedSums,
    convert_channels,
)
from skeldir.attribution.credit_days import Basis
from skeldir.attribution.definitions import (
    active_versions,
    define_models,
    describe_command,
    put_fit_in_force,
    rebuild_credit,
    retain_touches,
    retire_model,
    set_models,
    set_time_zone,
)
from skeldir.attribution.evaluating import Sums
from skeldir.attribution.explain import explain_order
from skeldir.attribution.explanations import (
    ExplainedEntry,
    ExplainedTouch,
    OrderExplanation,
    UnbookedEntry,
    VersionExplanation,
)
from skeldir.attribution.figures import ChannelFigures, channel_figures
from skeldir.attribution.fitted_versions import FittedVersion
from skeldir.attribution.kind_schemas import KindCredit, KindRow, KindsReport
from skeldir.attribution.kinds import CREDIT
from skeldir.attribution.kinds_of_credit import report_kinds
from skeldir.attribution.known import (
    ChannelsAsked,
    Standing,
    find_standing,
    read_rows,
)
from skeldir.attribution.listing_stored import (
    AllocationRows,
    JourneyRows,
    list_allocations,
    list_journeys,
)
from skeldir.attribution.marks import (
    count_dirty_orders,
    mark_all_orders,
    mark_orders_of_conversions,
    mark_orders_reached_by_touches,
)
from skeldir.attribution.memory import fewer_collections, release_memory
from skeldir.attribution.model_schemas import ModelChange, ModelInForce, ModelPreview
from skeldir.attribution.models import (
    FITTED_MODELS,
    LONGEST_ORDER,
    MODEL_NAMES,
    RULE_MODELS,
    SHARDS,
    AfterConversion,
    ChannelSets,
    ChannelsTooMany,
    FittedModel,
    Floats,
    JourneyColumns,
    ModelName,
    ModelVersion,
    OrderLikelihood,
    Transitions,
    bootstrap_effects,
    bootstrap_shapley,
    choose_order,
    count_journeys,
    count_sets,
    count_transitions,
    interval,
    part_of_weight,
    posterior_effects,
    removal_effects,
    shapley_by_sets,
    shapley_values,
    shares_of_sum,
    whole_weights,
)
from skeldir.attribution.moved_credit import CreditMoved, show_credit_moved
from skeldir.attribution.moving import (
    CreditMoves,
    Placing,
    TouchFields,
    find_moves_of_credit,
    find_orders_reached,
)
from skeldir.attribution.order_facts import OrderFacts, OrderUnknown, read_order
from skeldir.attribution.order_lines import (
    CreditStanding,
    LinesAsked,
    OrderLine,
    read_order_lines,
    read_standings,
)
from skeldir.attribution.order_origins import (
    OrderCredit,
    OrderOrigins,
    Origin,
    find_version,
)
from skeldir.attribution.orders_moved import OrderMoved, OrdersMoved, find_orders_moved
from skeldir.attribution.origin_lines import (
    OriginWanted,
    find_orders_near_origin,
    read_origin_lines,
)
from skeldir.attribution.origin_schemas import MOST_VALUES, OriginCredit, OriginRow, OriginsReport
from skeldir.attribution.origins import OriginsAsked, report_origins
from skeldir.attribution.packing import TOUCH_BYTES
from skeldir.attribution.parameters import (
    LONGEST_DAYS,
    CompleteParameters,
    ModelFitted,
    ModelNotInForce,
    ModelParameters,
    require_model,
)
from skeldir.attribution.paths import (
    MOST_ORDERS_OF_PATHS,
    ChannelPath,
    CurrencyPaths,
    PathOrders,
    PathsAsked,
    PathsReport,
    report_paths,
)
from skeldir.attribution.previewing import preview_model
from skeldir.attribution.ratios import (
    conversions_as_text,
    cost_per_conversion,
    return_on_spend,
    share_of,
)
from skeldir.attribution.runs import CreditReport, credit_dirty_orders
from skeldir.attribution.shares import with_shares
from skeldir.attribution.splits import UNATTRIBUTED
from skeldir.attribution.stored_credit import (
    EntryCredit,
    StoredCredit,
    list_stored_credit,
    read_stored_credit,
)
from skeldir.attribution.stored_versions import latest_changes, models_in_force
from skeldir.attribution.totals import (
    ChannelTotal,
    SetAsideTotal,
    channel_totals,
    set_aside_totals,
)
from skeldir.later import load_later

if TYPE_CHECKING:
    from skeldir.attribution.converted_reports import (
        report_converted_channels as report_converted_channels,
    )
    from skeldir.attribution.converted_schemas import ConvertedChannelsPage as ConvertedChannelsPage
    from skeldir.attribution.known_pages import read_channel_page as read_channel_page
    from skeldir.attribution.reports import report_channels as report_channels
    from skeldir.attribution.schemas import ChannelsPage as ChannelsPage
    from skeldir.attribution.schemas import ChannelsQuery as ChannelsQuery

__all__ = [
    "BY_NAME",
    "CREDIT",
    "FITTED_MODELS",
    "LONGEST_DAYS",
    "LONGEST_ORDER",
    "MODEL_NAMES",
    "MOST_ORDERS_OF_PATHS",
    "MOST_VALUES",
    "RULE_MODELS",
    "SHARDS",
    "TOUCH_BYTES",
    "UNATTRIBUTED",
    "AfterConversion",
    "AllocationRows",
    "Basis",
    "Cause",
    "ChangedChannel",
    "ChangesAsked",
    "ChangesReport",
    "ChannelAmounts",
    "ChannelFigures",
    "ChannelPath",
    "ChannelRow",
    "ChannelSets",
    "ChannelTotal",
    "ChannelsAsked",
    "ChannelsPage",
    "ChannelsQuery",
    "ChannelsTooMany",
    "Compare",
    "ComparedCredit",
    "Comparison",
    "ComparisonAsked",
    "ComparisonInvalid",
    "CompleteParameters",
    "ConvertAsked",
    "ConvertedChannelsPage",
    "ConvertedSums",
    "CreditMoved",
    "CreditMoves",
    "CreditReport",
    "CreditStanding",
    "CurrencyPaths",
    "EntryCredit",
    "ExplainedEntry",
    "ExplainedTouch",
    "FittedModel",
    "FittedVersion",
    "Floats",
    "JourneyColumns",
    "JourneyRows",
    "KindCredit",
    "KindRow",
    "KindsReport",
    "LinesAsked",
    "Match",
    "ModelChange",
    "ModelCredit",
    "ModelFitted",
    "ModelInForce",
    "ModelName",
    "ModelNotInForce",
    "ModelParameters",
    "ModelPreview",
    "ModelVersion",
    "OrderCredit",
    "OrderExplanation",
    "OrderFacts",
    "OrderLikelihood",
    "OrderLine",
    "OrderMoved",
    "OrderOrigins",
    "OrderUnknown",
    "OrdersMoved",
    "Origin",
    "OriginCredit",
    "OriginRow",
    "OriginWanted",
    "OriginsAsked",
    "OriginsReport",
    "PathOrders",
    "PathsAsked",
    "PathsReport",
    "Placing",
    "SetAsideTotal",
    "Standing",
    "StoredCredit",
    "Sums",
    "TouchFields",
    "Transitions",
    "UnbookedEntry",
    "VersionExplanation",
    "active_versions",
    "bootstrap_effects",
    "bootstrap_shapley",
    "channel_figures",
    "channel_totals",
    "choose_order",
    "compare_with_facts",
    "conversions_as_text",
    "convert_channels",
    "cost_per_conversion",
    "count_dirty_orders",
    "count_journeys",
    "count_sets",
    "count_transitions",
    "credit_dirty_orders",
    "define_models",
    "describe_command",
    "explain_order",
    "fewer_collections",
    "find_moves_of_credit",
    "find_orders_moved",
    "find_orders_near_origin",
    "find_orders_reached",
    "find_other",
    "find_standing",
    "find_version",
    "interval",
    "latest_changes",
    "list_allocations",
    "list_awaiting_credit",
    "list_journeys",
    "list_set_aside",
    "list_stored_credit",
    "mark_all_orders",
    "mark_orders_of_conversions",
    "mark_orders_reached_by_touches",
    "models_in_force",
    "pair_rows",
    "part_of_weight",
    "plain_campaign",
    "posterior_effects",
    "preview_model",
    "put_fit_in_force",
    "read_channel_page",
    "read_order",
    "read_order_lines",
    "read_origin_lines",
    "read_rows",
    "read_standings",
    "read_stored_credit",
    "rebuild_credit",
    "release_memory",
    "removal_effects",
    "report_changes",
    "report_channels",
    "report_converted_channels",
    "report_kinds",
    "report_origins",
    "report_paths",
    "require_model",
    "retain_touches",
    "retire_model",
    "return_on_spend",
    "set_aside_totals",
    "set_models",
    "set_time_zone",
    "shapley_by_sets",
    "shapley_values",
    "share_of",
    "shares_of_sum",
    "show_credit_moved",
    "whole_weights",
    "with_shares",
]

__getattr__ = load_later(
    __name__,
    {
        "ChannelsPage": "schemas",
        "ChannelsQuery": "schemas",
        "ConvertedChannelsPage": "converted_schemas",
        "read_channel_page": "known_pages",
        "report_channels": "reports",
        "report_converted_channels": "converted_reports",
    },
)
