"""The reports of money of an earlier moment, from the ledger: what it held then, without what had been taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.errors import ReportTooLarge, SkeldirError
from skeldir.revenue.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.revenue.renewals import RenewalsFilter
    from skeldir.revenue.schemas import DailyQuery
    from skeldir.revenue.store import SelectDaysKnownAtRow, SelectTotalsKnownAtRow
    from skeldir.rollups import KnownMoment

MOST_ENTRIES: Final = 200_000
"""The most entries that the report of an earlier moment may read."""
_AWAITING: Final = ("awaiting_capture", "dispute_awaiting_capture")
# No zone is ahead of UTC, or behind it, by as much.
_MARGIN: Final = timedelta(hours=16)


class RenewalsNotKnown(SkeldirError):
    """Which orders counted as renewals at an earlier moment is recorded for credit, but not for the ledger."""

    code = "renewals_not_known"
    status = 422
    title = "Renewals of that moment are not known"


def require_all_entries(renewals: RenewalsFilter) -> None:
    """Raise `RenewalsNotKnown` if renewals are to be left out of the money of an earlier moment."""
    if renewals == "exclude":
        raise RenewalsNotKnown(
            "Which orders were renewals at an earlier moment is not recorded.",
            cure="Leave out `renewals` or `known_at`; /v1/attribution/channels takes both.",
        )


async def read_days_known(
    connection: Connection,
    tenant_id: UUID,
    query: DailyQuery,
    known: KnownMoment,
    *,
    after: tuple[date, str, str] | None,
    most: int = MOST_ENTRIES,
) -> Sequence[SelectDaysKnownAtRow]:
    """Return one row more than fit on a page, by (date, currency, state), after the key `after`.

    Raises:
        ReportTooLarge: the days from the page on have more than `most` entries.
    """
    after_date, after_currency, after_state = after or (None, None, None)
    first_day = query.from_ if after_date is None else after_date
    first_moment, end_moment = _near(first_day, -_MARGIN), _near(query.to, _MARGIN)
    await _require_few(connection, tenant_id, first_moment, end_moment, most)
    return await queries.select_days_known_at(
        connection,
        tenant_id=tenant_id,
        moment=known.moment,
        changes=known.rules.changes,
        offsets_s=known.rules.offsets_s,
        first_moment=first_moment,
        end_moment=end_moment,
        first_day=first_day,
        end_day=query.to,
        currency=query.currency,
        state=query.state,
        after_date=after_date,
        after_currency=after_currency,
        after_state=after_state,
        most=query.limit + 1,
    )


async def read_revenue_of_days_known(
    connection: Connection,
    tenant_id: UUID,
    known: KnownMoment,
    first_day: date,
    end_day: date,
    *,
    most: int = MOST_ENTRIES,
) -> dict[str, tuple[int, int]]:
    """Return by currency what the ledger held of the days `[first_day, end_day)` at a moment, in signed minor units.

    The second amount is the part of the first that had no capture of its order yet, and so no credit.

    Raises:
        ReportTooLarge: the days have more than `most` entries.
    """
    first_moment, end_moment = _near(first_day, -_MARGIN), _near(end_day, _MARGIN)
    await _require_few(connection, tenant_id, first_moment, end_moment, most)
    rows = await queries.select_days_known_at(
        connection,
        tenant_id=tenant_id,
        moment=known.moment,
        changes=known.rules.changes,
        offsets_s=known.rules.offsets_s,
        first_moment=first_moment,
        end_moment=end_moment,
        first_day=first_day,
        end_day=end_day,
        currency=None,
        state=None,
        after_date=None,
        after_currency=None,
        after_state=None,
        most=most,
    )
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        net, awaiting = sums.get(row["currency"], (0, 0))
        cents = int(row["amount_cents"])
        sums[row["currency"]] = net + cents, awaiting + cents * (row["state"] in _AWAITING)
    return sums


async def read_totals_known(
    connection: Connection, tenant_id: UUID, known: KnownMoment, *, most: int = 5 * MOST_ENTRIES
) -> Sequence[SelectTotalsKnownAtRow]:
    """Return the totals of the transaction's tenant over all days, a row per currency.

    Raises:
        ReportTooLarge: the ledger has more than `most` entries.
    """
    await _require_few(connection, tenant_id, None, None, most)
    return await queries.select_totals_known_at(
        connection, tenant_id=tenant_id, moment=known.moment
    )


async def _require_few(
    connection: Connection,
    tenant_id: UUID,
    first_moment: datetime | None,
    end_moment: datetime | None,
    most: int,
) -> None:
    entries = await queries.count_entries_of_days(
        connection,
        tenant_id=tenant_id,
        first_moment=first_moment,
        end_moment=end_moment,
        most=most + 1,
    )
    if entries > most:
        raise ReportTooLarge(
            f"More than {most:,} entries would have to be read to report an earlier moment.",
            cure="Ask /v1/revenue/daily for fewer days at a time.",
        )


def _near(day: date | None, margin: timedelta) -> datetime | None:
    """Return a bound for the moments of local days; None where a moment with the margin could not be written."""
    if day is None or not MINYEAR < day.year < MAXYEAR:
        return None
    return datetime.combine(day, time(), UTC) + margin
