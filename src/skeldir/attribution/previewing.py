"""What a change of a model would move: the stored journeys credited by the version now and by the one wanted.

Nothing is written and no lock is taken. The orders are read page by page, each as of its own moment.
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
from skeldir.attribution.definitions import versions_of
from skeldir.attribution.evaluating import Channels, VersionInForce, sum_credit
from skeldir.attribution.models import ModelVersion
from skeldir.attribution.orders import make_stored, says_enough
from skeldir.attribution.packing import NO_CONVERSION, TOUCH_BYTES, PackedOrder
from skeldir.attribution.parameters import (
    CompleteParameters,
    ModelParameters,
    complete_parameters,
    require_model,
    require_retirable,
    require_touches_kept,
)
from skeldir.attribution.store import queries

if TYPE_CHECKING:
    from skeldir.db.pool import Connection, Database

MOST_PREVIEWED: Final = 20_000
"""Orders that a preview looks at, the first ones by order id."""
MOST_COUNTED: Final = 1_000_000
"""Stored orders are counted up to so many."""
_ORDERS_OF_PAGE: Final = 4_000
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

    `wanted` is None for a model that is to be retired, `version_now` for one that is not in force. Of
    `orders_known_in_part` less is stored than the change asks for: touches of a longer lookback, or the conversion
    before. They are credited by what is stored. `orders_left_out` have paths that are too long for a preview.
    """

    model: str
    version_now: str | None
    wanted: CompleteParameters | None
    orders: int
    orders_in_all: int
    orders_known_in_part: int
    orders_left_out: int
    channels: list[ChannelChange]


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
        rows = await queries.select_active_models(connection, tenant_id=tenant_id)
        active = {row["model"]: row for row in rows}
        wanted = await _require_possible(connection, tenant_id, model, parameters, active)
        in_all = await queries.count_stored_journeys(
            connection, tenant_id=tenant_id, most=MOST_COUNTED
        )
    now = next((v for v in versions_of(rows) if v.model == model), None)
    then = None if wanted is None else _version_wanted(model, wanted)
    now_sums: Counter[tuple[str, str]] = Counter()
    then_sums: Counter[tuple[str, str]] = Counter()
    orders = in_part = left_out = 0
    after = ""
    while orders + left_out < most:
        size = min(orders_of_page, most - orders - left_out)
        journeys, channels = await _read_page(database, tenant_id, after, size)
        page = await asyncio.to_thread(_credit, journeys, channels, now, then)
        orders, in_part = orders + page.orders, in_part + page.known_in_part
        left_out += page.left_out
        now_sums.update(page.now)
        then_sums.update(page.then)
        if len(journeys) < size:
            break
        after = journeys[-1]["order_id"]
    return ModelPreview(
        model,
        None if now is None else now.model_version,
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
    active: Mapping[str, Mapping[str, Any]],
) -> CompleteParameters | None:
    """Return all parameters of the version wanted; None for a model that is to be retired."""
    if parameters is None:
        require_retirable(model, active)
        return None
    wanted = complete_parameters(parameters, active.get(model))
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
    database: Database, tenant_id: UUID, after: str, most: int
) -> tuple[Sequence[Any], Channels]:
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        rows = await queries.select_journeys_after(
            connection,
            tenant_id=tenant_id,
            after=after,
            longest=TOUCH_BYTES * BOUNDS.touches_of_light_journey,
            most=most,
        )
        state = await queries.select_credit_state(connection, tenant_id=tenant_id)
    return rows, Channels(orjson.loads(state["numbers"]))


def _credit(
    rows: Sequence[Any], channels: Channels, now: ModelVersion | None, then: ModelVersion | None
) -> _Page:
    stored = make_stored([row for row in rows if row["path"] is not None], ()).values()
    in_part = (
        0
        if then is None
        else sum(
            not says_enough(one, then.lookback, is_cutting=then.after_conversion == "reset")
            for one in stored
        )
    )
    # A conversion before that was not read cuts nothing here.
    orders = [
        replace(one, previous_age=NO_CONVERSION) if one.previous_age is None else one
        for one in stored
    ]
    return _Page(
        len(orders),
        in_part,
        len(rows) - len(orders),
        _sum_by_channel(orders, now, channels),
        _sum_by_channel(orders, then, channels),
    )


def _sum_by_channel(
    orders: Sequence[PackedOrder], version: ModelVersion | None, channels: Channels
) -> Counter[tuple[str, str]]:
    """Return cents by currency and channel."""
    cents: Counter[tuple[str, str]] = Counter()
    if version is not None:
        # Whatever the generation of an order is, it is credited by the version.
        in_force = VersionInForce(version, -(2**31))
        for (_, _, channel, currency), sums in sum_credit(orders, [in_force], channels).items():
            cents[currency, channel] += sums[1]
    return cents
