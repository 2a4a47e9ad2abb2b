"""Converting the sums of days of the transaction's tenant, and noting by which rates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.rates.converting import MOST_DAYS_OLD, DayRate, Stated, as_text, find_rate, plain
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
        self._used: dict[tuple[str, date], tuple[DayRate, date, date]] = {}
        self._missing: dict[str, set[date]] = {}

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
        by_day: dict[date, Stated] = dict(self._by_day)
        found = find_rate(by_day, self.base, currency, self.target, day)
        if found is None:
            self._missing.setdefault(currency, set()).add(day)
            return None
        _, first, last = self._used.get((currency, found.day), (found, day, day))
        self._used[currency, found.day] = found, min(first, day), max(last, day)
        return found

    def digest(self) -> str:
        """Return a digest of the rates used: pages that were converted by other rates do not belong together."""
        parts = [
            f"{currency} {day} {used.units}"
            for (currency, day), (used, _, _) in sorted(self._used.items(), key=lambda one: one[0])
        ]
        return sha256("\n".join(parts).encode()).hexdigest()[:16]

    def describe(self) -> ConvertedBy:
        """Return what was used and missing so far."""
        used = [
            UsedRate(
                currency,
                stated_on,
                first,
                last,
                as_text(rate.units),
                [StatedRate(quote, plain(value), number) for quote, value, number in rate.stated],
            )
            for (currency, stated_on), (rate, first, last) in self._used.items()
        ]
        used.sort(key=lambda one: (one.rate_day, one.currency))
        shown = sorted(used[-MOST_SHOWN:], key=lambda one: (one.currency, one.rate_day))
        missing = [
            MissingRate(currency, len(days), min(days), max(days))
            for currency, days in sorted(self._missing.items())
        ]
        return ConvertedBy(
            self.target,
            self.source,
            self.base,
            MOST_DAYS_OLD,
            shown,
            len(used) - len(shown),
            missing,
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
