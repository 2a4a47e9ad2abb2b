"""Celery beat's scheduler: kept in memory, everything due at the start, and only one of many at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psycopg
from celery.beat import ScheduleEntry, Scheduler

from skeldir.db.locks import lock_key
from skeldir.jobs.store import broker_queries
from skeldir.settings import plain_postgres_url

logger = logging.getLogger(__name__)

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_TURN = "jobs.beat"
_IDLE_S = 1.0
_CONNECT_S = 3


class BeatTurn:
    """The right to be the one beat: an advisory lock, held by a connection for as long as it lives."""

    def __init__(self, database_url: str) -> None:
        self._url = plain_postgres_url(database_url)
        self._connection: psycopg.Connection[Any] | None = None
        self._is_held = False

    def is_ours(self) -> bool:
        """Say whether the lock is held now, trying to get it; a database that is away gives it to nobody."""
        was_held, self._is_held = self._is_held, False
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=_CONNECT_S,
                    application_name="skeldir beat",
                    tcp_user_timeout=10_000,
                )
                was_held = False
            if was_held:
                broker_queries.show_presence(self._connection)
                self._is_held = True
            else:
                self._is_held = broker_queries.take_turn(self._connection, key=lock_key(_TURN))
        except psycopg.Error as fault:
            logger.debug("jobs.beat_turn_unknown %s", type(fault).__name__)
            self.give_up()
        if self._is_held != was_held:
            logger.info("jobs.beat_%s", "began" if self._is_held else "waits")
        return self._is_held

    def give_up(self) -> None:
        """Let another beat have its turn."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
        self._is_held = False


def make_scheduler(turn: BeatTurn, note: Callable[[], None]) -> type[Scheduler]:
    """Return the scheduler's class; `note` is called at every tick."""

    class OnlyScheduler(Scheduler):  # type: ignore[misc]  # Celery has no types
        """Sends nothing while another beat has its turn. What it sends are hints, so it may send them too often."""

        Entry = _OverdueEntry

        def tick(self, *arguments: Any, **options: Any) -> float:
            note()
            if not turn.is_ours():
                return _IDLE_S
            delay: float = super().tick(*arguments, **options)
            return delay

        def close(self) -> None:
            super().close()
            turn.give_up()

    return OnlyScheduler


class _OverdueEntry(ScheduleEntry):  # type: ignore[misc]  # Celery has no types
    """An entry that is due as soon as beat starts: nobody knows for how long there was none."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if not arguments:
            options["last_run_at"] = options.get("last_run_at") or _LONG_AGO
        super().__init__(*arguments, **options)
