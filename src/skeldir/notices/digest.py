"""The numbers of a digest: read once, by the functions that the API reads by, and kept with the delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from pydantic import TypeAdapter

from skeldir.attribution import (
    UNATTRIBUTED,
    ChannelRow,
    ChannelsQuery,
    ModelInForce,
    models_in_force,
    report_channels,
)
from skeldir.ingest import list_channels
from skeldir.rollups import read_freshness, read_revenue_days

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.db import Connection
    from skeldir.notices.weeks import Week
    from skeldir.rollups import SelectRevenueDaysRow

SHOWN_CHANNELS: Final = 10
"""How many channels of a currency are shown singly; the others are added up."""

_USUAL_MODEL: Final = "last_touch"
_ROWS_AT_ONCE: Final = 1_000
# 14 days have at most seven states of each currency.
_MOST_SUMS: Final = 100_000
AWAITING: Final = frozenset({"awaiting_capture", "dispute_awaiting_capture"})
"""The states of money whose order has no capture yet: it is not credited."""
_REVERSED: Final = frozenset({"refund_reversed", "dispute_reversed"})


@dataclass(frozen=True, slots=True)
class WeekMoney:
    """The entries of a week in one currency, in signed minor units; the first five add up to the net.

    `awaiting_cents` is of refunds and disputes whose orders have no capture yet.
    """

    captured_cents: int = 0
    refunded_cents: int = 0
    disputed_cents: int = 0
    reversed_cents: int = 0
    awaiting_cents: int = 0
    net_cents: int = 0


@dataclass(frozen=True, slots=True)
class CreditedChannel:
    """What the model credits to a channel. `label` is that of a channel of the tenant's own."""

    channel: str
    label: str | None
    credited_cents: int


@dataclass(frozen=True, slots=True)
class CurrencyBlock:
    """The figures of one currency, never added to those of another.

    `channels` are those with most credit, and `other_channels` have `others_cents` together. `ledger_cents` is the
    money that can be credited: the net without what awaits a capture. With all orders credited, `credited_cents` equals
    it. All credit is None if no model is in force.
    """

    currency: str
    week: WeekMoney
    week_before: WeekMoney
    ledger_cents: int
    credited_cents: int | None
    unattributed_cents: int | None
    channels: tuple[CreditedChannel, ...]
    other_channels: int
    others_cents: int

    @property
    def uncredited_cents(self) -> int | None:
        """What is missing from the credit; 0 if it equals the ledger."""
        return None if self.credited_cents is None else self.ledger_cents - self.credited_cents


@dataclass(frozen=True, slots=True)
class Digest:
    """What a digest says of a week from `first_day` to `last_day`, both included, days of `time_zone`.

    All facts recorded before `complete_up_to` are in it. The counts of orders are those of the whole tenant.
    """

    first_day: date
    last_day: date
    time_zone: str
    as_of: datetime
    complete_up_to: datetime
    model: str | None
    model_version: str | None
    orders_awaiting_credit: int
    orders_set_aside: int
    currencies: tuple[CurrencyBlock, ...]


_DIGEST: Final = TypeAdapter(Digest)


def write_digest_down(digest: Digest) -> str:
    """Return a digest as the JSON that is kept and sent."""
    return _DIGEST.dump_json(digest).decode()


def read_digest_back(text: str) -> Digest:
    """Return the digest of such a JSON text."""
    return _DIGEST.validate_json(text)


def choose_model(in_force: Sequence[ModelInForce]) -> ModelInForce | None:
    """Return the model that a digest shows: `last_touch` if it is in force, else the first; None without models."""
    usual = [one for one in in_force if one.model == _USUAL_MODEL]
    return next(iter([*usual, *in_force]), None)


async def read_digest(connection: Connection, tenant_id: UUID, week: Week) -> Digest:
    """Return the digest of a week of the transaction's tenant; the transaction must be repeatable read."""
    freshness = await read_freshness(connection, tenant_id)
    sums = await read_revenue_days(
        connection,
        tenant_id,
        first_day=week.before,
        end_day=week.end_day,
        currency=None,
        state=None,
        after=None,
        most=_MOST_SUMS,
    )
    chosen = choose_model(await models_in_force(connection, tenant_id))
    rows, awaiting, set_aside = await _read_credit(connection, tenant_id, week, chosen)
    labels = await list_channels(connection, tenant_id)
    currencies = sorted({one["currency"] for one in sums} | {row.currency for row in rows})
    return Digest(
        first_day=week.first_day,
        last_day=date.fromordinal(week.end_day.toordinal() - 1),
        time_zone=freshness.time_zone,
        as_of=freshness.as_of,
        complete_up_to=freshness.complete_up_to,
        model=None if chosen is None else chosen.model,
        model_version=None if chosen is None else chosen.model_version,
        orders_awaiting_credit=awaiting,
        orders_set_aside=set_aside,
        currencies=tuple(
            _block(
                currency,
                [one for one in sums if one["currency"] == currency],
                [row for row in rows if row.currency == currency],
                week,
                labels,
                None if chosen is None else chosen.model,
            )
            for currency in currencies
        ),
    )


async def _read_credit(
    connection: Connection, tenant_id: UUID, week: Week, chosen: ModelInForce | None
) -> tuple[list[ChannelRow], int, int]:
    """Return the week's rows of the channel report, and how many orders await credit and are set aside."""
    asked: dict[str, object] = {"from": week.first_day, "to": week.end_day, "limit": _ROWS_AT_ONCE}
    if chosen is not None:
        asked["model"] = [chosen.model]
    page = await report_channels(connection, tenant_id, ChannelsQuery.model_validate(asked))
    counts = page.orders_awaiting_credit or 0, page.orders_set_aside or 0
    rows = list(page.data)
    while page.next_cursor is not None:
        query = ChannelsQuery.model_validate(asked | {"cursor": page.next_cursor})
        page = await report_channels(connection, tenant_id, query)
        rows += page.data
    return rows, *counts


def _block(
    currency: str,
    sums: Sequence[SelectRevenueDaysRow],
    rows: Sequence[ChannelRow],
    week: Week,
    labels: Mapping[str, str],
    model: str | None,
) -> CurrencyBlock:
    shown = _add_up([one for one in sums if one["date"] >= week.first_day])
    credited = sorted(
        (
            CreditedChannel(row.channel, labels.get(row.channel), row.models[model].credited_cents)
            for row in rows
            if model is not None
        ),
        key=lambda one: (-one.credited_cents, one.channel),
    )
    others = credited[SHOWN_CHANNELS:]
    of_channel = {one.channel: one.credited_cents for one in credited}
    return CurrencyBlock(
        currency=currency,
        week=shown,
        week_before=_add_up([one for one in sums if one["date"] < week.first_day]),
        ledger_cents=shown.net_cents - shown.awaiting_cents,
        credited_cents=None if model is None else sum(of_channel.values()),
        unattributed_cents=None if model is None else of_channel.get(UNATTRIBUTED, 0),
        channels=tuple(credited[:SHOWN_CHANNELS]),
        other_channels=len(others),
        others_cents=sum(one.credited_cents for one in others),
    )


def _add_up(sums: Sequence[SelectRevenueDaysRow]) -> WeekMoney:
    def of(*states: str) -> int:
        return sum(int(one["amount_cents"]) for one in sums if one["state"] in states)

    return WeekMoney(
        captured_cents=of("captured"),
        refunded_cents=of("refunded"),
        disputed_cents=of("disputed"),
        reversed_cents=of(*_REVERSED),
        awaiting_cents=of(*AWAITING),
        net_cents=sum(int(one["amount_cents"]) for one in sums),
    )
