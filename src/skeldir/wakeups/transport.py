"""kombu's transport for `sqla+postgresql://`: the tables are kombu's own, the way to use them is `Mailbox`.

A message is deleted when it is received, so one that a worker received before it died is gone: messages only wake, the
work itself stands in `jobs`. For the same reason one that nobody received for a minute is not delivered any more, and
one that finds a full queue is not put.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from queue import Empty
from time import monotonic
from typing import Any

import psycopg
from kombu.transport import virtual

from skeldir.wakeups.mailbox import LOST, Mailbox

_TURN_S = 1.0
# kombu has annotations that contradict how it is meant to be subclassed.
_Channel: Any = virtual.Channel
_Transport: Any = virtual.Transport


class Channel(_Channel):  # type: ignore[misc]  # kombu's annotations, see above
    """A channel whose queues are rows of `celery.kombu_queue`."""

    # The sweep finds what was received and not begun when a worker stops.
    do_restore = False

    def _new_queue(self, queue: str, **_: Any) -> None:
        """Make nothing: the row of a queue is made with its first message, so that starting needs no server."""

    def _has_queue(self, *_: Any, **__: Any) -> bool:
        return True

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        self.connection.mailbox.put(queue, json.dumps(message))

    def _get_many(self, queues: list[str], **_: Any) -> None:
        received = self.connection.mailbox.receive(queues)
        if received is None:
            raise Empty
        queue, payload = received
        self.connection._deliver(json.loads(payload), queue)  # noqa: SLF001 - how kombu's own channels hand over

    def _get(self, queue: str, **_: Any) -> Any:
        received = self.connection.mailbox.receive([queue])
        if received is None:
            raise Empty
        return json.loads(received[1])

    def _size(self, queue: str) -> int:
        size: int = self.connection.mailbox.count(queue)
        return size

    def _purge(self, queue: str) -> int:
        purged: int = self.connection.mailbox.empty(queue)
        return purged


class Transport(_Transport):  # type: ignore[misc]  # kombu's annotations, see above
    """Delivers messages as they come; looks by itself once a second, in case a notification was missed.

    The transport option `on_turn` is called each time it looks: a sign that the consumer is alive.
    """

    Channel = Channel
    can_parse_url = True
    default_port = 0
    driver_type = "sql"
    driver_name = "psycopg"
    connection_errors = LOST

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        self.mailbox = Mailbox(client.hostname)
        self._on_turn: Callable[[], None] = client.transport_options.get("on_turn", _do_nothing)

    def drain_events(self, _connection: Any, timeout: float | None = None) -> None:
        """Deliver one message; wait for it for a second at most, or, without a time-out, for ever.

        Raises:
            TimeoutError: none came.
        """
        # A worker would wait longer, but is to notice soon that it was asked to stop.
        end = None if timeout is None else monotonic() + min(timeout, _TURN_S)
        while True:
            self._on_turn()
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = _TURN_S if end is None else end - monotonic()
                if left <= 0:
                    raise TimeoutError from None
                self.mailbox.wait(left)
            else:
                return

    def close_connection(self, connection: Any) -> None:
        """Close the channels and the connection to the server."""
        super().close_connection(connection)
        self.mailbox.close()

    def driver_version(self) -> str:
        """Return psycopg's version."""
        return psycopg.__version__


def _do_nothing() -> None:
    pass
