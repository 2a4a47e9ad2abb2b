"""Endpoints that got deliveries daily and get none any more, for longer than they ever waited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.inbox.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.inbox.saying import EndpointProvider

SHORTEST_SILENCE: Final = timedelta(hours=24)
"""No endpoint is silent for less."""

DAILY_DAYS: Final = 20
"""On how many days of the last 45 deliveries came in at an endpoint that gets them daily."""

_WINDOW: Final = timedelta(days=45)
_TIMES_LONGEST: Final = 2


@dataclass(frozen=True, slots=True)
class Silence:
    """How long no delivery came in at an endpoint, and the longest time between two before that, in seconds."""

    endpoint_id: UUID
    provider: EndpointProvider
    token_start: str
    silent_s: int
    usual_gap_s: int


@dataclass(frozen=True, slots=True)
class Silences:
    """The silent endpoints, and those of which nothing is known: they are not heard, and have no rhythm."""

    silent: list[Silence]
    unknown: frozenset[UUID]


async def find_silences(connection: Connection, tenant_id: UUID, now: datetime) -> Silences:
    """Return which live endpoints of the transaction's tenant are silent, for twice their longest gap of 45 days.

    Where all endpoints were heard within a day, this reads the deliveries of that day only.
    """
    endpoints = {
        row["id"]: row
        for row in await queries.select_endpoints(connection, tenant_id=tenant_id)
        if row["is_live"] and row["ended_at"] is None and row["has_secret"]
    }
    if not endpoints:
        return Silences([], frozenset())
    since = now - SHORTEST_SILENCE
    rows = await queries.select_heard_endpoints(connection, tenant_id=tenant_id, since=since)
    quiet = endpoints.keys() - {row["endpoint_id"] for row in rows}
    if not quiet:
        return Silences([], frozenset())
    silent: list[Silence] = []
    for rhythm in await queries.select_rhythms(
        connection, tenant_id=tenant_id, endpoints=sorted(quiet), since=now - _WINDOW
    ):
        silent_s = (now - rhythm["last_at"]).total_seconds()
        if rhythm["days"] >= DAILY_DAYS and silent_s > _TIMES_LONGEST * rhythm["longest_gap_s"]:
            endpoint = endpoints[rhythm["endpoint_id"]]
            silent.append(
                Silence(
                    endpoint["id"],
                    endpoint["provider"],
                    endpoint["token_start"],
                    int(silent_s),
                    int(rhythm["longest_gap_s"]),
                )
            )
    return Silences(silent, frozenset(quiet - {one.endpoint_id for one in silent}))
