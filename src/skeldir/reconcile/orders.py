"""Comparing a file's orders with the ledger: which of the ledger's are expected in it, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.attribution import (
    OrderOrigins,
    Origin,
    find_version,
    models_in_force,
    plain_campaign,
)
from skeldir.days import LocalDays, days_by, read_rules
from skeldir.errors import InputInvalid
from skeldir.reconcile.order_lines import (
    ClaimedOrder,
    LedgerOrder,
    OrderBridge,
    OrderLine,
    OrderSum,
    bridge_orders,
    compare_orders,
    sum_orders,
)
from skeldir.reconcile.placing import SOURCES, Places
from skeldir.reconcile.refusals import ExpectationOpen
from skeldir.reconcile.requests import MOST_DAYS, choose_model
from skeldir.revenue import list_orders_captured, read_captured_orders
from skeldir.rollups import rules_in_force
from skeldir.spend import PLATFORMS, list_campaigns

if TYPE_CHECKING:
    from skeldir.db import Connection

Expects: TypeAlias = Literal["all", "touched"]
"""Which of the ledger's orders of the days a file should have: all, or those with a touch of the platform."""

MOST_ORDERS: Final = 200_000
_SHOPS: Final = frozenset({"shopify", "woocommerce", "stripe", "paypal", "square"})
_DAY: Final = timedelta(days=1)
# Days of two zones differ by at most two.
_MARGIN: Final = 2 * _DAY


@dataclass(frozen=True, slots=True)
class ClaimedRow:
    """A row of a file: an order, what is claimed of it in minor units, and when it was; `at` is aware."""

    row: int
    order_id: str
    cents: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """How a file is to be compared.

    `expects` None: by the platform, if that is known. `days` None: from the first day of the file's orders to the
    last. `time_zone` is that of the file's days; None: the tenant's, for a file whose times say their offsets.
    """

    platform: str
    expects: Expects | None = None
    model: str | None = None
    days: tuple[date | None, date | None] = (None, None)
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class OrdersComparison:
    """What a comparison found; days are of `time_zone`, both included.

    `untouched` are claimed orders of the days without a touch of the platform, None where touches are not asked
    about. `left_out` counts orders of the days whose journeys cannot be read: whether they have a touch is not known.
    """

    platform: str
    expects: Expects
    model_version: str | None
    first: date
    last: date
    time_zone: str
    lines: list[OrderLine]
    untouched: list[str] | None = None
    left_out: int = 0

    @property
    def sums(self) -> list[OrderSum]:
        """The sums by currency and reason."""
        return sum_orders(self.lines)

    @property
    def bridges(self) -> list[OrderBridge]:
        """How the ledger's money of the days becomes what is claimed, by currency."""
        return bridge_orders(self.lines, self.first, self.last)


async def compare_order_rows(
    connection: Connection,
    tenant_id: UUID,
    asked: OrdersAsked,
    rows: Sequence[ClaimedRow],
    *,
    most_orders: int = MOST_ORDERS,
) -> OrdersComparison:
    """Compare the orders of a file with the ledger of the transaction's tenant, which must be repeatable read.

    Nothing is recorded: the same file and ledger give the same answer.

    Raises:
        ExpectationOpen: it is not known which orders the file should have.
        ModelNotChosen: only touched orders are expected, and several models are in force, none of them chosen.
        TimeZoneUnknown: the zone is none.
        InputInvalid: there are no orders, or they are of other days than asked for, or of too many.
        ReportTooLarge: the ledger has more orders on these days than `most_orders`.
    """
    places = Places.of(await list_campaigns(connection, tenant_id))
    expects = _expects(asked, places)
    rules = (
        await rules_in_force(connection, tenant_id)
        if asked.time_zone is None
        else read_rules(asked.time_zone)
    )
    days = days_by(rules)
    claimed = _gather(rows, days)
    first, last = _span(claimed, asked.days)
    in_ledger = await list_orders_captured(
        connection,
        tenant_id,
        first=days.start_of(first),
        end=days.start_of(last + _DAY),
        most=most_orders,
    )
    captured = await read_captured_orders(connection, tenant_id, in_ledger | claimed.keys())
    ledger = {
        order_id: LedgerOrder(days.day_of(order.first_at), order.captured, order.taken)
        for order_id, order in captured.items()
    }
    of_days = {order_id for order_id in in_ledger if first <= ledger[order_id].day <= last}
    if expects == "all":
        lines = compare_orders(claimed, ledger, of_days)
        return OrdersComparison(asked.platform, expects, None, first, last, rules.name, lines)
    model = choose_model(await models_in_force(connection, tenant_id), asked.model).model_version
    touched, left_out = await _read_touched(
        connection, tenant_id, model, places, asked.platform, (first, last), most_orders
    )
    return OrdersComparison(
        asked.platform,
        expects,
        model,
        first,
        last,
        rules.name,
        compare_orders(claimed, ledger, of_days & touched),
        sorted(of_days & claimed.keys() - touched),
        left_out,
    )


def _expects(asked: OrdersAsked, places: Places) -> Expects:
    if asked.expects is not None:
        return asked.expects
    if asked.platform in PLATFORMS or asked.platform in places.platforms:
        return "touched"
    if asked.platform in _SHOPS:
        return "all"
    raise ExpectationOpen(
        f"Whether a file of {asked.platform!r:.50} should have all orders of its days is not known.",
        cure="Set --expects all for a shop or a payment provider, or --expects touched for an ad platform, which"
        " knows only orders with a touch of its own.",
    )


def _gather(rows: Sequence[ClaimedRow], days: LocalDays) -> dict[str, ClaimedOrder]:
    claimed: dict[str, ClaimedOrder] = {}
    for row in rows:
        day = days.day_of(row.at)
        order = claimed.setdefault(row.order_id, ClaimedOrder(day))
        order.day = min(order.day, day)
        order.cents[row.currency] = order.cents.get(row.currency, 0) + row.cents
        order.rows.append(row.row)
    return claimed


def _span(
    claimed: Mapping[str, ClaimedOrder], given: tuple[date | None, date | None]
) -> tuple[date, date]:
    if not claimed:
        raise InputInvalid(
            "The file has no orders with money.",
            cure="Check the file, and how its columns are read.",
        )
    earliest = min(order.day for order in claimed.values())
    latest = max(order.day for order in claimed.values())
    first, last = given[0] or earliest, given[1] or latest
    if earliest < first or latest > last:
        raise InputInvalid(
            f"The file has orders from {earliest} to {latest}, and others than from {first} to {last} were not asked"
            " for.",
            cure="Give the days that the file was exported for, or export it again.",
        )
    if (last - first).days >= MOST_DAYS:
        raise InputInvalid(
            f"More than {MOST_DAYS} days would be compared.", cure="Compare fewer days at a time."
        )
    return first, last


async def _read_touched(
    connection: Connection,
    tenant_id: UUID,
    model_version: str,
    places: Places,
    platform: str,
    days: tuple[date, date],
    most_orders: int,
) -> tuple[set[str], int]:
    """Return the orders that have a touch of the platform within the model's lookback, and how many cannot be read."""
    version = await find_version(connection, tenant_id, model_version)
    first, last = days
    origins = OrderOrigins(
        connection, tenant_id, version, first - _MARGIN, last + _DAY + _MARGIN, most_orders
    )
    touched = {
        order.order_id
        async for order in origins.read()
        if any(_is_of(origin, platform, places) for origin in order.origins)
    }
    return touched, origins.left_out


def _is_of(origin: Origin, platform: str, places: Places) -> bool:
    """Return whether a touch is of a platform: it names one of its campaigns, or is paid for and has its source."""
    if any(placed.platform == platform for placed in places.find(origin)):
        return True
    source = plain_campaign(origin.source or "")
    return origin.channel in places.channels and platform in (SOURCES.get(source), source)
