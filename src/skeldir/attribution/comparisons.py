"""The channel report beside that of other days, or of the same days as known at another moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from skeldir.attribution.channel_rows import (
    NO_PERIOD,
    NOTHING,
    Change,
    ChannelRow,
    ComparedCredit,
    ModelCredit,
    Relative,
)
from skeldir.attribution.known import ChannelsAsked, Shift, Standing, find_standing, read_rows
from skeldir.days import TimeZone
from skeldir.errors import SkeldirError
from skeldir.rollups import KnownAt

if TYPE_CHECKING:
    from skeldir.db import Connection

Compare: TypeAlias = Literal["previous", "year", "custom", "known_at"]
Match: TypeAlias = Literal["date", "weekday"]
RowKey: TypeAlias = tuple[date, str, str]

_WEEK: Final = 7
_EXACT: Final = Context(prec=60)
_MILLIONTH: Final = Decimal("0.000001")


class ComparisonInvalid(SkeldirError):
    """What the report is to be compared with is not complete, or contradicts itself."""

    code = "comparison_invalid"
    status = 422
    title = "The comparison is not valid"


@dataclass(frozen=True, slots=True)
class ComparisonAsked:
    """What a report is compared with; `days` are for `custom`, `known_at` is for `known_at`."""

    compare: Compare
    match: Match = "date"
    days: tuple[date | None, date | None] = (None, None)
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a report is compared with."""

    compare: Compare
    match: Annotated[
        Match,
        Field(
            description="`weekday`: the days were moved by full weeks, so that Mondays meet Mondays"
        ),
    ]
    first_day: Annotated[
        date | None, Field(description="first day; null if it is open on that side")
    ]
    end_day: Annotated[
        date | None, Field(description="the day after the last one; null if it is open")
    ]
    time_zone: TimeZone
    known_at: KnownAt
    model_versions: Annotated[
        dict[str, str],
        Field(description="the versions compared with; a model that was not in force is missing"),
    ]


@dataclass(frozen=True, slots=True)
class Other:
    """The other side of a comparison: the days that it is of, how far they are moved, and what it is of."""

    asked: ChannelsAsked
    shift: Shift
    standing: Standing
    described: Comparison

    async def read(
        self, connection: Connection, tenant_id: UUID, *, most: int, after: RowKey | None = None
    ) -> list[ChannelRow]:
        """Return up to `most` rows after a key; their periods are those that they are compared with."""
        return await read_rows(
            connection,
            tenant_id,
            self.asked,
            self.standing,
            most=most,
            after=after,
            shift=self.shift,
        )


async def find_other(
    connection: Connection,
    tenant_id: UUID,
    asked: ChannelsAsked,
    comparison: ComparisonAsked,
    standing: Standing,
) -> Other:
    """Return the other side of a comparison with a report of `standing`.

    Raises:
        ComparisonInvalid: something is missing, contradicts the rest, or would leave the calendar.
        MomentNotKnown: the other moment is in the future, or before the tenant was created.
    """
    try:
        days, shift = _find_days(asked, comparison)
    except OverflowError as error:
        raise ComparisonInvalid(
            "The days to compare with are outside the calendar.", cure="Ask for later days."
        ) from error
    if comparison.compare == "known_at":
        then = await find_standing(connection, tenant_id, None, comparison.known_at)
        versions = {
            name: then.versions[name] for name in standing.versions if name in then.versions
        }
        standing = replace(then, versions=versions)
    return Other(
        replace(asked, days=days),
        shift,
        standing,
        Comparison(
            comparison.compare,
            comparison.match,
            *days,
            standing.time_zone,
            standing.moment,
            standing.versions,
        ),
    )


def _find_days(
    asked: ChannelsAsked, comparison: ComparisonAsked
) -> tuple[tuple[date | None, date | None], Shift]:
    if (comparison.compare == "custom") != (comparison.days != (None, None)):
        raise ComparisonInvalid(
            "`compare=custom` and its days, `compare_from` and `compare_to`, need each other.",
            cure="Give all three, or none.",
        )
    if (comparison.compare == "known_at") != (comparison.known_at is not None):
        raise ComparisonInvalid(
            "`compare=known_at` and its moment, `compare_known_at`, need each other.",
            cure="Give both, or none.",
        )
    if comparison.compare == "known_at":
        if comparison.match == "weekday":
            raise ComparisonInvalid(
                "The same days have the same weekdays.", cure="Leave `match` out."
            )
        return asked.days, Shift()
    first, end = asked.days
    if first is None or end is None:
        raise ComparisonInvalid(
            "Days without a beginning or an end have none before them.",
            cure="Give `from` and `to`.",
        )
    if comparison.compare == "custom":
        return _find_custom_days(asked, comparison, first, end)
    is_by_weekday = comparison.match == "weekday"
    if comparison.compare == "year" and not is_by_weekday:
        return (_year_before(first), _year_before(end)), Shift(months=12)
    length = (end - first).days
    moved = 52 * _WEEK if comparison.compare == "year" else length
    if is_by_weekday:
        moved = -(-moved // _WEEK) * _WEEK
    shift = timedelta(days=moved)
    return (first - shift, end - shift), Shift(days=moved)


def _find_custom_days(
    asked: ChannelsAsked, comparison: ComparisonAsked, first: date, end: date
) -> tuple[tuple[date, date], Shift]:
    from_, to = comparison.days
    if from_ is None or to is None or to <= from_:
        raise ComparisonInvalid(
            "The days to compare with need a beginning and a later end.",
            cure="Give `compare_from`, and `compare_to` after it.",
        )
    moved = (first - from_).days
    if asked.granularity != "total" and to - from_ != end - first:
        raise ComparisonInvalid(
            "The days to compare with are not as many, so periods would not match.",
            cure="Give as many days as from `from` to `to`, or use `granularity=total`.",
        )
    if comparison.match == "weekday" and moved % _WEEK:
        raise ComparisonInvalid(
            f"{from_} is another weekday than {first}.",
            cure="Give a `compare_from` of the same weekday, or leave `match` out.",
        )
    return (from_, to), Shift(days=moved)


def _year_before(day: date) -> date:
    """Return the same day of the year before; 1 March for 29 February."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 3, 1)
    if day.year == 1:
        raise OverflowError
    return day.replace(year=day.year - 1)


def key_of(row: ChannelRow) -> RowKey:
    """Return what rows are sorted by."""
    return row.period or NO_PERIOD, row.currency, row.channel


def pair_rows(
    rows: Sequence[ChannelRow],
    others: Sequence[ChannelRow],
    models: Sequence[str],
    known: Mapping[str, str],
) -> list[ChannelRow]:
    """Return the rows of either side by their key, each compared; one that a side lacks has nothing there.

    `models` are those of the report, `known` the ones that the other side has: what it would say of others is unknown.
    """
    here, there = {key_of(row): row for row in rows}, {key_of(row): row for row in others}
    return [
        compare_row(here.get(key), there.get(key), models, known)
        for key in sorted(here.keys() | there.keys())
    ]


def compare_row(
    row: ChannelRow | None,
    other: ChannelRow | None,
    models: Sequence[str],
    known: Mapping[str, str],
) -> ChannelRow:
    """Return a row beside another one; at least one of the two exists."""
    some = row or other
    assert some is not None  # noqa: S101 - the caller's own condition
    now = {model: NOTHING if row is None else row.models[model] for model in models}
    compared = {
        model: _compare(now[model], NOTHING if other is None else other.models[model])
        if model in known
        else None
        for model in models
    }
    return ChannelRow(some.period, some.currency, some.channel, now, compared)


def _compare(now: ModelCredit, then: ModelCredit) -> ComparedCredit:
    conversions = Decimal(now.conversions), Decimal(then.conversions)
    roas = _decimal(now.roas), _decimal(then.roas)
    return ComparedCredit(
        then.credited_cents,
        then.conversions,
        then.spend_cents,
        then.roas,
        Change(
            now.credited_cents - then.credited_cents,
            _write(_EXACT.subtract(*conversions)),
            now.spend_cents - then.spend_cents,
            None if roas[0] is None or roas[1] is None else f"{roas[0] - roas[1]:f}",
        ),
        Relative(
            _relative(Decimal(now.credited_cents), Decimal(then.credited_cents)),
            _relative(*conversions),
            _relative(Decimal(now.spend_cents), Decimal(then.spend_cents)),
            None if roas[0] is None or roas[1] is None else _relative(roas[0], roas[1]),
        ),
    )


def _relative(now: Decimal, then: Decimal) -> str | None:
    """Return the difference divided by the size of `then`, to 6 decimals; None if that is 0."""
    if not then:
        return None
    return f"{_EXACT.divide(now - then, abs(then)).quantize(_MILLIONTH):f}"


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _write(number: Decimal) -> str:
    """Return a plain decimal without zeros at its end."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
