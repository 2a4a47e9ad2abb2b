"""Waking workers: Celery messages, sent by a thread, that may be lost without harm."""

from __future__ import annotations

import logging
import threading
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
from kombu.exceptions import KombuError

from skeldir.jobs import QUEUE_OF
from skeldir.observability import WAKES_FAILED
from skeldir.wakeups.celery_app import make_celery

if TYPE_CHECKING:
    from celery import Celery

    from skeldir.settings import Settings

logger = logging.getLogger(__name__)

WAKE_EXPIRES_S = 60
_PAUSE_S = 0.05
_FLUSH_S = 1.0
# One more try, on a new connection: the pooled one may have been lost since the last message.
_TRY_TWICE = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}


class Waker:
    """Sends at most one wake-up per kind and 50 ms. One that cannot be sent is dropped: the sweep finds the work."""

    def __init__(self, settings: Settings, database_url: str) -> None:
        self._settings = settings
        self._database_url = database_url
        self._changed = threading.Condition()
        self._pending: set[str] = set()
        self._is_closed = False
        self._is_failing = False
        self._thread: threading.Thread | None = None

    def wake(self, kinds: frozenset[str]) -> None:
        """Have the workers for these kinds of jobs woken soon; returns at once and never raises."""
        with self._changed:
            if self._is_closed:
                return
            self._pending |= kinds
            # In a process that was forked since then, the thread is not alive either.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._send, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send what is pending, for a second at most, and nothing after that."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_FLUSH_S)

    def _send(self) -> None:
        celery = make_celery(self._settings, self._database_url)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._is_closed)
                kinds, self._pending = self._pending, set()
                if not kinds:
                    break
            began = monotonic()
            for kind in sorted(kinds):
                self._publish(celery, kind)
            if not self._is_closed:
                threading.Event().wait(max(0.0, began + _PAUSE_S - monotonic()))
        celery.close()

    def _publish(self, celery: Celery, kind: str) -> None:
        try:
            celery.send_task(
                kind,
                queue=QUEUE_OF[kind],
                expires=WAKE_EXPIRES_S,
                ignore_result=True,
                retry=True,
                retry_policy=_TRY_TWICE,
            )
        except (KombuError, OSError, psycopg.Error) as fault:
            WAKES_FAILED.inc()
            # One line for an outage, not one for each wake-up in it.
            level = logging.DEBUG if self._is_failing else logging.WARNING
            logger.log(level, "jobs.wake_failed %s: %s", kind, type(fault).__name__)
            self._is_failing = True
        else:
            self._is_failing = False
