"""The shape of an explanation of an order's credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from skeldir.attribution.aside import Reason
from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.examples import EXPLAINED
from skeldir.attribution.models import AfterConversion, ModelName
from skeldir.attribution.order_facts import MOST_PAYMENTS_SHOWN
from skeldir.attribution.splits import PARTS_OF_A_CONVERSION
from skeldir.money import Cents, CurrencyCode
from skeldir.revenue import EntryKind, OrderState

PartText = Annotated[
    str,
    Field(
        pattern=r"^[0-9]+(/[0-9]+|\.[0-9]+)?$",
        description="a part of the whole: a fraction such as 2/7, or, if its terms are long, a decimal of 18 digits",
    ),
]
Ppt = Annotated[
    int,
    Field(
        ge=0, le=PARTS_OF_A_CONVERSION, description="part of the order's one conversion, in 10^-12"
    ),
]


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """One entry of the order."""

    business_key: str
    kind: EntryKind
    amount_cents: Cents
    currency: CurrencyCode
    occurred_at: datetime
    recorded_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class UnbookedEntry:
    """A movement that webhooks reported and that is no entry. Its amount has no sign."""

    kind: EntryKind
    id: Annotated[str, Field(description="the provider's id of it")]
    amount_cents: Cents
    currency: CurrencyCode
    provider: str


@dataclass(frozen=True, slots=True)
class ExplainedPayment:
    """A payment of the order that webhooks reported, with what they reported besides the entries."""

    state: Annotated[
        str, Field(description="such as `captured` or `disputed`; see `GET /v1/payments`")
    ]
    flags: Annotated[list[str], Field(description="what should not be, such as `over_refunded`")]
    providers: Annotated[list[str], Field(description="who reported it")]
    is_renewal: Annotated[
        bool | None, Field(description="null if no delivery says so: it is of no subscription")
    ]
    journey: Annotated[
        str | None,
        Field(
            description="`token` if a journey token came with it, `derived` if a touch was derived from the order, "
            "`erased` if the join was erased"
        ),
    ]
    waiting: Annotated[
        list[UnbookedEntry],
        Field(description="not booked yet, such as a refund before its capture"),
    ]
    evidence: Annotated[
        list[UnbookedEntry],
        Field(description="not booked because another provider's report of the money is"),
    ]


@dataclass(frozen=True, slots=True)
class CurrencyBalance:
    """The order's totals in one currency."""

    currency: CurrencyCode
    state: OrderState
    captured_cents: Cents
    refunded_cents: Cents
    disputed_cents: Cents
    balance_cents: Cents


@dataclass(frozen=True, slots=True)
class FixingCapture:
    """The earliest capture by (time, business key): it fixes the journey."""

    business_key: str
    occurred_at: datetime
    has_journey: Annotated[bool, Field(description="whether it was sent with a journey key")]


@dataclass(frozen=True, slots=True)
class ExplainedCorrection:
    """Who gave a touch its channel, when and why, whatever rules say."""

    id: UUID
    reason: str
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class ExplainedTouch:
    """One touch of the journey within the longest window, with the fields from which a rule chose its channel.

    Of a forgotten touch only the channel and the age are left, in the order's stored journey; all else is null.
    """

    place: Annotated[int, Field(ge=0)]
    is_forgotten: Annotated[
        bool,
        Field(description="whether the touch itself was deleted by the tenant's retention"),
    ]
    age_seconds: Annotated[float, Field(ge=0, description="how long before the capture it was")]
    idempotency_key: str | None
    occurred_at: Annotated[datetime | None, Field(description="null for a forgotten touch")]
    channel: str
    rule: Annotated[
        str | None,
        Field(
            description="the rule that chose the channel; `explicit`: the sender named it; `correction@…`: somebody "
            "corrected it, and behind a colon is the channel that the sender named; null for a forgotten touch"
        ),
    ]
    correction: Annotated[
        ExplainedCorrection | None, Field(description="of the channel, if one is in force")
    ]
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: list[str]


@dataclass(frozen=True, slots=True)
class TouchWeight:
    """The weight of one touch by the model, as a part of all touches in the window."""

    place: Annotated[int, Field(ge=0, description="of the touch in `touches` of the order")]
    channel: str
    weight: PartText


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """The sum of a channel's weights, and its share of the conversion."""

    channel: str
    weight: PartText
    conversion_ppt: Ppt


@dataclass(frozen=True, slots=True)
class ExplainedAllocation:
    """The credit of an entry to a channel, as it is included in the sums."""

    business_key: str
    channel: str
    allocated_cents: Cents
    conversion_ppt: Ppt


@dataclass(frozen=True, slots=True)
class VersionExplanation:
    """The credit of one active model version.

    After each entry, in their order, the balance so far in its currency is divided over the channels in proportion
    to `shares[].weight`, by largest remainder (rounded towards zero, the units left over to the largest remainders,
    among equal remainders the channel whose code comes first); the entry is credited with each channel's change.
    """

    model_version: str
    model: ModelName
    lookback_days: int
    after_conversion: AfterConversion
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]
    window_start: Annotated[datetime | None, Field(description="the first moment of the window")]
    window_end: Annotated[
        datetime | None, Field(description="the last moment of the window: the capture's")
    ]
    journey_begins_after: Annotated[
        datetime | None,
        Field(description="with `reset`, the previous conversion: touches up to it are left out"),
    ]
    touches_forgotten: Annotated[
        bool,
        Field(
            description="whether the window begins before the oldest touch that is kept, or the order's traces were "
            "erased. Touches that are gone are shown from the order's stored journey; if the order was credited before "
            "journeys were stored, `touches` has only those that are left, and `shares` are those of the kept credit"
        ),
    ]
    touches: Annotated[
        list[TouchWeight],
        Field(description="those in the window, of the touches that the order shows, in order"),
    ]
    shares: Annotated[
        list[ChannelShare],
        Field(
            description="of all touches in the window, by channel, bytewise; the conversion is divided like money"
        ),
    ]
    allocations: list[ExplainedAllocation]


@dataclass(frozen=True, slots=True)
class WhySetAside:
    """Why the order is not credited by its journey.

    `journey_too_long`: more touches are in reach than a person's journey has; the money is `unattributed`.
    `order_too_large`, `credit_failed`: the order keeps the credit that it has, and its newer entries have none.
    """

    reason: Reason
    detail: str
    since: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How much is not shown. If all counts are 0, the credit can be recomputed by hand.

    The exception is an order whose touches were forgotten before journeys were stored.
    """

    touches: Annotated[
        int,
        Field(
            ge=0,
            le=BOUNDS.touches_of_order + 1,
            description="touches that may earn credit, before the first one in `touches`; beyond "
            f"{BOUNDS.touches_of_order} in total they are not counted",
        ),
    ]
    entries: Annotated[int, Field(ge=0, description="entries after the last one in `entries`")]
    allocations: Annotated[int, Field(ge=0, description="allocations that no version shows")]


@dataclass(frozen=True, slots=True)
class OrderExplanation:
    """Everything that the credit of an order is computed from, as of one moment, and the credit as it is in the sums.

    If the order has more touches, entries or allocations than one answer shows, `left_out` counts the missing ones.
    """

    __pydantic_config__ = ConfigDict(json_schema_extra={"examples": [EXPLAINED]})

    order_id: str
    awaits_credit: Annotated[
        bool,
        Field(description="whether a newer fact or model is not yet included in the allocations"),
    ]
    set_aside: Annotated[
        WhySetAside | None, Field(description="why the order is not credited by its journey")
    ]
    left_out: LeftOut
    touches_forgotten_before: Annotated[
        datetime | None, Field(description="touches before this moment are no longer kept")
    ]
    entries: Annotated[list[ExplainedEntry], Field(description="by time, then business key")]
    balances: list[CurrencyBalance]
    payments: Annotated[
        list[ExplainedPayment],
        Field(
            max_length=MOST_PAYMENTS_SHOWN,
            description=f"those that webhooks reported, the newest {MOST_PAYMENTS_SHOWN}, newest first",
        ),
    ]
    capture: FixingCapture | None
    touches: Annotated[
        list[ExplainedTouch],
        Field(description="the newest ones in the longest window, by time, then idempotency key"),
    ]
    versions: list[VersionExplanation]
