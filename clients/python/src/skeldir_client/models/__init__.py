"""Contains all the data models used in inputs/outputs"""

from .ad_receipt import AdReceipt
from .ad_receipt_totals import AdReceiptTotals
from .apply_sent import ApplySent
from .booked_money import BookedMoney
from .campaign_moved import CampaignMoved
from .change import Change
from .changed_channel import ChangedChannel
from .changed_channel_models import ChangedChannelModels
from .changes_report import ChangesReport
from .changes_report_model_versions_after import ChangesReportModelVersionsAfter
from .changes_report_model_versions_before import ChangesReportModelVersionsBefore
from .changes_report_named_orders import ChangesReportNamedOrders
from .channel_change import ChannelChange
from .channel_earning import ChannelEarning
from .channel_fit import ChannelFit
from .channel_moved import ChannelMoved
from .channel_row import ChannelRow
from .channel_row_compared_type_0 import ChannelRowComparedType0
from .channel_row_models import ChannelRowModels
from .channel_share import ChannelShare
from .channel_touches import ChannelTouches
from .channels_page import ChannelsPage
from .channels_page_model_versions import ChannelsPageModelVersions
from .claim_item import ClaimItem
from .claimed_order import ClaimedOrder
from .claimed_orders import ClaimedOrders
from .collect_coverage_report import CollectCoverageReport
from .collect_coverage_row import CollectCoverageRow
from .compared_channel import ComparedChannel
from .compared_credit import ComparedCredit
from .comparison import Comparison
from .comparison_model_versions import ComparisonModelVersions
from .complete_parameters import CompleteParameters
from .conversion_item import ConversionItem
from .conversion_item_kind import ConversionItemKind
from .converted_by import ConvertedBy
from .converted_channels_page import ConvertedChannelsPage
from .converted_channels_page_model_versions import ConvertedChannelsPageModelVersions
from .converted_channels_page_totals import ConvertedChannelsPageTotals
from .converted_daily_page import ConvertedDailyPage
from .converted_realtime import ConvertedRealtime
from .correction import Correction
from .correction_answer import CorrectionAnswer
from .correction_moves import CorrectionMoves
from .correction_sent import CorrectionSent
from .corrections_page import CorrectionsPage
from .coverage_report import CoverageReport
from .coverage_row import CoverageRow
from .covered import Covered
from .credit_change import CreditChange
from .credit_change_causes import CreditChangeCauses
from .credit_interval import CreditInterval
from .credit_moved import CreditMoved
from .currency_balance import CurrencyBalance
from .daily_page import DailyPage
from .daily_revenue import DailyRevenue
from .dead_deliveries import DeadDeliveries
from .dead_event_report import DeadEventReport
from .dead_event_report_item import DeadEventReportItem
from .dead_events_page import DeadEventsPage
from .delete_model_model import DeleteModelModel
from .document_sent import DocumentSent
from .explained_allocation import ExplainedAllocation
from .explained_correction import ExplainedCorrection
from .explained_entry import ExplainedEntry
from .explained_payment import ExplainedPayment
from .explained_touch import ExplainedTouch
from .export_link import ExportLink
from .fault import Fault
from .fit_asked import FitAsked
from .fit_comparison import FitComparison
from .fit_refusal import FitRefusal
from .fit_request import FitRequest
from .fit_result import FitResult
from .fit_summary import FitSummary
from .fits_report import FitsReport
from .fixing_capture import FixingCapture
from .flagged_order import FlaggedOrder
from .flagged_payments import FlaggedPayments
from .get_changes_model_item import GetChangesModelItem
from .get_channels_compare import GetChannelsCompare
from .get_channels_granularity import GetChannelsGranularity
from .get_channels_match import GetChannelsMatch
from .get_channels_model_item import GetChannelsModelItem
from .get_channels_renewals import GetChannelsRenewals
from .get_daily_renewals import GetDailyRenewals
from .get_daily_state import GetDailyState
from .get_dead_events_item_kind import GetDeadEventsItemKind
from .get_export_sums_format import GetExportSumsFormat
from .get_export_sums_part import GetExportSumsPart
from .get_jobs_kind import GetJobsKind
from .get_jobs_state import GetJobsState
from .get_kinds_basis import GetKindsBasis
from .get_kinds_model_item import GetKindsModelItem
from .get_kinds_renewals import GetKindsRenewals
from .get_origins_by import GetOriginsBy
from .get_origins_model_item import GetOriginsModelItem
from .get_origins_renewals import GetOriginsRenewals
from .get_payments_state import GetPaymentsState
from .get_rates_revisions import GetRatesRevisions
from .get_realtime_renewals import GetRealtimeRenewals
from .health import Health
from .job_report import JobReport
from .job_report_arguments import JobReportArguments
from .jobs_page import JobsPage
from .kind_credit import KindCredit
from .kind_row import KindRow
from .kind_row_models import KindRowModels
from .kinds_report import KindsReport
from .kinds_report_model_versions import KindsReportModelVersions
from .left_out import LeftOut
from .lift_test import LiftTest
from .lift_tests_report import LiftTestsReport
from .line_report import LineReport
from .lines_page import LinesPage
from .listed_payment import ListedPayment
from .missing_rate import MissingRate
from .model_change import ModelChange
from .model_credit import ModelCredit
from .model_figure import ModelFigure
from .model_in_force import ModelInForce
from .model_parameters import ModelParameters
from .model_parameters_after_conversion_type_0 import ModelParametersAfterConversionType0
from .model_preview import ModelPreview
from .models_report import ModelsReport
from .named_undoing import NamedUndoing
from .not_ready import NotReady
from .not_ready_checks import NotReadyChecks
from .one_fit import Fit
from .order_explanation import OrderExplanation
from .order_likelihood import OrderLikelihood
from .order_moved import OrderMoved
from .orders_moved import OrdersMoved
from .origin_credit import OriginCredit
from .origin_part import OriginPart
from .origin_part_models import OriginPartModels
from .origin_row import OriginRow
from .origin_row_models import OriginRowModels
from .origin_row_not_known import OriginRowNotKnown
from .origins_report import OriginsReport
from .origins_report_model_versions import OriginsReportModelVersions
from .other_parts import OtherParts
from .other_parts_models import OtherPartsModels
from .overlap import Overlap
from .part import Part
from .payment_part import PaymentPart
from .payments_page import PaymentsPage
from .platform_report import PlatformReport
from .post_export_link_format import PostExportLinkFormat
from .post_export_link_part import PostExportLinkPart
from .post_fit_fit_asked import PostFitFitAsked
from .post_fit_fit_asked_model import PostFitFitAskedModel
from .preview_change_model import PreviewChangeModel
from .problem import Problem
from .processes_seen import ProcessesSeen
from .put_model_model import PutModelModel
from .rate_revision import RateRevision
from .rates_page import RatesPage
from .rates_receipt import RatesReceipt
from .rates_sent import RatesSent
from .rates_sent_rate_item import RatesSentRateItem
from .readiness import Readiness
from .readiness_checks import ReadinessChecks
from .realtime_revenue import RealtimeRevenue
from .realtime_totals import RealtimeTotals
from .receipt import Receipt
from .reconciliation import Reconciliation
from .reconciliation_asked import ReconciliationAsked
from .reconciliation_asked_model_type_0 import ReconciliationAskedModelType0
from .reconciliation_report import ReconciliationReport
from .reconciliation_unplaced import ReconciliationUnplaced
from .reconciliations_page import ReconciliationsPage
from .rejection import Rejection
from .relative import Relative
from .revocation_sent import RevocationSent
from .rules_check import RulesCheck
from .rules_dry_run import RulesDryRun
from .rules_page import RulesPage
from .rules_sent import RulesSent
from .rules_stored import RulesStored
from .rules_text import RulesText
from .rules_turn import RulesTurn
from .rules_version import RulesVersion
from .spend_item import SpendItem
from .spend_moved import SpendMoved
from .stated_rate import StatedRate
from .sum_of_states import SumOfStates
from .touch_item import TouchItem
from .touch_weight import TouchWeight
from .touches_moved import TouchesMoved
from .troubles_report import TroublesReport
from .turns_page import TurnsPage
from .unbooked_entry import UnbookedEntry
from .used_rate import UsedRate
from .version_explanation import VersionExplanation
from .view_report import ViewReport
from .view_reports import ViewReports
from .why_set_aside import WhySetAside
from .worker_gone import WorkerGone
from .worker_gone_processes import WorkerGoneProcesses
from .worker_health import WorkerHealth
from .worker_health_processes import WorkerHealthProcesses
from .written_file import WrittenFile
from .written_file_sums_item import WrittenFileSumsItem

__all__ = (
    "AdReceipt",
    "AdReceiptTotals",
    "ApplySent",
    "BookedMoney",
    "CampaignMoved",
    "Change",
    "ChangedChannel",
    "ChangedChannelModels",
    "ChangesReport",
    "ChangesReportModelVersionsAfter",
    "ChangesReportModelVersionsBefore",
    "ChangesReportNamedOrders",
    "ChannelChange",
    "ChannelEarning",
    "ChannelFit",
    "ChannelMoved",
    "ChannelRow",
    "ChannelRowComparedType0",
    "ChannelRowModels",
    "ChannelShare",
    "ChannelsPage",
    "ChannelsPageModelVersions",
    "ChannelTouches",
    "ClaimedOrder",
    "ClaimedOrders",
    "ClaimItem",
    "CollectCoverageReport",
    "CollectCoverageRow",
    "ComparedChannel",
    "ComparedCredit",
    "Comparison",
    "ComparisonModelVersions",
    "CompleteParameters",
    "ConversionItem",
    "ConversionItemKind",
    "ConvertedBy",
    "ConvertedChannelsPage",
    "ConvertedChannelsPageModelVersions",
    "ConvertedChannelsPageTotals",
    "ConvertedDailyPage",
    "ConvertedRealtime",
    "Correction",
    "CorrectionAnswer",
    "CorrectionMoves",
    "CorrectionSent",
    "CorrectionsPage",
    "CoverageReport",
    "CoverageRow",
    "Covered",
    "CreditChange",
    "CreditChangeCauses",
    "CreditInterval",
    "CreditMoved",
    "CurrencyBalance",
    "DailyPage",
    "DailyRevenue",
    "DeadDeliveries",
    "DeadEventReport",
    "DeadEventReportItem",
    "DeadEventsPage",
    "DeleteModelModel",
    "DocumentSent",
    "ExplainedAllocation",
    "ExplainedCorrection",
    "ExplainedEntry",
    "ExplainedPayment",
    "ExplainedTouch",
    "ExportLink",
    "Fault",
    "Fit",
    "FitAsked",
    "FitComparison",
    "FitRefusal",
    "FitRequest",
    "FitResult",
    "FitsReport",
    "FitSummary",
    "FixingCapture",
    "FlaggedOrder",
    "FlaggedPayments",
    "GetChangesModelItem",
    "GetChannelsCompare",
    "GetChannelsGranularity",
    "GetChannelsMatch",
    "GetChannelsModelItem",
    "GetChannelsRenewals",
    "GetDailyRenewals",
    "GetDailyState",
    "GetDeadEventsItemKind",
    "GetExportSumsFormat",
    "GetExportSumsPart",
    "GetJobsKind",
    "GetJobsState",
    "GetKindsBasis",
    "GetKindsModelItem",
    "GetKindsRenewals",
    "GetOriginsBy",
    "GetOriginsModelItem",
    "GetOriginsRenewals",
    "GetPaymentsState",
    "GetRatesRevisions",
    "GetRealtimeRenewals",
    "Health",
    "JobReport",
    "JobReportArguments",
    "JobsPage",
    "KindCredit",
    "KindRow",
    "KindRowModels",
    "KindsReport",
    "KindsReportModelVersions",
    "LeftOut",
    "LiftTest",
    "LiftTestsReport",
    "LineReport",
    "LinesPage",
    "ListedPayment",
    "MissingRate",
    "ModelChange",
    "ModelCredit",
    "ModelFigure",
    "ModelInForce",
    "ModelParameters",
    "ModelParametersAfterConversionType0",
    "ModelPreview",
    "ModelsReport",
    "NamedUndoing",
    "NotReady",
    "NotReadyChecks",
    "OrderExplanation",
    "OrderLikelihood",
    "OrderMoved",
    "OrdersMoved",
    "OriginCredit",
    "OriginPart",
    "OriginPartModels",
    "OriginRow",
    "OriginRowModels",
    "OriginRowNotKnown",
    "OriginsReport",
    "OriginsReportModelVersions",
    "OtherParts",
    "OtherPartsModels",
    "Overlap",
    "Part",
    "PaymentPart",
    "PaymentsPage",
    "PlatformReport",
    "PostExportLinkFormat",
    "PostExportLinkPart",
    "PostFitFitAsked",
    "PostFitFitAskedModel",
    "PreviewChangeModel",
    "Problem",
    "ProcessesSeen",
    "PutModelModel",
    "RateRevision",
    "RatesPage",
    "RatesReceipt",
    "RatesSent",
    "RatesSentRateItem",
    "Readiness",
    "ReadinessChecks",
    "RealtimeRevenue",
    "RealtimeTotals",
    "Receipt",
    "Reconciliation",
    "ReconciliationAsked",
    "ReconciliationAskedModelType0",
    "ReconciliationReport",
    "ReconciliationsPage",
    "ReconciliationUnplaced",
    "Rejection",
    "Relative",
    "RevocationSent",
    "RulesCheck",
    "RulesDryRun",
    "RulesPage",
    "RulesSent",
    "RulesStored",
    "RulesText",
    "RulesTurn",
    "RulesVersion",
    "SpendItem",
    "SpendMoved",
    "StatedRate",
    "SumOfStates",
    "TouchesMoved",
    "TouchItem",
    "TouchWeight",
    "TroublesReport",
    "TurnsPage",
    "UnbookedEntry",
    "UsedRate",
    "VersionExplanation",
    "ViewReport",
    "ViewReports",
    "WhySetAside",
    "WorkerGone",
    "WorkerGoneProcesses",
    "WorkerHealth",
    "WorkerHealthProcesses",
    "WrittenFile",
    "WrittenFileSumsItem",
)
