"""The list of rates in pages."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from pydantic import Field

from skeldir.http import DayRange, Filter, Keyset, KeyText
from skeldir.money import CurrencyCode
from skeldir.rates.listing import list_rates
from skeldir.rates.schemas import RatesPage, SourceCode

if TYPE_CHECKING:
    from skeldir.db import Connection

_RATES = Keyset("rates@1", tuple[KeyText, KeyText, date, Annotated[int, Field(ge=1, le=2**31 - 1)]])


class RatesQuery(DayRange):
    """The filters of the list of rates; its days are those that the source states, of no time zone."""

    source: Annotated[Filter[SourceCode], Field(description="this source only")] = None
    quote: Annotated[Filter[CurrencyCode], Field(description="rates of this currency only")] = None
    revisions: Annotated[
        Literal["latest", "all"],
        Field(description="the latest rate of each day, or every one that was ever recorded"),
    ] = "latest"


async def page_rates(connection: Connection, tenant_id: UUID, query: RatesQuery) -> RatesPage:
    """Return a page of the transaction's tenant by (source, quote, day, revision).

    Raises:
        CursorInvalid: the cursor belongs to another query.
    """
    found = await list_rates(
        connection,
        tenant_id,
        source=query.source,
        quote=query.quote,
        first_day=query.from_,
        end_day=query.to,
        has_all=query.revisions == "all",
        after=_RATES.after(query),
        most=query.limit + 1,
    )
    data, next_cursor = _RATES.cut(
        query, found, lambda one: (one.source, one.quote, one.day, one.revision)
    )
    return RatesPage(data, next_cursor)
