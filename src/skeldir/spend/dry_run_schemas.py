"""The shape of a dry run of rules of channels: what it would move, by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from skeldir.attribution import CreditMoved

MOST_ORDERS_SHOWN: Final = 20
MOST_CAMPAIGNS_SHOWN: Final = 50

Cents = Annotated[int, Field(description="in the currency's smallest unit")]


@dataclass(frozen=True, slots=True)
class TouchesMoved:
    """Touches that get another channel."""

    channel_now: str
    channel_then: str
    touches: int


@dataclass(frozen=True, slots=True)
class ChannelTouches:
    """The touches of a channel, now and by the rules."""

    channel: str
    touches_now: int
    touches_then: int
    difference: int


@dataclass(frozen=True, slots=True)
class SpendMoved:
    """What a channel costs over all days, now and by the rules."""

    currency: str
    channel: str
    spend_cents_now: Cents
    spend_cents_then: Cents
    difference_cents: Cents


@dataclass(frozen=True, slots=True)
class CampaignMoved:
    """A campaign of which days get another channel, and what these days cost."""

    platform: str
    account: str
    campaign: str
    currency: str
    channel_now: str
    channel_then: str
    days: int
    cost_cents: Cents


@dataclass(frozen=True, slots=True)
class RulesDryRun:
    """What recorded touches, credit and spend would be by other rules. Nothing is written."""

    touches: Annotated[int, Field(description="touches that stand")]
    touches_derived: Annotated[int, Field(description="those whose channel was derived by rules")]
    touches_moved: int
    moves: list[TouchesMoved]
    touches_by_channel: list[ChannelTouches]
    orders_moved: Annotated[
        int, Field(description="orders with a touch within a model's lookback that moves")
    ]
    first_orders_moved: Annotated[
        list[str], Field(description=f"the first {MOST_ORDERS_SHOWN} of them by order id")
    ]
    orders_awaiting_credit: Annotated[
        int,
        Field(
            description="orders whose credit follows later in any case; the differences are those of the rules alone"
        ),
    ]
    credit: list[CreditMoved]
    days_moved: Annotated[int, Field(description="days of campaigns that get another channel")]
    spend: list[SpendMoved]
    campaigns_moved: int
    campaigns: Annotated[
        list[CampaignMoved], Field(description=f"the {MOST_CAMPAIGNS_SHOWN} with the greatest cost")
    ]
