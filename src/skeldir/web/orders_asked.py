"""What the address of the list of orders asks for: days, currency, kind of money, channel, model, and a search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import ValidationError

from skeldir.attribution import OriginWanted
from skeldir.days import days_by
from skeldir.errors import InputInvalid
from skeldir.http import CursorInvalid, KeyMoment, Keyset, KeyText, PageQuery
from skeldir.ingest import LONGEST_LABEL
from skeldir.money import decimals
from skeldir.revenue import LONGEST_KEY, DaysShown, Place
from skeldir.rollups import rules_in_force
from skeldir.web.order_rows import KINDS

if TYPE_CHECKING:
    from skeldir.attribution import ModelName
    from skeldir.web.reports import Report

ROWS: Final = 50
ROWS_OF_SEVERAL: Final = 10
"""How many orders one page shows of a currency, and of each of several."""

_CHANNEL: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OF_DAYS: Final = Keyset("pages/orders@1", tuple[KeyMoment, UUID])
_FOUND: Final = Keyset("pages/orders/found@1", tuple[KeyText])


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """The filters of the list, and where its page begins. With `beginning`, orders of all days are searched by id."""

    days: DaysShown
    currency: str | None
    kind: str | None
    channel: str | None
    origin: OriginWanted | None
    without_renewals: bool
    beginning: str | None
    cursor: str | None

    def place(self, model: ModelName | None, currency: str) -> Place | None:
        """Return the place after which the page begins, in one currency's list. Raises `CursorInvalid`."""
        return _OF_DAYS.after(self._query(), of=self._of(model, currency))

    def cursor_at(self, place: Place, model: ModelName | None, currency: str) -> str:
        """Return the cursor of the page after a place, of one currency's list."""
        # Two rows are one more than the limit, so there is a next page.
        _, cursor = _OF_DAYS.cut(
            PageQuery(limit=1), [place] * 2, lambda row: row, of=self._of(model, currency)
        )
        return cursor or ""

    def found_after(self) -> str:
        """Return the id after which the page of a search begins; empty for the first page. Raises `CursorInvalid`."""
        key = _FOUND.after(self._query(), of=[self.beginning or ""])
        return "" if key is None else key[0]

    def cursor_after(self, order_id: str) -> str:
        """Return the cursor of the page of a search after an order."""
        _, cursor = _FOUND.cut(
            PageQuery(limit=1), [order_id] * 2, lambda row: (row,), of=[self.beginning or ""]
        )
        return cursor or ""

    def _query(self) -> PageQuery:
        try:
            return PageQuery(limit=1, cursor=self.cursor)
        except ValidationError as error:
            raise CursorInvalid(
                "The cursor is too long to be one of this list.",
                cure="Leave cursor= out for the first page.",
            ) from error

    def _of(self, model: ModelName | None, currency: str | None) -> list[str]:
        days = self.days
        return [
            days.first.isoformat(),
            days.last.isoformat(),
            days.local.rules.name,
            currency or "",
            self.kind or "",
            self.channel or "",
            # Which orders are listed depends on the model only if a channel is asked for.
            model or "" if self.channel else "",
            *([] if self.origin is None else [repr(self.origin)]),
            *(["without renewals"] if self.without_renewals else []),
        ]


async def read_asked(report: Report) -> OrdersAsked:
    """Return what the address asks for.

    Raises:
        InputInvalid: a filter is none that the list has.
        CurrencyUnknown: the currency is none.
    """
    rules = await rules_in_force(report.page.connection, report.page.profile.tenant_id)
    currency = report.parameter("currency")
    if currency is not None:
        decimals(currency)
    kind, channel = report.parameter("kind"), report.parameter("channel")
    if kind is not None and kind not in KINDS:
        raise InputInvalid(
            "The address asks for a kind of money that the list does not have.",
            cure=f"Use one of {', '.join(KINDS)}, or leave kind= out.",
        )
    if channel is not None and not _CHANNEL.fullmatch(channel):
        raise InputInvalid(
            "The address asks for a channel whose code cannot be one.",
            cure="Follow a link on the page of channels, or leave channel= out.",
        )
    return OrdersAsked(
        DaysShown(report.days.first, report.days.last, days_by(rules)),
        currency,
        kind,
        channel,
        _origin_of(report, channel),
        _is_without_renewals(report),
        _beginning(report),
        report.parameter("cursor"),
    )


def _origin_of(report: Report, channel: str | None) -> OriginWanted | None:
    """Return the touches of a channel that the address asks for. Raises `InputInvalid` for what no touch has."""
    # As they were sent, with spaces around them.
    source, campaign = (
        report.request.query_params.get(name) or None for name in ("source", "campaign")
    )
    without = report.parameter("without")
    if (source, campaign, without) == (None, None, None):
        return None
    if channel is None or without not in (None, "source", "campaign"):
        raise InputInvalid(
            "The address asks for a source or a campaign without its channel, or for orders without something else.",
            cure="Follow a link on the page of channels, or leave source=, campaign= and without= out.",
        )
    for text in (source, campaign):
        if text is not None and (len(text) > LONGEST_LABEL or _CONTROL.search(text)):
            raise InputInvalid(
                f"No source or campaign has more than {LONGEST_LABEL} characters, or control characters.",
                cure="Follow a link on the page of channels, or leave source= and campaign= out.",
            )
    of_source = (None,) if without == "source" else None if source is None else (source,)
    of_campaign = (None,) if without == "campaign" else None if campaign is None else (campaign,)
    return OriginWanted(channel, of_source, of_campaign)


def _is_without_renewals(report: Report) -> bool:
    renewals = report.parameter("renewals")
    if renewals not in (None, "include", "exclude"):
        raise InputInvalid(
            "The address asks for renewals in a way that the list does not have.",
            cure="Use renewals=include or exclude, or leave it out.",
        )
    return renewals == "exclude"


def _beginning(report: Report) -> str | None:
    """Return the search, without the spaces around it. Raises `InputInvalid` for what no id begins with."""
    text = report.parameter("q")
    if text is None:
        return None
    if len(text) > LONGEST_KEY or _CONTROL.search(text):
        raise InputInvalid(
            f"No order id has more than {LONGEST_KEY} characters, or control characters.",
            cure="Search for the beginning of an order id.",
        )
    return text
