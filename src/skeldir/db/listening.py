"""LISTEN on a connection outside the pool, which tracks when the server last answered."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import asyncpg

from skeldir.settings import plain_postgres_url

logger = logging.getLogger(__name__)

CURRENT_S = 0.6
"""How long a subscription stays current after the last check that the server answered."""
_BEAT_S = 0.2
_CONNECT_S = 5.0
_ANSWER_S = 5.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_chance = random.SystemRandom()


@dataclass(slots=True)
class Subscription:
    """The state of a channel: whether there was a notification, and until when none can have been missed.

    Data read from the database are still valid while `changes` is what it was before they were read, and the monotonic
    clock, in seconds, is before `current_until_s`. `changes` counts notifications, and each start and end of listening,
    because a notification may have been missed then.
    """

    changes: int = 0
    current_until_s: float = 0.0

    def note_change(self) -> None:
        """Count a notification, or one that may have been missed."""
        self.changes += 1

    def mark_lost(self) -> None:
        """Stop being current: nothing listens."""
        self.changes += 1
        self.current_until_s = 0.0


@asynccontextmanager
async def listen(url: str, channel: str) -> AsyncIterator[Subscription]:
    """Listen to `channel` during the block; a connection that is lost is opened again, with growing pauses.

    The server is checked five times a second, so the subscription stops being current CURRENT_S seconds after the last
    answer, even when the connection breaks silently.
    """
    subscription = Subscription()
    task = asyncio.create_task(_keep_listening(plain_postgres_url(url), channel, subscription))
    try:
        yield subscription
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_listening(url: str, channel: str, subscription: Subscription) -> None:
    failures = 0
    while True:
        try:
            async with _connected(url, subscription) as connection:
                await connection.add_listener(channel, lambda *_: subscription.note_change())
                # Data read before this moment may have changed without a notification.
                subscription.note_change()
                while True:
                    subscription.current_until_s = await _beat(connection, channel) + CURRENT_S
                    if failures:
                        logger.info("db.listener_connected %s", channel)
                    failures = 0
                    await asyncio.sleep(_BEAT_S)
        except _LOST as error:
            # One line for an outage, not one for each attempt.
            level = logging.DEBUG if failures else logging.WARNING
            logger.log(level, "db.listener_lost %s: %s", channel, type(error).__name__)
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(failures, 10))
        failures += 1
        await asyncio.sleep(pause_s * _chance.uniform(0.5, 1))


@asynccontextmanager
async def _connected(
    url: str, subscription: Subscription
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(
        url,
        timeout=_CONNECT_S,
        command_timeout=_ANSWER_S,
        server_settings={
            "application_name": "skeldir listener",
            "search_path": "public",
            "statement_timeout": str(int(_ANSWER_S * 1_000)),
        },
    )
    try:
        connection.add_termination_listener(lambda _: subscription.mark_lost())
        yield connection
    finally:
        subscription.mark_lost()
        # Nothing is left to finish, and an orderly close would wait for a server that does not answer.
        connection.terminate()


async def _beat(connection: asyncpg.Connection[asyncpg.Record], channel: str) -> float:
    """Check with the server that this session listens; return the moment of the query.

    Notifications of earlier commits arrive before the answer.
    """
    asked_at_s = monotonic()
    # Behind a pooler that shares sessions, another session may answer.
    if not await connection.fetchval(
        "SELECT $1 IN (SELECT pg_catalog.pg_listening_channels())", channel
    ):
        raise asyncpg.InterfaceError("the session that answers does not listen")
    return asked_at_s
