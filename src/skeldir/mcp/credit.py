"""The tools `channels`, `compare` and `changes_since`: reports of credit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from skeldir.attribution import ChangesReport, ChannelsPage
from skeldir.mcp.answers import Answer, Rows, Standing, make_answer

if TYPE_CHECKING:
    from skeldir.attribution import ChangedChannel, ChannelRow
    from skeldir.mcp.arguments import ChangesArguments, ChannelsArguments, CompareArguments
    from skeldir.mcp.asking import Ask

CHANNELS: Final = "/v1/attribution/channels"
CHANNELS_PAGE: Final = "/channels"
CHANNELS_SHAPE: Final = TypeAdapter(ChannelsPage)
MOST_READ: Final = 1_000
"""The most rows that the API returns at once."""
_CHANGES: Final = TypeAdapter(ChangesReport)
# Days before all facts: a report that costs nothing, and has the zone, the versions and what awaits credit.
_NO_DAYS: Final = {"from_": "2000-01-01", "to": "2000-01-02"}


async def read_standing(ask: Ask) -> ChannelsPage:
    """Return the report of channels without rows."""
    return await ask.read(CHANNELS, CHANNELS_SHAPE, limit=1, **_NO_DAYS)


async def answer_channels(ask: Ask, asked: ChannelsArguments) -> Answer:
    """Report credit, spend and orders of each channel by one model."""
    first, end = asked.from_.isoformat(), asked.to.isoformat()
    known_at = _written(asked.known_at)
    report = await ask.read(
        CHANNELS,
        CHANNELS_SHAPE,
        from_=first,
        to=end,
        model=asked.model,
        currency=asked.currency,
        granularity=asked.granularity,
        renewals=asked.renewals,
        known_at=known_at,
        limit=MOST_READ,
    )
    rows = Rows(asked.rows)
    shown = rows.cut(report.data, has_more=report.next_cursor is not None)
    page = ask.page(
        CHANNELS_PAGE,
        from_=first,
        to=end,
        model=asked.model,
        currency=asked.currency,
        granularity=None if asked.granularity == "total" else asked.granularity,
        renewals=None if asked.renewals == "include" else asked.renewals,
        known_at=known_at,
    )
    data = {
        "model": asked.model,
        "orders_awaiting_credit": report.orders_awaiting_credit,
        "orders_set_aside": report.orders_set_aside,
        "channels": [_of_one_model(row, asked.model) for row in shown],
        "totals": None if rows.is_at_least else _totals(report.data, asked.model),
    }
    return make_answer(
        ask, page, _standing(report), (row.currency for row in report.data), rows, data
    )


async def answer_compare(ask: Ask, asked: CompareArguments) -> Answer:
    """Report the credit of each channel, models side by side."""
    first, end = asked.from_.isoformat(), asked.to.isoformat()
    report = await ask.read(
        CHANNELS,
        CHANNELS_SHAPE,
        from_=first,
        to=end,
        model=asked.models,
        currency=asked.currency,
        renewals=asked.renewals,
        limit=MOST_READ,
    )
    rows = Rows(asked.rows)
    shown = rows.cut(report.data, has_more=report.next_cursor is not None)
    page = ask.page(
        CHANNELS_PAGE,
        from_=first,
        to=end,
        currency=asked.currency,
        renewals=None if asked.renewals == "include" else asked.renewals,
    )
    data = {
        "orders_awaiting_credit": report.orders_awaiting_credit,
        "orders_set_aside": report.orders_set_aside,
        "channels": [_side_by_side(row) for row in shown],
    }
    return make_answer(
        ask, page, _standing(report), (row.currency for row in report.data), rows, data
    )


async def answer_changes(ask: Ask, asked: ChangesArguments) -> Answer:
    """Report what the channel report said at an earlier moment, what it says now, and why they differ."""
    first, end = asked.from_.isoformat(), asked.to.isoformat()
    report = await ask.read(
        "/v1/attribution/changes",
        _CHANGES,
        since=_written(asked.since),
        until=_written(asked.until),
        from_=first,
        to=end,
        model=asked.model,
        currency=asked.currency,
    )
    rows = Rows(asked.rows)
    shown = rows.cut(report.data)
    page = ask.page(
        CHANNELS_PAGE,
        from_=first,
        to=end,
        model=asked.model,
        currency=asked.currency,
        known_at=_written(asked.until),
        compare="known_at",
        compare_known_at=_written(report.since),
    )
    data = {
        "since": report.since,
        "until": report.until,
        "model_versions_before": report.model_versions_before,
        "orders_credited_again": report.orders,
        "channels": [_of_change(each) for each in shown],
        "named_orders": [
            {"cause": cause, "orders": orders} for cause, orders in report.named_orders.items()
        ],
        # Who asked for them is a person's name, and is on the page.
        "undoings": [
            {
                "kind": each.target_kind,
                "target": each.target,
                "reason": each.reason,
                "requested_at": each.requested_at,
            }
            for each in report.undoings
        ],
    }
    versions = {
        model: version
        for model, version in report.model_versions_after.items()
        if asked.model in (None, model)
    }
    standing = Standing(report.time_zone, versions, report.until if asked.until else None)
    return make_answer(ask, page, standing, (row.currency for row in report.data), rows, data)


def _standing(report: ChannelsPage) -> Standing:
    return Standing(report.time_zone, report.model_versions, report.known_at)


def _of_one_model(row: ChannelRow, model: str) -> dict[str, object]:
    credit = row.models.get(model)
    return {
        "period": row.period,
        "currency": row.currency,
        "channel": row.channel,
        **({} if credit is None else asdict(credit)),
    }


def _side_by_side(row: ChannelRow) -> dict[str, object]:
    credited = [credit.credited_cents for credit in row.models.values()]
    spent = next((credit.spend_cents for credit in row.models.values()), None)
    return {
        "currency": row.currency,
        "channel": row.channel,
        "spend_cents": spent,
        "models": [
            {
                "model": model,
                "credited_cents": credit.credited_cents,
                "conversions": credit.conversions,
                "share": credit.share,
            }
            for model, credit in row.models.items()
        ],
        "highest_less_lowest_cents": max(credited) - min(credited) if credited else None,
    }


def _of_change(row: ChangedChannel) -> dict[str, object]:
    return {
        "currency": row.currency,
        "channel": row.channel,
        "spend_before_cents": row.spend_before_cents,
        "spend_after_cents": row.spend_after_cents,
        "models": [
            {
                "model": model,
                "before_cents": change.before_cents,
                "after_cents": change.after_cents,
                "causes": [
                    {"cause": cause, "change_cents": cents}
                    for cause, cents in change.causes.items()
                ],
                "rest_cents": change.rest_cents,
            }
            for model, change in row.models.items()
        ],
    }


def _totals(rows: Iterable[ChannelRow], model: str) -> list[dict[str, object]]:
    """Return the sums of all rows by currency, also of those that are not shown."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        credit = row.models.get(model)
        if credit is not None:
            sums[row.currency][0] += credit.credited_cents
            sums[row.currency][1] += credit.spend_cents
    return [
        {"currency": currency, "credited_cents": credited, "spend_cents": spent}
        for currency, (credited, spent) in sums.items()
    ]


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
