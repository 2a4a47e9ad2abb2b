"""What can be chosen on the page of channels: each choice is an address, or a field of a form that asks for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from skeldir.web.channels_asked import OF_A_MOMENT, PREFERRED
from skeldir.web.frames import Link

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from skeldir.web.channels_asked import ChannelsChoice
    from skeldir.web.reports import Report

_BASES: Final = ("entry_day", "order_day", "touch_day")
_COMPARISONS: Final = ("previous", "year", "custom", "known_at")
_OWN: Final = frozenset({*OF_A_MOMENT, "renewals", "convert", "rate_source"})


@dataclass(frozen=True, slots=True)
class ComparisonForm:
    """The fields of the form that compares, goes back to an earlier moment, and leaves renewals out."""

    kept: tuple[tuple[str, str], ...]
    comparisons: tuple[str, ...]
    compare: str
    match: str
    first: str
    last: str
    then: str
    known_at: str
    renewals: str
    currencies: tuple[str, ...]
    convert: str
    rate_source: str
    is_open: bool
    cleared: str


@dataclass(frozen=True, slots=True)
class Controls:
    """The choices of the page as links, and its form. `now_only` if the view ignores a moment in the address."""

    currencies: tuple[Link, ...]
    views: tuple[Link, ...]
    models: tuple[Link, ...]
    bases: tuple[Link, ...]
    levels: tuple[Link, ...]
    grains: tuple[Link, ...]
    forms: tuple[Link, ...]
    form: ComparisonForm | None
    now_only: bool


def make_controls(
    report: Report, choice: ChannelsChoice, models: Sequence[str], currencies: Sequence[str]
) -> Controls:
    """Return what can be chosen, of the models in force and the currencies of the tenant's money."""
    say = report.say
    is_side_by_side = choice.basis is None and choice.channel is None
    shown = choice.model_of(models)
    usual = PREFERRED if PREFERRED in models else next(iter(models), None)
    return Controls(
        currencies=_all_or_one(report, currencies),
        views=_views(report, choice),
        models=tuple(
            Link(
                say(f"model.{name}"),
                report.link(model=None if name == usual else name, sort=None),
                name == shown,
            )
            for name in models
        ),
        bases=tuple(
            Link(say(f"channels.{basis}"), report.link(basis=basis), basis == choice.basis)
            for basis in _BASES
        )
        if choice.basis is not None
        else (),
        levels=tuple(
            Link(say(f"channels.level_{by}"), report.link(by=by, sort=None), by == choice.by)
            for by in ("source", "campaign")
        )
        if choice.channel is not None and choice.basis is None
        else (),
        grains=tuple(
            Link(say(f"channels.grain_{each}"), report.link(granularity=each), each == choice.grain)
            for each in ("day", "week", "month")
        ),
        forms=tuple(
            Link(say(f"channels.form_{each}"), report.link(chart=each), each == choice.form)
            for each in ("stack", "lines")
        ),
        form=_form(report, choice, currencies) if is_side_by_side else None,
        now_only=(not is_side_by_side or choice.convert is not None)
        and (choice.known_at is not None or choice.comparison is not None),
    )


def _all_or_one(report: Report, currencies: Sequence[str]) -> tuple[Link, ...]:
    if len(currencies) < 2:
        return ()
    choices = [
        (None, report.say("overview.all_currencies")),
        *((each, each) for each in currencies),
    ]
    return report.choices("currency", choices)


def _views(report: Report, choice: ChannelsChoice) -> tuple[Link, ...]:
    # Kinds of money, sources and campaigns are of now: their links leave moments and comparisons out.
    now = dict.fromkeys((*OF_A_MOMENT, "convert", "rate_source"))
    first = "channels.view_parts" if choice.channel is not None else "channels.view_models"
    return (
        Link(report.say(first), report.link(basis=None, sort=None), choice.basis is None),
        Link(
            report.say("channels.view_kinds"),
            report.link(basis=choice.basis or "entry_day", sort=None, **now),
            choice.basis is not None,
        ),
    )


def _form(report: Report, choice: ChannelsChoice, currencies: Sequence[str]) -> ComparisonForm:
    comparison = choice.comparison
    first, end = (None, None) if comparison is None else comparison.days
    last = None if end is None else end - timedelta(days=1)
    return ComparisonForm(
        tuple(
            (name, value)
            for name, value in report.request.query_params.multi_items()
            if name not in _OWN | {"cursor", "download", "done"}
        ),
        _COMPARISONS,
        "" if comparison is None else comparison.compare,
        "date" if comparison is None else comparison.match,
        _written_day(first),
        _written_day(last),
        _written(report, None if comparison is None else comparison.known_at),
        _written(report, choice.known_at),
        "exclude" if choice.without_renewals else "include",
        tuple(currencies),
        choice.convert or "",
        choice.rate_source or "",
        comparison is not None
        or choice.known_at is not None
        or choice.without_renewals
        or choice.convert is not None,
        report.link(**dict.fromkeys(_OWN)),
    )


def _written_day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _written(report: Report, moment: datetime | None) -> str:
    """Write a moment as a field of the browser has it: in the zone that the page names, to the minute or finer."""
    if moment is None:
        return ""
    local = moment.astimezone(report.formats.zone).replace(tzinfo=None)
    return local.isoformat(timespec="auto" if local.second or local.microsecond else "minutes")
