"""Request and response shapes of the reports: their filters and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from skeldir.days import TimeZone
from skeldir.http import DayRange, Filter, KnownAtFilter, NoQuery
from skeldir.money import Cents, CurrencyCode
from skeldir.rates import ABOUT_RATE_SOURCE, Convert, RateSource
from skeldir.revenue.renewals import RenewalsFilter
from skeldir.rollups import KnownAt

EntryState = Literal[
    "captured",
    "refunded",
    "refund_reversed",
    "disputed",
    "dispute_reversed",
    "awaiting_capture",
    "dispute_awaiting_capture",
]
"""The state of an entry in the daily summary: from its kind, or that its order has no capture yet."""


class DailyQuery(DayRange):
    """The filters of the daily summary."""

    currency: Annotated[Filter[CurrencyCode], Field(description="this currency only, ISO 4217")] = (
        None
    )
    state: Annotated[Filter[EntryState], Field(description="entries of this state only")] = None
    renewals: RenewalsFilter = "include"
    convert: Convert = False
    rate_source: Annotated[Filter[RateSource], Field(description=ABOUT_RATE_SOURCE)] = None
    known_at: KnownAtFilter = None


class RealtimeQuery(NoQuery):
    """The filters of the money so far."""

    currency: Annotated[Filter[CurrencyCode], Field(description="this currency only, ISO 4217")] = (
        None
    )
    renewals: RenewalsFilter = "include"
    convert: Convert = False
    rate_source: Annotated[Filter[RateSource], Field(description=ABOUT_RATE_SOURCE)] = None
    known_at: KnownAtFilter = None


@dataclass(frozen=True, slots=True)
class DailyRevenue:
    """The entries of one day, currency and state."""

    date: Annotated[day, Field(description="a day of the page's `time_zone`")]
    currency: CurrencyCode
    state: EntryState
    amount_cents: Cents
    entries: Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True)
class DailyPage:
    """A page of the daily summary, by date, currency and state."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "renewals": "include",
                    "data": [
                        {
                            "date": "2026-06-01",
                            "currency": "USD",
                            "state": "captured",
                            "amount_cents": 1299000,
                            "entries": 112,
                        },
                        {
                            "date": "2026-06-01",
                            "currency": "USD",
                            "state": "refunded",
                            "amount_cents": -12990,
                            "entries": 1,
                        },
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    time_zone: TimeZone
    renewals: RenewalsFilter
    data: list[DailyRevenue]
    next_cursor: str | None
    known_at: KnownAt = None


@dataclass(frozen=True, slots=True)
class RealtimeRevenue:
    """The totals of one currency so far."""

    currency: CurrencyCode
    captured_cents: Cents
    refunded_cents: Annotated[Cents, Field(description="refunds less their reversals; at most 0")]
    disputed_cents: Annotated[Cents, Field(description="disputes less their reversals")]
    net_cents: Cents
    orders: Annotated[int, Field(ge=0, description="orders with a capture in this currency")]
    last_entry_at: Annotated[
        datetime, Field(description="of the latest entry in this currency, of a renewal too")
    ]


@dataclass(frozen=True, slots=True)
class RealtimeTotals:
    """The totals of every currency; never summed across them."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "renewals": "include",
                    "data": [
                        {
                            "currency": "USD",
                            "captured_cents": 1299000,
                            "refunded_cents": -12990,
                            "disputed_cents": 0,
                            "net_cents": 1286010,
                            "orders": 112,
                            "last_entry_at": "2026-06-01T10:42:10Z",
                        }
                    ],
                }
            ]
        }
    )

    renewals: RenewalsFilter
    data: list[RealtimeRevenue]
    known_at: KnownAt = None
