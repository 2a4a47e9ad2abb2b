"""What goes over the wire: the filters of the channel report, its rows, and the explanation of an order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from skeldir.attribution.aside import Reason
from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.examples import EXPLAINED
from skeldir.attribution.models import MODEL_NAMES
from skeldir.http import Cents, CurrencyCode, DayRange, Filter

# A report tells how many orders have changed since, up to so many: counting more would cost more than the report.
MOST_AWAITING = 10_000

PartText = Annotated[
    str,
    Field(
        pattern=r"^[0-9]+(/[0-9]+|\.[0-9]+)?$",
        description="a part of the whole: a fraction such as 2/7, or, where its terms are long, a decimal of 18 digits",
    ),
]
Ppt = Annotated[
    int, Field(ge=0, le=10**12, description="part of the order's one conversion, in 10^-12")
]


ModelName = Literal[
    "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay"
]


class ChannelsQuery(DayRange):
    """The filters of the channel report."""

    model: Annotated[
        Filter[list[ModelName]],
        Field(description="models to show side by side, repeated or with commas; all when left out"),
    ] = None  # fmt: skip
    currency: Annotated[
        Filter[CurrencyCode], Field(description="of this currency only, ISO 4217")
    ] = None
    granularity: Annotated[
        Literal["total", "day", "week", "month"],
        Field(description="one row for each channel and: all of the range, UTC day, week, or month"),
    ] = "total"  # fmt: skip

    @field_validator("model", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, list):
            return [part for item in value for part in str(item).split(",")]
        return value

    @field_validator("model")
    @classmethod
    def _name_once_in_order(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [name for name in MODEL_NAMES if name in value]


class ModelCreditOut(BaseModel):
    """What one model gives a channel in a period and currency."""

    credited_cents: Cents
    conversions: Annotated[
        str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$", description="exact decimal, to 10^-12")
    ]
    spend_cents: Annotated[Cents, Field(description="the channel's own, the same for each model")]
    roas: Annotated[
        str | None,
        Field(
            pattern=r"^-?[0-9]+(\.[0-9]+)?$",
            description="credited money by spend, to 6 decimals; null without spend",
        ),
    ]


class ChannelRowOut(BaseModel):
    """A channel in a period and a currency, by model."""

    period: Annotated[
        date | None,
        Field(description="first UTC day of the period, weeks from Monday; null for `total`"),
    ]
    currency: CurrencyCode
    channel: str
    models: dict[str, ModelCreditOut]


class ChannelsPage(BaseModel):
    """A page of the channel report, by period, currency and channel; never summed across currencies."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_versions": {"last_touch": "last_touch@1", "linear": "linear@2"},
                    "orders_awaiting_credit": 0,
                    "orders_set_aside": 0,
                    "data": [
                        {
                            "period": "2026-06-01",
                            "currency": "USD",
                            "channel": "paid_search",
                            "models": {
                                "last_touch": {
                                    "credited_cents": 12990,
                                    "conversions": "1",
                                    "spend_cents": 5000,
                                    "roas": "2.598000",
                                },
                                "linear": {
                                    "credited_cents": 6495,
                                    "conversions": "0.5",
                                    "spend_cents": 5000,
                                    "roas": "1.299000",
                                },
                            },
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    model_versions: Annotated[
        dict[str, str], Field(description="the active version of each model that is shown")
    ]
    orders_awaiting_credit: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_AWAITING,
            description="orders of the tenant that are still to be credited, because of new facts or new models; "
            f"{MOST_AWAITING} stands for that many or more. With 0 all credit is worked out, and the rows show it as "
            "soon as the sums of its days have been written, seconds later; no refresh of a view is waited for",
        ),
    ]
    orders_set_aside: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_AWAITING,
            description="orders that could not be credited by their journeys; the explanation of an order says why. "
            f"{MOST_AWAITING} stands for that many or more",
        ),
    ]
    data: list[ChannelRowOut]
    next_cursor: str | None


class ExplainedEntryOut(BaseModel):
    """One entry of the order."""

    business_key: str
    kind: Literal["capture", "refund", "refund_reversal", "dispute", "dispute_reversal"]
    amount_cents: Cents
    currency: CurrencyCode
    occurred_at: datetime
    recorded_at: datetime
    source: str


class CurrencyBalanceOut(BaseModel):
    """What the order comes to in one currency."""

    currency: CurrencyCode
    state: Literal[
        "paid",
        "partially_refunded",
        "refunded",
        "over_refunded",
        "disputed",
        "awaiting_capture",
    ]
    captured_cents: Cents
    refunded_cents: Cents
    disputed_cents: Cents
    balance_cents: Cents


class FixingCaptureOut(BaseModel):
    """The earliest capture by (time, business key): it fixes the journey."""

    business_key: str
    occurred_at: datetime
    has_journey: Annotated[bool, Field(description="whether it came with a journey key")]


class ExplainedTouchOut(BaseModel):
    """One touch of the journey within the longest window, with what the rule that chose its channel saw.

    Of a touch that was forgotten only channel and age are left, in the order's stored journey; all else is null.
    """

    place: Annotated[int, Field(ge=0)]
    is_forgotten: Annotated[
        bool,
        Field(description="whether the touch itself was deleted, as the tenant's retention says"),
    ]
    age_seconds: Annotated[float, Field(ge=0, description="how long before the capture it was")]
    idempotency_key: str | None
    occurred_at: Annotated[datetime | None, Field(description="null of a forgotten touch")]
    channel: str
    rule: Annotated[
        str | None,
        Field(
            description="the rule that chose the channel; `explicit`: the sender named it; null of a forgotten touch"
        ),
    ]
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    click_id_kinds: list[str]


class TouchWeightOut(BaseModel):
    """The weight of one touch by the model, as a part of all touches in the window."""

    place: Annotated[int, Field(ge=0, description="of the touch in `touches` of the order")]
    channel: str
    weight: PartText


class ChannelShareOut(BaseModel):
    """The sum of a channel's weights, and its share of the conversion."""

    channel: str
    weight: PartText
    conversion_ppt: Ppt


class ExplainedAllocationOut(BaseModel):
    """What an entry brought a channel, as it is in the sums."""

    business_key: str
    channel: str
    allocated_cents: Cents
    conversion_ppt: Ppt


class VersionExplanationOut(BaseModel):
    """The credit of one active model version.

    After each entry, in their order, the balance so far in its currency is divided over the channels in proportion
    to `shares[].weight`, by largest remainder (rounded towards zero, the units left over to the largest remainders,
    the earlier channel first among equals); the entry is credited with each channel's change.
    """

    model_version: str
    model: ModelName
    lookback_days: int
    after_conversion: Literal["keep", "reset"]
    half_life_days: Annotated[int, Field(description="matters to time_decay only")]
    window_start: Annotated[datetime | None, Field(description="the first moment of the window")]
    window_end: Annotated[datetime | None, Field(description="its last one: the capture's")]
    journey_begins_after: Annotated[
        datetime | None,
        Field(description="with `reset`, the conversion before: touches up to it are left out"),
    ]
    touches_forgotten: Annotated[
        bool,
        Field(
            description="whether the window reaches behind what is kept of the touches. Older ones are shown as the "
            "order's stored journey has them; where it was credited before journeys were stored, `touches` are what is "
            "left of them, and `shares` are those of that credit"
        ),
    ]
    touches: Annotated[
        list[TouchWeightOut],
        Field(description="those in the window that `touches` of the order shows, in order"),
    ]
    shares: Annotated[
        list[ChannelShareOut],
        Field(
            description="of all touches in the window, by channel, bytewise; the conversion divides like money"
        ),
    ]
    allocations: list[ExplainedAllocationOut]


class SetAsideOut(BaseModel):
    """Why the order is not credited by its journey.

    `journey_too_long`: more touches are in reach than a person's journey has; the money is `unattributed`.
    `order_too_large`, `credit_failed`: the order keeps the credit that it has, and its newer entries have none.
    """

    reason: Reason
    detail: str
    since: datetime


class LeftOutOut(BaseModel):
    """What is not shown. With three zeros the credit can be recomputed by hand.

    It cannot where touches were forgotten before journeys were stored.
    """

    touches: Annotated[
        int,
        Field(
            ge=0,
            le=BOUNDS.touches_of_order + 1,
            description="touches that the order may earn from, before the first one in `touches`; beyond "
            f"{BOUNDS.touches_of_order} in all they are not counted",
        ),
    ]
    entries: Annotated[int, Field(ge=0, description="entries after the last one in `entries`")]
    allocations: Annotated[int, Field(ge=0, description="allocations that no version shows")]


class OrderExplanationOut(BaseModel):
    """Everything that the credit of an order is worked out from, as of one moment, and the credit as it is in the sums.

    Of an order with more touches, entries or allocations than one answer shows, `left_out` says how many are missing.
    """

    model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(examples=[EXPLAINED]))

    order_id: str
    awaits_credit: Annotated[
        bool, Field(description="whether a newer fact waits to be taken into the allocations")
    ]
    set_aside: Annotated[
        SetAsideOut | None, Field(description="why the order is not credited by its journey")
    ]
    left_out: LeftOutOut
    touches_forgotten_before: Annotated[
        datetime | None, Field(description="touches before this moment are kept no more")
    ]
    entries: Annotated[list[ExplainedEntryOut], Field(description="by time, then business key")]
    balances: list[CurrencyBalanceOut]
    capture: FixingCaptureOut | None
    touches: Annotated[
        list[ExplainedTouchOut],
        Field(description="the newest ones of the longest window, by time, then key"),
    ]
    versions: list[VersionExplanationOut]
