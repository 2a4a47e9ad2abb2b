"""The tables of the page of channels: models side by side, and beside other days or another moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.attribution import cost_per_conversion, return_on_spend
from skeldir.web.addresses import address
from skeldir.web.channel_columns import SortedColumn, arrange
from skeldir.web.channels_asked import OF_A_MOMENT
from skeldir.web.channels_reading import LedgerSum
from skeldir.web.formats import Unknown
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.attribution import ChannelRow, ModelCredit, ModelName
    from skeldir.web.channels_asked import ChannelsChoice
    from skeldir.web.channels_reading import Credit
    from skeldir.web.naming import ChannelNames
    from skeldir.web.reports import Report

_PPT: Final = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Shown:
    """What all tables of the page need: the report, what it is asked for, names, and the model beside the credit."""

    report: Report
    choice: ChannelsChoice
    names: ChannelNames
    versions: Mapping[str, str]
    model: ModelName

    def say(self, name: str, **values: str) -> str:
        """Return a text of the page of channels."""
        return self.report.say(f"channels.{name}", **values)

    def unknown(self, name: str) -> Unknown:
        """Return an unknown value with its reason."""
        return Unknown(self.say(f"unknown_{name}"))

    def model_name(self, model: str) -> str:
        """Return the name of a model."""
        return self.report.say(f"model.{model}")

    def version(self, model: str) -> str:
        """Return the number of the model's version that the page shows, for the heading of its column."""
        return self.say("version", number=self.versions[model].rpartition("@")[2])

    def orders_of(
        self,
        currency: str,
        channel: str,
        *,
        model: str,
        kind: str | None = None,
        **origin: str | None,
    ) -> str | None:
        """Return the address of the orders that a model credits to a channel; None for those of an earlier moment.

        `origin` may name a `source` or `campaign`, or what its touches are `without`.
        """
        if self.choice.known_at is not None:
            return None
        renewals = "exclude" if self.choice.without_renewals else None
        return self._elsewhere(
            "/orders", currency, channel, kind=kind, model=model, renewals=renewals, **origin
        )

    def spend_of(self, currency: str, channel: str) -> str | None:
        """Return the address of the spend and claims of a channel."""
        return (
            None
            if self.choice.known_at is not None
            else self._elsewhere("/spend", currency, channel)
        )

    def inside(self, currency: str, channel: str) -> str:
        """Return the address of what a channel is divided into."""
        is_converted = self.choice.convert is not None
        changes: dict[str, str | None] = {
            **dict.fromkeys((*OF_A_MOMENT, "basis", "sort", "convert", "rate_source")),
            "currency": None if is_converted else currency,
            "channel": channel,
        }
        return self.report.link(**changes)

    def by_day(self, currency: str) -> str:
        """Return the address of the chart of a currency that can be zoomed."""
        model = None if self.choice.model is None else str(self.model)
        renewals = "exclude" if self.choice.without_renewals else None
        days = self.report.days
        return address(
            "/channels/days",
            from_=days.first.isoformat(),
            to=days.last.isoformat(),
            currency=currency,
            model=model,
            renewals=renewals,
        )

    def _elsewhere(self, path: str, currency: str, channel: str, **more: str | None) -> str:
        days = self.report.days
        # What is converted is made of rows in all currencies.
        kept = None if self.choice.convert is not None else currency
        return address(
            path,
            from_=days.first.isoformat(),
            to=days.last.isoformat(),
            currency=kept,
            channel=channel,
            **more,
        )

    def table(
        self,
        key: str,
        caption: str,
        columns: tuple[Column, ...],
        rows: tuple[tuple[Cell, ...], ...],
        totals: tuple[Cell, ...] | None = None,
        groups: tuple[tuple[str, int], ...] = (),
    ) -> Table:
        """Return a table with its file."""
        empty = self.report.say("table.empty")
        return Table(
            key, caption, columns, rows, empty, totals, self.report.download_of(key), groups
        )


def rows_of(credit: Credit, currency: str) -> list[ChannelRow]:
    """Return the rows of a currency that the report itself has, without those that only a comparison has."""
    return [
        row
        for row in credit.rows
        if row.currency == currency and (row.compared is None or _has_any(row))
    ]


def _has_any(row: ChannelRow) -> bool:
    return any(
        credit.credited_cents or credit.spend_cents or credit.conversions != "0"
        for credit in row.models.values()
    )


def differences(credit: Credit, currency: str, models: Sequence[str]) -> dict[str, int] | None:
    """Return by model what credit lacks of the ledger; None if the ledger's sum is not known."""
    if credit.ledger is None:
        return None
    rows = rows_of(credit, currency)
    credited = {model: sum(row.models[model].credited_cents for row in rows) for model in models}
    return what_lacks(credit.ledger, currency, credited)


def what_lacks(
    ledger: Mapping[str, LedgerSum], currency: str, credited: Mapping[str, int]
) -> dict[str, int]:
    """Return by model what credit lacks of the ledger.

    What has no capture yet cannot be credited, and is a row of its own: it is not lacking.
    """
    booked = ledger.get(currency, LedgerSum())
    wanted = booked.net_cents - booked.awaiting_capture_cents
    return {model: wanted - cents for model, cents in credited.items()}


def models_table(shown: Shown, credit: Credit, currency: str) -> Table:
    """Return the credit of each channel by all models, with spend, claims, and the figures of one model."""
    rows = rows_of(credit, currency)
    columns = _columns(shown, credit, currency, rows)
    order, cells = arrange(columns, rows, shown.choice.sort, f"-{shown.model}")
    awaiting = _awaiting_capture(credit, currency)
    if awaiting:
        reason = shown.unknown("no_channel")
        amounts = [
            Cell(awaiting) if column.name in shown.versions else Cell(reason)
            for column in columns[1:]
        ]
        cells = (
            *cells,
            (
                Cell(shown.say("awaiting_capture"), note=shown.say("awaiting_capture_why")),
                *amounts,
            ),
        )
    has_spread = len(shown.versions) > 1
    model = shown.model_name(shown.model)
    return shown.table(
        f"channels-{currency}",
        shown.say(
            "by_model_converted" if shown.choice.convert == currency else "by_model",
            currency=currency,
        ),
        tuple(column.heading(shown.report, order) for column in columns),
        cells,
        _totals(shown, rows, awaiting),
        (
            ("", 1),
            (shown.say("net_credit"), len(shown.versions) + has_spread),
            (shown.say("cost_and_claims"), 2),
            (shown.say("of_model", model=model), 4),
        ),
    )


def _columns(
    shown: Shown, credit: Credit, currency: str, rows: Sequence[ChannelRow]
) -> list[SortedColumn[ChannelRow]]:
    say, model = shown.say, shown.model
    widest = max((_spread(row) for row in rows), default=0)

    def of_model(name: str) -> SortedColumn[ChannelRow]:
        return SortedColumn(
            name,
            shown.model_name(name),
            lambda row: Cell(
                row.models[name].credited_cents,
                shown.orders_of(currency, row.channel, model=name),
                _interval(shown, currency, row.models[name]),
            ),
            "money",
            currency,
            shown.version(name),
        )

    def spread(row: ChannelRow) -> Cell:
        return Cell(_spread(row), share=Fraction(_spread(row), widest) if widest else None)

    columns: list[SortedColumn[ChannelRow]] = [
        SortedColumn(
            "channel",
            say("channel"),
            lambda row: Cell(shown.names(row.channel), shown.inside(currency, row.channel)),
        ),
        *(of_model(name) for name in shown.versions),
    ]
    if len(shown.versions) > 1:
        columns.append(SortedColumn("spread", say("spread"), spread, "money", currency))
    return [
        *columns,
        SortedColumn(
            "spend",
            say("spend"),
            lambda row: spend_cell(
                shown, row.models[model].spend_cents, shown.spend_of(currency, row.channel)
            ),
            "money",
            currency,
        ),
        SortedColumn(
            "claimed",
            say("claimed"),
            lambda row: _claimed(shown, credit, currency, row.channel),
            "money",
            currency,
        ),
        *_figures(shown, currency),
    ]


def _interval(shown: Shown, currency: str, credit: ModelCredit) -> str | None:
    """Return the interval of credit by a fit in words; None where there is none."""
    interval, money = credit.interval, shown.report.formats.money
    if interval is None:
        return None
    lower, upper = (money(end, currency) for end in (interval.lower_cents, interval.upper_cents))
    return shown.say("interval", lower=lower, upper=upper)


def _figures(shown: Shown, currency: str) -> list[SortedColumn[ChannelRow]]:
    """Return the columns of one model: what part it credits, and at what cost."""
    say, model = shown.say, shown.model

    def share(row: ChannelRow) -> Cell:
        written = row.models[model].share
        if written is None:
            return Cell(shown.unknown("share"))
        return Cell(Fraction(written), share=Fraction(written))

    return [
        SortedColumn("share", say("share"), share, "percent"),
        SortedColumn(
            "conversions",
            say("conversions"),
            lambda row: Cell(Decimal(row.models[model].conversions)),
            "ratio",
        ),
        SortedColumn("roas", say("roas"), lambda row: _roas(shown, row.models[model]), "ratio"),
        SortedColumn(
            "cpa",
            say("cpa"),
            lambda row: _cpa(shown, row.models[model].cpa_cents),
            "money",
            currency,
        ),
    ]


def _totals(shown: Shown, rows: Sequence[ChannelRow], awaiting: int) -> tuple[Cell, ...]:
    model = shown.model
    credited = sum(row.models[model].credited_cents for row in rows)
    spend = sum(row.models[model].spend_cents for row in rows)
    conversions = sum((Decimal(row.models[model].conversions) for row in rows), Decimal())
    roas = return_on_spend(credited, spend)
    return (
        Cell(shown.report.say("table.total")),
        *(
            Cell(sum(row.models[name].credited_cents for row in rows) + awaiting)
            for name in shown.versions
        ),
        *([Cell(shown.unknown("spread_total"))] if len(shown.versions) > 1 else []),
        spend_cell(shown, spend, None),
        Cell(shown.unknown("claims_total")),
        Cell(Fraction(1)) if credited > 0 else Cell(shown.unknown("share")),
        Cell(conversions),
        Cell(shown.unknown("spend")) if roas is None else Cell(Decimal(roas)),
        _cpa(shown, cost_per_conversion(spend, int(conversions * _PPT))),
    )


def _spread(row: ChannelRow) -> int:
    cents = [credit.credited_cents for credit in row.models.values()]
    return max(cents) - min(cents)


def _awaiting_capture(credit: Credit, currency: str) -> int:
    return (credit.ledger or {}).get(currency, LedgerSum()).awaiting_capture_cents


def spend_cell(shown: Shown, cents: int, href: str | None) -> Cell:
    # Whether nothing was spent is not known: nobody may have recorded it.
    return Cell(cents, href) if cents else Cell(shown.unknown("spend"))


def _claimed(shown: Shown, credit: Credit, currency: str, channel: str) -> Cell:
    if credit.claims is None:
        is_converted = shown.choice.convert is not None
        return Cell(shown.unknown("claims_converted" if is_converted else "claims_unread"))
    claims = credit.claims.get((currency, channel))
    if claims is None or claims.claimed_cents is None:
        return Cell(shown.unknown("claims"))
    note = None
    if claims.unknown_days:
        count = shown.report.formats.number(claims.unknown_days)
        note = shown.report.say.counted("channels.claims_lack", claims.unknown_days, count)
    return Cell(claims.claimed_cents, shown.spend_of(currency, channel), note)


def _roas(shown: Shown, credit: ModelCredit) -> Cell:
    return written_cell(shown, credit.roas, "spend")


def _cpa(shown: Shown, written: str | None) -> Cell:
    if written is None:
        return Cell(shown.unknown("cpa"))
    return Cell(int(Decimal(written).quantize(Decimal(1), ROUND_HALF_UP)))


def written_cell(shown: Shown, written: str | None, reason: str) -> Cell:
    return Cell(shown.unknown(reason)) if written is None else Cell(Decimal(written))
