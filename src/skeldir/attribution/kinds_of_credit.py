"""Credit by the kinds of entries, computed when it is asked for: gross, refunded and disputed beside the net.

The stored sums of channels are net. The orders of the days asked for are credited as for the report of sources, and the
credit of each entry is added to its kind. So the kinds add up to the stored sum, but for what is not known.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.evaluating import Channels, VersionInForce, sum_credit
from skeldir.attribution.kind_schemas import KindCredit, KindRow, KindsReport
from skeldir.attribution.models import ModelVersion
from skeldir.attribution.origin_schemas import MOST_ORDERS
from skeldir.attribution.origins import (
    ALWAYS,
    ORDERS_READ_AT_ONCE,
    OriginsAsked,
    find_orders,
    find_versions,
    read_totals,
)
from skeldir.attribution.reading import open_reader
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.db import Connection

_KINDS: Final = (
    ("capture",),
    ("refund", "refund_reversal"),
    ("dispute", "dispute_reversal"),
)
"""Gross, refunded and disputed."""
_Sums: TypeAlias = dict[tuple[str, str, str], list[int]]
"""By currency, channel and version: the cents of each of _KINDS."""


async def report_kinds(
    connection: Connection, tenant_id: UUID, asked: OriginsAsked, *, most_orders: int = MOST_ORDERS
) -> KindsReport:
    """Return the credit of the transaction's tenant by channel, divided by the kinds of entries.

    The transaction must be repeatable read. It takes about as long as crediting the orders does.

    Raises:
        ModelNotInForce: a model that is asked for is not in force.
        ReportTooLarge: there are more orders than `most_orders`, or more channels than can be shown.
    """
    versions = await find_versions(connection, tenant_id, asked)
    totals = await read_totals(connection, tenant_id, asked, versions)
    order_ids = await find_orders(connection, tenant_id, asked, most_orders) if totals else []
    sums = await _sum_kinds(connection, tenant_id, asked, order_ids, versions)
    names: dict[str, str] = {version.model: version.model_version for version in versions}
    return KindsReport(
        await read_time_zone(connection, tenant_id),
        "exclude" if asked.without_renewals else "include",
        names,
        len(order_ids),
        [
            KindRow(
                currency,
                channel,
                {
                    model: _show(
                        sums.get((currency, channel, version)), total.get(version, (0, 0))[0]
                    )
                    for model, version in names.items()
                },
            )
            for (currency, channel), total in totals.items()
        ],
    )


async def _sum_kinds(
    connection: Connection,
    tenant_id: UUID,
    asked: OriginsAsked,
    order_ids: Sequence[str],
    versions: Sequence[ModelVersion],
) -> _Sums:
    sums: _Sums = defaultdict(lambda: [0] * len(_KINDS))
    in_force = [VersionInForce(version, ALWAYS) for version in versions]
    left = list(order_ids)
    while left:
        some, left = left[:ORDERS_READ_AT_ONCE], left[ORDERS_READ_AT_ONCE:]
        reader = await open_reader(connection, tenant_id, some, BOUNDS)
        reading = replace(reader.reading, versions=in_force)
        await replace(reader, reading=reading).read_light(some)
        await asyncio.to_thread(_add, reading, asked, sums)
        if reading.orders:
            left = reading.unread + left
    return sums


def _add(reading: Reading, asked: OriginsAsked, sums: _Sums) -> None:
    """Add the credit of the reading's orders; takes a fraction of a second."""
    channels = Channels(_numbered(reading))
    orders = list(pack_all(reading, BOUNDS).values())
    for place, kinds in enumerate(_KINDS):
        credit = sum_credit(orders, reading.versions, channels, reading.days, kinds)
        for (day, version, channel, currency), (_, cents, _) in credit.items():
            if asked.includes(day, currency):
                sums[currency, channel, version][place] += cents


def _numbered(reading: Reading) -> Mapping[str, int]:
    """Give numbers, for this reading only, to channels that have none yet: nothing is written."""
    numbers = dict(reading.numbers)
    for channel in sorted(reading.channels_met() - numbers.keys()):
        numbers[channel] = 1 + max(numbers.values(), default=0)
    reading.numbers = numbers
    return numbers


def _show(cents: Sequence[int] | None, net_cents: int) -> KindCredit:
    gross, refunded, disputed = cents or (0, 0, 0)
    return KindCredit(gross, refunded, disputed, net_cents - gross - refunded - disputed, net_cents)
