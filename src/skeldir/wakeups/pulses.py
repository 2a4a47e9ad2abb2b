"""Periodic tasks: each pulse is a row that says when it is due, and whoever finds it due runs it.

No message starts a pulse, so none can wait, expire or be lost; a pulse that is late is found in the table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from skeldir.jobs import AWAY, describe_fault
from skeldir.wakeups.store import queries

if TYPE_CHECKING:
    from skeldir.db import Database
    from skeldir.jobs import Pulse

logger = logging.getLogger(__name__)

# How long to wait when nothing is due sooner, or when the database is away.
_LONGEST_WAIT_S = 1.0


class PulseRunner:
    """Runs the pulses that are due, each beside the others, until it is cancelled.

    `patience` is in periods: 0 runs a pulse as soon as it is due; 0.5 leaves it to others first, and runs it
    when it is half a period late.
    """

    def __init__(
        self,
        open_pool: Callable[[], Awaitable[Database]],
        pulses: Sequence[Pulse],
        *,
        patience: float,
    ) -> None:
        self._open_pool = open_pool
        self._pulses = {pulse.name: pulse for pulse in pulses}
        self._patience = patience
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> NoReturn:
        """Run the pulses whenever they are due. A database that is away is waited for."""
        is_registered = False
        try:
            while True:
                wait_s = _LONGEST_WAIT_S
                try:
                    database = await self._open_pool()
                    if not is_registered:
                        await register_pulses(database, self._pulses.values())
                        is_registered = True
                    wait_s = await self._start_due(database)
                except AWAY as fault:
                    logger.debug("jobs.pulses_missed %s", type(fault).__name__)
                await asyncio.sleep(wait_s)
        finally:
            for task in list(self._running.values()):
                task.cancel()

    async def _start_due(self, database: Database) -> float:
        """Start the pulses that are due; return in how many seconds to look again."""
        free = [pulse for name, pulse in self._pulses.items() if name not in self._running]
        due, next_s = await claim_due_pulses(database, free, patience=self._patience)
        for name in due:
            task = asyncio.create_task(self._run_one(database, self._pulses[name]))
            self._running[name] = task
            task.add_done_callback(partial(self._note_done, name))
        return next_s

    def _note_done(self, name: str, _task: asyncio.Task[None]) -> None:
        del self._running[name]

    async def _run_one(self, database: Database, pulse: Pulse) -> None:
        """Run a pulse. It has no correlation id: the jobs that it enqueues, of several tenants, must share none."""
        began = monotonic()
        work = asyncio.ensure_future(pulse.run(database))
        try:
            await asyncio.wait({work})
        finally:
            work.cancel()  # when this process was asked to stop
        fault = work.exception()
        if fault is None:
            logger.debug("jobs.pulse_ended %s seconds=%.3f", pulse.name, monotonic() - began)
        elif isinstance(fault, AWAY):
            logger.warning("jobs.pulse_given_up %s: %s", pulse.name, type(fault).__name__)
        else:
            logger.error("jobs.pulse_failed %s", pulse.name, exc_info=fault)
        await _note_end(database, pulse, error=None if fault is None else describe_fault(fault))


async def register_pulses(database: Database, pulses: Iterable[Pulse]) -> None:
    """Add the pulses that have no row yet, due now; a period that was changed counts from now on."""
    known = list(pulses)
    async with database.statement() as connection:
        await queries.register_pulses(
            connection,
            names=[pulse.name for pulse in known],
            periods=[Decimal(str(pulse.every_s)) for pulse in known],
        )


async def claim_due_pulses(
    database: Database, pulses: Sequence[Pulse], *, patience: float
) -> tuple[list[str], float]:
    """Claim the pulses that are late by `patience` periods; return their names, and in how many seconds to look again.

    Claiming one moves its next time on, so only one process runs it. One whose process dies is run again with the next
    period.
    """
    async with database.statement() as connection:
        row = await queries.claim_due_pulses(
            connection, names=[pulse.name for pulse in pulses], patience=patience
        )
    wait_s = _LONGEST_WAIT_S if row["next_s"] is None else float(row["next_s"])
    return list(row["claimed"] or ()), min(_LONGEST_WAIT_S, max(0.05, wait_s))


async def _note_end(database: Database, pulse: Pulse, *, error: str | None) -> None:
    try:
        async with database.statement() as connection:
            await queries.end_pulse(connection, name=pulse.name, error=error)
    except AWAY as fault:
        logger.warning("jobs.pulse_not_noted %s: %s", pulse.name, type(fault).__name__)
