"""What a request would become, without recording it: for whoever sets a library up."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from skeldir.collect.mapped import Mapped
from skeldir.collect.receiving import Orders
from skeldir.inbox import OrderRefund, Standing, explain_trouble
from skeldir.ingest import ItemRejected, UnreadableItem, attempt, compiled_rules, read_touch
from skeldir.tenants import COLLECT

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.collect.claims import Claim
    from skeldir.inbox import Arrival, Fact
    from skeldir.tenants import KeyHolder, TenantProfile


def describe(
    profile: TenantProfile, mapped: Mapped, orders: Orders, now: datetime, holder: KeyHolder
) -> dict[str, object]:
    """Return what each message of a request would become, as JSON values: by its place in the request.

    The journey's token is not repeated. A write key, which anybody may have, does not learn the channel: the tenant's
    own rules decide it.
    """
    read = partial(
        read_touch,
        now=now,
        own_channels=profile.own_channels,
        own_hosts=profile.own_hosts,
        own_rules=compiled_rules(profile.rules_version, profile.rules_document),
    )
    messages: list[dict[str, object]] = []
    for place, item in mapped.touches:
        touch = attempt(read, item)
        if isinstance(touch, ItemRejected):
            messages.append(_rejected(place, touch.item_code, touch.detail, touch.cure))
            continue
        channel = {"channel": touch.channel_code, "rule": touch.channel_rule}
        messages.append(
            {
                "place": place,
                "becomes": "touch",
                **({} if COLLECT in holder.scopes else channel),
                "source": touch.source,
                "medium": touch.medium,
                "campaign": touch.campaign,
                "referrer_host": touch.referrer_host,
                "landing_path": touch.landing_path,
                "click_ids": touch.click_id_kinds,
                "occurred_at": touch.occurred_at,
            }
        )
    messages += [_describe_report(place, arrival) for place, arrival in orders.arrivals]
    messages += [_describe_claim(place, claim) for place, claim in orders.claims]
    messages += [_unreadable(place, item) for place, item in orders.unreadable]
    messages.sort(key=lambda one: str(one["place"]).zfill(9))
    return {"messages": messages, "dropped": dict(mapped.dropped)}


def _describe_report(place: int, arrival: Arrival) -> dict[str, object]:
    said = arrival.said
    if said.trouble is not None:
        code = said.trouble.code
        explained = explain_trouble(code, arrival.provider)
        cure = None if explained is None else explained.cure
        return _rejected(place, code, said.trouble.detail, cure)
    named = {"place": place, "becomes": "order", "order_id": said.order_ref, "type": said.type}
    return {**named, **_sums_of(said.facts)}


def _describe_claim(place: int, claim: Claim) -> dict[str, object]:
    return {
        "place": place,
        "becomes": "claimed_order",
        "order_id": claim.order_id,
        "type": claim.kind,
        "currency": claim.currency,
        "total_cents": claim.total_cents,
        "revenue_cents": claim.revenue_cents,
    }


def _sums_of(facts: Sequence[Fact]) -> dict[str, object]:
    """Return what an order's report says of its sums, in minor units."""
    return {
        name: value
        for fact in facts
        if isinstance(fact, Standing | OrderRefund)
        for name, value in (
            ("currency", fact.currency),
            ("total_cents", fact.total),
            ("revenue_cents", fact.revenue),
        )
    }


def _unreadable(place: int, item: UnreadableItem) -> dict[str, object]:
    return _rejected(place, item.code, item.detail, None)


def _rejected(place: int, code: str, detail: str, cure: str | None) -> dict[str, object]:
    return {"place": place, "becomes": "dead_event", "code": code, "detail": detail, "cure": cure}
