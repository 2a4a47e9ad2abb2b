"""Touches and captures sent to a running service, with a log of what was acknowledged, and where the log then was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import psycopg

from tests.support.service import Service

_PER_REQUEST = 5
_PAUSE_S = 0.02
_OVER_S = 15.0


@dataclass(slots=True)
class Sent:
    """The keys of the items of one tenant, each with the position of the log before it was sent or after the answer."""

    tenant: str
    key: str
    sent: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)

    @property
    def visitors(self) -> str:
        return f"visitor of {self.tenant}"


def make_senders(service: Service, names: tuple[str, ...] = ("A", "B")) -> list[Sent]:
    """Create tenants, each with a key that may send."""
    senders = []
    for name in names:
        tenant = service.skeldir("tenants", "create", name).strip()
        key = service.skeldir("keys", "create", tenant, "--scope", "ingest").strip()
        senders.append(Sent(tenant, key))
    return senders


class Position:
    """Where the server's log ends now, as a number."""

    def __init__(self, service: Service) -> None:
        self._connection = psycopg.connect(service.url, autocommit=True)

    def __call__(self) -> int:
        row = self._connection.execute(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        self._connection.close()


class Traffic:
    """Senders that work until they are told to stop, or until the service is gone. Nothing is sent twice."""

    def __init__(
        self, service: Service, senders: list[Sent], make_position: Callable[[], Position] | None
    ) -> None:
        self._service = service
        self._make_position = make_position
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(one,)) for one in senders]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: Sent) -> None:
        position = self._make_position() if self._make_position else None
        headers = {"Authorization": f"Bearer {sender.key}"}
        with httpx2.Client(base_url=self._service.base, headers=headers, timeout=_OVER_S) as client:
            while not self._stopped.wait(_PAUSE_S):
                first = len(sender.sent)
                for path, items in (
                    ("/v1/touches", _touches(sender, first)),
                    ("/v1/conversions", _captures(sender, first)),
                ):
                    keys = [str(item["idempotency_key"]) for item in items]
                    sender.sent |= dict.fromkeys(keys, position() if position else 0)
                    with suppress(httpx2.TransportError):
                        answer = client.post(path, json=items)
                        if answer.status_code == 200:
                            assert answer.json()["rejected"] == [], answer.text
                            after = position() if position else 0
                            sender.acknowledged |= dict.fromkeys(keys, after)
        if position is not None:
            position.close()


def _touches(sender: Sent, first: int) -> list[dict[str, object]]:
    moment = datetime.now(UTC) - timedelta(minutes=1)
    return [
        {
            "idempotency_key": f"t-{number}",
            "occurred_at": moment.isoformat(),
            "journey_key": f"{sender.visitors} {number % 50}",
            "channel": ("email", "paid_search", "organic_search")[number % 3],
        }
        for number in range(first, first + _PER_REQUEST)
    ]


def _captures(sender: Sent, first: int) -> list[dict[str, object]]:
    return [
        {
            "idempotency_key": f"c-{number}",
            "order_id": f"o-{number}",
            "kind": "capture",
            "amount_cents": 1_000 + number % 997,
            "currency": "USD",
            "occurred_at": datetime.now(UTC).isoformat(),
            "journey_key": f"{sender.visitors} {number % 50}",
        }
        for number in range(first, first + _PER_REQUEST)
    ]


def stored_keys(ask: Callable[..., list[tuple[object, ...]]], tenant: str) -> list[str]:
    """Return the keys of the touches and entries of a tenant, as a superuser sees them."""
    rows = ask(
        """SELECT idempotency_key FROM attribution_events WHERE tenant_id = %(tenant)s
           UNION ALL SELECT business_key FROM revenue_ledger WHERE tenant_id = %(tenant)s""",
        {"tenant": tenant},
    )
    return [str(key) for (key,) in rows]


def wait_for_acknowledged(senders: list[Sent], more: int, seconds: float = 30) -> None:
    """Wait until each sender has had so many more items acknowledged."""
    goals = [len(one.acknowledged) + more for one in senders]
    end = time.monotonic() + seconds
    while any(len(one.acknowledged) < goal for one, goal in zip(senders, goals, strict=True)):
        assert time.monotonic() < end, "the service acknowledges too little"
        time.sleep(0.02)
