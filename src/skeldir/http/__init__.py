"""The web layer: problems, access, bodies, pages and health. Rooms contribute their routes. The door."""

from skeldir.http.access import (
    Caller,
    IngestKey,
    KeyInvalid,
    ManageKey,
    ReadKey,
    ReadOrManageKey,
    ReadTransaction,
    ScopeMissing,
    TenantTransaction,
    admit_caller,
    find_caller,
    reading_transaction,
    require_in_force_now,
    tenant_transaction,
)
from skeldir.http.api import Api
from skeldir.http.bodies import BodyTooLarge, BodyUnreadable, HeldBytes, let_body_last, read_body
from skeldir.http.deps import (
    KeyMissing,
    client_host_of,
    database_of,
    held_bytes_of,
    offload_of,
)
from skeldir.http.direct import DirectRoute
from skeldir.http.encodings import takes_gzip
from skeldir.http.health import Needs, Watch
from skeldir.http.health import router as health_router
from skeldir.http.limits import Buckets, KeyLimits, RateLimited, UnknownKeyLimits, network_of
from skeldir.http.offload import Offload
from skeldir.http.paging import (
    READ_PROBLEMS,
    CursorInvalid,
    DayRange,
    Days,
    Filter,
    KeyMoment,
    Keyset,
    KeyText,
    KnownAtFilter,
    Moment,
    MomentRange,
    NoQuery,
    PageQuery,
    PlainDate,
)
from skeldir.http.problems import Problem, answer_error
from skeldir.http.reading import REPORT_PARAMETERS, ReportReading, with_read_headers
from skeldir.http.serving import ApiServer, make_server
from skeldir.http.sharing import SharedCommits

__all__ = [
    "READ_PROBLEMS",
    "REPORT_PARAMETERS",
    "Api",
    "ApiServer",
    "BodyTooLarge",
    "BodyUnreadable",
    "Buckets",
    "Caller",
    "CursorInvalid",
    "DayRange",
    "Days",
    "DirectRoute",
    "Filter",
    "HeldBytes",
    "IngestKey",
    "KeyInvalid",
    "KeyLimits",
    "KeyMissing",
    "KeyMoment",
    "KeyText",
    "Keyset",
    "KnownAtFilter",
    "ManageKey",
    "Moment",
    "MomentRange",
    "Needs",
    "NoQuery",
    "Offload",
    "PageQuery",
    "PlainDate",
    "Problem",
    "RateLimited",
    "ReadKey",
    "ReadOrManageKey",
    "ReadTransaction",
    "ReportReading",
    "ScopeMissing",
    "SharedCommits",
    "TenantTransaction",
    "UnknownKeyLimits",
    "Watch",
    "admit_caller",
    "answer_error",
    "client_host_of",
    "database_of",
    "find_caller",
    "health_router",
    "held_bytes_of",
    "let_body_last",
    "make_server",
    "network_of",
    "offload_of",
    "read_body",
    "reading_transaction",
    "require_in_force_now",
    "takes_gzip",
    "tenant_transaction",
    "with_read_headers",
]
