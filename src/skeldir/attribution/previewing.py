"""What a change of a model would move: orders credited by the version in force and by the one wanted.

They are credited from the stored journeys, or, where these hold less than the wanted version needs, from the facts, as
the change itself would do. Nothing is written and no lock is taken. The orders are read page by page, each page in its
own snapshot.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.evaluating import Channels, VersionInForce, sum_credit
from skeldir.attribution.fitted_versions import FittedVersion
from skeldir.attribution.model_schemas import (
    MOST_COUNTED,
    MOST_PREVIEWED,
    ChannelChange,
    ModelPreview,
)
from skeldir.attribution.models import ModelName, ModelVersion
from skeldir.attribution.orders import holds_enough, make_stored
from skeldir.attribution.packing import NO_CONVERSION, TOUCH_BYTES, PackedOrder
from skeldir.attribution.parameters import (
    UNCHANGED,
    CompleteParameters,
    ModelParameters,
    complete_parameters,
    require_model,
    require_retirable,
    require_rule_model,
    require_touches_kept,
)
from skeldir.attribution.reading import open_reader
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import last_versions, versions_of

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.store import SelectJourneysAfterRow, SelectLastVersionsRow
    from skeldir.db import Connection, Database

_ORDERS_OF_PAGE: Final = 4_000
# A preview runs in a request: what it reads at once must not block the event loop.
_ORDERS_READ_AT_ONCE: Final = 500
_WANTED: Final = "wanted"


@dataclass(frozen=True, slots=True)
class _Read:
    """Stored journeys by order, and for those too short for the wanted version the journeys it would have stored."""

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
    change: ModelParameters | FittedVersion | None,
    *,
    most: int = MOST_PREVIEWED,
    orders_of_page: int = _ORDERS_OF_PAGE,
) -> ModelPreview:
    """Return what `set_models` would move, `put_fit_in_force` with a fit of the model, or `retire_model` with None.

    Raises:
        ModelUnknown, ModelFitted, ModelVersionInvalid, ModelNotInForce, LastModelInForce: as the change itself would.
    """
    name = require_model(model)
    if isinstance(change, ModelParameters):
        require_rule_model(model)
        change.require_valid()
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        last = await last_versions(connection, tenant_id)
        active = [row for row in last.values() if row["is_active"]]
        wanted = await _require_possible(connection, tenant_id, model, change, last)
        in_all = await queries.count_stored_journeys(
            connection, tenant_id=tenant_id, most=MOST_COUNTED
        )
    now = next((v for v in versions_of(active) if v.model == model), None)
    then = None
    if isinstance(change, FittedVersion):
        then = change.as_version(_WANTED)
    elif wanted is not None:
        then = _wanted_version(name, wanted)
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
        name,
        None if now is None else now.model_version,
        None if now is None else complete_parameters(UNCHANGED, row),
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
    change: ModelParameters | FittedVersion | None,
    last: Mapping[str, SelectLastVersionsRow],
) -> CompleteParameters | None:
    """Return all parameters of the wanted version; None for a model to be retired."""
    if change is None:
        require_retirable(model, [name for name, row in last.items() if row["is_active"]])
        return None
    wanted = (
        change.parameters
        if isinstance(change, FittedVersion)
        else complete_parameters(change, last.get(model))
    )
    await require_touches_kept(connection, tenant_id, [wanted])
    return wanted


def _wanted_version(model: ModelName, wanted: CompleteParameters) -> ModelVersion:
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
        stored, short_of = await asyncio.to_thread(_find_short, rows, then)
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


def _find_short(
    rows: Sequence[SelectJourneysAfterRow], then: ModelVersion | None
) -> tuple[dict[str, PackedOrder], frozenset[str]]:
    """Return the stored journeys by order, and the orders whose journeys are too short for the wanted version."""
    stored = make_stored(rows, ())
    if then is None:
        return stored, frozenset()
    resets = then.after_conversion == "reset"
    return stored, frozenset(
        name for name, one in stored.items() if not holds_enough(one, then.lookback, resets=resets)
    )


async def _read_wanted(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    then: ModelVersion,
    numbers: dict[str, int],
) -> dict[str, PackedOrder]:
    """Return the journeys of the orders as the wanted version would store them, except those that are too large.

    Channels without a number get one for this preview only.
    """
    wanted: dict[str, PackedOrder] = {}
    left = list(order_ids)
    while left:
        some, left = left[:_ORDERS_READ_AT_ONCE], left[_ORDERS_READ_AT_ONCE:]
        reading = await _read_as_if(connection, tenant_id, some, _always(then))
        for code in sorted(reading.channels_met()):
            numbers.setdefault(code, 1 + max(numbers.values(), default=0))
        reading.numbers = numbers
        wanted |= await asyncio.to_thread(pack_all, reading, BOUNDS)
        if reading.orders:
            left = reading.unread + left
    return wanted


async def _read_as_if(
    connection: Connection,
    tenant_id: UUID,
    order_ids: Sequence[str],
    version: VersionInForce,
) -> Reading:
    """Read orders with short journeys as a run would for a single version, whether it is in force or not.

    This is for a preview and takes no lock on the tenant's credit, so nothing computed from it may be written.
    """
    reader = await open_reader(connection, tenant_id, order_ids, BOUNDS)
    longest = max(reader.reading.longest_lookback, version.version.lookback)
    wanted = replace(reader.reading, versions=[version], longest_lookback=longest)
    await replace(reader, reading=wanted).read_light(order_ids)
    return wanted


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
    """Return the version as in force for every order, whatever the order's generation."""
    return VersionInForce(version, -(2**31))


def _sum_by_channel(
    orders: Sequence[PackedOrder], version: ModelVersion | None, channels: Channels
) -> Counter[tuple[str, str]]:
    """Return cents by currency and channel."""
    cents: Counter[tuple[str, str]] = Counter()
    if version is not None:
        # If the previous conversion was not read, the journey is not cut here.
        known = [
            replace(one, previous_age=NO_CONVERSION) if one.previous_age is None else one
            for one in orders
        ]
        credit = sum_credit(known, [_always(version)], channels)
        for (_, _, channel, currency), sums in credit.items():
            cents[currency, channel] += sums[1]
    return cents
