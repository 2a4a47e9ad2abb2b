"""What a change of a model would move: orders credited by the version now and by the one wanted.

They are credited from the stored journeys, or, where these hold less than the version wanted asks for, from the facts,
as by the change itself. Nothing is written and no lock is taken. The orders are read page by page, each as of its own
moment.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import Computation, Part
from skeldir.attribution.definitions import last_versions, versions_of
from skeldir.attribution.evaluating import Channels, VersionInForce, sum_credit
from skeldir.attribution.models import ModelVersion
from skeldir.attribution.orders import make_stored, says_enough
from skeldir.attribution.packing import NO_CONVERSION, TOUCH_BYTES, PackedOrder
from skeldir.attribution.parameters import (
    NO_WISH,
    CompleteParameters,
    ModelParameters,
    complete_parameters,
    require_model,
    require_retirable,
    require_touches_kept,
)
from skeldir.attribution.reading import read_as_if
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.db import Connection, Database

MOST_PREVIEWED: Final = 20_000
"""Orders that a preview looks at, the first ones by order id."""
MOST_COUNTED: Final = 1_000_000
"""Stored orders are counted up to so many."""
_ORDERS_OF_PAGE: Final = 4_000
# A preview is a request's: what is read at once must not keep the loop.
_ORDERS_READ_AT_ONCE: Final = 500
_WANTED: Final = "wanted"


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """What the orders looked at bring a channel in a currency, by the version now and after the change."""

    currency: str
    channel: str
    credited_cents_now: int
    credited_cents_then: int
    difference_cents: int


@dataclass(frozen=True, slots=True)
class ModelPreview:
    """What a change would move, over `orders` of `orders_in_all` stored ones, which are counted up to MOST_COUNTED.

    `wanted` is None for a model that is to be retired; `version_now` and `parameters_now` are None for one that is not
    in force. What is not asked for is as in `last_version`: the one in force, or the last that a retired model had;
    None for a model that never was in force. Of `orders_known_in_part` less is stored than the change asks for, and
    their facts are too many for a preview to read: they are credited by what is stored. `orders_left_out` have paths
    that are too long for a preview.
    """

    model: str
    version_now: str | None
    parameters_now: CompleteParameters | None
    last_version: str | None
    wanted: CompleteParameters | None
    orders: int
    orders_in_all: int
    orders_known_in_part: int
    orders_left_out: int
    channels: list[ChannelChange]

    @property
    def changes_nothing(self) -> bool:
        """Whether the model is in force with the parameters wanted."""
        return self.parameters_now is not None and self.parameters_now == self.wanted


@dataclass(frozen=True, slots=True)
class _Read:
    """Stored journeys by order, and what the version wanted would have stored where it asks for more."""

    last_order_id: str
    left_out: int
    stored: Mapping[str, PackedOrder]
    short_of: frozenset[str]
    wanted: Mapping[str, PackedOrder]
    channels: Channels


@dataclass(frozen=True, slots=True)
class _Page:
    orders: int
    known_in_part: int
    left_out: int
    now: Counter[tuple[str, str]]
    then: Counter[tuple[str, str]]


async def preview_model(
    database: Database,
    tenant_id: UUID,
    model: str,
    parameters: ModelParameters | None,
    *,
    most: int = MOST_PREVIEWED,
    orders_of_page: int = _ORDERS_OF_PAGE,
) -> ModelPreview:
    """Return what `set_models`, or `retire_model` with None for the parameters, would move.

    Raises:
        ModelUnknown, ModelVersionInvalid, ModelNotInForce, LastModelInForce: the change would be refused.
    """
    require_model(model)
    if parameters is not None:
        parameters.require_valid()
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        last = await last_versions(connection, tenant_id)
        active = [row for row in last.values() if row["is_active"]]
        wanted = await _require_possible(connection, tenant_id, model, parameters, last)
        in_all = await queries.count_stored_journeys(
            connection, tenant_id=tenant_id, most=MOST_COUNTED
        )
    now = next((v for v in versions_of(active) if v.model == model), None)
    then = None if wanted is None else _version_wanted(model, wanted)
    now_sums: Counter[tuple[str, str]] = Counter()
    then_sums: Counter[tuple[str, str]] = Counter()
    orders = in_part = left_out = 0
    after = ""
    while orders + left_out < most:
        size = min(orders_of_page, most - orders - left_out)
        read = await _read_page(database, tenant_id, after, size, then)
        page = await asyncio.to_thread(_credit, read, now, then)
        orders, in_part = orders + page.orders, in_part + page.known_in_part
        left_out += page.left_out
        now_sums.update(page.now)
        then_sums.update(page.then)
        if page.orders + page.left_out < size:
            break
        after = read.last_order_id
    row = last.get(model)
    return ModelPreview(
        model,
        None if now is None else now.model_version,
        None if now is None else complete_parameters(NO_WISH, row),
        None if row is None else row["model_version"],
        wanted,
        orders,
        in_all,
        in_part,
        left_out,
        [
            ChannelChange(*key, now_sums[key], then_sums[key], then_sums[key] - now_sums[key])
            for key in sorted(now_sums.keys() | then_sums.keys())
            if now_sums[key] or then_sums[key]
        ],
    )


async def _require_possible(
    connection: Connection,
    tenant_id: UUID,
    model: str,
    parameters: ModelParameters | None,
    last: Mapping[str, Mapping[str, Any]],
) -> CompleteParameters | None:
    """Return all parameters of the version wanted; None for a model that is to be retired."""
    if parameters is None:
        require_retirable(model, [name for name, row in last.items() if row["is_active"]])
        return None
    wanted = complete_parameters(parameters, last.get(model))
    await require_touches_kept(connection, tenant_id, [wanted])
    return wanted


def _version_wanted(model: str, wanted: CompleteParameters) -> ModelVersion:
    return ModelVersion(
        _WANTED,
        model,
        timedelta(days=wanted.lookback_days),
        wanted.after_conversion,
        float(wanted.half_life_days),
    )


async def _read_page(
    database: Database, tenant_id: UUID, after: str, most: int, then: ModelVersion | None
) -> _Read:
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=after,
            longest=TOUCH_BYTES * BOUNDS.touches_of_light_journey,
            most=most,
        )
        state = await queries.select_credit_state(connection, tenant_id=tenant_id)
        numbers: dict[str, int] = orjson.loads(state["numbers"])
        stored, short_of = await asyncio.to_thread(_sort_out, rows, then)
        wanted: dict[str, PackedOrder] = {}
        if then is not None:
            wanted = await _read_wanted(connection, tenant_id, sorted(short_of), then, numbers)
    return _Read(
        rows[-1]["order_id"] if rows else after,
        len(rows) - len(stored),
        stored,
        short_of,
        wanted,
        Channels(numbers),
    )


def _sort_out(
    rows: Sequence[Any], then: ModelVersion | None
) -> tuple[dict[str, PackedOrder], frozenset[str]]:
    """Return the stored journeys by order, and the orders of which the version wanted asks for more."""
    stored = make_stored([row for row in rows if row["path"] is not None], ())
    if then is None:
        return stored, frozenset()
    is_cutting = then.after_conversion == "reset"
    return stored, frozenset(
        name
        for name, one in stored.items()
        if not says_enough(one, then.lookback, is_cutting=is_cutting)
    )


async def _read_wanted(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    then: ModelVersion,
    numbers: dict[str, int],
) -> dict[str, PackedOrder]:
    """Return the journeys of the orders as the version would have them stored; without those that are too large.

    Channels that no stored journey holds get numbers for this preview alone.
    """
    wanted: dict[str, PackedOrder] = {}
    left = list(order_ids)
    while left:
        some, left = left[:_ORDERS_READ_AT_ONCE], left[_ORDERS_READ_AT_ONCE:]
        reading = await read_as_if(connection, tenant_id, some, BOUNDS, _always(then))
        for code in sorted({code for one in reading.journeys.values() for code in one.codes}):
            numbers.setdefault(code, 1 + max(numbers.values(), default=0))
        reading.numbers = numbers
        wanted |= await asyncio.to_thread(_pack, reading)
        if reading.orders:
            left = reading.unread + left
    return wanted


def _pack(reading: Reading) -> dict[str, PackedOrder]:
    computation = Computation(reading, BOUNDS)
    packed: dict[str, PackedOrder] = {}
    while not computation.is_done():
        computation.go_on(part := Part())
        for outcome in part.outcomes:
            if outcome.journey is not None and outcome.aside is None:
                packed[outcome.order.order_id] = outcome.journey
    return packed


def _credit(read: _Read, now: ModelVersion | None, then: ModelVersion | None) -> _Page:
    orders = list(read.stored.values())
    orders_then = [read.wanted.get(name, one) for name, one in read.stored.items()]
    return _Page(
        len(orders),
        len(read.short_of - read.wanted.keys()),
        read.left_out,
        _sum_by_channel(orders, now, read.channels),
        _sum_by_channel(orders_then, then, read.channels),
    )


def _always(version: ModelVersion) -> VersionInForce:
    """Return a version by which every order is credited, whatever its generation is."""
    return VersionInForce(version, -(2**31))


def _sum_by_channel(
    orders: Sequence[PackedOrder], version: ModelVersion | None, channels: Channels
) -> Counter[tuple[str, str]]:
    """Return cents by currency and channel."""
    cents: Counter[tuple[str, str]] = Counter()
    if version is not None:
        # A conversion before that was not read cuts nothing here.
        known = [
            replace(one, previous_age=NO_CONVERSION) if one.previous_age is None else one
            for one in orders
        ]
        credit = sum_credit(known, [_always(version)], channels)
        for (_, _, channel, currency), sums in credit.items():
            cents[currency, channel] += sums[1]
    return cents
