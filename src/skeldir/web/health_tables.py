"""The tables of the page Data health: coverage, unknown sources, refused items, jobs and views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import orjson

from skeldir.web.addresses import address
from skeldir.web.formats import Unknown
from skeldir.web.import_tables import address_of
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.inbox import CoverageRow
    from skeldir.ingest import DeadEventCount, DeadEventReport, UnknownSource
    from skeldir.jobs import JobReport
    from skeldir.matviews import ViewReport
    from skeldir.spend import MatchReport
    from skeldir.web.reports import Report

_GROUPS: Final = ("unmatched", "one_touch", "more_touches", "awaiting_credit")
_BESIDE: Final = ("derived", "without_token", "renewals")
_RULES: Final = "/rules"
_LONGEST_ITEM: Final = 2_000


def coverage_by_provider(report: Report, rows: Sequence[CoverageRow]) -> tuple[Table, ...]:
    """Return a table for each currency: the orders that webhooks paid, by provider, and how many touches they have."""
    say = report.say
    by_currency: dict[str, dict[str, list[CoverageRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        by_currency[row.currency][row.provider].append(row)
    tables = []
    for currency, of_providers in sorted(by_currency.items()):
        columns = (
            Column(say("health.provider")),
            Column(say("health.orders"), "number"),
            Column(say("health.captured"), "money", currency),
            Column(say("health.with_touches"), "percent", note=say("health.with_touches_note")),
            *(Column(say(f"health.{name}"), "number") for name in (*_GROUPS, *_BESIDE)),
        )
        found = [row for of_one in of_providers.values() for row in of_one]
        tables.append(
            Table(
                f"coverage-{currency}",
                say("health.coverage_of", currency=currency),
                columns,
                tuple(
                    _coverage_cells(report, provider, of_one)
                    for provider, of_one in sorted(of_providers.items())
                ),
                say("table.empty"),
                _coverage_cells(report, say("table.total"), found),
                report.download_of(f"coverage-{currency}"),
            )
        )
    return tuple(tables)


def _coverage_cells(report: Report, name: str, rows: Sequence[CoverageRow]) -> tuple[Cell, ...]:
    def orders(group: str) -> int:
        return sum(getattr(row, group).orders for row in rows)

    known = orders("total") - orders("awaiting_credit")
    matched = orders("one_touch") + orders("more_touches")
    share = Fraction(matched, known) if known else None
    return (
        Cell(name),
        Cell(orders("total")),
        Cell(sum(row.total.captured_cents for row in rows)),
        Cell(Unknown(report.say("health.all_await")) if share is None else share, share=share),
        *(Cell(orders(group)) for group in (*_GROUPS, *_BESIDE)),
    )


def coverage_by_day(report: Report, rows: Sequence[CoverageRow]) -> Table:
    """Return the same numbers day by day, as the API reports them."""
    say = report.say
    columns = (
        Column(say("health.day"), "date"),
        Column(say("health.provider")),
        Column(say("health.currency")),
        Column(say("health.orders"), "number"),
        *(Column(say(f"health.{name}"), "number") for name in (*_GROUPS, *_BESIDE)),
    )
    cells = tuple(
        (
            Cell(row.date),
            Cell(row.provider),
            Cell(row.currency),
            Cell(row.total.orders),
            *(Cell(getattr(row, name).orders) for name in (*_GROUPS, *_BESIDE)),
        )
        for row in rows
    )
    return table_of_health(report, "days", columns, cells)


def matched_spend(report: Report, match: MatchReport) -> tuple[Table, Table, Table]:
    """Return the match rate by currency, the campaigns that no touch names, and touches' campaigns without spend."""
    say = report.say
    rate = table_of_health(
        report,
        "match",
        (
            Column(say("health.currency")),
            Column(say("health.match_rate"), "percent", note=say("health.match_rate_note")),
        ),
        tuple(
            (
                Cell(currency),
                Cell(
                    Fraction(match.matched.get(currency, 0), spent)
                    if spent > 0
                    else Unknown(say("health.no_spend"))
                ),
            )
            for currency, spent in sorted(match.spent.items())
        ),
    )
    unnamed = table_of_health(
        report,
        "unnamed",
        (
            Column(say("health.campaign")),
            Column(say("health.platform")),
            Column(say("health.spend_days"), "number"),
        ),
        tuple(
            (Cell(one.name or one.campaign), Cell(one.platform), Cell(one.days))
            for one in match.campaigns
            if not one.touches
        )[:100],
    )
    unspent = table_of_health(
        report,
        "unspent",
        (Column(say("health.campaign")), Column(say("health.touches"), "number")),
        tuple((Cell(name), Cell(touches)) for name, touches in match.without_spend[:100]),
    )
    return rate, unnamed, unspent


def unknown_sources(report: Report, sources: Sequence[UnknownSource], *, may_rule: bool) -> Table:
    """Return the sources that no rule knows, each with a link that begins a rule for it."""
    say = report.say
    columns = (
        Column(say("health.source")),
        Column(say("health.medium")),
        Column(say("health.touches"), "number"),
        Column(say("health.last"), "moment"),
        *((Column(say("health.rule")),) if may_rule else ()),
    )
    none = Unknown(say("health.no_tag"))

    def make(one: UnknownSource) -> Cell:
        link = address(_RULES, source=one.source, medium=one.medium)
        return Cell(say("health.make_rule"), link)

    rows = tuple(
        (
            Cell(none if one.source is None else one.source),
            Cell(none if one.medium is None else one.medium),
            Cell(one.touches),
            Cell(one.last_at),
            *((make(one),) if may_rule else ()),
        )
        for one in sources
    )
    return table_of_health(report, "sources", columns, rows)


def refused_by_code(
    report: Report, counts: Iterable[DeadEventCount], files: Mapping[str, tuple[str, str]]
) -> Table:
    """Return how many items were refused, by where they came from and why."""
    say = report.say
    columns = (
        Column(say("health.code")),
        Column(say("health.from")),
        Column(say("health.kind")),
        Column(say("health.items"), "number"),
        Column(say("health.last"), "moment"),
    )
    rows = tuple(
        (
            Cell(one.code, report.link(code=one.code, kind=one.item_kind)),
            _source_cell(report, one.source, files),
            Cell(say(f"health.item_{one.item_kind}")),
            Cell(one.items),
            Cell(one.last_at),
        )
        for one in counts
    )
    return table_of_health(report, "codes", columns, rows)


def refused_items(
    report: Report, events: Iterable[DeadEventReport], files: Mapping[str, tuple[str, str]]
) -> Table:
    """Return refused items, without what may be personal, as the API shows them."""
    say = report.say
    columns = (
        Column(say("health.code")),
        Column(say("health.when"), "moment"),
        Column(say("health.from")),
        Column(say("imports.why")),
        Column(say("imports.cure")),
        Column(say("health.item")),
    )
    rows = tuple(
        (
            Cell(one.code),
            Cell(one.recorded_at),
            _source_cell(report, one.origin, files),
            Cell(one.detail),
            Cell(one.cure),
            Cell(_write_item(one.item)),
        )
        for one in events
    )
    return table_of_health(report, "items", columns, rows)


def _source_cell(report: Report, origin: str, files: Mapping[str, tuple[str, str]]) -> Cell:
    """Return where something came from: the file, if it is still listed, with its row, or the API."""
    kind, _, rest = origin.partition(":")
    source = ":".join(origin.split(":")[:2])
    if kind != "file":
        return Cell(report.say("health.by_api"))
    name, fingerprint = files.get(source, (rest.partition(":")[0], ""))
    place = rest.rpartition(":")[2] if ":" in rest else None
    return Cell(
        name,
        address_of(fingerprint) if fingerprint else None,
        None if place is None else report.say("health.row", row=place),
    )


def _write_item(item: Mapping[str, object]) -> str:
    return orjson.dumps(item).decode()[:_LONGEST_ITEM]


def jobs_table(report: Report, jobs: Sequence[JobReport]) -> Table:
    """Return what is done in the background for the tenant, the newest first."""
    say = report.say
    columns = (
        Column(say("health.job")),
        Column(say("health.state")),
        Column(say("health.attempts"), "number"),
        Column(say("health.enqueued"), "moment"),
        Column(say("health.due"), "moment"),
        Column(say("health.ended_at"), "moment"),
        Column(say("health.error")),
    )
    rows = tuple(
        (
            Cell(one.kind),
            Cell(say(f"health.job_{one.state}")),
            Cell(one.attempts),
            Cell(one.created_at),
            Cell(one.run_at),
            Cell(Unknown(say("health.not_ended")) if one.finished_at is None else one.finished_at),
            Cell(Unknown(say("health.no_error")) if one.error_kind is None else one.error_kind),
        )
        for one in jobs
    )
    return table_of_health(report, "jobs", columns, rows)


def views_table(report: Report, views: Sequence[ViewReport]) -> Table:
    """Return how old the published views are, and how their last refresh ended."""
    say = report.say
    columns = (
        Column(say("health.view"), note=say("health.view_note")),
        Column(say("health.age")),
        Column(say("health.refreshed"), "moment"),
        Column(say("health.outcome")),
        Column(say("health.error")),
    )
    never = Unknown(say("health.never_refreshed"))
    rows = tuple(
        (
            Cell(one.name, note=say(f"health.view_shows.{one.name}")),
            Cell(
                never if one.age_seconds is None else report.formats.duration(int(one.age_seconds))
            ),
            Cell(never if one.last_success_at is None else one.last_success_at),
            Cell(never if one.last_outcome is None else _outcome(report, one.last_outcome)),
            Cell(Unknown(say("health.no_error")) if one.error_kind is None else one.error_kind),
        )
        for one in views
    )
    return table_of_health(report, "views", columns, rows)


def _outcome(report: Report, outcome: str) -> str:
    return report.say.texts.get(f"health.outcome_{outcome}", outcome)


def table_of_health(
    report: Report,
    key: str,
    columns: tuple[Column, ...],
    rows: tuple[tuple[Cell, ...], ...],
    *,
    note: str | None = None,
) -> Table:
    """Return a table whose title, and what it says without rows, are texts named by its key."""
    say = report.say
    return Table(
        key,
        say(f"health.table_{key}"),
        columns,
        rows,
        say(f"health.none_{key}"),
        None,
        report.download_of(key),
        note=note,
    )
