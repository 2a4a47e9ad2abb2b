"""Reading the moment in a cell, or in two or three: exactly, in UTC, or not at all.

A reader returns a value that it cannot judge unchanged: `canonical` then rejects it by its own
rules, as it does for an item of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from skeldir.ingest.files.written_times import (
    DATE_ORDERS,
    NUMBER,
    DateOrder,
    WrittenTime,
    read_written,
    split_zone,
)
from skeldir.ingest.files.zones import zone_named
from skeldir.ingest.nothing import is_nothing
from skeldir.ingest.rejections import ItemRejected

ReadMoment: TypeAlias = Callable[[object], object]
"""From a cell to an aware `datetime` in UTC, or to the cell itself."""

Ambiguous: TypeAlias = Literal["refuse", "earlier", "later"]
_Localise: TypeAlias = Callable[[datetime], datetime]

EPOCH_UNITS: Final[Mapping[str, int]] = {
    "epoch_seconds": 1_000_000,
    "epoch_milliseconds": 1_000,
    "epoch_microseconds": 1,
}
"""Time format to the microseconds of its unit."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment_reader(
    time_format: str,
    time_zone: str | None,
    ambiguous: Ambiguous,
    zones: Mapping[str, str] | None = None,
) -> ReadMoment:
    """Return the reader of moments in `time_format`: iso, an epoch, an order of the date, or a pattern.

    An offset or a zone in the cell counts; `time_zone` (an IANA name) is for cells without one, and
    `zones` gives the meaning of names that the table of zones lacks. A local time that the zone skips
    (clocks go forward) is rejected; one that occurs twice (clocks go back) is rejected too, unless
    `ambiguous` chooses the earlier or the later. The readers raise `ItemRejected`.
    """
    localise = _localiser(ZoneInfo(time_zone), ambiguous) if time_zone is not None else None
    in_zone = _zone_reader(zones or {}, ambiguous)
    if time_format == "iso":
        return _iso_reader(localise, in_zone)
    if time_format in EPOCH_UNITS:
        return _epoch_reader(time_format, EPOCH_UNITS[time_format])
    for order in DATE_ORDERS:
        if time_format == order:
            return _order_reader(order, localise, in_zone)
    return _pattern_reader(time_format, localise, in_zone)


def joined_reader(read: ReadMoment) -> Callable[[Sequence[object]], object]:
    """Return the reader of a moment in several columns: date, time and zone, some of them empty."""
    return lambda cells: read(join_cells(cells))


def join_cells(cells: Sequence[object]) -> object:
    """Return the cells of a moment's columns as one: None without a date, a text if there are several."""
    if is_nothing(cells[0]):
        return None
    texts = [_as_text(cell, number) for number, cell in enumerate(cells) if not is_nothing(cell)]
    return " ".join(texts) if len(texts) > 1 else cells[0]


def _as_text(cell: object, number: int) -> str:
    """Return a cell as text; a spreadsheet's date is a midnight in the first, its time a day in the second."""
    if isinstance(cell, datetime):
        alone = cell.time() if number else cell.date() if cell.time() == time() else cell
        return alone.isoformat(" ") if isinstance(alone, datetime) else alone.isoformat()
    return cell.isoformat() if isinstance(cell, date | time) else str(cell).strip()


_InZone: TypeAlias = Callable[[datetime, str], datetime]


def _zone_reader(zones: Mapping[str, str], ambiguous: Ambiguous) -> _InZone:
    """Return the function that puts a local time into the zone written beside it."""

    def in_zone(moment: datetime, name: str) -> datetime:
        zone = zone_named(name, zones)
        if isinstance(zone, ZoneInfo):
            return _localiser(zone, ambiguous)(moment)
        return _in_utc(moment.replace(tzinfo=zone))

    return in_zone


def _iso_reader(localise: _Localise | None, in_zone: _InZone) -> ReadMoment:
    def read(cell: object) -> object:
        if type(cell) is str:
            try:
                moment = datetime.fromisoformat(cell)
            except ValueError:
                # "2026-05-14 11:23:45 +0100" and "… UTC" are what shops and warehouses export.
                rest, zone = split_zone(cell)
                if zone is None:
                    return cell
                bare = _bare_iso(rest)
                return cell if bare is None else in_zone(bare, zone)
            # A date alone is a day, not a moment: it is left for `canonical` to reject.
            if moment.tzinfo is None and "T" not in cell and " " not in cell:
                return cell
        elif isinstance(cell, datetime):
            moment = cell
        else:
            return cell
        if moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else _in_utc(moment)
        return cell if localise is None else localise(moment)

    return read


def _typed(cell: object, localise: _Localise | None) -> object:
    """Return the moment of a cell that a Parquet file or a spreadsheet holds as one; any other cell unchanged."""
    if not isinstance(cell, datetime):
        return cell
    if cell.tzinfo is not None:
        return _in_utc(cell)
    return cell if localise is None else localise(cell)


def _bare_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None and len(text) > len("2026-06-01") else None


def _shown(cell: str) -> str:
    return f'"{cell.strip()}"' if len(cell) <= 40 else f"of {len(cell)} characters"


def _epoch_reader(name: str, microseconds: int) -> ReadMoment:
    def read(cell: object) -> object:
        if is_nothing(cell):
            return cell
        text = cell if isinstance(cell, str) else str(cell)
        if isinstance(cell, bool) or not NUMBER.fullmatch(text):
            raise ItemRejected(
                "occurred_at_invalid", f"occurred_at {_shown(text)} is not a number of {name}."
            )
        try:
            return _EPOCH + timedelta(microseconds=int(Decimal(text) * microseconds))
        except OverflowError as error:
            raise ItemRejected(
                "occurred_at_invalid", f"occurred_at {_shown(text)} is too large for {name}."
            ) from error

    return read


def _order_reader(order: DateOrder, localise: _Localise | None, in_zone: _InZone) -> ReadMoment:
    """Return the reader of dates whose parts stand in `order`, with a time of day in any usual form."""

    def read(cell: object) -> object:
        if not isinstance(cell, str) or is_nothing(cell):
            return _typed(cell, localise)
        written = read_written(cell, order)
        if isinstance(written, WrittenTime) and written.has_time:
            if written.zone is not None:
                return in_zone(written.local, written.zone)
            if localise is not None:
                return localise(written.local)
            detail = f'occurred_at "{cell.strip()}" has no offset, and no time zone is given.'
            raise ItemRejected("occurred_at_without_offset", detail)
        because = "is a day, not a moment" if written else f"is not a time written {_SAID[order]}"
        raise ItemRejected("occurred_at_invalid", f"occurred_at {_shown(cell)} {because}.")

    return read


_SAID: Final[Mapping[str, str]] = {
    "day_first": "with the day first, such as 20.10.2026 09:15",
    "month_first": "with the month first, such as 10/20/2026 9:15 AM",
    "year_first": "with the year first, such as 2026/10/20 09:15",
    "month_name": "with the name of its month, such as Oct 20, 2026, 9:15 AM",
}


def _pattern_reader(pattern: str, localise: _Localise | None, in_zone: _InZone) -> ReadMoment:
    has_zone = pattern.endswith("%Z")
    bare_pattern = pattern.removesuffix("%Z").rstrip() if has_zone else pattern

    def read(cell: object) -> object:
        if not isinstance(cell, str) or is_nothing(cell):
            # Whoever states a pattern for days says that each is its midnight.
            is_day = type(cell) is date and localise is not None
            return _typed(datetime.combine(cell, time()) if is_day else cell, localise)  # type: ignore[arg-type]  # a date
        rest, zone = split_zone(cell) if has_zone else (cell, None)
        try:
            moment = datetime.strptime(rest, bare_pattern)  # noqa: DTZ007 - the zone is set below
        except (ValueError, OverflowError) as error:
            raise ItemRejected(
                "occurred_at_invalid",
                f'occurred_at {_shown(cell)} is not written as "{pattern}".',
            ) from error
        if zone is not None:
            return in_zone(moment, zone)
        if moment.tzinfo is not None:
            return _in_utc(moment)
        return cell if localise is None else localise(moment)

    return read


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ItemRejected("occurred_at_invalid", "occurred_at is out of range.") from error


def _localiser(zone: ZoneInfo, ambiguous: Ambiguous) -> _Localise:
    def localise(moment: datetime) -> datetime:
        local = moment.replace(tzinfo=zone, fold=0)
        before = local.utcoffset()
        after = local.replace(fold=1).utcoffset()
        if before is None or after is None:  # a zone of the IANA database always has an offset
            return moment
        if before == after:
            return (moment - before).replace(tzinfo=UTC)
        # PEP 495: fold 0 has the offset before a clock change, fold 1 the one after it.
        if before < after:
            raise ItemRejected(
                "occurred_at_invalid",
                f"{moment.isoformat(' ')} does not exist in {zone.key}: the clocks went forward.",
            )
        if ambiguous == "refuse":
            raise ItemRejected(
                "occurred_at_invalid",
                f"{moment.isoformat(' ')} occurs twice in {zone.key}: the clocks went back. "
                "Set ambiguous_time to earlier or later, in a mapping or by --set.",
            )
        return (moment - (before if ambiguous == "earlier" else after)).replace(tzinfo=UTC)

    def localise_within_bounds(moment: datetime) -> datetime:
        try:
            return localise(moment)
        except OverflowError as error:
            raise ItemRejected("occurred_at_invalid", "occurred_at is out of range.") from error

    return localise_within_bounds
