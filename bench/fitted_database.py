"""Generated journeys as the facts of a tenant in a database, and how long a fit of them takes from there."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import uvloop
from pyarrow import csv

from bench.facts import read_sql
from bench.peers.measured import Measured, Runs
from bench.support import (
    Place,
    checkpoint,
    console,
    make_tenant,
    open_program,
    open_superuser,
)
from bench.touches import DAYS_S, LONGEST, NAMES, RawTouches
from skeldir.attribution import count_transitions, removal_effects
from skeldir.db import Database, open_database
from skeldir.fits import DEFAULT_LOOKBACK_DAYS, MARKOV, FitAsked, fit_model, read_journeys
from skeldir.fits.keeping import keep_journeys

STATEMENT_TIMEOUT_MS: Final = 30_000
DAYS: Final = DAYS_S // 86_400 + LONGEST // 24 + 2


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tenant in a database, and the days on which its journeys end."""

    place: Place
    tenant_id: UUID
    first_day: date

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=DAYS)


def load_journeys(
    place: Place, touches: RawTouches, first_day: date, tenant_id: UUID | None = None
) -> Loaded:
    """Load the touches, and an order an hour after the last touch of each journey that converts.

    They are a new tenant's, or an empty one's.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_load(place, touches, first_day, tenant_id))


async def _load(
    place: Place, touches: RawTouches, first_day: date, tenant_id: UUID | None
) -> Loaded:
    begin = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    last = np.zeros(len(touches.converted), np.int64)
    last[touches.journeys] = touches.moments
    converted = np.flatnonzero(touches.converted)
    tables = {
        "journey_touches": {
            "journey": touches.journeys,
            "channel": touches.channels,
            "moment": touches.moments,
        },
        "journey_orders": {
            "journey": converted,
            "moment": last[converted] + 3600,
            "cents": touches.values[converted],
        },
    }
    async with open_program(place) as database, open_superuser(place) as admin:
        tenant_id = tenant_id or await make_tenant(database, "fitted")
        await admin.execute(read_sql("journey_tables.sql"))
        with tempfile.TemporaryDirectory() as folder:
            for name, columns in tables.items():
                file = Path(folder) / f"{name}.csv"
                csv.write_csv(pa.table(columns), file, csv.WriteOptions(include_header=False))
                await admin.copy_to_table(name, schema_name="bench", source=file, format="csv")
        with console.status(f"Loading {len(touches.journeys):,} touches"):
            await admin.execute(
                "INSERT INTO bench.fitted VALUES ($1, $2, $3)", tenant_id, begin, list(NAMES)
            )
            await admin.execute(read_sql("journeys.sql"))
            await admin.execute("VACUUM ANALYZE")
    return Loaded(place, tenant_id, first_day)


def measure_fits(loaded: Loaded, repeats: int) -> Measured:
    """Make fits of order 1 with all their intervals, to the stored version."""
    return _run(loaded, repeats, _fit)


def measure_effects(loaded: Loaded, repeats: int) -> Measured:
    """Find the removal effects of order 1 for conversions and value, from what the database has."""
    return _run(loaded, repeats, _find_effects)


def measure_keeping(loaded: Loaded) -> Measured:
    """Bring the kept journeys up to date once, as the job does."""
    return _run(loaded, 1, _keep)


def add_a_day(loaded: Loaded) -> None:
    """Record one more day of touches and orders."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_add_a_day(loaded))


async def _add_a_day(loaded: Loaded) -> None:
    async with open_superuser(loaded.place) as admin:
        await admin.execute(read_sql("one_more_day.sql"))
        await admin.execute("ANALYZE")


def _run(
    loaded: Loaded, repeats: int, work: Callable[[Database, Loaded], Awaitable[object]]
) -> Measured:
    async def measure() -> Measured:
        # With the time-out of the program: what an update reads again depends on it.
        opened = open_database(
            loaded.place.app_url, pool_size=4, statement_timeout_ms=STATEMENT_TIMEOUT_MS
        )
        async with opened as database, open_superuser(loaded.place) as admin:
            await checkpoint(admin)
            runs = Runs()
            for _ in range(repeats):
                with runs.measuring():
                    await work(database, loaded)
            return runs.measured

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(measure())


async def _fit(database: Database, loaded: Loaded) -> None:
    asked = FitAsked(
        MARKOV, loaded.first_day, loaded.last_day, chain_order=1, collapse_repeats=False, seed=1
    )
    await fit_model(database, loaded.tenant_id, asked, made_by="bench")


async def _find_effects(database: Database, loaded: Loaded) -> None:
    read = await read_journeys(
        database, loaded.tenant_id, loaded.first_day, loaded.last_day, DEFAULT_LOOKBACK_DAYS
    )
    removal_effects(count_transitions(read.journeys, parts=1))


async def _keep(database: Database, loaded: Loaded) -> None:
    await keep_journeys(database, loaded.tenant_id, DEFAULT_LOOKBACK_DAYS)


def let_time_pass(loaded: Loaded) -> None:
    """Let the kept journeys be of a moment so long after the last fact that no update reads it again."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_let_time_pass(loaded))


async def _let_time_pass(loaded: Loaded) -> None:
    async with open_superuser(loaded.place) as admin:
        await admin.execute(
            "UPDATE public.kept_lookbacks SET facts_until = facts_until + interval '11 minutes'"
        )
