"""What an explanation of an order's credit says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """One entry of the order, signed, in minor units."""

    business_key: str
    kind: str
    amount_cents: int
    currency: str
    occurred_at: datetime
    recorded_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """What the order comes to in one currency, in minor units."""

    currency: str
    state: str
    captured_cents: int
    refunded_cents: int
    disputed_cents: int
    balance_cents: int


@dataclass(frozen=True, slots=True)
class FixingCapture:
    """The earliest capture by (time, business key): it fixes the journey. Without `has_journey` there is none."""

    business_key: str
    occurred_at: datetime
    has_journey: bool


@dataclass(frozen=True, slots=True)
class ExplainedTouch:
    """One touch of the journey, by its place in it, with the rule that chose its channel and what that rule saw.

    Of a touch that was forgotten the stored journey has channel and age alone, the age in seconds before the capture.
    """

    place: int
    is_forgotten: bool
    age_seconds: float
    idempotency_key: str | None
    occurred_at: datetime | None
    channel: str
    rule: str | None
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: list[str]


@dataclass(frozen=True, slots=True)
class TouchWeight:
    """The weight of a touch in the window, as a part of all: a fraction, or a decimal of 18 digits."""

    place: int
    channel: str
    weight: str


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """The sum of a channel's weights, as a part of all, and its part of the one conversion, in parts per 10**12."""

    channel: str
    weight: str
    conversion_ppt: int


@dataclass(frozen=True, slots=True)
class ExplainedAllocation:
    """What an entry brought a channel, as it is in the sums."""

    business_key: str
    channel: str
    allocated_cents: int
    conversion_ppt: int


@dataclass(frozen=True, slots=True)
class VersionExplanation:
    """The credit of one active model version.

    The window has both ends included, but touches up to and at `journey_begins_after`, when given, are left out.
    `touches` are those of the window that are shown, and `shares` those of all. With `touches_forgotten` the window
    reaches behind what is kept of the touches: the older ones come from the stored journey. Credit of before journeys
    were stored has none: `touches` are then of what is left, and `shares` are those of that credit.
    """

    model_version: str
    model: str
    lookback_days: int
    after_conversion: str
    half_life_days: int
    window_start: datetime | None
    window_end: datetime | None
    journey_begins_after: datetime | None
    touches_forgotten: bool
    touches: list[TouchWeight]
    shares: list[ChannelShare]
    allocations: list[ExplainedAllocation]


@dataclass(frozen=True, slots=True)
class WhySetAside:
    """Why the order is not credited by its journey, and since when."""

    reason: str
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many touches (before the first one that is shown), entries and allocations (after the last) are not shown.

    Touches are counted up to one more than an order may earn from.
    """

    touches: int
    entries: int
    allocations: int


@dataclass(frozen=True, slots=True)
class OrderExplanation:
    """All there is to know of an order's credit, as of one moment, and how much of it is not shown."""

    order_id: str
    awaits_credit: bool
    set_aside: WhySetAside | None
    left_out: LeftOut
    touches_forgotten_before: datetime | None
    entries: list[ExplainedEntry]
    balances: list[CurrencyBalance]
    capture: FixingCapture | None
    touches: list[ExplainedTouch]
    versions: list[VersionExplanation]
