"""A tenant's own hosts and its payment hosts, which are no referrers; and click ids that no rule knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.ingest.channels import CLICK_ID_KINDS, ascii_host, may_own
from skeldir.ingest.landing import host_of
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.ingest.store import SelectVisitsRow

HostKind: TypeAlias = Literal["own", "payment"]

_HOST: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+", re.ASCII)
_LONGEST_HOST: Final = 253
_DAYS_LOOKED_AT: Final = 90
_FEWEST_MIDWAY: Final = 3
_MOST_LISTED: Final = 200
_SAME_VISIT: Final = timedelta(minutes=30)
# What suggestions are made from; more would not change them, and each of these rows is read from its own place.
_MOST_TOUCHES_READ: Final = 500_000
_TOUCHES_READ_AT_ONCE: Final = 20_000
_TOUCHES_SUMMED_AT_ONCE: Final = 100_000


@dataclass(frozen=True, slots=True)
class HostMidway:
    """A referrer of the last 90 days: its touches, and how many follow another of the journey within 30 minutes."""

    host: str
    touches: int
    midway: int


@dataclass(frozen=True, slots=True)
class HostSuggestions:
    """The hosts met in the middle of visits, the most frequent first, and from how many touches that was found.

    Unless it `is_complete`, these are the touches of some of the visitors, and the counts are theirs.
    """

    hosts: list[HostMidway]
    touches_read: int
    is_complete: bool


@dataclass(frozen=True, slots=True)
class UnknownClickId:
    """A kind of click ids that no rule knows, on how many touches it is, and when the latest happened."""

    kind: str
    touches: int
    last_at: datetime


async def add_hosts(
    connection: Connection, tenant_id: UUID, hosts: Sequence[str], kind: HostKind
) -> list[str]:
    """Add hosts, given as hosts or URLs, to the transaction's tenant; return those that it did not have.

    Each stands for its sub-domains too. Touches that are recorded from then on follow it.

    Raises:
        InputInvalid: one is not a host, or is a domain under which many owners have hosts.
    """
    names = list(dict.fromkeys(read_host(host) for host in hosts))
    rows = await queries.insert_hosts(connection, tenant_id=tenant_id, hosts=names, kind=kind)
    return [row["host"] for row in rows]


async def remove_host(connection: Connection, tenant_id: UUID, host: str) -> bool:
    """Remove a host from the transaction's tenant; return whether it was there."""
    row = await queries.delete_host(connection, tenant_id=tenant_id, host=read_host(host))
    return row is not None


async def list_hosts(connection: Connection, tenant_id: UUID) -> dict[str, str]:
    """Return the hosts of the transaction's tenant, host → kind."""
    rows = await queries.select_hosts(connection, tenant_id=tenant_id)
    return {row["host"]: row["kind"] for row in rows}


async def suggest_hosts(
    connection: Connection,
    tenant_id: UUID,
    *,
    most: int = _MOST_TOUCHES_READ,
    at_once: int = _TOUCHES_READ_AT_ONCE,
) -> HostSuggestions:
    """Return the referrers of the last 90 days that are met in the middle of visits.

    Landing hosts are not stored, so this is what the data show: a site that sends visitors begins their
    visits, but the tenant's own hosts and payment pages follow a touch of the same journey within minutes. Reads the
    touches of any visitors, one visitor after another, until all or `most` of them are read.
    """
    counting = _Counting(utc_now() - timedelta(days=_DAYS_LOOKED_AT))
    key, moment, touch_id = b"", counting.since, UUID(int=0)
    rows: list[SelectVisitsRow] | None = None
    while rows is None or (len(rows) == at_once and counting.read < most):
        rows = await queries.select_visits(
            connection,
            tenant_id=tenant_id,
            after_key=key,
            after_moment=moment,
            after_id=touch_id,
            most=at_once,
        )
        counting.count(rows)
        if rows:
            last = rows[-1]
            key, moment, touch_id = last["journey_key"], last["occurred_at"], last["id"]
    return HostSuggestions(counting.find(), counting.read, is_complete=len(rows) < at_once)


@dataclass(slots=True)
class _Counting:
    """Counts, over the touches in order of journey and time, those that follow another within 30 minutes."""

    since: datetime
    read: int = 0
    touches: Counter[str] = field(default_factory=Counter)
    midway: Counter[str] = field(default_factory=Counter)
    journey: bytes = b""
    before: datetime | None = None

    def count(self, rows: Sequence[SelectVisitsRow]) -> None:
        self.read += len(rows)
        for row in rows:
            if row["journey_key"] != self.journey:
                self.journey, self.before = row["journey_key"], None
            if not row["is_standing"]:
                continue
            before, self.before = self.before, row["occurred_at"]
            host = row["other_host"]
            if host is not None and row["occurred_at"] >= self.since:
                self.touches[host] += 1
                self.midway[host] += (
                    before is not None and row["occurred_at"] - before <= _SAME_VISIT
                )

    def find(self) -> list[HostMidway]:
        found = [
            HostMidway(host, self.touches[host], midway)
            for host, midway in self.midway.items()
            if midway >= _FEWEST_MIDWAY and 2 * midway >= self.touches[host]
        ]
        return sorted(found, key=lambda one: (-one.midway, one.host))[:_MOST_LISTED]


async def list_unknown_click_ids(
    connection: Connection, tenant_id: UUID, *, at_once: int = _TOUCHES_SUMMED_AT_ONCE
) -> list[UnknownClickId]:
    """Return the kinds of click ids of the tenant's touches that no rule knows, the most frequent first.

    Reads all touches, about `at_once` with each statement.
    """
    touches: Counter[str] = Counter()
    last_at: dict[str, datetime] = {}
    last = await queries.select_last_touch(connection, tenant_id=tenant_id)
    after = UUID(int=0)
    while after < last:
        until = await queries.find_end_of_touches(
            connection, tenant_id=tenant_id, after=after, until=last, most=at_once
        )
        rows = await queries.select_unknown_click_ids(
            connection, tenant_id=tenant_id, after=after, until=until, known=sorted(CLICK_ID_KINDS)
        )
        for row in rows:
            kind = row["kind"]
            touches[kind] += row["touches"]
            last_at[kind] = max(row["last_at"], last_at.get(kind, row["last_at"]))
        after = until
    found = [UnknownClickId(kind, count, last_at[kind]) for kind, count in touches.items()]
    return sorted(found, key=lambda one: (-one.touches, one.kind))[:_MOST_LISTED]


def read_host(text: str) -> str:
    """Return the host in a host or URL, lower case, ASCII, without `www.`. Raises InputInvalid."""
    host = ascii_host(host_of(text) or "").removeprefix("www.")
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise InputInvalid(
            f"{text!r:.80} is not a host.", cure="Give a host such as shop.example, or its address."
        )
    if not may_own(host):
        raise InputInvalid(
            f"Under {host} many owners have hosts of their own.",
            cure=f"Give the host that is yours, such as yours.{host}.",
        )
    return host
