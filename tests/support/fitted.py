"""Enough journeys of a tenant for a fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.fits import MARKOV, FitAsked
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

FIRST_DAY, LAST_DAY = date(2026, 3, 1), date(2026, 4, 30)
CHANNELS = ("email", "paid_search", "paid_social", "organic_search")
ASKED = FitAsked(
    MARKOV, FIRST_DAY, LAST_DAY, chain_order=1, collapse_repeats=False, draws=100, seed=7
)

Items = tuple[list[dict[str, object]], list[dict[str, object]]]


def make_journeys(count: int = 600, *, first: int = 0, seed: int = 1) -> Items:
    """Return touches and captures of as many journeys, a third of which end with an order."""
    random = Random(seed)
    touches: list[dict[str, object]] = []
    conversions: list[dict[str, object]] = []
    for number in range(first, first + count):
        visitor, day = f"visitor-{number}", random.uniform(0, 40)
        touches += [
            make_touch(
                idempotency_key=f"touch-{number}-{step}",
                journey_key=visitor,
                occurred_at=at(day + step / 10),
                channel=random.choice(CHANNELS),
            )
            for step in range(random.randint(1, 4))
        ]
        if number % 3 == 0:
            conversions.append(
                make_conversion(
                    idempotency_key=f"order-{number}",
                    order_id=f"order-{number}",
                    journey_key=visitor,
                    occurred_at=at(day + 1),
                    amount_cents=random.randint(100, 20_000),
                    currency=random.choice(["EUR", "USD"]),
                )
            )
    return touches, conversions


async def send_journeys(
    db: Database, tenant: UUID, items: Items | None = None, *, size: int = 500
) -> None:
    """Send journeys in batches of at most some items."""
    touches, conversions = make_journeys() if items is None else items
    for batch in _batches(touches, size):
        receipt = await send_touches(db, tenant, *batch)
        assert receipt.accepted == len(batch), receipt.rejected
    for batch in _batches(conversions, size):
        receipt = await send_conversions(db, tenant, *batch)
        assert receipt.accepted == len(batch), receipt.rejected


def _batches(items: Sequence[dict[str, object]], size: int) -> list[Sequence[dict[str, object]]]:
    return [items[first : first + size] for first in range(0, len(items), size)]
