"""Signed payment webhooks: verified, recorded, and booked as entries of the ledger. The door of the room.

What receives them over HTTP, `desk` and `routes`, only the application imports: commands need no HTTP.
"""

from skeldir.inbox.backfilling import BackfillReport, backfill
from skeldir.inbox.basis import BASES, Basis
from skeldir.inbox.booking import Unbooked
from skeldir.inbox.coverage import choose_days, report_coverage
from skeldir.inbox.deriving import reduce_visit
from skeldir.inbox.endpoints import (
    FIRST_MOMENT,
    EndpointOptions,
    EndpointReport,
    EndpointUnknown,
    NewEndpoint,
    add_secret,
    create_endpoint,
    end_endpoint,
    list_endpoints,
    require_mode,
    reseal_secrets,
    resolve_endpoint,
)
from skeldir.inbox.erasing import (
    ErasureReceipt,
    ErasureTargetUnknown,
    ErasureUnknown,
    erase_journey,
    erase_order,
    find_journey,
    find_order,
    list_erasures,
    preview_erasure,
    read_erasure,
)
from skeldir.inbox.explaining import (
    explain_flag,
    explain_gap,
    explain_refusal,
    explain_trouble,
    say_trouble,
)
from skeldir.inbox.precedence import Precedence
from skeldir.inbox.privacy_requests import (
    PrivacyRequest,
    PrivacyRequestUnknown,
    answer_request,
    export_orders,
    list_requests,
)
from skeldir.inbox.reading import (
    STATES,
    BookedSum,
    DeliveryReport,
    PaymentReport,
    list_deliveries,
    list_payments,
    read_orders_of_refs,
)
from skeldir.inbox.rebooking import rebook, rebook_all, set_basis, set_precedence, set_sdk_basis
from skeldir.inbox.recording import Arrival, Recorded, record_arrivals
from skeldir.inbox.report_schemas import (
    CoverageReport,
    CoverageRow,
    Covered,
    FlaggedPayments,
    TroublesReport,
)
from skeldir.inbox.sample_bodies import Wishes
from skeldir.inbox.samples import SAMPLES
from skeldir.inbox.saying import (
    ENDPOINT_PROVIDERS,
    PROVIDERS,
    EndpointProvider,
    Fact,
    OrderRefund,
    Provider,
    Said,
    SdkProvider,
    Standing,
    Visit,
)
from skeldir.inbox.sdk_orders import SdkOrder, SdkOrderKind, order_arrival, say_order
from skeldir.inbox.sealing import UNUSABLE_KEYS, Sealed, Sealer, new_key, read_sealer
from skeldir.inbox.sealing_keys import load_sealer, prepare_sealer
from skeldir.inbox.secret_forms import MAKES_SECRET, make_secret, require_secret
from skeldir.inbox.setting_up import LOCAL_BASE, Steps, address_of, is_reachable, steps_of
from skeldir.inbox.settling import SOURCE, inbox_lock, read_rules
from skeldir.inbox.signing import sign
from skeldir.inbox.silence import Silence, Silences, find_silences
from skeldir.inbox.standings import SdkBasis
from skeldir.inbox.states import PaymentState
from skeldir.inbox.troubles import AWAIT_A_SUM, count_flags
from skeldir.inbox.trying import Target, find_target, make_sample, send_body
from skeldir.inbox.watching import SeenDelivery, find_delivery, watch

__all__ = [
    "AWAIT_A_SUM",
    "BASES",
    "ENDPOINT_PROVIDERS",
    "FIRST_MOMENT",
    "LOCAL_BASE",
    "MAKES_SECRET",
    "PROVIDERS",
    "SAMPLES",
    "SOURCE",
    "STATES",
    "UNUSABLE_KEYS",
    "Arrival",
    "BackfillReport",
    "Basis",
    "BookedSum",
    "CoverageReport",
    "CoverageRow",
    "Covered",
    "DeliveryReport",
    "EndpointOptions",
    "EndpointProvider",
    "EndpointReport",
    "EndpointUnknown",
    "ErasureReceipt",
    "ErasureTargetUnknown",
    "ErasureUnknown",
    "Fact",
    "FlaggedPayments",
    "NewEndpoint",
    "OrderRefund",
    "PaymentReport",
    "PaymentState",
    "Precedence",
    "PrivacyRequest",
    "PrivacyRequestUnknown",
    "Provider",
    "Recorded",
    "Said",
    "SdkBasis",
    "SdkOrder",
    "SdkOrderKind",
    "SdkProvider",
    "Sealed",
    "Sealer",
    "SeenDelivery",
    "Silence",
    "Silences",
    "Standing",
    "Steps",
    "Target",
    "TroublesReport",
    "Unbooked",
    "Visit",
    "Wishes",
    "add_secret",
    "address_of",
    "answer_request",
    "backfill",
    "choose_days",
    "count_flags",
    "create_endpoint",
    "end_endpoint",
    "erase_journey",
    "erase_order",
    "explain_flag",
    "explain_gap",
    "explain_refusal",
    "explain_trouble",
    "export_orders",
    "find_delivery",
    "find_journey",
    "find_order",
    "find_silences",
    "find_target",
    "inbox_lock",
    "is_reachable",
    "list_deliveries",
    "list_endpoints",
    "list_erasures",
    "list_payments",
    "list_requests",
    "load_sealer",
    "make_sample",
    "make_secret",
    "new_key",
    "open_desk",
    "order_arrival",
    "prepare_sealer",
    "preview_erasure",
    "read_erasure",
    "read_orders_of_refs",
    "read_rules",
    "read_sealer",
    "rebook",
    "rebook_all",
    "record_arrivals",
    "reduce_visit",
    "report_coverage",
    "require_mode",
    "require_secret",
    "reseal_secrets",
    "resolve_endpoint",
    "say_order",
    "say_trouble",
    "send_body",
    "set_basis",
    "set_precedence",
    "set_sdk_basis",
    "sign",
    "steps_of",
    "watch",
]
