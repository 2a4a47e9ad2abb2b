"""The presets of ad platforms, and which columns of a header they name. The data are in presets.toml."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from skeldir.ingest.files import DateOrder, without_case
from skeldir.money import CURRENCIES
from skeldir.spend.files.refusals import ColumnsMissing, PlatformOpen

OTHER: Final = "other"
COSTS: Final = ("cost", "cost_micros", "cost_cents")
_BRACKETS: Final = re.compile(r"\s*[(\[]([A-Z]{3})[)\]]\s*$")
_IN_UTC: Final = re.compile(r"\(in utc\)", re.IGNORECASE)
_SIGNS: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The columns of one kind of claimed conversions, by plain names."""

    type: str
    count: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a platform's columns are called, by plain names."""

    code: str
    days_cure: str
    marks: tuple[frozenset[str], ...]
    names: Mapping[str, tuple[str, ...]]
    claims: tuple[ClaimNames, ...]
    date_order: DateOrder | None


@dataclass(frozen=True, slots=True)
class ClaimColumns:
    """Where the claims are: the kind, the column of the number, and that of the value with its unit."""

    type: str
    count: int | None
    value: int | None
    value_unit: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields of a preset are in a header."""

    preset: Preset
    header: tuple[str, ...]
    places: Mapping[str, int]
    claims: ClaimColumns | None
    bracket_currency: str | None
    is_in_utc: bool

    @property
    def cost_field(self) -> str:
        """The field that holds the cost, which says its unit."""
        return next(name for name in COSTS if name in self.places)

    def used(self) -> set[int]:
        """Return all places that are read."""
        places = set(self.places.values())
        if self.claims is not None:
            places |= {at for at in (self.claims.count, self.claims.value) if at is not None}
        return places


def plain_column(name: str) -> str:
    """Return a column's name in small letters, without accents, signs, and a currency or "(in UTC)" in brackets."""
    text = _BRACKETS.sub(_without_currency, _IN_UTC.sub(" ", name.strip().lstrip("\ufeff")))
    return _SIGNS.sub(" ", without_case(text)).strip()


def currency_in(name: str) -> str | None:
    """Return the currency in the brackets at the end of a column's name, or None."""
    found = _BRACKETS.search(name)
    return found[1] if found and found[1] in CURRENCIES else None


def _without_currency(found: re.Match[str]) -> str:
    return "" if found[1] in CURRENCIES else found[0]


def _read() -> dict[str, Preset]:
    text = (
        resources.files("skeldir.spend.files").joinpath("presets.toml").read_text(encoding="utf-8")
    )
    return {code: _compile(code, row) for code, row in tomllib.loads(text).items()}


def _compile(code: str, row: dict[str, Any]) -> Preset:
    return Preset(
        code=code,
        days_cure=row["days"],
        marks=tuple(frozenset(map(plain_column, mark)) for mark in row["marks"]),
        names={name: _plain(names) for name, names in row["names"].items()},
        claims=tuple(
            ClaimNames(
                claim["type"],
                _plain(claim["count"]),
                {
                    unit: _plain(claim[unit])
                    for unit in ("value", "value_cents", "value_micros")
                    if unit in claim
                },
            )
            for claim in row["claims"]
        ),
        date_order=row.get("date_order"),
    )


def _plain(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(plain_column, names))


PRESETS: Final[Mapping[str, Preset]] = _read()


def find_presets(header: Sequence[str], given: str | None) -> list[Preset]:
    """Return the presets that a row may be the header of: that of the given platform, or those whose marks it has."""
    if given is not None:
        return [PRESETS.get(given, PRESETS[OTHER])]
    names = set(map(plain_column, header))
    return [preset for preset in PRESETS.values() if any(mark <= names for mark in preset.marks)]


def only_preset(found: Sequence[Preset], file_name: str) -> Preset:
    """Return the only one of these presets. Raises PlatformOpen if there is none, or there are several."""
    if len(found) == 1:
        return found[0]
    known = ", ".join(code for code in PRESETS if code != OTHER)
    seen = " or ".join(preset.code for preset in found)
    raise PlatformOpen(
        f"The columns of {file_name} could be of {seen}."
        if found
        else f"The columns of {file_name} show no platform that is known.",
        cure=f"Set --platform to one of {known}; or to a name of your own for another platform.",
    )


def find_columns(header: Sequence[str], preset: Preset, file_name: str) -> Columns:
    """Return where the preset's fields are.

    Raises:
        ColumnsMissing: a column that is read is there twice.
    """
    by_name: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        by_name.setdefault(plain_column(name), []).append(place)

    def find(names: Sequence[str]) -> int | None:
        for name in names:
            places = by_name.get(name, []) if name else []
            if len(places) > 1:
                raise ColumnsMissing(
                    f'{file_name} has several columns "{header[places[0]][:60]}".',
                    cure="Export it with each column once.",
                )
            if places:
                return places[0]
        return None

    places = {field: at for field, names in preset.names.items() if (at := find(names)) is not None}
    claims = None
    for kind in preset.claims:
        count = find(kind.count)
        value = next(
            ((at, unit) for unit, names in kind.values.items() if (at := find(names)) is not None),
            (None, "value"),
        )
        if count is not None or value[0] is not None:
            claims = ClaimColumns(kind.type, count, *value)
            break
    cost = next((places[name] for name in COSTS if name in places), None)
    bracket = None if cost is None else currency_in(header[cost])
    is_in_utc = any(_IN_UTC.search(name) for name in header)
    return Columns(preset, tuple(header), places, claims, bracket, is_in_utc)
