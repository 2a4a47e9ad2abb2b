"""How many of the orders that webhooks paid have touches: by provider and local day of the first capture."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import TOUCH_BYTES
from skeldir.inbox.report_schemas import CoverageReport, CoverageRow, Covered
from skeldir.inbox.settling import SOURCE
from skeldir.inbox.store import queries
from skeldir.rollups import read_time_zone

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox.store import SelectCoverageRow

DEFAULT_DAYS: Final = 31
# No fact is older than the year 2000, and none is in the future.
_FIRST_DAY: Final = date(1999, 12, 31)
_LAST_DAY: Final = date(2100, 1, 1)
_MARGIN: Final = timedelta(hours=16)
"""No zone is ahead of UTC, or behind it, by as much."""
_OF_TOUCHES: Final = {-1: "awaiting_credit", 0: "unmatched", 1: "one_touch", 2: "more_touches"}


def choose_days(
    first_day: date | None, end_day: date | None, *, today: date, most: int
) -> tuple[date, date]:
    """Return the half-open range of days to report on; `today` is the day in UTC.

    Without a start, it is the last DEFAULT_DAYS days up to the end; without an end, `most` days at most, up to today in
    every zone.
    """
    tomorrow = today + timedelta(days=2)
    if first_day is None:
        end = _within(end_day or tomorrow)
        return end - timedelta(days=DEFAULT_DAYS), end
    first = _within(first_day)
    if end_day is None:
        return first, max(first, min(tomorrow, first + timedelta(days=most)))
    return first, _within(end_day)


def _within(day: date) -> date:
    return min(max(day, _FIRST_DAY), _LAST_DAY)


async def report_coverage(
    connection: Connection, tenant_id: UUID, first_day: date, end_day: date
) -> CoverageReport:
    """Return the coverage of the transaction's tenant on the local days [first_day, end_day).

    The transaction must be repeatable read, or days and zone may not match.
    """
    rows = await queries.select_coverage(
        connection,
        tenant_id=tenant_id,
        first_day=first_day,
        end_day=end_day,
        first_moment=datetime.combine(first_day, time(), UTC) - _MARGIN,
        end_moment=datetime.combine(end_day, time(), UTC) + _MARGIN,
        source=SOURCE,
        touch_bytes=TOUCH_BYTES,
    )
    sums: dict[tuple[date, str, str], _Sums] = defaultdict(_Sums)
    for row in rows:
        sums[row["day"], row["provider"], row["currency"]].add(row)
    return CoverageReport(
        await read_time_zone(connection, tenant_id),
        first_day,
        end_day,
        [_make_row(key, found) for key, found in sums.items()],
    )


@dataclass(slots=True)
class _Sums:
    """Orders and minor units, by the name of the field of the row."""

    orders: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cents: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, row: SelectCoverageRow) -> None:
        cents = int(row["cents"])
        self._add("total", row["orders"], cents)
        self._add(_OF_TOUCHES[row["touches"]], row["orders"], cents)
        if row["is_derived"]:
            self._add("derived", row["orders"], cents)
        if not row["is_derived"] and not row["has_token"]:
            self._add("without_token", row["orders"], cents)
        if row["has_first"]:
            self._add("first_payments", row["orders"], int(row["first_cents"]))
        if row["has_renewal"]:
            self._add("renewals", row["orders"], int(row["renewal_cents"]))

    def _add(self, name: str, orders: int, cents: int) -> None:
        self.orders[name] += orders
        self.cents[name] += cents

    def get(self, name: str) -> Covered:
        return Covered(self.orders.get(name, 0), self.cents.get(name, 0))


def _make_row(key: tuple[date, str, str], sums: _Sums) -> CoverageRow:
    day, provider, currency = key
    return CoverageRow(
        date=day,
        provider=provider,
        currency=currency,
        total=sums.get("total"),
        unmatched=sums.get("unmatched"),
        one_touch=sums.get("one_touch"),
        more_touches=sums.get("more_touches"),
        awaiting_credit=sums.get("awaiting_credit"),
        derived=sums.get("derived"),
        without_token=sums.get("without_token"),
        first_payments=sums.get("first_payments"),
        renewals=sums.get("renewals"),
    )
