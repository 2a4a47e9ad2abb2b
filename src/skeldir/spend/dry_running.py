"""A dry run of rules of channels: touches, credit and spend by channel, now and then, exactly. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.attribution import count_dirty_orders, show_credit_moved
from skeldir.ingest import OwnRules, TouchMoves, try_rules
from skeldir.spend.dry_run_schemas import (
    MOST_CAMPAIGNS_SHOWN,
    MOST_ORDERS_SHOWN,
    CampaignMoved,
    ChannelTouches,
    RulesDryRun,
    SpendMoved,
    TouchesMoved,
)
from skeldir.spend.restating import SpendMoves, preview_spend
from skeldir.spend.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection

ANY_NUMBER: Final = 2**62
MOST_TOUCHES_TRIED: Final = 200_000
MOST_ORDERS_TRIED: Final = 10_000
"""More would take a request too long; a command takes any number."""


async def dry_run_rules(
    connection: Connection,
    tenant_id: UUID,
    rules: OwnRules | None,
    *,
    most_touches: int = ANY_NUMBER,
    most_orders: int = ANY_NUMBER,
) -> RulesDryRun:
    """Return what applying these rules would move, or having none of the tenant's own with None.

    The transaction must be repeatable read: everything is of one snapshot. What the reports say after the apply, its
    jobs and the credit run is `now` plus the difference, to the smallest unit, if nothing else is recorded, and
    no order awaits credit now.

    Raises:
        ReportTooLarge: there are more touches than `most_touches`, or more orders to read than `most_orders`.
    """
    touches, credit = await try_rules(
        connection,
        tenant_id,
        rules,
        most_touches=most_touches,
        most_orders=most_orders,
        most_shown=MOST_ORDERS_SHOWN,
    )
    spend = await preview_spend(connection, tenant_id, rules)
    costs = {
        (row["currency"], row["channel_code"]): int(row["cents"])
        for row in await queries.select_channel_costs(connection, tenant_id=tenant_id)
    }
    then = touches.then()
    return RulesDryRun(
        touches.now.total(),
        touches.derived,
        touches.moves.total(),
        [TouchesMoved(*move, count) for move, count in touches.moves.most_common()],
        _touch_rows(touches, then),
        credit.orders,
        credit.order_ids,
        await count_dirty_orders(connection, tenant_id),
        await show_credit_moved(connection, tenant_id, credit),
        spend.days,
        _spend_rows(costs, spend),
        len({(m.platform, m.account, m.campaign, m.currency) for m in spend.campaigns}),
        _campaign_rows(spend),
    )


def _touch_rows(touches: TouchMoves, then: Counter[str]) -> list[ChannelTouches]:
    return [
        ChannelTouches(
            channel, touches.now[channel], then[channel], then[channel] - touches.now[channel]
        )
        for channel in sorted(touches.now.keys() | then.keys())
    ]


def _spend_rows(costs: Mapping[tuple[str, str], int], spend: SpendMoves) -> list[SpendMoved]:
    change: Counter[tuple[str, str]] = Counter()
    for (currency, now, then), cents in spend.cents.items():
        change[currency, now] -= cents
        change[currency, then] += cents
    return [
        SpendMoved(*key, costs.get(key, 0), costs.get(key, 0) + change[key], change[key])
        for key in sorted(costs.keys() | change.keys())
    ]


def _campaign_rows(spend: SpendMoves) -> list[CampaignMoved]:
    by_cost = sorted(spend.campaigns.items(), key=lambda item: (-item[1][1], item[0]))
    return [CampaignMoved(*move, *sums) for move, sums in by_cost[:MOST_CAMPAIGNS_SHOWN]]
