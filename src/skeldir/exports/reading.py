"""Reads the parts of an export page by page, all in one snapshot of the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from skeldir.attribution import list_allocations, list_journeys
from skeldir.exports.pages import Page, plain_parts
from skeldir.exports.store import queries

if TYPE_CHECKING:
    from skeldir.days import LocalDays
    from skeldir.db import Connection
    from skeldir.exports.parts import Part
    from skeldir.exports.snapshots import Snapshot

ROWS_OF_PAGE: Final = 4_000
_ORDERS_OF_PAGE: Final = 2_000
_DAYS_OF_PAGE: Final = 31
_NIL: Final = UUID(int=0)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Local days [first, end); None leaves a side open. The moments are those at which these days begin."""

    first_day: date | None = None
    end_day: date | None = None
    first_moment: datetime | None = None
    end_moment: datetime | None = None

    @classmethod
    def of_days(cls, first_day: date | None, end_day: date | None, days: LocalDays) -> Span:
        """Return the span of these days of a zone."""
        return cls(
            first_day,
            end_day,
            None if first_day is None else days.start_of(first_day),
            None if end_day is None else days.start_of(end_day),
        )

    def holds_day(self, day: date) -> bool:
        """Whether a day is one of these."""
        return (self.first_day is None or day >= self.first_day) and (
            self.end_day is None or day < self.end_day
        )

    def holds_moment(self, moment: datetime) -> bool:
        """Whether a moment is on one of these days."""
        return (self.first_moment is None or moment >= self.first_moment) and (
            self.end_moment is None or moment < self.end_moment
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Reads parts for the tenant of a transaction: of facts, those of `snapshot`; else, what the transaction sees."""

    connection: Connection
    tenant_id: UUID
    snapshot: Snapshot
    span: Span = Span()
    model_versions: tuple[str, ...] = ()
    rows_at_once: int = ROWS_OF_PAGE

    def pages(self, part: Part, after: str | None = None) -> AsyncIterator[Page]:
        """Yield the pages of a part; of facts, those after the cursor of a page.

        Raises:
            ModelVersionUnknown: the tenant never had one of the model versions.
        """
        if part.is_of_facts:
            return self._pages_of_facts(part, _NIL if after is None else UUID(after))
        derived: Mapping[str, Callable[[], AsyncIterator[Page]]] = {
            "orders": self._orders,
            "journeys": self._journeys,
            "allocations": self._allocations,
            "channel_days": self._channel_days,
        }
        return derived[part.name]()

    async def _pages_of_facts(self, part: Part, after: UUID) -> AsyncIterator[Page]:
        by_moment = {
            "entries": queries.select_entries_page,
            "dead_events": queries.select_dead_events_page,
            "touches": queries.select_touches_page,
        }
        by_day = {"spend": queries.select_spend_page, "claims": queries.select_claims_page}
        if part.name in by_moment:
            select: Callable[..., Coroutine[Any, Any, Any]] = by_moment[part.name]
            bounds: dict[str, Any] = {
                "first_moment": self.span.first_moment,
                "end_moment": self.span.end_moment,
            }
        else:
            select = by_day[part.name]
            bounds = {"first_day": self.span.first_day, "end_day": self.span.end_day}
        while True:
            row = await select(
                self.connection,
                tenant_id=self.tenant_id,
                after=after,
                beyond=self.snapshot.beyond,
                in_flight=self.snapshot.in_flight,
                most=self.rows_at_once,
                **bounds,
            )
            if not row["scanned"]:
                return
            after = row["last_id"]
            yield Page(row["rows"], row, str(after))

    async def _orders(self) -> AsyncIterator[Page]:
        after = ""
        while True:
            until = await queries.find_end_of_orders(
                self.connection, tenant_id=self.tenant_id, after=after, most=_ORDERS_OF_PAGE
            )
            if until is None:
                return
            row = await queries.select_orders_page(
                self.connection,
                tenant_id=self.tenant_id,
                after=after,
                until=until,
                first_moment=self.span.first_moment,
                end_moment=self.span.end_moment,
            )
            after = until
            if row["rows"]:
                yield Page(row["rows"], row)

    async def _channel_days(self) -> AsyncIterator[Page]:
        after: date | None = None
        while True:
            row = await queries.select_channel_days_page(
                self.connection,
                tenant_id=self.tenant_id,
                after=after,
                first_day=self.span.first_day,
                end_day=self.span.end_day,
                most=_DAYS_OF_PAGE,
            )
            if not row["rows"]:
                return
            after = row["last_day"]
            yield Page(row["rows"], row)

    async def _journeys(self) -> AsyncIterator[Page]:
        async for rows in list_journeys(self.connection, self.tenant_id):
            kept = [
                place
                for place, moment in enumerate(rows.converted_at)
                if self.span.holds_moment(moment)
            ]
            columns: dict[str, Sequence[Any]] = {
                "order_id": rows.order_id,
                "place": rows.place,
                "channel": rows.channel,
                "touched_at": list(map(_microseconds, rows.touched_at)),
                "converted_at": list(map(_microseconds, rows.converted_at)),
            }
            if kept:
                yield _page_of(columns, kept)

    async def _allocations(self) -> AsyncIterator[Page]:
        async for rows in list_allocations(self.connection, self.tenant_id, self.model_versions):
            kept = [place for place, day in enumerate(rows.day) if self.span.holds_day(day)]
            columns: dict[str, Sequence[Any]] = {
                "order_id": rows.order_id,
                "entry_id": list(map(str, rows.entry_id)),
                "day": rows.day,
                "model_version": rows.model_version,
                "channel": rows.channel,
                "currency": rows.currency,
                "allocated_cents": rows.allocated_cents,
                "conversions": list(map(plain_parts, rows.conversion_ppt)),
            }
            if kept:
                yield _page_of(columns, kept)


def _page_of(columns: Mapping[str, Sequence[Any]], kept: Sequence[int]) -> Page:
    """Return the page of the rows at these places."""
    return Page(len(kept), {name: [values[n] for n in kept] for name, values in columns.items()})


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
