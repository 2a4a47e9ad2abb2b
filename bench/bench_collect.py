"""Claim: each way in for other libraries takes single events at 0.9 or more of the rate of /v1/touches.

Another process sends to one API process (`skeldir serve`, on a durable server) over persistent connections, one event a
request, each time with the key of another of 1,000 tenants. Every event is a new landing of a page with a campaign, in
the format of its protocol. Each protocol takes turns with /v1/touches, and the ratio is the median of the repeats' own
ratios, so that load of other programs, which comes and goes, distorts fewer of them.
"""

from __future__ import annotations

import asyncio
import base64
import multiprocessing
import re
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import quote

import orjson
import uvloop

from bench.asking import MARK, Ask, Figures, keep_asking
from bench.bench_http import MANY, api, cpu_of
from bench.support import (
    checkpoint,
    console,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    open_program,
    open_superuser,
    show_table,
)
from skeldir.clock import utc_now

ASKED_RATIO = 0.9
SPAWNING = multiprocessing.get_context("spawn")
KEY = "K" * 47
URL = f"https://shop.example/p/{MARK}?utm_source=google&utm_medium=cpc&utm_campaign=spring"
JOURNEY = f"passer-by-{MARK}"


@dataclass(frozen=True, slots=True)
class Sending:
    """A request of a protocol: its line, its headers and body, with MARK and KEY where events and tenants differ."""

    name: str
    line: str
    body: bytes
    header: str = ""

    def write(self) -> bytes:
        """Return the request in bytes."""
        lines = [f"{self.line} HTTP/1.1", "Host: bench", f"Content-Length: {len(self.body)}"]
        if self.header:
            lines.append(self.header)
        return "\r\n".join([*lines, "Content-Type: application/json", "", ""]).encode() + self.body


def _json(line: str, name: str, body: Any, header: str = "") -> Sending:
    return Sending(name, line, orjson.dumps(body), header)


def make_sendings() -> list[Sending]:
    """Return a request of /v1/touches, and one of each protocol."""
    moment = utc_now() - timedelta(hours=1)
    at, milliseconds = moment.isoformat(), int(moment.timestamp() * 1_000)
    utm = {"source": "google", "medium": "cpc", "name": "spring"}
    touch = {
        "idempotency_key": f"touch-{MARK}",
        "occurred_at": at,
        "journey_key": JOURNEY,
        "landing_path": URL,
    }
    segment = {
        "type": "page",
        "messageId": f"m-{MARK}",
        "anonymousId": JOURNEY,
        "timestamp": at,
        "context": {"page": {"url": URL}, "campaign": utm},
    }
    ga4 = {
        "client_id": JOURNEY,
        "timestamp_micros": milliseconds * 1_000,
        "events": [{"name": "page_view", "params": {"page_location": URL, "session_id": MARK}}],
    }
    posthog = {
        "api_key": KEY,
        "event": "$pageview",
        "uuid": f"u-{MARK}",
        "timestamp": at,
        "properties": {"distinct_id": JOURNEY, "$current_url": URL},
    }
    plausible = {
        "name": "pageview",
        "url": URL,
        "domain": "shop.example",
        "props": {"journey": JOURNEY},
    }
    snowplow = {
        "schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4",
        "data": [
            {"e": "pv", "url": URL, "duid": JOURNEY, "eid": f"e-{MARK}", "dtm": str(milliseconds)}
        ],
    }
    umami = {
        "type": "event",
        "payload": {"website": "site", "url": URL, "hostname": "shop.example", "id": JOURNEY},
    }
    matomo = (
        f"/k/{KEY}/matomo.php?idsite=1&rec=1&_id={MARK}0000&url={quote(URL, safe='@')}&rand={MARK}"
    )
    basic = f"Authorization: Basic {KEY}"
    return [
        _json("POST /v1/touches", "/v1/touches", touch, f"Authorization: Bearer {KEY}"),
        _json("POST /v1/page", "segment", segment, basic),
        _json(f"POST /mp/collect?measurement_id=G-1&api_secret={KEY}", "ga4", ga4),
        _json(f"POST /k/{KEY}/api/event", "plausible", plausible),
        _json("POST /i/v0/e/", "posthog", posthog),
        _json(f"POST /k/{KEY}/com.snowplowanalytics.snowplow/tp2", "snowplow", snowplow),
        Sending("matomo", f"POST {matomo}", b""),
        _json(f"POST /k/{KEY}/api/send", "umami", umami),
    ]


def send(port: int, sending: Sending, keys: Sequence[str], seconds: float, first: int) -> Figures:
    """Send events and read their answers; runs in a separate process."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send(port, sending, keys, seconds, first))


async def _send(
    port: int, sending: Sending, keys: Sequence[str], seconds: float, first: int
) -> Figures:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MANY)]
    text, by_key = sending.write(), _keys_in(sending, keys)

    def asker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ask:
        async def ask(number: int) -> None:
            request = text.replace(MARK.encode(), b"%012x" % number)
            writer.write(request.replace(KEY.encode(), by_key[number % len(by_key)]))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 2"):
                raise SystemExit(f"not answered: {head!r}")

        return ask

    try:
        return await keep_asking([asker(*connection) for connection in connections], seconds, first)
    finally:
        for _, writer in connections:
            writer.close()


def _keys_in(sending: Sending, keys: Sequence[str]) -> list[bytes]:
    def as_basic(key: str) -> bytes:
        return base64.b64encode(f"{key}:".encode())

    write: Callable[[str], bytes] = as_basic if "Basic" in sending.header else str.encode
    return [write(key) for key in keys]


async def measure(options: Namespace) -> None:
    """Measure each protocol in turn with /v1/touches, and print them side by side."""
    with durable_place() as place, ProcessPoolExecutor(1, SPAWNING) as client:
        keys = []
        async with open_program(place) as database:
            for number in range(options.tenants):
                tenant_id = await make_tenant(database, f"bench {number}")
                keys.append(await make_secret(database, tenant_id, "ingest"))
        touches, *others = make_sendings()
        rows, ratios, first = [], [], 1
        with api(place) as (port, server):
            loop = asyncio.get_running_loop()

            async def run(sending: Sending, seconds: float) -> Figures:
                nonlocal first
                used = cpu_of(server)
                asked = await loop.run_in_executor(
                    client, send, port, sending, keys, seconds, first
                )
                first += 10**6
                return asked.with_cpu(cpu_of(server) - used)

            await run(touches, 3)  # every key is known then
            async with open_superuser(place) as admin:
                await admin.execute("VACUUM ANALYZE")
                await checkpoint(admin)
            for sending in others:
                pairs = [
                    (await run(sending, options.seconds), await run(touches, options.seconds))
                    for _ in range(options.repeats)
                ]
                ratio = median(one.per_second / other.per_second for one, other in pairs)
                ratios.append((sending.name, ratio))
                rows.append(
                    (
                        sending.name,
                        f"{median(one.per_second for one, _ in pairs):,.0f}",
                        f"{median(one.p95_ms for one, _ in pairs):,.1f}",
                        f"{median(one.cpu_ms for one, _ in pairs):,.2f}",
                        f"{median(other.per_second for _, other in pairs):,.0f}",
                        f"{median(other.p95_ms for _, other in pairs):,.1f}",
                        f"{median(other.cpu_ms for _, other in pairs):,.2f}",
                        f"{ratio:.2f}",
                    )
                )
    show_table(
        f"{options.tenants:,} tenants, {MANY} clients, medians of {options.repeats} x {options.seconds:g} s; ms",
        ("protocol", "events/s", "p95", "CPU", "touches/s", "p95", "CPU", "ratio"),
        rows,
    )
    slowest = min(ratios, key=lambda one: one[1])
    console.print(f"asked {ASKED_RATIO} or more; the least is {slowest[0]}: {slowest[1]:.2f}")


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.quick:
        options.tenants, options.seconds, options.repeats = 20, 0.5, 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
