from typing import Literal

GetExportSumsPart = Literal[
    "allocations", "channel_days", "claims", "dead_events", "entries", "journeys", "orders", "spend", "touches"
]

GET_EXPORT_SUMS_PART_VALUES: set[GetExportSumsPart] = {
    "allocations",
    "channel_days",
    "claims",
    "dead_events",
    "entries",
    "journeys",
    "orders",
    "spend",
    "touches",
}


def check_get_export_sums_part(value: str) -> GetExportSumsPart:
    if value in GET_EXPORT_SUMS_PART_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_EXPORT_SUMS_PART_VALUES!r}")
