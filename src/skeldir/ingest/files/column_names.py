"""The names under which people have the columns of touches and orders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# Field to its common names, the likeliest first; compared in lower case, with underscores.
COLUMN_NAMES: Final[Mapping[str, str]] = {
    "occurred_at": "occurred_at timestamp event_timestamp event_time time datetime date_time"
    " event_datetime converted_at purchased_at ordered_at paid_at order_date order_time created_at"
    " started_at session_start visit_time visited_at clicked_at event_date ts date",
    "journey_key": "journey_key visitor_id anonymous_id user_pseudo_id distinct_id client_id"
    " fullvisitorid device_id cookie_id customer_id user_id person_id contact_id profile_id cid uid",
    "session_id": "session_id ga_session_id visit_id session",
    "channel": "channel channel_code channel_name channel_group channel_grouping"
    " default_channel_group session_default_channel_group",
    "source": "utm_source source traffic_source",
    "medium": "utm_medium medium",
    "campaign": "utm_campaign campaign campaign_name",
    "referrer_host": "referrer_host referrer referer referrer_url page_referrer referring_site",
    "landing_path": "landing_path landing_page landing_site landing_url page_location entry_page",
    "click_ids": "click_ids click_id_kinds",
    "idempotency_key": "idempotency_key event_id message_id row_id uuid id",
    "order_id": "order_id transaction_id order_number order_name order",
    "kind": "kind",
    "amount": "amount_cents revenue_cents total_cents amount revenue total total_price order_value"
    " conversion_value purchase_revenue value",
    "currency": "currency currency_code",
}

_TOUCH_KEY: Final = (
    "a touch's key: made from all its columns above, so rows equal in all of them count once"
)
_ORDER_KEY: Final = (
    "an order's key: its id, so an order that comes again is the same sale, at whatever moment"
)
KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "touches": (_TOUCH_KEY,),
    "conversions": (_ORDER_KEY,),
    "mixed": (_TOUCH_KEY, _ORDER_KEY),
}
"""Kind of file to how a row is recognised that comes twice."""

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain_name(name: str) -> str:
    """Return a column's name as the lists have it: "eventTime" and "Event Time" are event_time."""
    return _NOT_IN_NAMES.sub("_", _CAMEL.sub("_", name).casefold()).strip("_")
