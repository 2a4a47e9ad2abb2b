"""The tables of fits: the fits of a tenant, what channels earn by one of them, and two side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from skeldir.fits import MARKOV
from skeldir.web.charts import draw_interval
from skeldir.web.formats import Unknown
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from markupsafe import Markup

    from skeldir.attribution import OrdersMoved
    from skeldir.fits import ChannelFit, ComparedChannel, Fit, FitSummary, Part
    from skeldir.web.naming import ChannelNames
    from skeldir.web.reports import Report
    from skeldir.web.tables import Kind

FITS: Final = "/models/fits"
_PLACES_OF_LIKELIHOODS: Final = 4


@dataclass(frozen=True, slots=True)
class CreditShares:
    """What part of the money of a currency each model in force credits to a channel, where that is known.

    `shares` are by currency, channel and model; `versions` are those of the models, in their order.
    """

    versions: Mapping[str, str]
    shares: Mapping[tuple[str, str, str], Fraction | None]


@dataclass(frozen=True, slots=True)
class ShownFit:
    """What the tables of a fit need: the report, the fit, names, and the credit of its days; None if not read."""

    report: Report
    fit: Fit
    names: ChannelNames
    credit: CreditShares | None

    @property
    def channels(self) -> list[ChannelFit]:
        """The channels, the largest share first."""
        return sorted(self.fit.result.channels, key=lambda each: (-each.share.value, each.channel))

    def say(self, name: str, **values: str) -> str:
        """Return a text of the pages of fits."""
        return self.report.say(f"fits.{name}", **values)

    def table(
        self,
        name: str,
        caption: str,
        columns: Sequence[Column],
        rows: Sequence[tuple[Cell, ...]],
        totals: tuple[Cell, ...] | None = None,
        groups: tuple[tuple[str, int], ...] = (),
    ) -> Table:
        """Return a table with its file, whose name says of which fit it is."""
        key = f"{key_of(self.fit.fit.version)}-{name}"
        return Table(
            key,
            caption,
            tuple(columns),
            tuple(rows),
            self.report.say("table.empty"),
            totals,
            self.report.download_of(key),
            groups,
        )


def key_of(version: str) -> str:
    """Return a version as a part of the key of a table: `markov-3` for `markov@3`."""
    return version.replace("@", "-")


def fits_table(report: Report, fits: Sequence[FitSummary]) -> Table:
    """Return the fits of a tenant, each linked to its page."""
    say = report.say
    no_order = Unknown(say("fits.no_order"))
    return Table(
        "fits",
        say("fits.all"),
        (
            Column(say("fits.fit")),
            Column(say("range.from"), "date"),
            Column(say("range.until"), "date"),
            Column(say("fits.chain_order"), "number"),
            Column(say("fits.journeys"), "number"),
            Column(say("fits.converted"), "number"),
            Column(say("fits.made_at"), "moment"),
            Column(say("models.by")),
        ),
        tuple(
            (
                Cell(one.version, f"{FITS}/{one.version}", say(f"fits.model_{one.model}")),
                Cell(one.first_day),
                Cell(one.last_day),
                Cell(no_order if one.chain_order is None else one.chain_order),
                Cell(one.journeys),
                Cell(one.conversions),
                Cell(one.made_at),
                Cell(one.made_by),
            )
            for one in fits
        ),
        say("fits.none"),
        download=report.download_of("fits"),
    )


def channels_table(shown: ShownFit) -> Table:
    """Return what each channel earns of the conversions: its share and that in conversions, each with its interval."""
    say, is_chain = shown.say, shown.fit.fit.model == MARKOV
    scale = _scale([each.share for each in shown.channels])
    dash = Unknown(say("do_not_add_up"))
    several = Unknown(say("in_several_rows"))

    def row(one: ChannelFit) -> tuple[Cell, ...]:
        return (
            Cell(shown.names(one.channel)),
            Cell(one.journeys),
            Cell(one.converted),
            *(_estimate(shown, one.removal_effect) if is_chain else ()),
            *_estimate(shown, one.share, _draw(one.share, scale), _lacking(shown, one.share)),
            *_estimate(shown, one.conversions),
        )

    share = sum((Fraction(each.share.value) for each in shown.channels), Fraction())
    conversions = sum((Fraction(each.conversions.value) for each in shown.channels), Fraction())
    return shown.table(
        "channels",
        say("earned"),
        (
            Column(say("channel")),
            Column(say("journeys"), "number"),
            Column(say("converted"), "number"),
            *(_columns(shown, say("effect"), "percent") if is_chain else ()),
            *_columns(shown, say("share"), "percent"),
            *_columns(shown, say("conversions"), "ratio"),
        ),
        [row(one) for one in shown.channels],
        (
            Cell(shown.report.say("table.total")),
            Cell(several),
            Cell(several),
            *([Cell(dash)] * 3 if is_chain else ()),
            Cell(share),
            *[Cell(dash)] * 2,
            Cell(conversions),
            *[Cell(dash)] * 2,
        ),
        (
            ("", 3),
            *(((say("effect_group"), 3),) if is_chain else ()),
            (say("share_group"), 3),
            (say("conversions_group"), 3),
        ),
    )


def money_tables(shown: ShownFit) -> list[Table]:
    """Return a table for each currency: what each channel earns of its money, beside the rule models of the days."""
    channels = shown.channels
    currencies = [each.currency for each in channels[0].earnings] if channels else []
    return [_money_table(shown, place, currency) for place, currency in enumerate(currencies)]


def _money_table(shown: ShownFit, place: int, currency: str) -> Table:
    say = shown.say
    models = [] if shown.credit is None else list(shown.credit.versions)
    scale = _scale([each.earnings[place].share for each in shown.channels])
    dash = Unknown(say("do_not_add_up"))

    def row(one: ChannelFit) -> tuple[Cell, ...]:
        earned = one.earnings[place]
        none = Unknown(say("not_enough"))
        picture = _draw(earned.share, scale)
        return (
            Cell(shown.names(one.channel)),
            *_estimate(shown, earned.share, picture, _lacking(shown, earned.share)),
            Cell(earned.cents),
            Cell(none if earned.lower_cents is None else earned.lower_cents),
            Cell(none if earned.upper_cents is None else earned.upper_cents),
            *(_rule_cell(shown, currency, one.channel, model) for model in models),
        )

    earned = [each.earnings[place] for each in shown.channels]
    beside = [
        Column(shown.report.say(f"model.{model}"), "percent", note=_version_of(shown, model))
        for model in models
    ]
    return shown.table(
        f"money-{currency}",
        say("money", currency=currency),
        (
            Column(say("channel")),
            *_columns(shown, say("share"), "percent"),
            *_columns(shown, say("amount"), "money", currency),
            *beside,
        ),
        [row(one) for one in shown.channels],
        (
            Cell(shown.report.say("table.total")),
            Cell(sum((Fraction(each.share.value) for each in earned), Fraction())),
            *[Cell(dash)] * 2,
            Cell(sum(each.cents for each in earned)),
            *[Cell(dash)] * 2,
            *[Cell(Unknown(say("other_channels")))] * len(models),
        ),
        (
            ("", 1),
            (say("share_of_money_group"), 3),
            (say("amount_group"), 3),
            *(((say("credit_group"), len(models)),) if models else ()),
        ),
    )


def _rule_cell(shown: ShownFit, currency: str, channel: str, model: str) -> Cell:
    shares = {} if shown.credit is None else shown.credit.shares
    share = shares.get((currency, channel, model))
    return Cell(Unknown(shown.say("no_credit")) if share is None else share)


def _version_of(shown: ShownFit, model: str) -> str:
    version = "" if shown.credit is None else shown.credit.versions[model].rpartition("@")[2]
    return shown.report.say("channels.version", number=version)


def orders_table(shown: ShownFit) -> Table:
    """Return by which figures the order of the chain was chosen."""
    say, places = shown.say, _PLACES_OF_LIKELIHOODS
    return shown.table(
        "orders",
        say("choice"),
        (
            Column(say("chain_order"), "number"),
            Column(say("states"), "number"),
            Column(say("likelihood"), "ratio", places=places, note=say("likelihood_note")),
            Column(say("error"), "ratio", places=places),
        ),
        [
            (
                Cell(
                    each.order,
                    note=say("chosen") if each.order == shown.fit.fit.chain_order else None,
                ),
                Cell(each.states),
                Cell(Fraction(each.likelihood)),
                Cell(Fraction(each.error)),
            )
            for each in shown.fit.result.orders
        ],
    )


def comparison_table(
    shown: ShownFit, other: FitSummary, compared: Sequence[ComparedChannel]
) -> Table:
    """Return the shares of two fits side by side, the largest difference first."""
    say, version = shown.say, shown.fit.fit.version
    scale = _scale([part for each in compared for part in (each.share, each.other_share)])
    meet = {True: say("meet"), False: say("do_not_meet")}

    def row(one: ComparedChannel) -> tuple[Cell, ...]:
        known = None if one.intervals_meet is None else meet[one.intervals_meet]
        return (
            Cell(shown.names(one.channel)),
            *_estimate(shown, one.share, _draw(one.share, scale)),
            *_estimate(shown, one.other_share, _draw(one.other_share, scale, 2)),
            Cell(Fraction(one.difference)),
            Cell(known or Unknown(say("no_interval"))),
        )

    return shown.table(
        f"and-{key_of(other.version)}",
        say("side_by_side"),
        (
            Column(say("channel")),
            *_columns(shown, say("share"), "percent"),
            *_columns(shown, say("share"), "percent"),
            Column(say("difference"), "percent", note=say("difference_note")),
            Column(say("intervals")),
        ),
        [row(one) for one in compared],
        groups=(("", 1), (version, 3), (other.version, 3), ("", 2)),
    )


def moved_tables(shown: ShownFit, other: FitSummary, moved: OrdersMoved) -> list[Table]:
    """Return the orders that move most from one fit to another, a table for each currency."""
    say, version = shown.say, shown.fit.fit.version
    by_currency: dict[str, list[tuple[Cell, ...]]] = {}
    for order in moved.data:
        by_currency.setdefault(order.currency, []).extend(
            (
                Cell(order.order_id, f"/orders/{quote(order.order_id, safe='')}"),
                Cell(shown.names(one.channel)),
                Cell(one.credited_cents),
                Cell(one.other_credited_cents),
                Cell(one.other_credited_cents - one.credited_cents),
            )
            for one in order.channels
        )
    return [
        shown.table(
            f"and-{key_of(other.version)}-orders-{currency}",
            say("orders_moved", currency=currency),
            (
                Column(say("order")),
                Column(say("channel")),
                Column(version, "money", currency),
                Column(other.version, "money", currency),
                Column(say("difference"), "money", currency),
            ),
            rows,
        )
        for currency, rows in by_currency.items()
    ]


def _draw(part: Part, scale: float, tone: int = 1) -> Markup:
    """Draw an estimate with its interval, if it has one; `scale` is what the whole width stands for."""
    if part.lower is None or part.upper is None:
        return draw_interval(part.value, None, scale, tone)
    return draw_interval(part.value, (part.lower, part.upper), scale, tone)


def _scale(parts: Sequence[Part]) -> float:
    return max((part.value if part.upper is None else part.upper for part in parts), default=0.0)


def _columns(
    shown: ShownFit, title: str, kind: Kind, currency: str | None = None
) -> tuple[Column, ...]:
    """Return the columns of an estimate: its value, and the lower and the upper end of its interval."""
    titles = (title, shown.say("lower"), shown.say("upper"))
    return tuple(Column(each, kind, currency) for each in titles)


def _estimate(
    shown: ShownFit, part: Part | None, picture: Markup | None = None, note: str | None = None
) -> tuple[Cell, ...]:
    """Return the cells of an estimate. A float is written as what it is, without another rounding before."""
    none = Unknown(shown.say("not_enough"))
    if part is None:
        return (Cell(none), Cell(none), Cell(none))
    ends = (none if end is None else Fraction(end) for end in (part.lower, part.upper))
    return (Cell(Fraction(part.value), note=note, picture=picture), *(Cell(end) for end in ends))


def _lacking(shown: ShownFit, part: Part) -> str | None:
    return shown.say("not_enough") if part.lower is None else None
