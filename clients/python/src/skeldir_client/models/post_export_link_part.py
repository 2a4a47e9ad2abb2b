from typing import Literal

PostExportLinkPart = Literal[
    "allocations", "channel_days", "claims", "dead_events", "entries", "journeys", "orders", "spend", "touches"
]

POST_EXPORT_LINK_PART_VALUES: set[PostExportLinkPart] = {
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


def check_post_export_link_part(value: str) -> PostExportLinkPart:
    if value in POST_EXPORT_LINK_PART_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {POST_EXPORT_LINK_PART_VALUES!r}")
