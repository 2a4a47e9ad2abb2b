"""One order explained as tables: entries, touches with their rules, weights and credit by model, and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.money import decimals
from skeldir.web.formats import Unknown
from skeldir.web.frames import Link
from skeldir.web.order_time_line import (
    MOST_ENTRIES,
    MOST_TOUCHES,
    moment_of,
    rule_of,
    weights_of,
    why_apart,
)
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.attribution import OrderExplanation, UnbookedEntry, VersionExplanation
    from skeldir.web.naming import ChannelNames
    from skeldir.web.order_by_hand import HandEntry
    from skeldir.web.reports import Report

_MORE_PLACES: Final = 4
_MOST_PLACES: Final = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What the tables of a page are made of: the order, the version shown, and where its entries came from."""

    report: Report
    explanation: OrderExplanation
    version: VersionExplanation | None
    names: ChannelNames
    brought_by: Mapping[str, Link]
    """The imports that brought entries, by the key of the entry."""

    def table(
        self,
        key: str,
        caption: str,
        columns: tuple[Column, ...],
        rows: Iterable[tuple[Cell, ...]],
        totals: tuple[Cell, ...] | None = None,
    ) -> Table:
        """Return a table of this page, with the link to its file."""
        say = self.report.say
        return Table(
            key,
            caption,
            columns,
            tuple(rows),
            say("table.empty"),
            totals,
            self.report.download_of(key),
        )


def entries_tables(shown: Shown) -> list[Table]:
    """Return the entries of each currency in order of time, with their sum, if all of them are shown."""
    say, explanation = shown.report.say, shown.explanation
    entries = explanation.entries[:MOST_ENTRIES]
    is_whole = explanation.left_out.entries == 0 and len(explanation.entries) <= MOST_ENTRIES
    tables = []
    for currency in sorted({entry.currency for entry in entries}):
        columns = (
            Column(say("order.movement")),
            Column(say("order.when"), "moment"),
            Column(say("order.amount"), "money", currency),
            Column(say("order.provider")),
            Column(say("order.reference")),
            Column(say("order.recorded"), "moment"),
        )
        of_currency = [entry for entry in entries if entry.currency == currency]
        nothing = Unknown(say("orders.no_sum"))
        rows = []
        for entry in of_currency:
            link = shown.brought_by.get(entry.business_key)
            provider, reference = _provider(shown.report, entry.source, entry.business_key)
            rows.append(
                (
                    Cell(say(f"order.kind_{entry.kind}")),
                    Cell(entry.occurred_at),
                    Cell(entry.amount_cents),
                    Cell(link.text, href=link.href) if link else Cell(provider),
                    Cell(reference),
                    Cell(entry.recorded_at),
                )
            )
        total = sum(entry.amount_cents for entry in of_currency)
        totals = (
            Cell(say("table.total")),
            Cell(nothing),
            Cell(total),
            Cell(nothing),
            Cell(nothing),
            Cell(nothing),
        )
        caption = say("order.entries", currency=currency)
        tables.append(
            shown.table(f"entries-{currency}", caption, columns, rows, totals if is_whole else None)
        )
    return tables


def _provider(report: Report, source: str, business_key: str) -> tuple[str, str]:
    """Return who reported an entry, and by which reference."""
    if source == "webhook":
        provider, _, reference = business_key.partition(":")
        return provider, reference
    if source in ("api", "file"):
        return report.say(f"order.source_{source}"), business_key
    return source, business_key


def touches_table(shown: Shown) -> Table:
    """Return the touches, the earliest first, with the rule that classified each, and its weight in the journey."""
    report, say = shown.report, shown.report.say
    weights = weights_of(shown.version)
    columns = (
        Column(say("order.channel")),
        Column(say("order.when"), "moment"),
        Column(say("order.weight")),
        Column(say("order.part"), "percent"),
        Column(say("order.source")),
        Column(say("order.medium")),
        Column(say("order.campaign")),
        Column(say("order.referrer")),
        Column(say("order.click_ids")),
        Column(say("order.chosen_by")),
    )
    rows = []
    for touch in shown.explanation.touches[-MOST_TOUCHES:]:
        at = moment_of(touch, shown.explanation)
        weight = weights.get(touch.place)
        apart = Unknown("" if weight else why_apart(report, at, shown.version))
        missing = Unknown(say("order.forgotten" if touch.is_forgotten else "order.not_sent"))
        rows.append(
            (
                Cell(shown.names(touch.channel)),
                Cell(missing if at is None else at),
                Cell(apart if weight is None else weight),
                Cell(apart if weight is None else Fraction(weight)),
                Cell(touch.source or missing),
                Cell(touch.medium or missing),
                Cell(touch.campaign or missing),
                Cell(touch.referrer_host or missing),
                Cell(", ".join(touch.click_id_kinds) or missing),
                Cell(rule_of(report, touch)),
            )
        )
    return shown.table("touches", say("order.touches"), columns, rows)


def weights_table(shown: Shown) -> Table | None:
    """Return the share of the conversion of each channel by each model."""
    say, versions = shown.report.say, [v for v in shown.explanation.versions if v.shares]
    if not versions:
        return None
    shares = [{one.channel: Fraction(one.weight) for one in v.shares} for v in versions]
    columns = (
        Column(say("order.channel")),
        *(Column(say(f"model.{v.model}"), "percent", note=v.model_version) for v in versions),
    )
    codes = _channels(shown, [list(each) for each in shares])
    rows = [
        (Cell(shown.names(code)), *(Cell(each.get(code, Fraction(0))) for each in shares))
        for code in codes
    ]
    sums = [_rounded(each.values()) for each in shares]
    totals = (Cell(say("table.total")), *map(Cell, sums))
    return shown.table("weights", say("order.weights"), columns, rows, totals)


def credit_tables(shown: Shown) -> list[Table]:
    """Return the credit of each channel by each model, a table per currency, as the sums of reports include it."""
    say, explanation = shown.report.say, shown.explanation
    currency_of = {entry.business_key: entry.currency for entry in explanation.entries}
    tables = []
    for currency in sorted({*currency_of.values()}):
        credit: list[dict[str, int]] = []
        for version in explanation.versions:
            of_channel: dict[str, int] = {}
            for one in version.allocations:
                if currency_of[one.business_key] == currency:
                    of_channel[one.channel] = of_channel.get(one.channel, 0) + one.allocated_cents
            credit.append(of_channel)
        if not any(credit):
            continue
        columns = (
            Column(say("order.channel")),
            *(
                Column(say(f"model.{v.model}"), "money", currency, note=v.model_version)
                for v in explanation.versions
            ),
        )
        rows = [
            (Cell(shown.names(code)), *(Cell(each.get(code, 0)) for each in credit))
            for code in _channels(shown, [list(each) for each in credit])
        ]
        totals = (Cell(say("table.total")), *(Cell(sum(each.values())) for each in credit))
        caption = say("order.credit", currency=currency)
        tables.append(shown.table(f"credit-{currency}", caption, columns, rows, totals))
    return tables


def _rounded(weights: Iterable[Fraction]) -> Fraction:
    """Return the sum of weights; those with long terms have 18 digits, so that their sum may miss the last one."""
    return Fraction(round(sum(weights, Fraction(0)) * 10**12), 10**12)


def _channels(shown: Shown, of_versions: list[list[str]]) -> list[str]:
    codes = {code for codes in of_versions for code in codes}
    return sorted(codes, key=shown.names)


def by_hand_table(shown: Shown, made: HandEntry, place: int) -> Table:
    """Return the way from the balance after an entry to what it credits to each channel."""
    report, say, currency = shown.report, shown.report.say, made.entry.currency
    amount = report.formats.money_with_code(made.entry.amount_cents, currency)
    balance = report.formats.money_with_code(made.balance, currency)
    unit = 10 ** decimals(currency)
    columns = (
        Column(say("order.channel")),
        Column(say("order.weight")),
        Column(
            say("order.exact"),
            "ratio",
            note=say("order.exact_means", balance=balance),
            places=min(decimals(currency) + _MORE_PLACES, _MOST_PLACES),
        ),
        Column(say("order.rounded"), "money", currency, note=say("order.rounded_means")),
        Column(say("order.extra"), "money", currency, note=say("order.extra_means")),
        Column(say("order.part_of_balance"), "money", currency),
        Column(say("order.before"), "money", currency, note=say("order.before_means")),
        Column(say("order.allocated"), "money", currency, note=say("order.allocated_means")),
        Column(say("order.stored"), "money", currency, note=say("order.stored_means")),
    )

    def money(*cents: int) -> tuple[Cell, ...]:
        return tuple(map(Cell, cents))

    rows = [
        (
            Cell(shown.names(line.channel)),
            Cell(line.weight),
            Cell(line.exact / unit),
            *money(line.rounded, line.extra, line.part, line.before, line.allocated, line.stored),
        )
        for line in made.lines
    ]
    sums = [
        sum(getattr(line, name) for line in made.lines)
        for name in ("rounded", "extra", "part", "before", "allocated", "stored")
    ]
    totals = (
        Cell(say("table.total")),
        Cell(str(_rounded(Fraction(line.weight) for line in made.lines))),
        Cell(Fraction(made.balance, unit)),
        *money(*sums),
    )
    caption = say(
        "order.by_hand_of",
        number=report.formats.number(place),
        kind=say(f"order.kind_{made.entry.kind}"),
        amount=amount,
    )
    return shown.table(f"by-hand-{place}", caption, columns, rows, totals)


def payments_table(shown: Shown) -> Table | None:
    """Return what webhooks reported of the order, the newest payment first."""
    say, payments = shown.report.say, shown.explanation.payments
    if not payments:
        return None
    columns = (
        Column(say("order.payment_state")),
        Column(say("order.payment_providers")),
        Column(say("order.payment_flags")),
        Column(say("order.payment_renewal")),
        Column(say("order.payment_journey")),
        Column(say("order.payment_waiting")),
        Column(say("order.payment_evidence")),
    )
    unsaid = Unknown(say("order.not_sent"))
    rows = [
        (
            Cell(payment.state),
            Cell(", ".join(payment.providers) or unsaid),
            Cell(", ".join(payment.flags) or unsaid),
            Cell(
                unsaid
                if payment.is_renewal is None
                else say("order.yes" if payment.is_renewal else "order.no")
            ),
            Cell(payment.journey or unsaid),
            Cell(_unbooked(shown.report, payment.waiting) or unsaid),
            Cell(_unbooked(shown.report, payment.evidence) or unsaid),
        )
        for payment in payments
    ]
    return shown.table("payments", say("order.payments"), columns, rows)


def _unbooked(report: Report, some: list[UnbookedEntry]) -> str:
    return "; ".join(
        f"{report.say(f'order.kind_{one.kind}')} "
        f"{report.formats.money_with_code(one.amount_cents, one.currency)} ({one.provider} {one.id})"
        for one in some
    )
