"""Reading one cell: moments as files write them, read exactly or rejected.

A reader returns a value that it cannot judge unchanged: `canonical` then rejects it by its own
rules, as it does for an item of the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from skeldir.ingest.files.mapping import EPOCH_UNITS
from skeldir.ingest.rejections import ItemRejected

ReadMoment: TypeAlias = Callable[[object], object]
"""From a cell to an aware `datetime` in UTC, or to the cell itself."""

Ambiguous: TypeAlias = Literal["refuse", "earlier", "later"]
_Localise: TypeAlias = Callable[[datetime], datetime]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# "2026-05-14 11:23:45 +0100" and "2026-05-14 11:23:45 UTC" are what shops and warehouses export.
_SPACED_OFFSET: Final = re.compile(r"(.{16,26}) (UTC|[+-][0-9]{2}:?[0-9]{2})")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


def moment_reader(time_format: str, time_zone: str | None, ambiguous: Ambiguous) -> ReadMoment:
    """Return the reader of moments in `time_format`.

    An offset in the cell counts; `time_zone` (an IANA name) is for cells without one. A local time
    that the zone skips (clocks go forward) is rejected; one that occurs twice (clocks go back) is
    rejected too, unless `ambiguous` chooses the earlier or the later. The readers raise
    `ItemRejected`.
    """
    localise = _localiser(ZoneInfo(time_zone), ambiguous) if time_zone is not None else None
    if time_format == "iso":
        return _iso_reader(localise)
    if time_format in EPOCH_UNITS:
        return _epoch_reader(time_format, EPOCH_UNITS[time_format])
    return _pattern_reader(time_format, localise)


def _iso_reader(localise: _Localise | None) -> ReadMoment:
    def read(cell: object) -> object:
        if type(cell) is str:
            try:
                moment = datetime.fromisoformat(cell)
            except ValueError:
                spaced = _SPACED_OFFSET.fullmatch(cell)
                return read(spaced[1] + spaced[2].replace("UTC", "Z")) if spaced else cell
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


def _epoch_reader(name: str, microseconds: int) -> ReadMoment:
    def read(cell: object) -> object:
        if cell is None or cell == "":
            return cell
        text = cell if isinstance(cell, str) else str(cell)
        if isinstance(cell, bool) or not _NUMBER.fullmatch(text):
            raise ItemRejected("occurred_at_invalid", f"occurred_at is not a number of {name}.")
        try:
            return _EPOCH + timedelta(microseconds=int(Decimal(text) * microseconds))
        except OverflowError as error:
            raise ItemRejected(
                "occurred_at_invalid", f"occurred_at is too large for {name}."
            ) from error

    return read


def _pattern_reader(pattern: str, localise: _Localise | None) -> ReadMoment:
    def read(cell: object) -> object:
        if not isinstance(cell, str) or cell == "":
            return cell
        try:
            moment = datetime.strptime(cell, pattern)  # noqa: DTZ007 - the zone is set below
        except (ValueError, OverflowError) as error:
            raise ItemRejected(
                "occurred_at_invalid", f'occurred_at is not written as "{pattern}".'
            ) from error
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
                "The mapping's ambiguous_time may say earlier or later.",
            )
        return (moment - (before if ambiguous == "earlier" else after)).replace(tzinfo=UTC)

    def localise_within_bounds(moment: datetime) -> datetime:
        try:
            return localise(moment)
        except OverflowError as error:
            raise ItemRejected("occurred_at_invalid", "occurred_at is out of range.") from error

    return localise_within_bounds
