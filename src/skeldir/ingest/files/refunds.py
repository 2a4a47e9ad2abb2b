"""Refunds that a file states in total: what is posted is the difference to what the ledger has of them.

A snapshot of orders that is exported again has the refunds of each order so far. The difference is
worked out from the ledger, under a lock, so that neither two imports at once nor a lost file can
count a refund twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from skeldir.clock import utc_now
from skeldir.db import share_lock, wait_for_lock
from skeldir.ingest.canonical import Conversion, read_conversion
from skeldir.ingest.deliveries import NO_REJECTIONS, Delivery, Receipt
from skeldir.ingest.receive import prepare_conversions, record_delivery
from skeldir.ingest.refund_totals import key_of_difference, refunds_lock
from skeldir.ingest.rejections import ItemRejected, UnreadableItem, attempt
from skeldir.money import format_minor
from skeldir.revenue import RefundsSoFar, read_refunds_so_far
from skeldir.rollups import ingest_lock

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants import TenantProfile


async def post_differences(
    connection: Connection, profile: TenantProfile, delivery: Delivery
) -> Receipt:
    """Post refunds whose amounts are totals so far, each under the key that all refunds of its order share.

    A total that the ledger has already is a duplicate. A smaller one is rejected: the file is older, or
    a refund was reversed, and only people know which. The lock is held until the transaction ends.
    """
    # First the lock that every writer of facts takes first: taken after the other, it could wait for ever.
    await share_lock(connection, ingest_lock(profile.tenant_id))
    await wait_for_lock(connection, refunds_lock(profile.tenant_id))
    read = partial(read_conversion, now=utc_now())
    facts = await asyncio.to_thread(lambda: [attempt(read, item) for item in delivery.items])
    wanted = sorted({_account(fact) for fact in facts if isinstance(fact, Conversion)})
    so_far = await read_refunds_so_far(connection, profile.tenant_id, wanted)
    places = list(delivery.by_place())
    differences, known = _differences(delivery, places, facts, so_far)
    prepared = await asyncio.to_thread(prepare_conversions, profile, [differences])
    receipt = await record_delivery(connection, profile, differences, prepared, source="file")
    return replace(receipt, duplicates=receipt.duplicates + known)


async def refuse_unrefunded(
    connection: Connection, profile: TenantProfile, delivery: Delivery
) -> Receipt:
    """Reject orders of which nothing went back by their rows, though refunds so far of them are posted.

    The others are as they should be, and count as nothing.
    """
    now = utc_now()
    facts: list[tuple[int, Mapping[str, object], Conversion]] = []
    for place, item in delivery.by_place().items():
        if isinstance(item, Mapping):
            # A refund of 0 is none, and has no time: whose it would be is all that is read of it.
            some = {**item, "amount_cents": 1, "occurred_at": now}
            fact = attempt(partial(read_conversion, now=now), some)
            if isinstance(fact, Conversion):
                facts.append((place, item, fact))
    wanted = sorted({_account(fact) for _, _, fact in facts})
    posted = await read_refunds_so_far(connection, profile.tenant_id, wanted)
    wrong = {
        place: _smaller(item, fact, 0, posted[_account(fact)].cents)
        for place, item, fact in facts
        if _account(fact) in posted and posted[_account(fact)].cents > 0
    }
    if not wrong:
        return Receipt(0, 0, NO_REJECTIONS, ())
    refused = replace(delivery, items=list(wrong.values()), places=list(wrong))
    prepared = await asyncio.to_thread(prepare_conversions, profile, [refused])
    return await record_delivery(connection, profile, refused, prepared, source="file")


def _account(fact: Conversion) -> tuple[str, str, str]:
    return fact.order_id, fact.currency, fact.idempotency_key


def _differences(
    delivery: Delivery,
    places: Sequence[int],
    facts: Sequence[Conversion | ItemRejected],
    posted: dict[tuple[str, str, str], RefundsSoFar],
) -> tuple[Delivery, int]:
    """Return the delivery with differences for totals, and how many totals are posted already."""
    items: list[object] = []
    kept: list[int] = []
    known = 0
    for place, item, fact in zip(places, delivery.items, facts, strict=True):
        made = item
        if isinstance(fact, Conversion) and isinstance(item, Mapping):
            so_far = posted.setdefault(_account(fact), RefundsSoFar())
            total = -fact.amount_cents
            if total == so_far.cents:
                known += 1
                continue
            if total < so_far.cents:
                made = _smaller(item, fact, total, so_far.cents)
            else:
                key = key_of_difference(fact.idempotency_key, so_far)
                made = {**item, "amount_cents": total - so_far.cents, "idempotency_key": key}
                so_far.keys[key] = total - so_far.cents
                so_far.cents = total
        items.append(made)
        kept.append(place)
    return replace(delivery, items=items, places=kept), known


def _smaller(
    item: Mapping[str, object], fact: Conversion, cents: int, before: int
) -> UnreadableItem:
    total, posted = (format_minor(sum_, fact.currency) for sum_ in (cents, before))
    detail = f"The refunds so far are {total} {fact.currency} here, but {posted} are posted."
    return UnreadableItem("refund_smaller", detail, item)
