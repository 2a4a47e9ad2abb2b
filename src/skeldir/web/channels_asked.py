"""What the address of the page of channels asks for, read once and checked before anything else uses it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, get_args

from skeldir.attribution import (
    MODEL_NAMES,
    Basis,
    ChannelsAsked,
    ChannelsQuery,
    Compare,
    ComparisonAsked,
    Match,
    ModelName,
)
from skeldir.errors import InputInvalid

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from skeldir.web.reports import Report

Grain: TypeAlias = Literal["day", "week", "month"]
Dimension: TypeAlias = Literal["source", "campaign"]
ChartForm: TypeAlias = Literal["stack", "lines"]
ChoiceT = TypeVar("ChoiceT", bound=str)

OF_A_MOMENT: Final = (
    "known_at",
    "compare",
    "match",
    "compare_from",
    "compare_to",
    "compare_known_at",
)
"""The parameters that only the report of channels has; what a channel is made of is known as of now."""
MOST_ROWS: Final = 1_000
"""The most rows, of channels and currencies, that the page shows."""
PREFERRED: Final[ModelName] = "linear"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_CHANNEL: Final = re.compile(r"[a-z0-9_]{1,100}")
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SORT: Final = re.compile(r"-?[a-z_]{1,40}")
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
_EXACT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})"
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MATCHES: Final[tuple[Match, ...]] = get_args(Match)
_EARLIEST, _LATEST = 1900, 2999
# Up to these many days each has a bar of its own, and up to these many each week, unless the address asks for others.
_MOST_DAYS, _MOST_WEEKS = 92, 750


@dataclass(frozen=True, slots=True)
class ChannelsChoice:
    """What the page shows. `model` is None for the one that is shown if the address names none.

    `basis` is None for models side by side, else the page divides the credit of one model by kinds of money, by the
    days of the basis.
    """

    days: tuple[date, date]
    currency: str | None
    model: ModelName | None
    channel: str | None
    by: Dimension
    basis: Basis | None
    without_renewals: bool
    known_at: datetime | None
    comparison: ComparisonAsked | None
    grain: Grain
    form: ChartForm
    sort: str
    convert: str | None
    rate_source: str | None

    @property
    def query(self) -> ChannelsQuery:
        """The report of channels by all models over all days, as a request asks for it."""
        asked: dict[str, object] = {
            "from": self.days[0],
            "to": self.days[1],
            "currency": self.currency,
            "renewals": "exclude" if self.without_renewals else "include",
            "known_at": self.known_at,
            "limit": MOST_ROWS,
        }
        if self.comparison is not None:
            asked |= {
                "compare": self.comparison.compare,
                "match": self.comparison.match,
                "compare_from": self.comparison.days[0],
                "compare_to": self.comparison.days[1],
                "compare_known_at": self.comparison.known_at,
            }
        return ChannelsQuery.model_validate(asked)

    @property
    def query_converted(self) -> ChannelsQuery:
        """The report of all currencies in one, as a request asks for it."""
        return ChannelsQuery.model_validate(
            {
                "from": self.days[0],
                "to": self.days[1],
                "currency": self.convert,
                "convert": True,
                "rate_source": self.rate_source,
                "renewals": "exclude" if self.without_renewals else "include",
                "limit": MOST_ROWS,
            }
        )

    def by_period(self, model: ModelName) -> ChannelsAsked:
        """Return the report whose rows a chart shows: one model, by the periods chosen."""
        return ChannelsAsked(
            self.days, [model], self.currency, self.grain, without_renewals=self.without_renewals
        )

    def model_of(self, in_force: Sequence[str]) -> ModelName | None:
        """Return the model whose figures stand beside the credit; None if none is in force."""
        if self.model is not None:
            return self.model
        names = [name for name in MODEL_NAMES if name in in_force]
        return PREFERRED if PREFERRED in names else next(iter(names), None)


def read_choice(report: Report) -> ChannelsChoice:
    """Return what a request asks for.

    Raises:
        InputInvalid: a parameter has a value that it cannot have.
    """
    model = _one_of(report, "model", MODEL_NAMES)
    return ChannelsChoice(
        (report.days.first, report.days.end),
        _matching(report, "currency", _CURRENCY),
        model,
        _matching(report, "channel", _CHANNEL),
        _one_of(report, "by", get_args(Dimension)) or "source",
        _one_of(report, "basis", get_args(Basis)),
        _one_of(report, "renewals", ("include", "exclude")) == "exclude",
        read_moment(report, "known_at"),
        _read_comparison(report),
        _one_of(report, "granularity", get_args(Grain)) or _grain_of(report.days.count),
        _one_of(report, "chart", get_args(ChartForm)) or "stack",
        _matching(report, "sort", _SORT) or "",
        _matching(report, "convert", _CURRENCY),
        _matching(report, "rate_source", _SOURCE),
    )


def read_moment(report: Report, name: str) -> datetime | None:
    """Return the moment in a parameter, aware. Without an offset, it is one of the zone that the page names.

    Raises:
        InputInvalid: it is no moment.
    """
    text = report.parameter(name)
    if text is None:
        return None
    moment = _moment_of(text, report.formats.zone)
    if moment is None:
        raise _invalid(name, "a moment, such as 2026-11-28T10:00")
    return moment


def _moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    is_exact = _EXACT.fullmatch(text) is not None
    if not is_exact and not _LOCAL.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if is_exact else moment.replace(tzinfo=zone)
    try:
        # In UTC it may be of the year before or after, which the reports do not take.
        year = moment.astimezone(UTC).year
    except OverflowError:
        return None
    return moment if _EARLIEST <= year <= _LATEST else None


def _read_comparison(report: Report) -> ComparisonAsked | None:
    compare = _one_of(report, "compare", get_args(Compare))
    if compare is None:
        return None
    match: Match = _one_of(report, "match", _MATCHES) or "date"
    # A form sends all its fields: those of another comparison are not read.
    days: tuple[date | None, date | None] = (None, None)
    if compare == "custom":
        last = _day(report, "compare_to")
        days = (
            _day(report, "compare_from"),
            None if last is None else last + timedelta(days=1),
        )
    is_of_moment = compare == "known_at"
    moment = read_moment(report, "compare_known_at") if is_of_moment else None
    return ComparisonAsked(compare, "date" if is_of_moment else match, days, moment)


def _day(report: Report, name: str) -> date | None:
    text = report.parameter(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not _EARLIEST <= day.year <= _LATEST:
        raise _invalid(name, "a day, such as 2026-11-28")
    return day


def _grain_of(days: int) -> Grain:
    return "day" if days <= _MOST_DAYS else "week" if days <= _MOST_WEEKS else "month"


def _one_of(report: Report, name: str, values: Sequence[ChoiceT]) -> ChoiceT | None:
    text = report.parameter(name)
    if text is None:
        return None
    for value in values:
        if value == text:
            return value
    raise _invalid(name, f"one of {', '.join(values)}")


def _matching(report: Report, name: str, pattern: re.Pattern[str]) -> str | None:
    text = report.parameter(name)
    if text is not None and not pattern.fullmatch(text):
        raise _invalid(name, "written as the links of the page write it")
    return text


def _invalid(name: str, wanted: str) -> InputInvalid:
    return InputInvalid(
        f"The parameter {name} in the address is not {wanted}.",
        cure=f"Correct {name} in the address, or leave it out.",
    )
