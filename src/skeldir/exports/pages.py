"""Pages of rows as lists of columns, and the sums that are shown beside an export. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from skeldir.exports.parts import MONEY_SUFFIX, Part
from skeldir.money import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable

_PPT_PLACES: Final = 12


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a part, a list for each of its columns. After `cursor`, if there is one, the next page begins."""

    rows: int
    columns: Mapping[str, Any]
    cursor: str | None = None


@dataclass(slots=True)
class Sums:
    """How many rows a part has, and its amounts by model version (None where rows are of none) and currency.

    A sum is of the amounts that are known, and None if none is.
    """

    rows: int = 0
    cents: dict[tuple[str | None, str, str], int | None] = field(default_factory=dict)

    def add(self, part: Part, page: Page) -> None:
        """Add the rows of a page."""
        self.rows += page.rows
        if not page.rows or not part.cents:
            return
        models = page.columns["model_version"] if part.has_models else [None] * page.rows
        for name in part.cents:
            for model, currency, cents in zip(
                models, page.columns["currency"], page.columns[name], strict=True
            ):
                key = (model, currency, name)
                if cents is not None:
                    self.cents[key] = (self.cents.get(key) or 0) + cents
                else:
                    self.cents.setdefault(key, None)

    def totals(self) -> list[dict[str, object]]:
        """Return an object for each model version and currency, with the sum of each column; None if unknown."""
        found: dict[tuple[str, str], dict[str, object]] = {}
        for (model, currency, name), cents in sorted(
            self.cents.items(), key=lambda item: (item[0][0] or "", *item[0][1:])
        ):
            whose = {} if model is None else {"model_version": model}
            one = found.setdefault((model or "", currency), {**whose, "currency": currency})
            one[name] = cents
        return list(found.values())

    def as_stored(self) -> dict[str, Any]:
        """Return what `of_stored` reads."""
        return {"rows": self.rows, "cents": [[*key, cents] for key, cents in self.cents.items()]}

    @classmethod
    def of_stored(cls, stored: Mapping[str, Any]) -> Sums:
        """Return the sums that `as_stored` described."""
        cents = {(model, currency, name): sum_ for model, currency, name, sum_ in stored["cents"]}
        return cls(stored["rows"], cents)


def with_amounts(part: Part, page: Page) -> dict[str, Sequence[Any]]:
    """Return the columns of a page with, after each column of minor units, one of plain decimals in major units."""
    shown: dict[str, Sequence[Any]] = {}
    for column in part.columns:
        values = page.columns[column.name]
        shown[column.name] = values
        if column.kind == "cents":
            name = column.name.removesuffix(MONEY_SUFFIX)
            shown[name] = list(plain_amounts(values, page.columns["currency"]))
    return shown


def plain_amounts(cents: Sequence[int | None], currencies: Sequence[str]) -> Iterable[str | None]:
    """Yield amounts as plain decimals: "-12.50" for -1250 EUR, "7" for 7 JPY, None for None."""
    places = {currency: decimals(currency) for currency in set(currencies)}
    for amount, currency in zip(cents, currencies, strict=True):
        if amount is None:
            yield None
            continue
        digits = places[currency]
        if not digits:
            yield str(amount)
            continue
        text = f"{abs(amount):0{digits + 1}d}"
        yield f"{'-' if amount < 0 else ''}{text[:-digits]}.{text[-digits:]}"


def iso_moments(values: Sequence[int]) -> list[str]:
    """Return moments as ISO 8601 in UTC, with microseconds."""
    stamps = np.array(values, np.int64).astype("datetime64[us]")
    return [str(text) for text in np.datetime_as_string(stamps, unit="us", timezone="UTC").tolist()]


def plain_parts(ppt: int) -> str:
    """Return parts per 10**12 as a plain decimal without superfluous zeros: "0.5"."""
    whole, rest = divmod(ppt, 10**_PPT_PLACES)
    return f"{whole}.{rest:0{_PPT_PLACES}d}".rstrip("0").rstrip(".")
