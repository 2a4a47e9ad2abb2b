"""What the fields of an item may hold, stated once: for the parser, the API, and the details of rejections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from skeldir.money import LARGEST_MINOR_UNITS, CurrencyCode
from skeldir.revenue import LONGEST_KEY, EntryKind

LONGEST_JOURNEY_KEY: Final = 500
LONGEST_LABEL: Final = 300
"""Characters that a source, a medium or a campaign may have."""
LONGEST_URL: Final = 2000
"""Characters of an address that are read; the rest is cut off."""
MINUTES_AHEAD: Final = 10
MAX_CLOCK_SKEW: Final = timedelta(minutes=MINUTES_AHEAD)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)

Key = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
JourneyKey = Annotated[str, Field(min_length=1, max_length=LONGEST_JOURNEY_KEY)]
Label = Annotated[str, Field(max_length=LONGEST_LABEL)]
Moment = Annotated[
    datetime,
    Field(description=f"ISO 8601 with an offset; at most {MINUTES_AHEAD} minutes ahead"),
]


class TouchItem(BaseModel):
    """One visit: its journey, its time, and where it came from or its channel."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "idempotency_key": "pv-81724",
                    "occurred_at": "2026-06-01T12:30:00+02:00",
                    "journey_key": "visitor-5532",
                    "source": "google",
                    "medium": "cpc",
                    "campaign": "spring",
                    "click_ids": ["gclid"],
                    "landing_path": "/shoes",
                }
            ]
        }
    )

    idempotency_key: Key
    occurred_at: Moment
    journey_key: Annotated[JourneyKey, Field(description="only its keyed hash is stored")]
    session_id: Annotated[str | None, Field(max_length=LONGEST_KEY)] = None
    source: Label | None = None
    medium: Label | None = None
    campaign: Label | None = None
    referrer_host: Annotated[
        str | None, Field(description="host or URL; only the host is kept")
    ] = None  # fmt: skip
    landing_path: Annotated[
        str | None,
        Field(
            description="path or URL; utm tags and names of click ids are read, in its first"
            f" {LONGEST_URL} characters; only the path is kept"
        ),
    ] = None  # fmt: skip
    click_ids: Annotated[
        list[str],
        Field(
            description="names of the parameters, never their values; they add to those of landing_path"
        ),
    ] = []
    channel: Annotated[
        str | None, Field(description="a channel code, which overrides the rules")
    ] = None


class ConversionItem(BaseModel):
    """One movement of an order's money."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "idempotency_key": "order-991-paid",
                    "order_id": "991",
                    "kind": "capture",
                    "amount_cents": 12990,
                    "currency": "USD",
                    "occurred_at": "2026-06-01T12:42:10+02:00",
                    "journey_key": "visitor-5532",
                }
            ]
        }
    )

    idempotency_key: Key
    order_id: Key
    kind: EntryKind
    amount_cents: Annotated[
        int,
        Field(
            ge=0,
            le=LARGEST_MINOR_UNITS,
            description="the currency's smallest unit, no sign: yen for JPY",
        ),
    ]
    currency: CurrencyCode
    occurred_at: Moment
    journey_key: JourneyKey | None = None


TOUCH_FIELDS: Final = frozenset(TouchItem.model_fields)
CONVERSION_FIELDS: Final = frozenset(ConversionItem.model_fields)
"""The fields of an item that may be kept; others are dropped unread."""
