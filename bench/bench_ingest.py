"""Claim: touches are recorded at a good part of the speed of raw COPY into the same table.

One run measures in alternation, and prints medians of: rows/s of raw COPY (one superuser connection, binary, rows made
in advance) into `attribution_events` with all its indexes and checks; of `POST /v1/touches` (one uvicorn process,
batches of 1,000, four requests at a time); and of `skeldir import touches` (the wall time of the process, minus that
of an import of one row, which is its start-up). Targets: 50 % of COPY by HTTP and 65 % by import.
"""

from __future__ import annotations

import asyncio
import csv
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2
import orjson

from bench.support import (
    Place,
    Stopwatch,
    checkpoint,
    durable_place,
    make_parser,
    make_secret,
    make_tenant,
    show_ratio,
    show_table,
)
from skeldir.clock import utc_now
from skeldir.db.ids import new_ids
from skeldir.db.pool import open_database
from skeldir.ingest.canonical import hash_journey_key, read_touch
from skeldir.tenants import load_profile

BATCH = 1_000
AT_A_TIME = 4
COLUMNS = (
    "idempotency_key", "occurred_at", "journey_key", "session_id", "utm_source", "utm_medium", "utm_campaign",
    "referrer_host", "landing_path",
)  # fmt: skip
VISITS = (
    ("google", "cpc", "spring", ""),
    ("facebook", "paid_social", "retarget", ""),
    ("newsletter", "email", "june", ""),
    ("", "", "", "www.google.com"),
    ("", "", "", ""),
    ("blog", "referral", "", "blog.example"),
)


def make_rows(count: int) -> list[tuple[str, ...]]:
    """Return touches as in a site's export: about eight per visitor, in time order."""
    rows: list[tuple[str, ...]] = []
    for n in range(count):
        source, medium, campaign, referrer = VISITS[n * 7 % len(VISITS)]
        moment = f"2026-{3 + n * 3 // count:02d}-{1 + n * 84 // count % 28:02d}T{n % 24:02d}:{n % 60:02d}:00+00:00"
        campaign = f"{campaign}-{n % 40}" if campaign else ""
        visitor = f"visitor-{n * 2_654_435_761 % (count // 8 + 1)}"
        rows.append(
            (
                f"pv-{n:09d}",
                moment,
                visitor,
                f"s-{n // 3}",
                source,
                medium,
                campaign,
                referrer,
                f"/p/{n % 500}",
            )
        )
    return rows


def as_items(rows: Sequence[tuple[str, ...]]) -> list[dict[str, str]]:
    """Return the rows as items of the API; empty cells are left out."""
    names = [name.removeprefix("utm_") for name in COLUMNS]
    return [{name: cell for name, cell in zip(names, row, strict=True) if cell} for row in rows]


def as_records(
    items: Sequence[dict[str, str]], tenant_id: UUID, secret: bytes
) -> list[tuple[object, ...]]:
    """Return the rows as the program stores them, for COPY."""
    now = utc_now()
    touches = [read_touch(item, now=now, own_channels=frozenset()) for item in items]
    return [
        (
            tenant_id, id_, t.idempotency_key, t.occurred_at, hash_journey_key(secret, t.journey_key), t.session_id,
            t.channel_code, t.channel_rule, t.source, t.medium, t.campaign, t.referrer_host, t.landing_path, None,
        )
        for id_, t in zip(new_ids(len(touches)), touches, strict=True)
    ]  # fmt: skip


COPIED = (
    "tenant_id", "id", "idempotency_key", "occurred_at", "journey_key", "session_id", "channel_code", "channel_rule",
    "source", "medium", "campaign", "referrer_host", "landing_path", "click_id_kinds",
)  # fmt: skip


@contextmanager
def api(place: Place) -> Iterator[str]:
    """Run the API in one uvicorn process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "uvicorn",
        "skeldir.app:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    process = subprocess.Popen(words, env=os.environ | {"DATABASE_URL": place.app_url})
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                httpx2.get(base + "/health")
                break
            except httpx2.TransportError:
                time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait()


async def send(base: str, secret: str, bodies: Sequence[bytes]) -> None:
    """Post all bodies, a few at a time, over persistent connections."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    waiting = iter(bodies)

    async def post_next(client: httpx2.AsyncClient) -> None:
        for body in waiting:
            answer = await client.post(
                base + "/v1/touches", content=body, headers=headers, timeout=60
            )
            if answer.json()["accepted"] != BATCH:
                raise SystemExit(f"not all were accepted: {answer.text[:500]}")

    async with httpx2.AsyncClient() as client:
        await asyncio.gather(*(post_next(client) for _ in range(AT_A_TIME)))


def write_csv(path: Path, rows: Sequence[tuple[str, ...]]) -> Path:
    """Write the rows as a file to import."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return path


def run_import(place: Place, tenant_id: UUID, path: Path) -> None:
    """Run `skeldir import touches` as a process."""
    words = [
        sys.executable,
        "-c",
        "from skeldir.cli import main; main()",
        "import",
        "touches",
        str(path),
    ]
    subprocess.run(
        [*words, "--tenant", str(tenant_id)],
        env=os.environ | {"DATABASE_URL": place.app_url},
        check=True,
        stdout=subprocess.DEVNULL,
    )


async def empty(admin: asyncpg.Connection[asyncpg.Record]) -> None:
    """Delete the rows of the previous measurement."""
    await admin.execute("TRUNCATE attribution_events, imports, dead_events")
    await checkpoint(admin)


async def measure(place: Place, count: int, repeats: int) -> None:
    """Measure the three ways in turn, and print them side by side."""
    async with open_database(place.app_url, pool_size=2, statement_timeout_ms=60_000) as database:
        tenant_id = await make_tenant(database, "bench")
        async with database.tenant(tenant_id) as connection:
            profile = await load_profile(connection, tenant_id)
        secret = await make_secret(database, tenant_id)
    rows = make_rows(count)
    items = as_items(rows)
    records = as_records(items, tenant_id, profile.journey_secret)
    bodies = [orjson.dumps(items[at : at + BATCH]) for at in range(0, count, BATCH)]
    file = write_csv(place.home / "touches.csv", rows)
    one_row = write_csv(place.home / "one.csv", rows[:1])
    copy, http, files, start_up = Stopwatch(), Stopwatch(), Stopwatch(), Stopwatch()
    admin = await asyncpg.connect(place.superuser_url)
    with api(place) as base:
        await send(base, secret, bodies[:4])
        for _ in range(repeats):
            await empty(admin)
            with copy.running():
                await admin.copy_records_to_table(
                    "attribution_events", records=records, columns=COPIED
                )
            await empty(admin)
            with http.running():
                await send(base, secret, bodies)
            await empty(admin)
            with start_up.running():
                await asyncio.to_thread(run_import, place, tenant_id, one_row)
            await empty(admin)
            with files.running():
                await asyncio.to_thread(run_import, place, tenant_id, file)
    await admin.close()
    importing = files.median - start_up.median
    rates = {"COPY": count / copy.median, "HTTP": count / http.median, "import": count / importing}
    show_table(
        f"{count:,} touches, median of {repeats}",
        ("method", "rows/s", "of COPY", "seconds"),
        [
            (name, f"{rate:,.0f}", f"{rate / rates['COPY']:.0%}", watch.spread)
            for (name, rate), watch in zip(rates.items(), (copy, http, files), strict=True)
        ],
    )
    for name, asked in (("HTTP", 0.50), ("import", 0.65)):
        ratio = rates[name] / rates["COPY"]
        show_ratio(f"{name} against COPY", ratio, f"≥ {asked:.2f}", is_met=ratio >= asked)


def main() -> None:
    """Read the sizes and measure."""
    parser = make_parser(__doc__ or "")
    parser.add_argument("--rows", type=int, default=200_000, help="touches (a multiple of 1,000)")
    parser.add_argument("--repeats", type=int, default=3)
    said = parser.parse_args()
    with durable_place() as place:
        asyncio.run(
            measure(place, 10_000 if said.quick else said.rows, 1 if said.quick else said.repeats)
        )


if __name__ == "__main__":
    main()
