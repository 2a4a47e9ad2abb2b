from typing import Literal

GetJobsKind = Literal[
    "attribution.credit",
    "audit.tenant",
    "fits.keep_journeys",
    "fits.make",
    "inbox.erase",
    "ingest.forget_touches",
    "ingest.scan_personal_data",
    "ingest.undo",
    "matviews.refresh",
    "notices.check",
    "notices.review",
    "notices.send",
    "reconcile.run",
    "spend.restate",
    "tenants.delete",
]

GET_JOBS_KIND_VALUES: set[GetJobsKind] = {
    "attribution.credit",
    "audit.tenant",
    "fits.keep_journeys",
    "fits.make",
    "inbox.erase",
    "ingest.forget_touches",
    "ingest.scan_personal_data",
    "ingest.undo",
    "matviews.refresh",
    "notices.check",
    "notices.review",
    "notices.send",
    "reconcile.run",
    "spend.restate",
    "tenants.delete",
}


def check_get_jobs_kind(value: str) -> GetJobsKind:
    if value in GET_JOBS_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_JOBS_KIND_VALUES!r}")
