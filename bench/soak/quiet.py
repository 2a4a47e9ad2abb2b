"""Quiet tenants: each does a little of everything, at a steady pace, without waiting for earlier operations.

Each acts once in every period, at a random moment. The other tenants act at fixed moments; if the quiet ones did so
too, the same few would meet every burst and the others none.
"""

from __future__ import annotations

import asyncio
from functools import partial
from time import monotonic

from bench.soak.records import Sent
from bench.soak.sending import Orders, Sender, keep_pace, make_senders
from bench.soak.shop import entry_of
from bench.wire import Wire

# How often a tenant does what, out of 100 times.
_MIX = {
    "touch": 35, "touches": 12, "conversion": 15, "conversions": 3, "again": 5, "channels": 6,
    "realtime": 8, "explain": 6, "jobs": 3, "dead events": 3, "daily": 4,
}  # fmt: skip
_PATHS = {
    "channels": "/v1/attribution/channels?model=linear,last_touch",
    "realtime": "/v1/revenue/realtime",
    "jobs": "/v1/jobs?limit=20",
    "dead events": "/v1/dead-events?limit=20",
    "daily": "/v1/revenue/daily",
}
_NO_BOUND = 1_000_000


async def send_quietly(orders: Orders, sent: Sent) -> None:
    """Let every tenant do something `rate` times a second."""
    wire = Wire(orders.port, timeout_s=30.0)
    senders = make_senders(orders, wire, sent)
    every_s = 1 / orders.rate
    async with asyncio.TaskGroup() as tenants:
        for sender in senders:
            act = partial(_act_within, sender, every_s)
            tenants.create_task(keep_pace(orders.begins, orders.ends, every_s, act, _NO_BOUND))
    wire.close()


async def _act_within(sender: Sender, every_s: float, begins: float) -> None:
    due = begins + sender.chance.uniform(0.0, every_s)
    await asyncio.sleep(max(0.0, due - monotonic()))
    await _act(sender, due)


async def _act(sender: Sender, due: float) -> None:
    chance, shop = sender.chance, sender.shop
    what = chance.choices(tuple(_MIX), tuple(_MIX.values()))[0]
    if what in ("touch", "touches"):
        count = 1 if what == "touch" else chance.randint(10, 30)
        await sender.send(what, "touches", *shop.touches(count), due)
    elif what in ("conversion", "conversions"):
        count = 1 if what == "conversion" else 8
        await sender.send(what, "conversions", *shop.conversions(count), due)
    elif what == "again" and sender.recorded:
        await sender.send_again(due)
    elif what == "explain" and sender.orders:
        order = entry_of(chance.choice(sender.orders))[0]
        await sender.read(what, f"/v1/attribution/orders/{sender.account.who}-o-{order}", due)
    else:
        what = what if what in _PATHS else "realtime"
        await sender.read(what, _PATHS[what], due)
