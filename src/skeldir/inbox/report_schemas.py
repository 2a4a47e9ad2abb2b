"""The shapes of the reports on payments and on how many of them have touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from skeldir.attribution import UnbookedEntry
from skeldir.days import TimeZone
from skeldir.inbox.saying import PartName, Provider
from skeldir.inbox.states import PaymentState
from skeldir.money import Cents, CurrencyCode

JourneyOrigin = Literal["token", "derived", "erased"]


@dataclass(frozen=True, slots=True)
class Covered:
    """Some orders, and their captured money that came by webhooks, whatever was refunded."""

    orders: Annotated[int, Field(ge=0)]
    captured_cents: Cents


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """The orders whose first capture by webhook was reported by one provider and lies on one day, in one currency.

    `unmatched`, `one_touch`, `more_touches` and `awaiting_credit` add up to `total`. An order with money in two
    currencies counts in the row of each.
    """

    date: Annotated[day, Field(description="a day of the report's `time_zone`")]
    provider: str
    currency: CurrencyCode
    total: Covered
    unmatched: Annotated[Covered, Field(description="no touch in the stored journey")]
    one_touch: Covered
    more_touches: Annotated[Covered, Field(description="two touches or more")]
    awaiting_credit: Annotated[
        Covered,
        Field(description="no journey is stored yet: they wait to be credited, or are set aside"),
    ]
    derived: Annotated[
        Covered, Field(description="a touch was derived from what the order says of the visit")
    ]
    without_token: Annotated[
        Covered,
        Field(description="no journey token came with the payment, and no touch was derived"),
    ]
    first_payments: Annotated[
        Covered, Field(description="orders with the first payment of a subscription, and its money")
    ]
    renewals: Annotated[
        Covered, Field(description="orders with renewals of a subscription, and their money")
    ]


_COVERED: Final[dict[str, Any]] = {"orders": 0, "captured_cents": 0}


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """The coverage of some days, by date, provider and currency."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Europe/Berlin",
                    "first_day": "2026-06-01",
                    "end_day": "2026-06-02",
                    "data": [
                        {
                            "date": "2026-06-01",
                            "provider": "stripe",
                            "currency": "USD",
                            "total": {"orders": 3, "captured_cents": 29970},
                            "unmatched": {"orders": 1, "captured_cents": 9990},
                            "one_touch": {"orders": 1, "captured_cents": 9990},
                            "more_touches": {"orders": 1, "captured_cents": 9990},
                            "awaiting_credit": _COVERED,
                            "derived": _COVERED,
                            "without_token": {"orders": 1, "captured_cents": 9990},
                            "first_payments": {"orders": 1, "captured_cents": 9990},
                            "renewals": {"orders": 1, "captured_cents": 9990},
                        }
                    ],
                }
            ]
        }
    )

    time_zone: TimeZone
    first_day: day
    end_day: Annotated[day, Field(description="the day after the last one")]
    data: list[CoverageRow]


@dataclass(frozen=True, slots=True)
class PaymentPart:
    """A part of what the buyer paid, as its provider reports it: gross, fee, tax, shipping or discount."""

    provider: Provider
    name: PartName
    amount_cents: Cents
    currency: CurrencyCode


@dataclass(frozen=True, slots=True)
class BookedMoney:
    """What webhooks booked of a payment's order in a currency; reversals are taken off what they reverse."""

    currency: CurrencyCode
    captured_cents: Cents
    refunded_cents: Cents
    disputed_cents: Cents
    balance_cents: Annotated[Cents, Field(description="captured less refunded and disputed")]


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """The state of a payment, and what follows from its deliveries: the sums of its entries, and what is no entry."""

    id: UUID
    order_id: Annotated[str | None, Field(description="null while no delivery names the order")]
    state: PaymentState
    flags: Annotated[
        list[str], Field(description="what should not be, such as `over_refunded`; sorted")
    ]
    providers: list[Provider]
    reports: Annotated[int, Field(ge=1, description="deliveries that say something of it")]
    is_renewal: Annotated[
        bool | None, Field(description="null if no delivery says so: it is of no subscription")
    ]
    journey: Annotated[
        JourneyOrigin | None,
        Field(
            description="whether a journey token came with it, or a touch was derived; `erased`: the join was erased"
        ),
    ]
    booked: Annotated[
        list[BookedMoney],
        Field(description="what is in the ledger, by currency; empty while nothing is booked"),
    ]
    waiting: Annotated[
        list[UnbookedEntry],
        Field(description="not booked yet, such as a refund before its capture"),
    ]
    evidence: Annotated[
        list[UnbookedEntry],
        Field(description="not booked because another provider's report of the money is"),
    ]
    parts: list[PaymentPart]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentsPage:
    """A page of payments, newest first."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "id": "0197277e-8e4f-7b6c-a1b4-0f1d2c3b4a59",
                            "order_id": "991",
                            "state": "partially_refunded",
                            "flags": [],
                            "providers": ["shopify", "stripe"],
                            "reports": 3,
                            "is_renewal": False,
                            "journey": "token",
                            "booked": [
                                {
                                    "currency": "USD",
                                    "captured_cents": 12990,
                                    "refunded_cents": 2500,
                                    "disputed_cents": 0,
                                    "balance_cents": 10490,
                                }
                            ],
                            "waiting": [],
                            "evidence": [
                                {
                                    "kind": "capture",
                                    "id": "389404469",
                                    "amount_cents": 12990,
                                    "currency": "USD",
                                    "provider": "shopify",
                                }
                            ],
                            "parts": [
                                {
                                    "provider": "stripe",
                                    "name": "fee",
                                    "amount_cents": 407,
                                    "currency": "USD",
                                }
                            ],
                            "changed_at": "2026-06-01T10:42:11.006120Z",
                        }
                    ],
                    "next_cursor": "WyJmMDM4YmQ1N2E0ZTFjMjkwIixbIjIwMjYtMDYtMDEiXV0",
                }
            ]
        }
    )

    data: list[ListedPayment]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class DeadDeliveries:
    """Deliveries of one provider that were not understood for the same reason; nothing of them is booked."""

    provider: str
    trouble: Annotated[str, Field(description="why, such as `currency_missing`")]
    deliveries: Annotated[int, Field(ge=1)]
    last_at: Annotated[datetime, Field(description="when the latest one came")]
    cure: str


@dataclass(frozen=True, slots=True)
class FlaggedPayments:
    """Payments with a flag. One with several flags is counted for each."""

    flag: Annotated[str, Field(description="such as `sdk_basis_open`; see `GET /v1/payments`")]
    payments: Annotated[int, Field(ge=1)]
    meaning: str


@dataclass(frozen=True, slots=True)
class TroublesReport:
    """What came from payment providers and SDKs and needs somebody."""

    __pydantic_config__ = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "days": 7,
                    "dead_deliveries": [
                        {
                            "provider": "ga4",
                            "trouble": "currency_missing",
                            "deliveries": 3,
                            "last_at": "2026-06-03T08:15:00Z",
                            "cure": "Nothing of it was booked. Send the currency in `currency`, as an ISO 4217 code.",
                        }
                    ],
                    "flags": [
                        {
                            "flag": "over_refunded",
                            "payments": 1,
                            "meaning": "more was refunded than captured",
                        }
                    ],
                }
            ]
        }
    )

    days: Annotated[int, Field(description="of which dead deliveries are counted, up to now")]
    dead_deliveries: Annotated[
        list[DeadDeliveries],
        Field(description="deliveries that were not understood, by provider and trouble"),
    ]
    flags: Annotated[
        list[FlaggedPayments],
        Field(description="payments of which something does not fit or waits, whenever they came"),
    ]
