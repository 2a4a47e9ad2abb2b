"""Converting the sums of days of the transaction's tenant, and noting by which rates."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.rates.converting import MOST_DAYS_OLD, DayRate, as_text, find_rate, plain
from skeldir.rates.refusals import RateSourceOpen, RateSourceUnknown
from skeldir.rates.shown import MOST_SHOWN, ConvertedBy, MissingRate, StatedRate, UsedRate
from skeldir.rates.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection


class Converter:
    """Finds the rate of each day and currency, and remembers which were used or missing.

    `load` the rates of some days, then ask for these days. Asking reads nothing, so it may be done in a thread.
    """

    def __init__(
        self, connection: Connection, tenant_id: UUID, source: str, base: str, target: str
    ) -> None:
        """Take an open transaction; use `open_converter`."""
        self._connection = connection
        self._tenant_id = tenant_id
        self.source = source
        self.base = base
        self.target = target
        self._by_day: dict[date, dict[str, tuple[Decimal, int]]] = {}
        self._asked: dict[tuple[str, date], DayRate | None] = {}

    async def load(self, first: date, last: date, currencies: Collection[str]) -> None:
        """Read the rates of days from `first` to `last`; those of days before are forgotten."""
        self._by_day = {}
        wanted = sorted({*currencies, self.target} - {self.base})
        if not set(currencies) - {self.target}:
            return
        rows = await queries.select_rates_of_days(
            self._connection,
            tenant_id=self._tenant_id,
            source=self.source,
            quotes=wanted,
            first_day=first - timedelta(days=MOST_DAYS_OLD),
            last_day=last,
        )
        for row in rows:
            of_day = self._by_day.setdefault(row["day"], {})
            of_day[row["quote"]] = row["rate"], row["revision"]

    def rate_of(self, currency: str, day: date) -> DayRate | None:
        """Return the rate of another currency than the target on a day, or None; either is noted."""
        key = currency, day
        if key not in self._asked:
            self._asked[key] = find_rate(self._by_day, self.base, currency, self.target, day)
        return self._asked[key]

    def digest(self) -> str:
        """Return a digest of all rates so far: pages that were converted by other rates do not belong together."""
        parts = [
            f"{currency} {day} {'' if rate is None else rate.units}"
            for (currency, day), rate in sorted(self._asked.items(), key=lambda one: one[0])
        ]
        return sha256("\n".join(parts).encode()).hexdigest()[:16]

    def describe(self, first: date = date.min, last: date = date.max) -> ConvertedBy:
        """Return what was used and missing on the days from `first` to `last`, as far as they were asked for."""
        used: dict[tuple[date, str], tuple[DayRate, list[date]]] = {}
        missing: dict[str, list[date]] = {}
        for (currency, day), rate in sorted(self._asked.items(), key=lambda one: one[0]):
            if not first <= day <= last:
                continue
            if rate is None:
                missing.setdefault(currency, []).append(day)
            else:
                used.setdefault((rate.day, currency), (rate, []))[1].append(day)
        latest = [used[key] for key in sorted(used)[-MOST_SHOWN:]]
        shown = [_show(rate, days) for rate, days in latest]
        return ConvertedBy(
            self.target,
            self.source,
            self.base,
            MOST_DAYS_OLD,
            sorted(shown, key=lambda one: (one.currency, one.rate_day)),
            len(used) - len(shown),
            [
                MissingRate(currency, len(days), days[0], days[-1])
                for currency, days in missing.items()
            ],
        )


def _show(rate: DayRate, days: Sequence[date]) -> UsedRate:
    return UsedRate(
        rate.currency,
        rate.day,
        days[0],
        days[-1],
        as_text(rate.units),
        [StatedRate(quote, plain(value), revision) for quote, value, revision in rate.stated],
    )


async def open_converter(
    connection: Connection, tenant_id: UUID, target: str, source: str | None
) -> Converter:
    """Return the converter to a currency by the rates of a source, or of the only one that there is.

    Raises:
        RateSourceUnknown: the tenant has no rates, or none of this source.
        RateSourceOpen: it has several sources, and none is named.
    """
    rows = await queries.select_sources(connection, tenant_id=tenant_id)
    bases = {row["source"]: row["base"] for row in rows}
    if source is None and len(bases) > 1:
        raise RateSourceOpen(
            f"There are rates of several sources: {', '.join(bases)}.",
            cure="Name the one to convert by, with rate_source or --rate-source.",
        )
    chosen = source if source is not None else next(iter(bases), None)
    if chosen is None or chosen not in bases:
        raise RateSourceUnknown(
            "The tenant has no exchange rates."
            if not bases
            else f"There are no rates of this source; there are those of {', '.join(bases)}.",
            cure="Import them with `skeldir rates import`, or send them to /v1/rates.",
        )
    return Converter(connection, tenant_id, chosen, bases[chosen], target)
