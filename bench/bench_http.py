"""Claim: the API records single touches as fast as a bare loop that does nothing else.

Another process sends requests to one API process (`skeldir serve`, on a durable server) over persistent connections:
one touch by 64 clients and by one client, a batch of 1,000 touches, the channel report of 30 days, and the money so far
without and with its ETag by 16. Each is compared with a bare loop in one process: as many tasks over an asyncpg pool of
the same size, with values made in advance. For a touch it sends what any program must send: BEGIN, set the tenant, one
INSERT, COMMIT. For the others it sends the same statements as the application (they are recorded in advance). All
touches are new.

The output shows requests/s, p50 and p99 of both, in alternation, and the processor time of one request in the API's
process and in the bare loop's. Waiting requests of a tenant share a commit, which the bare loop does not do; this must
pay for HTTP, validation, hashing, JSON, metrics and the log line.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from statistics import median
from uuid import UUID

import asyncpg
import httpx2
import orjson
import psutil
import uvloop

from bench.asking import MARK, Case, Figures, ask_the_api
from bench.bare_loop import Statement, record_one, replay, with_marked_ids
from bench.support import (
    Place,
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
from bench.traffic import CHANNELS, Item, bearer
from skeldir.app import create_app
from skeldir.attribution import credit_dirty_orders
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.ingest import receive_conversions, receive_touches
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.rollups import roll_up_dirty_days
from skeldir.settings import environment_on
from skeldir.tenants import load_profile

POOL_SIZE = 8
MANY, SOME, ONE = 64, 16, 1
BATCH = 1_000
DAYS = 30
SPAWNING = multiprocessing.get_context("spawn")


def make_items(how_many: int) -> list[Item]:
    """Return touches of visitors who bought nothing, so that no order must be credited again."""
    moment = utc_now() - timedelta(hours=1)
    return [
        {
            "idempotency_key": f"{MARK}-{number}",
            "occurred_at": (moment + timedelta(seconds=number)).isoformat(),
            "journey_key": f"passer-by-{number}",
            "source": "google",
            "medium": "cpc",
            "campaign": "spring",
            "landing_path": f"/p/{number}",
        }
        for number in range(how_many)
    ]


def make_cases(secret: str, tag: str) -> list[Case]:
    """Return the six requests."""
    first_day = (utc_now() - timedelta(days=DAYS)).date()

    def write(line: str, *headers: str, body: bytes = b"") -> bytes:
        lines = [f"{line} HTTP/1.1", "Host: bench", f"Authorization: Bearer {secret}", *headers]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    touches = "POST /v1/touches"
    report = f"GET /v1/attribution/channels?from={first_day}"
    so_far = "GET /v1/revenue/realtime"
    one = write(touches, body=orjson.dumps(make_items(1)))
    batch = write(touches, body=orjson.dumps(make_items(BATCH)))
    return [
        Case("one touch", one, b'"accepted":1,', MANY),
        Case("one touch", one, b'"accepted":1,', ONE),
        Case(f"{BATCH:,} touches", batch, b'"accepted":%d,' % BATCH, SOME),
        Case("channels", write(report), b'"credited_cents"', SOME),
        Case("realtime", write(so_far), b'"net_cents"', SOME),
        Case("with ETag", write(so_far, f"If-None-Match: {tag}"), b" 304 ", SOME),
    ]


async def load(database: Database, tenant_id: UUID, orders: int) -> None:
    """Give the tenant orders over the last days, each with three touches, and make the reports current."""
    for start in range(0, orders, 1_000):
        touches: list[Item] = []
        conversions: list[Item] = []
        for number in range(start, min(start + 1_000, orders)):
            moment = utc_now() - timedelta(days=1 + number % DAYS)
            order: Item = {"journey_key": f"buyer-{number}", "occurred_at": moment.isoformat()}
            key = {"idempotency_key": f"o-{number}", "order_id": f"o-{number}"}
            money = {"kind": "capture", "amount_cents": 1_000 + number, "currency": "USD"}
            conversions.append(order | key | money)
            touches += [
                order
                | {"idempotency_key": f"o-{number}-{n}", "channel": CHANNELS[(number + n) % 5]}
                for n in range(3)
            ]
        async with database.tenant(tenant_id) as connection:
            profile = await load_profile(connection, tenant_id)
            await receive_touches(connection, profile, touches, origin=f"load-{start}")
            await receive_conversions(connection, profile, conversions, origin=f"load-{start}")
    await credit_dirty_orders(database, tenant_id=tenant_id)
    await roll_up_dirty_days(database, tenant_id=tenant_id)
    for view in CANONICAL_VIEWS:
        await refresh_view(database, view.name, requested_at=utc_now())


def read_case(case: Case) -> tuple[str, str, dict[str, str], bytes]:
    """Split a request into method, path, headers and body."""
    head, _, body = case.request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    return method, path, headers, body


async def listen(place: Place, cases: Sequence[Case]) -> list[list[Statement]]:
    """Return the statements with which the application answers each request, with the placeholders still in them."""
    heard: list[Statement] = []
    app = create_app(place.app_url)
    transport = httpx2.ASGITransport(app=app)
    logging.disable(logging.INFO)  # the application has set up its log lines for this process
    of_cases = []
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://bench") as client,
    ):
        async with app.state.database.statement() as connection:
            connection.add_query_logger(lambda said: heard.append((said.query, said.args)))
        await wait_until_keys_are_remembered(client, cases[-1], heard)
        for case in cases:
            method, path, headers, body = read_case(case)
            # The first request records the use of the key; further requests are typical.
            for mark in ("first-------", MARK):
                heard.clear()
                sent = body.replace(MARK.encode(), mark.encode())
                answer = await client.request(method, path, headers=headers, content=sent)
                answer.raise_for_status() if answer.status_code != 304 else None
            # The bare loop keeps its connections, so it commits without resetting them.
            kept = [("COMMIT", ()) if s[0].startswith("COMMIT;") else s for s in heard]
            of_cases.append([with_marked_ids(s) for s in kept if "RESET ALL" not in s[0]])
    return of_cases


async def wait_until_keys_are_remembered(
    client: httpx2.AsyncClient, case: Case, heard: list[Statement]
) -> None:
    """Wait until a request of this kind is answered without looking its key up."""
    method, path, headers, _ = read_case(case)
    while True:
        heard.clear()
        await client.request(method, path, headers=headers)
        if not any("find_api_key" in query for query, _ in heard):
            return
        await asyncio.sleep(0.05)


@contextmanager
def api(place: Place, processes: int = 1) -> Iterator[tuple[int, psutil.Process]]:
    """Run `skeldir serve` with so many processes; give its port and first process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    variables = environment_on(place.app_url) | {
        "SKELDIR_POOL_SIZE": str(POOL_SIZE),
        "SKELDIR_REQUESTS_PER_SECOND": "1000000",
        "SKELDIR_API_METRICS_PORT": "0",
    }
    words = [
        sys.executable,
        "-c",
        "from skeldir.cli import main; main()",
        "serve",
        "--port",
        str(port),
        "--processes",
        str(processes),
    ]
    with subprocess.Popen(
        words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health/ready", process)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the API answers."""
    for _ in range(300):
        with suppress(httpx2.TransportError):
            if httpx2.get(url).status_code == 200:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("The API did not become ready.")


async def tag_of(port: int, secret: str) -> str:
    """Return the ETag of the money so far."""
    async with httpx2.AsyncClient(headers=bearer(secret)) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/v1/revenue/realtime")
        return answer.headers["etag"]


async def measure(options: Namespace) -> None:
    """Measure the API and the bare loop in turn for each case, and print them side by side."""
    with durable_place() as place, ProcessPoolExecutor(1, SPAWNING) as client:
        async with open_program(place) as database:
            tenant_id = await make_tenant(database, "bench")
            await load(database, tenant_id, options.orders)
            secret = await make_secret(database, tenant_id, "ingest", "read")
        with api(place) as (port, server):
            tag = await tag_of(port, secret)
            cases = make_cases(secret, tag)
            statements = [record_one(tenant_id)] * 2 + (await listen(place, cases[2:]))
            async with open_superuser(place) as admin:
                await admin.execute("VACUUM ANALYZE")
                await checkpoint(admin)
            figures: list[tuple[Case, Figures, Figures]] = []
            rows = []
            first = 1
            async with asyncpg.create_pool(
                place.app_url, min_size=POOL_SIZE, max_size=POOL_SIZE
            ) as pool:
                for case, said in zip(cases, statements, strict=True):
                    http: list[Figures] = []
                    bare: list[Figures] = []
                    # The first, short ones warm up.
                    for seconds in (0.5, *[options.seconds] * options.repeats):
                        loop = asyncio.get_running_loop()
                        used = cpu_of(server)
                        asked = await loop.run_in_executor(
                            client, ask_the_api, port, case, seconds, first
                        )
                        http.append(asked.with_cpu(cpu_of(server) - used))
                        used = time.process_time()
                        replayed = await replay(pool, said, case.clients, seconds, first + 10**9)
                        bare.append(replayed.with_cpu(time.process_time() - used))
                        first += 10**6
                    figures.append((case, middle(http[1:]), middle(bare[1:])))
                    rows.append(row_of(len(said), *figures[-1]))
    show_table(
        f"pool of {POOL_SIZE}, medians of {options.repeats} x {options.seconds:g} s; ms",
        (
            "request",
            "clients",
            "HTTP/s",
            "p50",
            "p99",
            "CPU",
            "SQL",
            "bare/s",
            "p50",
            "p99",
            "CPU",
            "ratio",
            "p50 ratio",
        ),
        rows,
    )
    show_cost(figures)


def cpu_of(process: psutil.Process) -> float:
    """Return the processor time that a process has used, in seconds."""
    times = process.cpu_times()
    return float(times.user + times.system)


def middle(figures: Sequence[Figures]) -> Figures:
    """Return the medians."""
    return Figures(
        sum(f.requests for f in figures),
        median(f.per_second for f in figures),
        median(f.p50_ms for f in figures),
        median(f.p99_ms for f in figures),
        median(f.cpu_ms for f in figures),
    )


def row_of(statements: int, case: Case, http: Figures, bare: Figures) -> tuple[str, ...]:
    """Return a row with both results of a case side by side."""
    return (
        case.name,
        str(case.clients),
        f"{http.per_second:,.0f}",
        f"{http.p50_ms:,.1f}",
        f"{http.p99_ms:,.0f}",
        f"{http.cpu_ms:,.2f}",
        str(statements),
        f"{bare.per_second:,.0f}",
        f"{bare.p50_ms:,.1f}",
        f"{bare.p99_ms:,.0f}",
        f"{bare.cpu_ms:,.2f}",
        f"{http.per_second / bare.per_second:.2f}",
        f"{http.p50_ms / bare.p50_ms:.2f}",
    )


def show_cost(figures: Sequence[tuple[Case, Figures, Figures]]) -> None:
    """Summarize the table in a sentence."""
    (_, many, bare), (_, one, alone), (_, batch, _) = figures[:3]
    console.print(
        f"One touch by {MANY} clients: {many.per_second / bare.per_second:.2f} of the bare loop, "
        f"{many.cpu_ms:.2f} ms of processor time; "
        f"with one client the p50 is {one.p50_ms / alone.p50_ms:.2f} times that of the bare loop. "
        f"A touch of a batch takes {1_000 * batch.cpu_ms / BATCH:.0f} µs."
    )


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each case, for both")
    parser.add_argument("--orders", type=int, default=3_000, help="to report on")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.repeats, options.orders = 0.3, 1, 300
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(options))


if __name__ == "__main__":
    main()
