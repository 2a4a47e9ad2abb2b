"""The tables of spend and claims, each of one currency, and the pages among which its tabs choose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from skeldir.spend import BY_NAME, PLATFORMS
from skeldir.web.addresses import across_pages, address
from skeldir.web.formats import Unknown
from skeldir.web.frames import Link
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.spend import CampaignCost, ClaimSum, SpendOfDay
    from skeldir.web.charts import Series
    from skeldir.web.naming import ChannelNames
    from skeldir.web.periods import ShownDays
    from skeldir.web.reports import Report

SPEND: Final = "/spend"
MATCH: Final = f"{SPEND}/match"
COMPARISONS: Final = f"{SPEND}/comparisons"
RECORDED: Final = f"{SPEND}/recorded"
CAMPAIGN: Final = f"{SPEND}/campaign"
MOST_CAMPAIGNS: Final = 200
"""The rows of campaigns that a table shows; the others are one row, so that totals stay those of all."""

_MOST_PERIODS: Final = 92
_TABS: Final = (
    ("spend.tab_spend", SPEND),
    ("spend.tab_match", MATCH),
    ("spend.tab_comparisons", COMPARISONS),
    ("spend.tab_recorded", RECORDED),
)


def tabs_of_spend(report: Report, current: str) -> tuple[Link, ...]:
    """Return links to the pages of spend and claims, for the same days."""
    return tuple(
        Link(report.say(text), across_pages(report.request, path), path == current)
        for text, path in _TABS
    )


def name_platform(code: str) -> str:
    """Return the name of a platform; its code for one that is not known."""
    known = PLATFORMS.get(code)
    return code if known is None else known.label


def name_campaign(campaign: str, name: str | None) -> str:
    """Return the name of a campaign, or its id without one."""
    return name or campaign.removeprefix(BY_NAME)


def link_campaign(
    report: Report, platform: str, campaign: str, days: tuple[date, date] | None = None
) -> str:
    """Return the address of everything that was recorded of a campaign: on the days shown, or from one to another."""
    first, last = (report.days.first, report.days.last) if days is None else days
    return address(
        CAMPAIGN,
        platform=platform,
        campaign=campaign,
        from_=first.isoformat(),
        to=last.isoformat(),
    )


def claimed_number(millionths: int | None) -> Decimal | None:
    """Return how many conversions are claimed, which may be a fraction."""
    return None if millionths is None else Decimal(millionths).scaleb(-6)


def add_known(values: Iterable[int | None]) -> int | None:
    """Return the sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Periods:
    """The rows of a table by day: single days, or periods of `step` days if there would be too many."""

    first: date
    last: date
    step: int

    @staticmethod
    def of(days: ShownDays) -> Periods:
        """Return at most 92 periods: days, weeks, or several weeks."""
        step = 1 if days.count <= _MOST_PERIODS else 7 * -(-days.count // (7 * _MOST_PERIODS))
        return Periods(days.first, days.last, step)

    @property
    def count(self) -> int:
        """How many there are."""
        return self.index_of(self.last) + 1

    def index_of(self, day: date) -> int:
        """Return in which one a day is."""
        return (day - self.first).days // self.step

    def first_days(self) -> tuple[date, ...]:
        """Return the first day of each."""
        return tuple(self.first + timedelta(days=self.step * at) for at in range(self.count))


def name_by_period(report: Report, periods: Periods, currency: str) -> str:
    """Return the title of spend by day, or by periods of several days."""
    if periods.step == 1:
        return report.say("spend.by_day", currency=currency)
    days = report.formats.number(periods.step)
    return report.say("spend.by_period", currency=currency, days=days)


def lay_out_days(
    report: Report, currency: str, series: Sequence[Series], periods: Periods
) -> Table:
    """Return the spend by day or period and channel, whose picture is the chart."""
    say = report.say
    none = Unknown(say("spend.not_recorded"))

    def cells(values: Sequence[int | None]) -> tuple[Cell, ...]:
        total = add_known(values)
        return tuple(Cell(none if value is None else value) for value in (*values, total))

    by_channel = [add_known(one.values) for one in series]
    return Table(
        f"days-{currency}",
        name_by_period(report, periods, currency),
        (
            Column(say("spend.day" if periods.step == 1 else "spend.first_day"), "date"),
            *(Column(one.name, "money", currency) for one in series),
            Column(say("table.total"), "money", currency),
        ),
        tuple(
            (Cell(day), *cells([one.values[index] for one in series]))
            for index, day in enumerate(periods.first_days())
        ),
        say("table.empty"),
        totals=(Cell(say("table.total")), *cells(by_channel)),
        download=report.download_of(f"days-{currency}"),
    )


def lay_out_channels(
    report: Report, names: ChannelNames, currency: str, days: Sequence[SpendOfDay]
) -> Table:
    """Return the spend by channel, with a link to what the channel brought."""
    codes = {day.channel for day in days}
    rows = [
        (
            names(code),
            across_pages(report.request, "/channels", currency=currency, channel=code),
            [day for day in days if day.channel == code],
        )
        for code in codes
    ]
    return _lay_out_parts(report, "channels", currency, rows)


def lay_out_platforms(report: Report, currency: str, days: Sequence[SpendOfDay]) -> Table:
    """Return the spend by platform."""
    rows = [
        (name_platform(code), None, [day for day in days if day.platform == code])
        for code in {day.platform for day in days}
    ]
    return _lay_out_parts(report, "platforms", currency, rows)


def _lay_out_parts(
    report: Report,
    key: str,
    currency: str,
    rows: Sequence[tuple[str, str | None, Sequence[SpendOfDay]]],
) -> Table:
    say = report.say
    none, no_share = Unknown(say("spend.no_cost")), Unknown(say("spend.no_share"))
    total = add_known(day.cost_cents for _, _, days in rows for day in days)

    def cells(days: Sequence[SpendOfDay]) -> tuple[Cell, ...]:
        cents = add_known(day.cost_cents for day in days)
        share = None if cents is None or not total or total < 0 else Fraction(cents, total)
        return (
            Cell(none if cents is None else cents),
            Cell(no_share if share is None else share, share=share),
            Cell(sum(day.campaign_days for day in days)),
            Cell(sum(day.unknown_days for day in days)),
        )

    ordered = sorted(
        rows, key=lambda row: (-(add_known(day.cost_cents for day in row[2]) or 0), row[0])
    )
    return Table(
        f"{key}-{currency}",
        say(f"spend.by_{key}", currency=currency),
        (
            Column(say(f"spend.{key}")),
            Column(say("spend.cost"), "money", currency),
            Column(say("spend.share"), "percent"),
            Column(say("spend.campaign_days"), "number"),
            Column(say("spend.unknown_days"), "number"),
        ),
        tuple((Cell(name, href=href), *cells(days)) for name, href, days in ordered),
        say("table.empty"),
        totals=(Cell(say("table.total")), *cells([day for _, _, days in rows for day in days])),
        download=report.download_of(f"{key}-{currency}"),
    )


def lay_out_campaigns(report: Report, currency: str, costs: Sequence[CampaignCost]) -> Table:
    """Return the campaigns, the dearest first, each with a link to its revisions."""
    say = report.say
    unknown = Unknown(say("spend.no_cost")), Unknown(say("spend.no_claim"))

    def numbers(some: Sequence[CampaignCost]) -> tuple[Cell, Cell]:
        cost = add_known(one.cost_cents for one in some)
        return Cell(unknown[0] if cost is None else cost), Cell(sum(one.days for one in some))

    def row(one: CampaignCost) -> tuple[Cell, ...]:
        claims = claimed_number(one.claims_millionths)
        cost, days = numbers([one])
        return (
            Cell(
                name_campaign(one.campaign, one.name),
                href=link_campaign(report, one.platform, one.campaign),
            ),
            Cell(name_platform(one.platform)),
            Cell(one.account),
            cost,
            days,
            Cell(unknown[1] if claims is None else claims),
            Cell(unknown[1] if one.claimed_cents is None else one.claimed_cents),
        )

    apart = Cell(Unknown(say("spend.claims_apart")))

    def rest(text: str, some: Sequence[CampaignCost]) -> tuple[Cell, ...]:
        return (Cell(text), Cell(""), Cell(""), *numbers(some), apart, apart)

    rows = [row(one) for one in costs[:MOST_CAMPAIGNS]]
    left = costs[MOST_CAMPAIGNS:]
    if left:
        count = report.formats.number(len(left))
        rows.append(rest(say.counted("spend.other_campaigns", len(left), count), left))
    return Table(
        f"campaigns-{currency}",
        say("spend.by_campaign", currency=currency),
        (
            Column(say("spend.campaign")),
            Column(say("spend.platform")),
            Column(say("spend.account")),
            Column(say("spend.cost"), "money", currency),
            Column(say("spend.campaign_days"), "number"),
            Column(say("spend.claimed_number"), "ratio"),
            Column(say("spend.claimed_value"), "money", currency),
        ),
        tuple(rows),
        say("table.empty"),
        totals=rest(say("table.total"), costs),
        download=report.download_of(f"campaigns-{currency}"),
    )


def lay_out_claims(report: Report, currency: str, claims: Sequence[ClaimSum]) -> Table:
    """Return what platforms claim by kind. There are no totals: several platforms may claim the same order."""
    say = report.say
    none, not_said = Unknown(say("spend.no_claim")), Unknown(say("spend.not_said"))

    def row(one: ClaimSum) -> tuple[Cell, ...]:
        number = claimed_number(one.claims_millionths)
        return (
            Cell(name_platform(one.platform)),
            Cell(one.claim_type or not_said),
            Cell(one.attribution_setting or not_said),
            Cell(none if number is None else number),
            Cell(none if one.claimed_cents is None else one.claimed_cents),
            Cell(one.known_days),
            Cell(one.campaign_days - one.known_days),
        )

    return Table(
        f"claims-{currency}",
        say("spend.claims", currency=currency),
        (
            Column(say("spend.platform")),
            Column(say("spend.claim_type")),
            Column(say("spend.setting")),
            Column(say("spend.claimed_number"), "ratio"),
            Column(say("spend.claimed_value"), "money", currency),
            Column(say("spend.known_days"), "number"),
            Column(say("spend.unknown_days"), "number"),
        ),
        tuple(row(one) for one in claims),
        say("spend.no_claims"),
        download=report.download_of(f"claims-{currency}"),
    )
