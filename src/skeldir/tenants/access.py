"""Who may do what: these annotated types in a route's signature are its access policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from skeldir.errors import SkeldirError
from skeldir.http.deps import AppDatabase, AppLimits, BearerSecret, client_host_of, unknown_keys_of
from skeldir.observability.context import note_tenant
from skeldir.observability.metrics import KEYS_REFUSED
from skeldir.tenants.keys import KEY_SHAPE, KeyHolder, authenticate, note_use
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


async def _holder_of_key(
    request: Request, database: AppDatabase, limits: AppLimits, secret: BearerSecret
) -> KeyHolder:
    if not KEY_SHAPE.fullmatch(secret):
        KEYS_REFUSED.labels("malformed").inc()
        raise _invalid()
    unknown_keys = unknown_keys_of(request)
    trial = await unknown_keys.admit(secret, client_host_of(request))
    try:
        async with database.statement() as connection:
            holder = await authenticate(connection, secret)
    except BaseException:
        unknown_keys.abandon(trial)
        raise
    if holder is None:
        unknown_keys.fail(trial)
        raise _invalid()
    unknown_keys.succeed(trial)
    note_tenant(holder.tenant_id)
    limits.take(holder.key_id)
    return holder


def _invalid() -> KeyInvalid:
    return KeyInvalid(
        "The key is not valid.", cure="Use a key in force; `skeldir keys list` shows them."
    )


_AnyKey = Annotated[KeyHolder, Depends(_holder_of_key)]


async def _holder_of_ingest_key(holder: _AnyKey) -> KeyHolder:
    return _require_scope(holder, "ingest")


async def _holder_of_read_key(holder: _AnyKey) -> KeyHolder:
    return _require_scope(holder, "read")


def _require_scope(holder: KeyHolder, scope: str) -> KeyHolder:
    if scope not in holder.scopes:
        raise ScopeMissing(
            f"The key has no scope `{scope}`.",
            cure=f"Make one with `skeldir keys create --scope {scope}`.",
        )
    return holder


IngestKey = Annotated[KeyHolder, Depends(_holder_of_ingest_key)]
ReadKey = Annotated[KeyHolder, Depends(_holder_of_read_key)]


@asynccontextmanager
async def tenant_transaction(
    database: Database, holder: KeyHolder
) -> AsyncIterator[TenantTransaction]:
    """Open the one transaction of a request, bound to the tenant of its key; committed at the end."""
    async with database.tenant(holder.tenant_id) as connection:
        await note_use(connection, holder)
        yield TenantTransaction(connection, await load_profile(connection, holder.tenant_id))


async def _open_reading(database: AppDatabase, holder: ReadKey) -> AsyncIterator[TenantTransaction]:
    # The note is a write, and waits for nobody's report: it has a short transaction of its own.
    if not holder.is_use_noted:
        async with database.tenant(holder.tenant_id) as connection:
            await note_use(connection, holder)
    async with database.tenant(holder.tenant_id, is_read_only=True) as connection:
        yield TenantTransaction(connection, await load_profile(connection, holder.tenant_id))


# Function scope: the transaction has ended before the answer is sent, so a slow reader of it holds no connection.
ReadTransaction = Annotated[TenantTransaction, Depends(_open_reading, scope="function")]
