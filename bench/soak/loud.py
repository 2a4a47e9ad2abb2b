"""The hot tenant sends as much as it may, much of it to one journey; the hostile one sends harmful requests."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from functools import cache, partial
from itertools import cycle
from time import monotonic

from bench.soak.records import HOSTILE, HOT, PROBE, Sent
from bench.soak.sending import Account, Orders, Sender, keep_pace, make_senders
from bench.wire import Unanswered, Wire, make_request

_HOT_BATCH = 500
_HOT_AT_A_TIME = 16
_HOSTILE_EVERY_S = 2.0
_HOSTILE_AT_A_TIME = 8
_PROBE_EVERY_S = 10.0
_PROBES_AT_ONCE = 20
_UNKNOWN_KEYS = 40
_NDJSON = ("Content-Type: application/x-ndjson",)
_JSON = ("Content-Type: application/json",)
_PACKED = "Content-Encoding: gzip"
_MIB = 2**20


async def send_loudly(orders: Orders, sent: Sent) -> None:
    """Let the hot and the hostile tenant send, and probe health from many clients at once."""
    wire = Wire(orders.port, timeout_s=30.0)
    senders = {sender.account.group: sender for sender in make_senders(orders, wire, sent)}
    hot, hostile = senders[HOT], senders[HOSTILE]
    probes = Sender(
        Account("", PROBE, ""), wire, sent, hot.shop, hot.chance, orders.gives_up
    )  # without a tenant
    acts = cycle(_ACTS)
    async with asyncio.TaskGroup() as group:
        go_on = partial(keep_pace, orders.begins, orders.ends)
        group.create_task(go_on(_HOT_BATCH / orders.rate, partial(_send_hot, hot), _HOT_AT_A_TIME))
        group.create_task(
            go_on(_HOSTILE_EVERY_S, lambda due: next(acts)(hostile, due), _HOSTILE_AT_A_TIME)
        )
        group.create_task(go_on(_PROBE_EVERY_S, partial(_probe, probes), 4))
        group.create_task(_poison(hostile, orders))
    wire.close()


async def _send_hot(sender: Sender, due: float) -> None:
    """Four of five batches are touches; a fifth of all belongs to one journey."""
    journey = "hot-v-everybody" if sender.chance.random() < 0.2 else ""
    if sender.chance.random() < 0.8:
        batch = sender.shop.touches(_HOT_BATCH, journey=journey)
        await sender.send("touches", "touches", *batch, due)
    else:
        batch = sender.shop.conversions(_HOT_BATCH // 5, journey=journey)
        await sender.send("conversions", "conversions", *batch, due)


async def _poison(sender: Sender, orders: Orders) -> None:
    """Send thousands of touches and then captures, all for one journey, like a broken tag."""
    touches, conversions = (3_000, 400) if orders.is_short else (10_000, 1_600)
    await asyncio.sleep(max(0.0, orders.begins - monotonic()))
    for _ in range(touches // 1_000):
        batch = sender.shop.touches(1_000, journey="everybody", ago_s=3_000.0)
        await sender.send("poison", "touches", *batch, monotonic())
    for _ in range(conversions // 400):
        batch = sender.shop.conversions(400, journey="everybody")
        await sender.send("poison", "conversions", *batch, monotonic())


async def _probe(sender: Sender, _due: float) -> None:
    """Probe health from many clients at once, as load balancers and scrapers do."""
    for path in ("/health/ready", "/health/worker", "/metrics"):
        request = make_request("GET", path, "")
        asked = (sender.try_once(path, request) for _ in range(_PROBES_AT_ONCE))
        await asyncio.gather(*asked)


@cache
def _bomb() -> bytes:
    """Return about 5,000 bytes that decompress to 2.6 million lines, none of which is JSON."""
    return gzip.compress(b"x\n" * (5 * _MIB // 2 - 1), 9)


@cache
def _bad_lines() -> bytes:
    return b"x\n" * (5 * _MIB // 2 - 1)


async def _post(
    sender: Sender, name: str, body: bytes, headers: tuple[str, ...], path: str = "touches"
) -> None:
    request = make_request("POST", f"/v1/{path}", sender.account.key, body, headers)
    await sender.try_once(name, request)


async def _drop_bomb(sender: Sender, _due: float) -> None:
    await _post(sender, "bomb", _bomb(), (*_NDJSON, _PACKED))


async def _send_bad_lines(sender: Sender, _due: float) -> None:
    await _post(sender, "5 MB of bad lines", _bad_lines(), _NDJSON)


@cache
def _zeros() -> bytes:
    """Return about 65,000 bytes that decompress to 64 MiB of zeros."""
    return gzip.compress(bytes(64 * _MIB), 9)


async def _send_zeros(sender: Sender, _due: float) -> None:
    await _post(sender, "a gzip'd GB", _zeros(), (*_JSON, _PACKED))


async def _send_deep(sender: Sender, _due: float) -> None:
    await _post(sender, "deep JSON", b"[" * 200_000 + b"]" * 200_000, _JSON)
    await _post(sender, "deep JSON", b'[{"a":' * 50_000, _JSON, "conversions")


async def _send_rubbish(sender: Sender, _due: float) -> None:
    key = sender.chance.randrange(10**9)
    lines = (b"{}", b"null", b'"\xff\xfe"', b'{"idempotency_key":"\\ud800"}', b"1e999", b"{")
    body = b"\n".join((*lines, b'{"idempotency_key":"hos-t-x%d","amount_cents":-1}' % key))
    await _post(sender, "bad items", body, _NDJSON, "conversions")


async def _send_many_bad(sender: Sender, _due: float) -> None:
    seed = sender.chance.randrange(10**9)
    items = b",".join(b'{"idempotency_key":"hos-t-b%d-%d"}' % (seed, n) for n in range(1_000))
    await _post(sender, "1,000 bad items", b"[" + items + b"]", _JSON)


async def _send_too_many(sender: Sender, _due: float) -> None:
    await _post(sender, "10,001 items", b"{}\n" * 10_001, _NDJSON)
    await _post(sender, "10,001 items", b"[" + b"{}," * 10_000 + b"{}]", _JSON)


async def _send_ten_thousand(sender: Sender, due: float) -> None:
    """Good items, as many as a request may hold."""
    await sender.send("10,000 items", "touches", *sender.shop.touches(10_000), due)


async def _send_mixed(sender: Sender, due: float) -> None:
    """Good items before bad ones: the good ones must be accepted."""
    lines, numbers = sender.shop.touches(50)
    request = lines + b"\n" + b"\n".join([b"{}"] * 5)
    await sender.send("good and bad items", "touches", request, numbers, due, bad=5)


async def _send_captures(sender: Sender, due: float) -> None:
    """More touches of the poisoned journey."""
    batch = sender.shop.conversions(40, journey="everybody")
    await sender.send("poison", "conversions", *batch, due)


async def _try_keys(sender: Sender, _due: float) -> None:
    """Guess keys."""
    for _ in range(_UNKNOWN_KEYS):
        key = f"skd_{sender.chance.getrandbits(160):040x}"
        request = make_request("GET", "/v1/revenue/realtime", key)
        await sender.try_once("unknown key", request)


async def _ask_badly(sender: Sender, _due: float) -> None:
    paths = (
        "/v1/attribution/channels?from=9999-99-99",
        "/v1/jobs?limit=999999999&cursor=%00",
        "/v1/attribution/orders/" + "a" * 5_000,
        "/v1/attribution/orders/hos-o-0",
        "/v1/dead-events?limit=200",
    )
    for path in paths:
        await sender.try_once("bad questions", make_request("GET", path, sender.account.key))


async def _speak_no_http(sender: Sender, _due: float) -> None:
    for noise in (b"\x00" * 100 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"A" * 70_000):
        lonely = Wire(sender.wire.port, timeout_s=30.0)
        try:
            answer = await lonely.ask(noise)
        except Unanswered:
            status = 0
        else:
            status = answer.status
        sender.sent.statuses[HOSTILE, "not HTTP", status] += 1
        lonely.close()


_ACTS: tuple[Callable[[Sender, float], Awaitable[None]], ...] = (
    _drop_bomb, _send_rubbish, _try_keys, _send_mixed, _send_deep, _send_bad_lines, _ask_badly,
    _send_captures, _send_many_bad, _send_too_many, _speak_no_http, _send_mixed, _drop_bomb,
    _send_zeros, _try_keys, _ask_badly, _send_ten_thousand, _send_rubbish, _send_bad_lines, _send_captures,
)  # fmt: skip
