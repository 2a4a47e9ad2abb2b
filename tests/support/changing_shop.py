"""A shop whose facts change at random, in all the ways in which facts can."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.inbox import ErasureTargetUnknown, erase_journey
from skeldir.ingest import (
    CorrectionInvalid,
    NothingToUndo,
    TouchUnknown,
    correct_touch,
    target_of_order,
    target_of_origin,
)
from tests.support.fitted import CHANNELS
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.taking_back import redo, undo


@dataclass
class Shop:
    """A tenant whose facts change at random."""

    db: Database
    tenant: UUID
    chance: Random
    touches: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)

    def visitor(self) -> str:
        return f"visitor-{self.chance.randrange(25)}"

    def moment(self) -> str:
        return at(self.chance.uniform(-20, 90))

    async def visit(self) -> None:
        """Touches, some of them of long ago; now and then of a channel that did not occur before."""
        channels = (*CHANNELS, "referral", "affiliates")
        origin = f"visits-{len(self.origins)}"
        items = [
            make_touch(
                journey_key=self.visitor(),
                occurred_at=self.moment(),
                channel=self.chance.choice(channels[: 2 + len(self.origins)]),
            )
            for _ in range(self.chance.randint(1, 12))
        ]
        self.touches += [str(item["idempotency_key"]) for item in items]
        self.origins.append(origin)
        await send_touches(self.db, self.tenant, *items, origin=origin)

    async def buy(self) -> None:
        origin = f"orders-{len(self.origins)}"
        items = [
            make_conversion(
                journey_key=self.chance.choice([self.visitor(), self.visitor(), None]),
                occurred_at=self.moment(),
                currency=self.chance.choice(["EUR", "USD"]),
            )
            for _ in range(self.chance.randint(1, 4))
        ]
        self.orders += [str(item["order_id"]) for item in items]
        self.origins.append(origin)
        await send_conversions(self.db, self.tenant, *items, origin=origin)

    async def buy_again(self) -> None:
        """An earlier or later capture of a known order, on some journey: it may become the first."""
        if self.orders:
            item = make_conversion(
                order_id=self.chance.choice(self.orders),
                journey_key=self.visitor(),
                occurred_at=self.moment(),
            )
            await send_conversions(self.db, self.tenant, item)

    async def refund(self) -> None:
        if self.orders:
            item = make_conversion(
                order_id=self.chance.choice(self.orders),
                kind="refund",
                amount_cents=self.chance.choice([100, 25_000]),
                currency=self.chance.choice(["EUR", "USD"]),
                occurred_at=at(95),
            )
            await send_conversions(self.db, self.tenant, item)

    async def take_back(self) -> None:
        if not self.origins:
            return
        target = target_of_origin(self.chance.choice(self.origins))
        if self.orders and self.chance.random() < 0.3:
            target = target_of_order(self.chance.choice(self.orders))
        with suppress(NothingToUndo):
            await undo(self.db, self.tenant, target)
            if self.chance.random() < 0.3:
                await redo(self.db, self.tenant, target)

    async def correct(self) -> None:
        if self.touches:
            async with self.db.tenant(self.tenant) as connection:
                with suppress(TouchUnknown, CorrectionInvalid):
                    await correct_touch(
                        connection,
                        self.tenant,
                        self.chance.choice(self.touches),
                        self.chance.choice(CHANNELS),
                        reason="it was ours",
                        requested_by="command:ann",
                    )

    async def erase(self) -> None:
        if self.chance.random() < 0.2:
            with suppress(ErasureTargetUnknown):
                await erase_journey(
                    self.db, self.tenant, self.visitor(), reason="asked", requested_by="command:ann"
                )
