"""The orders whose credit two model versions divide most differently."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from pydantic import Field

from skeldir.attribution.as_if import PageAsIf, always, cut_nowhere, read_page_as_if
from skeldir.attribution.evaluating import sum_credit
from skeldir.attribution.model_schemas import MOST_PREVIEWED
from skeldir.attribution.origin_credit import OrdersApart
from skeldir.days import UTC_DAYS
from skeldir.money import Cents, CurrencyCode

if TYPE_CHECKING:
    from skeldir.attribution.fitted_versions import FittedVersion
    from skeldir.attribution.models import ModelVersion
    from skeldir.db import Database

MOST_ORDERS_SHOWN: Final = 20
"""Of each currency."""

_ORDERS_OF_PAGE: Final = 4_000
_ONE, _OTHER = "one", "other"


@dataclass(frozen=True, slots=True)
class ChannelMoved:
    """What a channel has of an order by two versions, in minor units."""

    channel: str
    credited_cents: Cents
    other_credited_cents: Cents


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """An order that two versions divide differently, and the channels of which they do."""

    order_id: str
    currency: CurrencyCode
    moved_cents: Annotated[
        int, Field(description="what the other version gives to other channels, in minor units")
    ]
    channels: list[ChannelMoved]


@dataclass(frozen=True, slots=True)
class OrdersMoved:
    """The orders that move most from one version to another, currency by currency, the largest move first.

    Of each currency there are MOST_ORDERS_SHOWN at most, of the tenant's first stored orders by order id.
    """

    orders: Annotated[int, Field(description="orders covered", le=MOST_PREVIEWED)]
    orders_known_in_part: Annotated[
        int,
        Field(description="those of them of which less is stored than a version needs"),
    ]
    data: list[OrderMoved]


async def find_orders_moved(
    database: Database,
    tenant_id: UUID,
    fitted: FittedVersion,
    other: FittedVersion,
    *,
    most: int = MOST_PREVIEWED,
) -> OrdersMoved:
    """Return the orders of a tenant that move most between two fits, whether or not these are in force."""
    versions = fitted.as_version(_ONE), other.as_version(_OTHER)
    # Both reset, and what the longer lookback needs holds what the shorter one does.
    longest = max(versions, key=lambda version: version.lookback)
    found: list[OrderMoved] = []
    orders = in_part = covered = 0
    after = ""
    while covered < most:
        size = min(_ORDERS_OF_PAGE, most - covered)
        page = await read_page_as_if(database, tenant_id, after, size, longest)
        found = _largest([*found, *await asyncio.to_thread(_compare, page, versions)])
        orders += len(page.stored)
        in_part += len(page.short_of - page.wanted.keys())
        covered += size
        if len(page.stored) + page.left_out < size:
            break
        after = page.last_order_id
    return OrdersMoved(orders, in_part, found)


def _compare(page: PageAsIf, versions: Sequence[ModelVersion]) -> list[OrderMoved]:
    packed = cut_nowhere([page.wanted.get(name, one) for name, one in page.stored.items()])
    apart = OrdersApart.of(packed, UTC_DAYS)
    credit = sum_credit(apart.orders, [always(version) for version in versions], page.channels)
    cents: defaultdict[tuple[str, str], defaultdict[str, Counter[str]]]
    cents = defaultdict(lambda: defaultdict(Counter))
    for (day, version, channel, currency), (_, credited, _) in credit.items():
        order_id, _ = apart.place_of(day)
        cents[order_id, currency][channel][version] += credited
    return _largest([_moved(order_id, currency, of) for (order_id, currency), of in cents.items()])


def _moved(order_id: str, currency: str, by_channel: Mapping[str, Counter[str]]) -> OrderMoved:
    channels = [
        ChannelMoved(channel, of[_ONE], of[_OTHER]) for channel, of in sorted(by_channel.items())
    ]
    differ = [one for one in channels if one.credited_cents != one.other_credited_cents]
    gained = sum(max(0, one.other_credited_cents - one.credited_cents) for one in differ)
    return OrderMoved(order_id, currency, gained, differ)


def _largest(orders: Sequence[OrderMoved]) -> list[OrderMoved]:
    """Return the orders that move most of each currency, without those that move nothing."""
    by_currency: defaultdict[str, list[OrderMoved]] = defaultdict(list)
    for one in sorted(orders, key=lambda one: (one.currency, -one.moved_cents, one.order_id)):
        if one.moved_cents and len(by_currency[one.currency]) < MOST_ORDERS_SHOWN:
            by_currency[one.currency].append(one)
    return [one for some in by_currency.values() for one in some]
