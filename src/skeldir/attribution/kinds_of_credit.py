"""Credit by the kinds of entries, computed when it is asked for: gross, refunded and disputed beside the net.

The stored sums of channels are net. The orders of the days asked for are credited as for the report of sources, and the
credit of each entry is added to its kind. By the day of the entry, the kinds add up to the stored sum, but for what is
not known. By the day of the order or of the touch, nothing is stored to compare with.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import pack_all
from skeldir.attribution.credit_days import (
    Basis,
    by_order_day,
    by_touch_day,
    day_of_code,
)
from skeldir.attribution.evaluating import Channels, VersionInForce, sum_credit
from skeldir.attribution.kind_schemas import KindCredit, KindRow, KindsReport
from skeldir.attribution.models import ModelVersion
from skeldir.attribution.origin_credit import ALWAYS
from skeldir.attribution.origin_schemas import MOST_ORDERS
from skeldir.attribution.origins import (
    MOST_CHANNELS,
    ORDERS_READ_AT_ONCE,
    OriginsAsked,
    find_orders,
    find_versions,
    read_totals,
)
from skeldir.attribution.packing import PackedOrder
from skeldir.attribution.reading import open_reader
from skeldir.errors import ReportTooLarge
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.attribution.orders import Reading
    from skeldir.attribution.origin_rows import OfModels
    from skeldir.db import Connection

_KINDS: Final = (
    ("capture",),
    ("refund", "refund_reversal"),
    ("dispute", "dispute_reversal"),
)
"""Gross, refunded and disputed."""
_Sums: TypeAlias = dict[tuple[str, str, str], list[int]]
"""By currency, channel and version: the cents of each of _KINDS."""
_Dated: TypeAlias = tuple[Sequence[PackedOrder], Sequence[VersionInForce], Channels]
_ROUNDING: Final = timedelta(days=2)
"""What the days of two moments may be apart beyond the days between the moments."""


async def report_kinds(
    connection: Connection,
    tenant_id: UUID,
    asked: OriginsAsked,
    basis: Basis = "entry_day",
    *,
    most_orders: int = MOST_ORDERS,
) -> KindsReport:
    """Return the credit of the transaction's tenant by channel, divided by the kinds of entries.

    `basis` says whose day is asked for: the entry's; the order's, so that refunds are beside the captures that they
    take back; or that of the touch that earned the credit, and of the order where none did.
    The transaction must be repeatable read. It takes about as long as crediting the orders does.

    Raises:
        ModelNotInForce: a model that is asked for is not in force.
        ReportTooLarge: there are more orders than `most_orders`, or more channels than can be shown.
    """
    versions = await find_versions(connection, tenant_id, asked)
    totals = (
        await read_totals(connection, tenant_id, asked, versions) if basis == "entry_day" else None
    )
    is_needless = totals == {} or not versions
    reached = replace(asked, days=_days_of_entries(asked.days, basis, versions))
    order_ids = (
        [] if is_needless else await find_orders(connection, tenant_id, reached, most_orders)
    )
    sums = await _sum_kinds(connection, tenant_id, asked, basis, order_ids, versions)
    names: dict[str, str] = {version.model: version.model_version for version in versions}
    return KindsReport(
        await read_time_zone(connection, tenant_id),
        "exclude" if asked.without_renewals else "include",
        basis,
        names,
        len(order_ids),
        _rows(sums, names) if totals is None else _rows_by_entry_day(sums, totals, names),
    )


def _rows_by_entry_day(
    sums: _Sums, totals: Mapping[tuple[str, str], OfModels], names: Mapping[str, str]
) -> list[KindRow]:
    return [
        KindRow(
            currency,
            channel,
            {
                model: _show(sums.get((currency, channel, version)), total.get(version, (0, 0))[0])
                for model, version in names.items()
            },
        )
        for (currency, channel), total in totals.items()
    ]


def _rows(sums: _Sums, names: Mapping[str, str]) -> list[KindRow]:
    keys = sorted(
        {(currency, channel) for (currency, channel, _), cents in sums.items() if any(cents)}
    )
    if len(keys) > MOST_CHANNELS:
        raise ReportTooLarge(
            f"More than {MOST_CHANNELS} channels and currencies have credit.",
            cure="Name a channel or a currency.",
        )
    return [
        KindRow(
            currency,
            channel,
            {
                model: _show(sums.get((currency, channel, version)), None)
                for model, version in names.items()
            },
        )
        for currency, channel in keys
    ]


def _days_of_entries(
    days: tuple[date | None, date | None], basis: Basis, versions: Sequence[ModelVersion]
) -> tuple[date | None, date | None]:
    """Return the days on which each order that counts has its first capture: of touches, they may be days before."""
    first, end = days
    if basis != "touch_day" or end is None or not versions:
        return days
    longest = max(version.lookback for version in versions) + _ROUNDING
    return first, None if end > date.max - longest else end + longest


async def _sum_kinds(
    connection: Connection,
    tenant_id: UUID,
    asked: OriginsAsked,
    basis: Basis,
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
        await asyncio.to_thread(_add, reading, asked, basis, sums)
        if reading.orders:
            left = reading.unread + left
    return sums


def _add(reading: Reading, asked: OriginsAsked, basis: Basis, sums: _Sums) -> None:
    """Add the credit of the reading's orders; takes a fraction of a second."""
    for orders, versions, channels in _dated(reading, basis):
        for place, kinds in enumerate(_KINDS):
            credit = sum_credit(orders, versions, channels, reading.days, kinds)
            for (of_entry, version, code, currency), (_, cents, _) in credit.items():
                channel, day = day_of_code(code, of_entry)
                if asked.includes(day, currency) and asked.channel in (None, channel):
                    sums[currency, channel, version][place] += cents


def _dated(reading: Reading, basis: Basis) -> list[_Dated]:
    """Return the reading's orders, with what to credit them by so that the sums have the days of the basis."""
    numbers = _numbered(reading)
    orders = list(pack_all(reading, BOUNDS).values())
    if basis != "touch_day":
        moved = orders if basis == "entry_day" else by_order_day(orders)
        return [(moved, reading.versions, Channels(numbers))]
    return [
        (moved, [one], Channels(codes))
        for one in reading.versions
        for moved, codes in by_touch_day(orders, one.version, numbers, reading.days)
    ]


def _numbered(reading: Reading) -> Mapping[str, int]:
    """Give numbers, for this reading only, to channels that have none yet: nothing is written."""
    numbers = dict(reading.numbers)
    for channel in sorted(reading.channels_met() - numbers.keys()):
        numbers[channel] = 1 + max(numbers.values(), default=0)
    reading.numbers = numbers
    return numbers


def _show(cents: Sequence[int] | None, stored_cents: int | None) -> KindCredit:
    gross, refunded, disputed = cents or (0, 0, 0)
    known = gross + refunded + disputed
    if stored_cents is None:
        return KindCredit(gross, refunded, disputed, None, known)
    return KindCredit(gross, refunded, disputed, stored_cents - known, stored_cents)
