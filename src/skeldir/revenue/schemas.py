"""What goes over the wire: the filters of the reports, and their rows."""

from __future__ import annotations

from datetime import date as day
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from skeldir.http import Cents, CurrencyCode, DayRange, Filter

EntryState = Literal[
    "captured",
    "refunded",
    "refund_reversed",
    "disputed",
    "dispute_reversed",
    "awaiting_capture",
    "dispute_awaiting_capture",
]
"""What an entry is called in the daily summary: its kind, or that its order has no capture yet."""


class DailyQuery(DayRange):
    """The filters of the daily summary."""

    currency: Annotated[
        Filter[CurrencyCode], Field(description="of this currency only, ISO 4217")
    ] = None
    state: Annotated[Filter[EntryState], Field(description="entries of this state only")] = None


class DailyRevenueOut(BaseModel):
    """The entries of one day, currency and state."""

    date: Annotated[day, Field(description="UTC day")]
    currency: CurrencyCode
    state: EntryState
    amount_cents: Cents
    entries: Annotated[int, Field(ge=1)]


class DailyPage(BaseModel):
    """A page of the daily summary, by date, currency and state."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
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

    data: list[DailyRevenueOut]
    next_cursor: str | None


class RealtimeRevenueOut(BaseModel):
    """All money of one currency so far."""

    currency: CurrencyCode
    captured_cents: Cents
    refunded_cents: Annotated[Cents, Field(description="refunds less their reversals; at most 0")]
    disputed_cents: Annotated[Cents, Field(description="disputes less their reversals")]
    net_cents: Cents
    orders: Annotated[int, Field(ge=0, description="orders with a capture in this currency")]
    last_entry_at: datetime


class RealtimeOut(BaseModel):
    """The totals of every currency; never summed across them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
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
                    ]
                }
            ]
        }
    )

    data: list[RealtimeRevenueOut]
