"""Messages in kombu's tables: put with a notification, received once by SKIP LOCKED, waited for by LISTEN."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from functools import partial
from time import sleep
from typing import TYPE_CHECKING

import psycopg

from skeldir.settings import plain_postgres_url
from skeldir.wakeups.store import broker_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

_TAKES_NO_WRITES = psycopg.errors.ReadOnlySqlTransaction
LOST = (psycopg.OperationalError, psycopg.InterfaceError, _TAKES_NO_WRITES)
_CONNECT_S = 3
_RETRY_S = 0.5
MOST_WAITING = 20
"""Of one queue. More hints would wake nobody sooner, and each of them costs a worker a look."""


class Mailbox:
    """One connection of one process, opened when it is needed and again when it was lost.

    `put` raises psycopg's errors. `receive` and `wait` raise nothing when the server is away: there is no message then.
    """

    def __init__(self, url: str, *, most_waiting: int = MOST_WAITING) -> None:
        self._url = plain_postgres_url(url)
        self._most_waiting = most_waiting
        self._connection: psycopg.Connection | None = None
        self._opened_by = 0
        self._is_away = False
        self._served_last = ""

    def put(self, queue: str, payload: str) -> None:
        """Add a message, durably, and wake whoever waits; unless enough messages wait in the queue already.

        Raises:
            psycopg.Error: one of LOST: the server cannot be reached, or is one that can only be read.
        """
        was_open = self._connection is not None
        try:
            self._put(queue, payload)
        except LOST:
            self.close()
            if not was_open:
                raise
            # An old connection may have been lost long ago; that says nothing about the server now.
            self._put(queue, payload)

    def _put(self, queue: str, payload: str) -> None:
        connection = self.connection()
        put = partial(
            broker_queries.put_message,
            connection,
            queue=queue,
            payload=payload,
            most_waiting=self._most_waiting,
        )
        if put() is None:
            broker_queries.insert_queue(connection, queue=queue)
            put()

    def receive(self, queues: Sequence[str]) -> tuple[str, str] | None:
        """Remove a fresh message of `queues`; return its queue and payload, or None.

        The oldest one, of another queue than the last one was of, if there is any.
        """
        try:
            found = broker_queries.receive_message(
                self.connection(), queues=list(queues), served_last=self._served_last
            )
        except LOST as fault:
            if not self._is_away:
                logger.warning("jobs.broker_lost %s", _describe(fault))
            self._is_away = True
            self.close()
            return None
        if self._is_away:
            self._is_away = False
            logger.info("jobs.broker_reached")
        if found is not None:
            self._served_last = found[0]
        return found

    def wait(self, seconds: float) -> None:
        """Return as soon as a message was put anywhere, or after `seconds`; sooner when the server is away."""
        if self._is_closed():
            sleep(min(seconds, _RETRY_S))
            return
        assert self._connection is not None  # noqa: S101 - for the type checker: it is not closed
        try:
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except LOST:
            self.close()

    def count(self, queue: str) -> int:
        """Return how many fresh messages wait in `queue`; 0 when the server is away."""
        try:
            return broker_queries.count_messages(self.connection(), queue=queue)
        except LOST:
            self.close()
            return 0

    def empty(self, queue: str) -> int:
        """Remove all messages of `queue`; return how many there were."""
        return broker_queries.delete_messages(self.connection(), queue=queue)

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None and self._opened_by == os.getpid():
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None

    def _is_closed(self) -> bool:
        return self._connection is None or self._connection.closed or self._opened_by != os.getpid()

    def connection(self) -> psycopg.Connection:
        """Return the connection of this process; it is opened when there is none."""
        if self._is_closed() or self._connection is None:
            # A forked child leaves its parent's connection alone.
            self.close()
            self._opened_by = os.getpid()
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                application_name="skeldir broker",
                # A server that vanished without closing the connection is noticed.
                tcp_user_timeout=10_000,
            )
            self._connection.execute("SET statement_timeout = '10s'")
            self._connection.execute("LISTEN skeldir_messages")
        return self._connection


def _describe(fault: psycopg.Error) -> str:
    if isinstance(fault, _TAKES_NO_WRITES):
        return "The server takes no writes: it is a standby, or read-only."
    return type(fault).__name__
