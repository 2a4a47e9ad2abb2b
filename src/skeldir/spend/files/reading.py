"""An export of an ad platform becomes days of campaigns: all of it, or a question or refusal and nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from skeldir.ingest.files import FileUnreadable
from skeldir.money import LARGEST_MINOR_UNITS, decimals
from skeldir.spend.classifying import PLATFORM_CODE, PLATFORMS, place_campaign
from skeldir.spend.days import BY_NAME, GIVEN, MILLION, AdDay, AdKey, Figure
from skeldir.spend.files.accounts import Belonging, read_belongings, text_at
from skeldir.spend.files.figures import Figures, Line, read_figures, split_rows
from skeldir.spend.files.options import Options
from skeldir.spend.files.preamble import read_preamble
from skeldir.spend.files.presets import OTHER, Columns
from skeldir.spend.files.refusals import ChannelOpen, ExportRefused, PlatformOpen
from skeldir.spend.files.tables import Table, read_table
from skeldir.spend.files.unread import describe_unread, unread_money


@dataclass(frozen=True, slots=True)
class Export:
    """What an export says: days of campaigns, and what is worth showing of how it was read.

    `exact` has the costs by currency before the sums of campaign days were rounded to the smallest unit. `is_checked`:
    the file's own totals, or its number of rows, agreed.
    """

    platform: str
    digest: str
    rows: int
    days: list[AdDay]
    exact: Mapping[str, Decimal]
    time_zone: str | None
    is_incomplete: bool
    is_checked: bool
    claim_type: str | None
    notes: list[str]


def read_export(path: Path, options: Options) -> Export:
    """Return what an export says.

    Raises:
        FileUnreadable: it cannot be read, or not to its end.
        ExportOpen: it leaves something open, which an option of the error's cure says.
        ExportRefused: it cannot be right as it is.
    """
    if options.platform is not None and not PLATFORM_CODE.fullmatch(options.platform):
        raise PlatformOpen(
            "This is not the code of a platform.",
            cure="Use up to 40 small letters, digits and underscores, beginning with a letter.",
        )
    table = read_table(path, options)
    columns, name = table.columns, path.name
    platform = columns.preset.code
    if platform == OTHER and options.platform is not None:
        platform = options.platform
    preamble = read_preamble(table.before, columns.preset, name)
    rows, totals = split_rows(table, name)
    belongings = read_belongings(rows, columns, options, name)
    figures = read_figures(table, rows, totals, belongings, options, name)
    summing = _Summing(platform, columns, options, name)
    exact: dict[str, Decimal] = {}
    for row, line, belonging in zip(rows, figures.lines, belongings, strict=True):
        summing.add(line, belonging, text_at(row, columns, "channel"))
        if line.cost is not None:
            exact[belonging.currency] = exact.get(belonging.currency, Decimal()) + line.cost
    days = summing.days(figures.claim_type)
    zone = options.time_zone or preamble.time_zone or text_at(rows[0], columns, "zone")
    return Export(
        platform=platform,
        digest=_digest(path),
        rows=len(rows),
        days=days,
        exact=dict(sorted(exact.items())),
        time_zone=zone or ("UTC" if columns.is_in_utc else None),
        is_incomplete=preamble.is_incomplete,
        is_checked=figures.is_checked,
        claim_type=figures.claim_type,
        notes=[*_notes(table, figures, belongings), *summing.notes()],
    )


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}.", cure="Check the path and its permissions."
        ) from error


def _notes(table: Table, figures: Figures, belongings: Sequence[Belonging]) -> list[str]:
    """Return sentences about what a person should know of an export that was read."""
    notes = []
    if not figures.is_checked:
        notes.append(
            "The file has no totals to compare with; nothing shows whether rows are missing."
        )
    if any(belonging.campaign.startswith(BY_NAME) for belonging in belongings):
        notes.append(
            "The campaigns have no ids: they are known by their names, and a renamed one would count twice."
        )
    if figures.claim_type is None:
        notes.append("The file claims no conversions of a kind that is read.")
    if table.columns.places.get("attribution") is None and table.columns.preset.code == "meta":
        notes.append(
            "The file does not say by which attribution setting its conversions are claimed."
        )
    if unread := unread_money(table):
        notes.append(describe_unread(unread))
    return notes


@dataclass(slots=True)
class _Sum:
    """The rows of one key so far."""

    name: str | None
    channel: str
    rule: str
    lines: list[Line] = field(default_factory=list)


class _Summing:
    """Sums the rows of each campaign and day, which may be of its ads; a campaign has one channel."""

    def __init__(self, platform: str, columns: Columns, options: Options, name: str) -> None:
        self._platform = platform
        self._columns = columns
        self._options = options
        self._name = name
        self._sums: dict[AdKey, _Sum] = {}
        self._types: set[str] = set()
        self._rounded = 0

    def add(self, line: Line, belonging: Belonging, channel: str | None) -> None:
        """Add a row. Raises ChannelOpen if nothing says its channel."""
        key = AdKey(
            self._platform, belonging.account, belonging.campaign, line.day, belonging.currency
        )
        found = self._sums.get(key)
        if found is None:
            chosen, rule = self._channel_of(belonging, channel)
            found = self._sums[key] = _Sum(belonging.name, chosen, rule)
        elif channel is not None and self._channel_of(belonging, channel)[0] != found.channel:
            raise ExportRefused(
                f"On {key.day}, rows of one campaign of {self._name} are of the channels"
                f' "{found.channel}" and "{channel[:63]}".',
                cure="Name one channel for each campaign, or divide the campaign by name or id.",
            )
        found.lines.append(line)

    def days(self, claim_type: str | None) -> list[AdDay]:
        """Return the days in order of their keys."""
        return [
            AdDay(key, one.name, self._figures(key, one.lines, claim_type), one.channel, one.rule)
            for key, one in sorted(self._sums.items(), key=lambda item: item[0])
        ]

    def notes(self) -> list[str]:
        """Return sentences about what was decided."""
        notes = []
        if self._types:
            shown = ", ".join(f'"{text}"' for text in sorted(self._types)[:5])
            notes.append(
                f"Campaigns of the type {shown} have their channels by their names: the type is not known."
            )
        if self._rounded:
            days = "1 campaign day" if self._rounded == 1 else f"{self._rounded:,} campaign days"
            notes.append(
                f"The costs of {days} had fractions of the currency's smallest unit, and were rounded to the nearest,"
                " halves to the even one."
            )
        return notes

    def _channel_of(self, belonging: Belonging, channel: str | None) -> tuple[str, str]:
        given = self._options.channel_of(
            belonging.name, belonging.campaign_id, belonging.campaign_type
        )
        if (given := given or channel) is not None:
            return given, GIVEN
        placement = place_campaign(self._platform, belonging.name, belonging.campaign_type)
        if placement is None:
            known = ", ".join(PLATFORMS)
            raise ChannelOpen(
                f"Nothing says which channel the spend of {self._name} belongs to.",
                cure=f"Set --channel, or --channels FILE; only campaigns of {known} have one by themselves.",
            )
        if placement.is_type_unknown and belonging.campaign_type is not None:
            self._types.add(belonging.campaign_type[:60])
        return placement.channel, placement.rule

    def _figures(
        self, key: AdKey, lines: Sequence[Line], claim_type: str | None
    ) -> dict[str, Figure]:
        """Return the figures of a key: those that the file has columns of."""
        places = self._columns.places
        figures: dict[str, Figure] = {"cost_cents": self._cost(key, lines)}
        if "impressions" in places:
            figures["impressions"] = _sum_known([line.impressions for line in lines])
        if "clicks" in places:
            figures["clicks"] = _sum_known([line.clicks for line in lines])
        if claim_type is not None:
            claims = _sum_exact([line.claims for line in lines])
            value = _sum_exact([line.value for line in lines])
            settings = sorted({line.setting for line in lines if line.setting is not None})
            figures["claim_type"] = claim_type
            figures["claims_millionths"] = None if claims is None else _rounded(claims * MILLION)[0]
            figures["claimed_cents"] = None if value is None else self._minor(key, value)[0]
            figures["attribution_setting"] = "; ".join(settings)[:300] or None
        return figures

    def _cost(self, key: AdKey, lines: Sequence[Line]) -> int | None:
        known = [line.cost for line in lines if line.cost is not None]
        if known and any(line.cost is None and _delivered(line) for line in lines):
            raise ExportRefused(
                f"On {key.day}, some rows of a campaign of {self._name} have a cost, and others have none"
                " but impressions or clicks.",
                cure="Export it again: a cost that is not known is not 0.",
            )
        if not known:
            return None
        cents, is_exact = self._minor(key, sum(known, Decimal()))
        self._rounded += not is_exact
        return cents

    def _minor(self, key: AdKey, amount: Decimal) -> tuple[int, bool]:
        cents, is_exact = _rounded(amount.scaleb(decimals(key.currency)))
        if abs(cents) > LARGEST_MINOR_UNITS:
            raise ExportRefused(
                f"An amount of {key.day} in {self._name} is too large.",
                cure="Check the decimal mark and the unit of its amounts.",
            )
        return cents, is_exact


def _delivered(line: Line) -> bool:
    return bool(line.impressions or line.clicks)


def _rounded(number: Decimal) -> tuple[int, bool]:
    whole = number.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return int(whole), whole == number


def _sum_known(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum_exact(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal()) if known else None
