"""The shapes of the reports of money in one currency, converted from all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from skeldir.days import TimeZone
from skeldir.money import Cents, CurrencyCode
from skeldir.rates import ConvertedBy
from skeldir.revenue.renewals import RenewalsFilter
from skeldir.revenue.schemas import DailyRevenue

_CONVERTED_BY: JsonDict = {
    "currency": "EUR",
    "source": "ecb",
    "base": "EUR",
    "days_old_at_most": 7,
    "rates": [
        {
            "currency": "USD",
            "rate_day": "2026-06-01",
            "first_day": "2026-06-01",
            "last_day": "2026-06-01",
            "rate": "0.921658986175115",
            "stated": [{"quote": "USD", "rate": "1.085", "revision": 1}],
        }
    ],
    "rates_left_out": 0,
    "missing": [],
}


@dataclass(frozen=True, slots=True)
class ConvertedDailyPage:
    """A page of the daily summary in one currency, by date and state.

    Rows in another currency are what no rate is known for. They count in the page's limit, but are in no converted row.
    """

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "renewals": "include",
                    "converted_by": _CONVERTED_BY,
                    "data": [
                        {
                            "date": "2026-06-01",
                            "currency": "EUR",
                            "state": "captured",
                            "amount_cents": 1197235,
                            "entries": 112,
                        }
                    ],
                    "not_converted": [],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    time_zone: TimeZone
    renewals: RenewalsFilter
    converted_by: Annotated[
        ConvertedBy, Field(description="the rates that the page's days were converted by")
    ]
    data: list[DailyRevenue]
    not_converted: list[DailyRevenue]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SumOfStates:
    """Money of one currency over days; the three kinds add up to the net."""

    currency: CurrencyCode
    captured_cents: Cents
    refunded_cents: Annotated[Cents, Field(description="refunds less their reversals")]
    disputed_cents: Annotated[Cents, Field(description="disputes less their reversals")]
    net_cents: Cents
    orders: Annotated[int, Field(ge=0, description="orders with a capture on these days")]


@dataclass(frozen=True, slots=True)
class ConvertedRealtime:
    """The money so far in one currency: the sums of all days, each converted by its own rate."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "renewals": "include",
                    "converted_by": _CONVERTED_BY,
                    "total": {
                        "currency": "EUR",
                        "captured_cents": 1197235,
                        "refunded_cents": -11972,
                        "disputed_cents": 0,
                        "net_cents": 1185263,
                        "orders": 112,
                    },
                    "last_entry_at": "2026-06-01T10:42:10Z",
                    "not_converted": [],
                }
            ]
        }
    )

    renewals: RenewalsFilter
    converted_by: ConvertedBy
    total: SumOfStates
    last_entry_at: Annotated[
        datetime | None, Field(description="of the latest entry in any currency; null without any")
    ]
    not_converted: Annotated[
        list[SumOfStates], Field(description="what no rate is known for, by currency")
    ]
