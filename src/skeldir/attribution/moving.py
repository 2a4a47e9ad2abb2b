"""What credit moves if touches get other channels: orders credited twice, with the channels of now and then.

Nothing is written and no lock is taken. In an open snapshot the facts of the orders are read page by page, as a
credit run reads them, so memory grows neither with their number nor with that of their touches.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.computing import Computation, Outcome, Part
from skeldir.attribution.evaluating import (
    Channels,
    Sums,
    add_allocations,
    subtract,
    sum_credit,
)
from skeldir.attribution.marks import DEFAULT_LOOKBACK_DAYS
from skeldir.attribution.orders import Reading, Touches, Withdrawn
from skeldir.attribution.packing import PackedOrder, moment_to_us, older_part
from skeldir.attribution.reading import Reader, open_reader
from skeldir.attribution.store import queries
from skeldir.db import plan_for_each_list
from skeldir.errors import ReportTooLarge

if TYPE_CHECKING:
    from skeldir.attribution.orders import LongJourney
    from skeldir.db import Connection

_ORDERS_READ_AT_ONCE: Final = 1_000
_SEPARATOR: Final = "\x1f"
_MICROSECOND: Final = timedelta(microseconds=1)
# More orders than this are not searched for: then all are read.
_MOST_SEARCHED: Final = 200_000
_MOST_OF_JOURNEY: Final = 1_000


class TouchFields(NamedTuple):
    """A standing touch as it is recorded. `is_derived` is False if its channel was given with it or by a correction.

    `is_marked` is the touch with the marked key.
    """

    channel: str
    is_derived: bool
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    landing_path: str | None
    click_id_kinds: tuple[str, ...]
    is_marked: bool


Placing = Callable[[TouchFields], str]
"""The channel that a touch would get."""


@dataclass(slots=True)
class CreditMoves:
    """The `orders` with a touch in reach that moves, the first of them by id, and the change of credit.

    `sums` are by model, currency and channel: the parts per 10**12 of conversions, and the minor units.
    """

    orders: int = 0
    order_ids: list[str] = field(default_factory=list)
    sums: dict[tuple[str, str, str], tuple[int, int]] = field(default_factory=dict)


async def find_orders_reached(
    connection: Connection, tenant_id: UUID, touches: Sequence[tuple[bytes, datetime]]
) -> list[str] | None:
    """Return the orders that touches, (journey key, moment), can change by any version; None if they are too many."""
    found: set[str] = set()
    for start in range(0, len(touches), _ORDERS_READ_AT_ONCE):
        some = touches[start : start + _ORDERS_READ_AT_ONCE]
        await plan_for_each_list(connection, len(some))
        rows = await queries.select_orders_reached_by_touches(
            connection,
            tenant_id=tenant_id,
            journey_keys=[key for key, _ in some],
            moments=[moment for _, moment in some],
            default_days=DEFAULT_LOOKBACK_DAYS,
            most=_MOST_OF_JOURNEY,
        )
        for row in rows:
            if row["order_id"] is None:
                return None
            found.add(row["order_id"])
        if len(found) > _MOST_SEARCHED:
            return None
    return sorted(found)


async def find_moves_of_credit(
    connection: Connection,
    tenant_id: UUID,
    place: Placing,
    *,
    order_ids: Sequence[str] | None,
    most_orders: int,
    most_shown: int,
    marked_key: str = "",
) -> CreditMoves:
    """Return what moves if each touch gets the channel that `place` returns: in some orders, or in all with None.

    The transaction must be repeatable read. The change is that of the reports after a credit run, when no order awaits
    credit before it. The touch with the `marked_key` is marked.

    Raises:
        ReportTooLarge: there are more orders than `most_orders`.
    """
    comparison = _Comparison(place, most_shown)
    read = 0
    async for page in _pages(connection, tenant_id, order_ids):
        read += len(page)
        if read > most_orders:
            raise ReportTooLarge(
                f"More than {most_orders:,} orders would have to be credited.",
                cure="Ask with the command, which reads any number: `skeldir rules dry-run`.",
            )
        left: Sequence[str] = page
        while left:
            reader = await _open(connection, tenant_id, left, marked_key)
            await reader.read_light(left)
            await asyncio.to_thread(comparison.add, reader.reading)
            left, crowded = reader.reading.unread, reader.reading.crowded
            known: LongJourney | None = None
            while crowded:
                reader = await _open(connection, tenant_id, crowded, marked_key)
                await reader.read_heavy(crowded, known)
                await asyncio.to_thread(comparison.add, reader.reading)
                crowded, known = reader.reading.unread, reader.reading.long_journey
    return comparison.moves


async def _pages(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str] | None
) -> AsyncIterator[Sequence[str]]:
    if order_ids is not None:
        for start in range(0, len(order_ids), _ORDERS_READ_AT_ONCE):
            yield order_ids[start : start + _ORDERS_READ_AT_ONCE]
        return
    after = ""
    while rows := await queries.select_orders_after(
        connection, tenant_id=tenant_id, after=after, most=_ORDERS_READ_AT_ONCE
    ):
        after = rows[-1]["order_id"]
        yield [row["order_id"] for row in rows]


async def _open(
    connection: Connection, tenant_id: UUID, order_ids: Sequence[str], marked_key: str
) -> Reader:
    reader = await open_reader(connection, tenant_id, order_ids, BOUNDS)
    if reader.reading.forgotten_before is not None:
        # As after the move, when some touches are withdrawn ones: all that a stored path may hold are read.
        reader.reading.has_withdrawals = True
    return replace(
        reader,
        select_touches=partial(queries.select_touches_with_fields, marked_key=marked_key),
        select_page=partial(queries.select_fields_of_journey, marked_key=marked_key),
    )


@dataclass(slots=True)
class _Comparison:
    place: Placing
    most_shown: int
    moves: CreditMoves = field(default_factory=CreditMoves)

    def add(self, reading: Reading) -> None:
        """Add what moves in the orders of a reading. Takes a fraction of a second."""
        codes = {code for touches in reading.journeys.values() for code in touches.codes}
        fields = {code: _read_fields(code) for code in codes}
        now = {code: one.channel for code, one in fields.items()}
        then = {code: self.place(one) for code, one in fields.items()}
        if now == then:
            return
        before, after = _with_channels(reading, now, now), _with_channels(reading, now, then)
        numbers = dict(reading.numbers)
        for code in sorted((before.channels_met() | after.channels_met()) - numbers.keys()):
            numbers[code] = 1 + max(numbers.values(), default=0)
        before.numbers = after.numbers = numbers
        self._compare(before, after)

    def _compare(self, before: Reading, after: Reading) -> None:
        were = {one.order.order_id: one for one in _outcomes(before)}
        lookback = before.lookback // _MICROSECOND
        changed = [
            (were[one.order.order_id], one)
            for one in _outcomes(after)
            if _is_changed(were[one.order.order_id], one, lookback)
        ]
        if not changed:
            return
        difference = subtract(
            _sum([after_one for _, after_one in changed], after),
            _sum([before_one for before_one, _ in changed], before),
        )
        models = {one.version.model_version: one.version.model for one in before.versions}
        sums = self.moves.sums
        for (_, version, channel, currency), (parts, cents, _) in difference.items():
            key = models[version], currency, channel
            was = sums.get(key, (0, 0))
            sums[key] = was[0] + parts, was[1] + cents
        self.moves.orders += len(changed)
        shown = sorted([*self.moves.order_ids, *(one.order.order_id for one, _ in changed)])
        self.moves.order_ids = shown[: self.most_shown]


def _read_fields(code: str) -> TouchFields:
    channel, is_derived, *texts, kinds, is_marked = code.split(_SEPARATOR)
    source, medium, campaign, referrer_host, landing_path = (text or None for text in texts)
    return TouchFields(
        channel,
        bool(is_derived),
        source,
        medium,
        campaign,
        referrer_host,
        landing_path,
        tuple(kinds.split()),
        bool(is_marked),
    )


def _with_channels(reading: Reading, now: Mapping[str, str], then: Mapping[str, str]) -> Reading:
    """Return the reading with the channels of `then` for its touches, which `now` are in others."""
    journeys = {
        key: Touches(touches.moments, [then[code] for code in touches.codes])
        for key, touches in reading.journeys.items()
    }
    withdrawn = reading.withdrawn
    if reading.forgotten_before is not None and then is not now:
        withdrawn = _withdraw(reading, now, then, moment_to_us(reading.forgotten_before))
    return replace(reading, journeys=journeys, withdrawn=withdrawn)


def _withdraw(
    reading: Reading, now: Mapping[str, str], then: Mapping[str, str], before: int
) -> dict[bytes, list[Withdrawn]]:
    """Return the withdrawn touches before the last forgetting as they are after the move: see `withdrawn`."""
    found: defaultdict[bytes, list[Withdrawn]] = defaultdict(list)
    moved: dict[bytes, dict[tuple[int, str], tuple[int, str]]] = {}
    for key, touches in reading.journeys.items():
        moved[key] = {
            (moment, now[code]): (moment, then[code])
            for moment, code in zip(touches.moments, touches.codes, strict=True)
            if moment < before and now[code] != then[code]
        }
        found[key] += [Withdrawn(touch, instead) for touch, instead in moved[key].items()]
    for key, some in reading.withdrawn.items():
        of_journey = moved.get(key, {})
        for one in some:
            instead = one.instead
            if instead is not None:
                instead = of_journey.get(instead, instead)
            found[key].append(Withdrawn(one.touch, instead))
    return {key: some for key, some in found.items() if some}


def _outcomes(reading: Reading) -> list[Outcome]:
    computation = Computation(reading, BOUNDS)
    outcomes: list[Outcome] = []
    while not computation.is_done():
        computation.fill(part := Part())
        outcomes += part.outcomes
    return outcomes


def _is_changed(was: Outcome, now: Outcome, lookback: int) -> bool:
    """Return whether a move changes what an order is credited from; what keeps its credit does not change."""
    if now.keeps_credit or now.is_withdrawn:
        return False
    if now.kept is not None:
        return was.kept is None or Counter(now.kept) != Counter(was.kept)
    before = was.journey or was.stored
    assert now.journey is not None  # noqa: S101 - the only outcome that is left
    return before is None or _in_reach(before, lookback) != _in_reach(now.journey, lookback)


def _in_reach(journey: PackedOrder, lookback: int) -> bytes:
    return journey.path[len(older_part(journey.path, lookback)) :]


def _sum(outcomes: Sequence[Outcome], reading: Reading) -> Sums:
    """Return the credit of outcomes; where one keeps its credit, that of the journey that is stored."""
    journeys = [
        journey
        for one in outcomes
        if one.kept is None and (journey := one.journey or one.stored) is not None
    ]
    sums = sum_credit(journeys, reading.versions, Channels(reading.numbers), reading.days)
    for one in outcomes:
        if one.kept is not None:
            add_allocations(sums, one.order.entries, one.kept, reading.days)
    return sums
