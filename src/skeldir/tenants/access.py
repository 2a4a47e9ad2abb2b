"""Who may do what: these annotated types in a route's signature are its access policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends

from skeldir.errors import SkeldirError
from skeldir.http.deps import AppDatabase, BearerSecret
from skeldir.tenants.keys import KeyHolder, authenticate, note_use
from skeldir.tenants.registry import TenantProfile, load_profile

if TYPE_CHECKING:
    from skeldir.db.pool import Connection, Database


class KeyInvalid(SkeldirError):
    """The key is unknown, revoked or expired; which of them is not told."""

    code = "key_invalid"
    status = 401
    title = "The key is not valid"


class ScopeMissing(SkeldirError):
    """The key is valid, but not for this."""

    code = "scope_missing"
    status = 403
    title = "The key does not allow this"


@dataclass(frozen=True, slots=True)
class TenantTransaction:
    """A transaction bound to the tenant of the request's key, and what is known of that tenant."""

    connection: Connection
    profile: TenantProfile


async def _holder_of_ingest_key(database: AppDatabase, secret: BearerSecret) -> KeyHolder:
    async with database.statement() as connection:
        holder = await authenticate(connection, secret)
    if holder is None:
        raise KeyInvalid(
            "The key is not valid.", cure="Use a key in force; `skeldir keys list` shows them."
        )
    if "ingest" not in holder.scopes:
        raise ScopeMissing(
            "The key has no scope `ingest`.",
            cure="Make one with `skeldir keys create --scope ingest`.",
        )
    return holder


IngestKey = Annotated[KeyHolder, Depends(_holder_of_ingest_key)]


@asynccontextmanager
async def tenant_transaction(
    database: Database, holder: KeyHolder
) -> AsyncIterator[TenantTransaction]:
    """Open the one transaction of a request, bound to the tenant of its key; committed at the end."""
    async with database.tenant(holder.tenant_id) as connection:
        await note_use(connection, holder)
        yield TenantTransaction(connection, await load_profile(connection, holder.tenant_id))
