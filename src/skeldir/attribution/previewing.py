"""What a change of a model would move: orders credited by the version in force and by the one wanted.

They are credited from the stored journeys, or, where these hold less than the wanted version needs, from the facts, as
the change itself would do. Nothing is written and no lock is taken. The orders are read page by page, each page in its
own snapshot.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution.as_if import PageAsIf, always, cut_nowhere, read_page_as_if
from skeldir.attribution.evaluating import Channels, sum_credit
from skeldir.attribution.fitted_versions import FittedVersion
from skeldir.attribution.model_schemas import (
    MOST_COUNTED,
    MOST_PREVIEWED,
    ChannelChange,
    ModelPreview,
)
from skeldir.attribution.models import ModelName, ModelVersion
from skeldir.attribution.packing import PackedOrder
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
from skeldir.attribution.store import queries
from skeldir.attribution.stored_versions import last_versions, versions_of

if TYPE_CHECKING:
    from skeldir.attribution.store import SelectLastVersionsRow
    from skeldir.db import Connection, Database

_ORDERS_OF_PAGE: Final = 4_000
_WANTED: Final = "wanted"


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
        read = await read_page_as_if(database, tenant_id, after, size, then)
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
        _changes(now_sums, then_sums),
        change.name if isinstance(change, FittedVersion) else None,
    )


def _changes(now: Counter[tuple[str, str]], then: Counter[tuple[str, str]]) -> list[ChannelChange]:
    return [
        ChannelChange(*key, now[key], then[key], then[key] - now[key])
        for key in sorted(now.keys() | then.keys())
        if now[key] or then[key]
    ]


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


def _credit(read: PageAsIf, now: ModelVersion | None, then: ModelVersion | None) -> _Page:
    orders = list(read.stored.values())
    orders_then = [read.wanted.get(name, one) for name, one in read.stored.items()]
    return _Page(
        len(orders),
        len(read.short_of - read.wanted.keys()),
        read.left_out,
        _sum_by_channel(orders, now, read.channels),
        _sum_by_channel(orders_then, then, read.channels),
    )


def _sum_by_channel(
    orders: Sequence[PackedOrder], version: ModelVersion | None, channels: Channels
) -> Counter[tuple[str, str]]:
    """Return cents by currency and channel."""
    cents: Counter[tuple[str, str]] = Counter()
    if version is not None:
        credit = sum_credit(cut_nowhere(orders), [always(version)], channels)
        for (_, _, channel, currency), sums in credit.items():
            cents[currency, channel] += sums[1]
    return cents
