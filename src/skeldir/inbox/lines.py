"""The line in which a tenant's deliveries wait, so that those that arrive together share a commit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from skeldir.errors import SkeldirError
from skeldir.http import SharedCommits, TenantTransaction
from skeldir.inbox.recording import Arrival, Recorded, record_arrivals
from skeldir.inbox.settling import inbox_lock
from skeldir.rollups import ingest_lock
from skeldir.tenants import profile_from

if TYPE_CHECKING:
    from skeldir.db import Database


class DeliveryRefused(SkeldirError):
    """The delivery is not signed with a secret of the endpoint, or there is none; the error does not show which."""

    code = "delivery_refused"
    status = 401
    title = "The delivery is refused"


def refusal() -> DeliveryRefused:
    """Return the one answer to whatever is refused."""
    return DeliveryRefused(
        "The delivery is refused.",
        cure="Check the address and the secret that the provider was given; "
        "`skeldir webhooks list` shows why deliveries were refused.",
    )


@asynccontextmanager
async def _open_shared(
    database: Database, arrivals: Sequence[Arrival]
) -> AsyncIterator[TenantTransaction]:
    tenant_id = arrivals[0].tenant_id
    opened = database.known_tenant(
        tenant_id, shared=ingest_lock(tenant_id), locked=inbox_lock(tenant_id)
    )
    async with opened as (connection, known):
        if known is None:  # the tenant is being deleted
            raise refusal()
        yield TenantTransaction(connection, profile_from(tenant_id, known))


async def _record(
    transaction: TenantTransaction, arrivals: Sequence[Arrival]
) -> Sequence[Recorded]:
    return await record_arrivals(transaction.connection, transaction.profile, arrivals)


def make_line() -> SharedCommits[Arrival, Recorded]:
    """Return the line in which the deliveries of a tenant that wait share a commit."""
    return SharedCommits(_open_shared, _record)
