"""A tenant's own hosts and its payment hosts, which are no referrers; and click ids that no rule knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.ingest.channels import CLICK_ID_KINDS, ascii_host, may_own
from skeldir.ingest.landing import host_of
from skeldir.ingest.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.ingest.store import SelectHostsMetMidwayRow, SelectUnknownClickIdsRow

HostKind: TypeAlias = Literal["own", "payment"]

_HOST: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+", re.ASCII)
_LONGEST_HOST: Final = 253
_DAYS_LOOKED_AT: Final = 90
_FEWEST_MIDWAY: Final = 3
_MOST_LISTED: Final = 200


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


async def suggest_hosts(connection: Connection, tenant_id: UUID) -> list[SelectHostsMetMidwayRow]:
    """Return the referrers of the last 90 days that are met in the middle of visits, the most frequent first.

    Landing hosts are not stored, so this is what the data show: a site that sends visitors begins their
    visits, but the tenant's own hosts and payment pages follow a touch of the same journey within minutes.
    """
    since = utc_now() - timedelta(days=_DAYS_LOOKED_AT)
    return await queries.select_hosts_met_midway(
        connection, tenant_id=tenant_id, since=since, fewest=_FEWEST_MIDWAY, most=_MOST_LISTED
    )


async def list_unknown_click_ids(
    connection: Connection, tenant_id: UUID
) -> list[SelectUnknownClickIdsRow]:
    """Return the kinds of click ids of the tenant's touches that no rule knows, the most frequent first."""
    known = sorted(CLICK_ID_KINDS)
    return await queries.select_unknown_click_ids(
        connection, tenant_id=tenant_id, known=known, most=_MOST_LISTED
    )


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
