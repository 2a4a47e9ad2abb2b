"""Who may do what: these annotated types in a route's signature are its access policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from skeldir.errors import SkeldirError
from skeldir.http.deps import (
    bearer_secret_of,
    client_host_of,
    database_of,
    limits_of,
    unknown_keys_of,
)
from skeldir.observability import KEYS_ACCEPTED, KEYS_REFUSED, note_tenant
from skeldir.tenants import (
    KEY_SHAPE,
    KeyHolder,
    TenantProfile,
    authenticate,
    is_in_force,
    note_use,
    profile_from,
)

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.tenants import KeyMemory

# Together with the time for which a key is remembered without an answer from the server (`listening.CURRENT_S`) less
# than a second.
_LONGEST_WAIT_S = 0.3
_RECALLED, _LOOKED_UP = map(KEYS_ACCEPTED.labels, ("memory", "database"))


class KeyInvalid(SkeldirError):
    """The key is unknown, revoked or expired; the error does not show which."""

    code = "key_invalid"
    status = 401
    title = "The key is not valid"


class ScopeMissing(SkeldirError):
    """The key is valid, but lacks the scope for this request."""

    code = "scope_missing"
    status = 403
    title = "The key does not allow this"


@dataclass(frozen=True, slots=True)
class TenantTransaction:
    """A transaction bound to the tenant of the request's key, and that tenant's profile."""

    connection: Connection
    profile: TenantProfile


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a request's key, and when the key was last known to be in force.

    `known_at_s` is a moment of the monotonic clock, in seconds.
    """

    holder: KeyHolder
    known_at_s: float

    @property
    def tenant_id(self) -> UUID:
        """The tenant of the key."""
        return self.holder.tenant_id

    @property
    def has_waited(self) -> bool:
        """Whether the key may have ended unnoticed since it was last known to be in force."""
        return monotonic() - self.known_at_s > _LONGEST_WAIT_S


class KeyFor(SecurityBase):
    """Admits requests whose key has one of the given scopes; it is the security scheme of the API's description."""

    def __init__(self, *scopes: str) -> None:
        self.model = HTTPBearer(description="a key from `skeldir keys create`")
        self.scheme_name = "key"
        self._scopes = scopes

    async def __call__(self, request: Request) -> Caller:
        """Return the holder of the request's key.

        Raises:
            KeyMissing, KeyInvalid, ScopeMissing: there is no key, it is not in force, or it has another scope.
            UnknownKeysLimited, RateLimited: too many keys are tried, or the key sends too many requests.
        """
        caller = await find_caller(request, bearer_secret_of(request))
        if caller.holder.scopes.isdisjoint(self._scopes):
            raise ScopeMissing(
                f"The key has no scope {' or '.join(f'`{scope}`' for scope in self._scopes)}.",
                cure=f"Make one with `skeldir keys create TENANT --scope {self._scopes[0]}`.",
            )
        return caller


async def find_caller(request: Request, secret: str) -> Caller:
    """Return the holder of the key that a request has somewhere, whatever its scopes.

    Raises:
        KeyInvalid: the key is not in force.
        UnknownKeysLimited, RateLimited: too many keys are tried, or the key sends too many requests.
    """
    if not KEY_SHAPE.fullmatch(secret):
        KEYS_REFUSED.labels("malformed").inc()
        raise _invalid()
    caller = await _look_up_caller(request, secret)
    note_tenant(caller.tenant_id)
    limits_of(request).take(caller.holder.key_id)
    return caller


async def _look_up_caller(request: Request, secret: str) -> Caller:
    unknown_keys = unknown_keys_of(request)
    memory: KeyMemory = request.app.state.key_memory
    trial = await unknown_keys.admit(secret, client_host_of(request))
    known_at_s = monotonic()
    holder = memory.recall(trial.digest)
    if holder is not None:
        _RECALLED.inc()
    else:
        look_up = memory.begin_look_up(known_at_s)
        try:
            async with database_of(request).statement() as connection:
                holder = await authenticate(connection, secret)
        except BaseException:
            unknown_keys.abandon(trial)
            raise
        if holder is None:
            unknown_keys.fail(trial)
            raise _invalid()
        memory.remember(trial.digest, holder, look_up)
        _LOOKED_UP.inc()
    unknown_keys.succeed(trial)
    return Caller(holder, known_at_s)


async def admit_caller(
    request: Request, secret: str, find: Callable[[], Awaitable[KeyHolder | None]]
) -> Caller | None:
    """Return who `find` finds for a secret of a request without a key; None if it finds nobody.

    The limits for keys hold for it: those for unknown ones, by how the secret begins, and that of the found one.

    Raises:
        UnknownKeysLimited, RateLimited: too many secrets are tried, or the found key sends too many requests.
    """
    unknown_keys = unknown_keys_of(request)
    trial = await unknown_keys.admit(secret, client_host_of(request))
    known_at_s = monotonic()
    try:
        holder = await find()
    except BaseException:
        unknown_keys.abandon(trial)
        raise
    if holder is None:
        unknown_keys.fail(trial)
        return None
    unknown_keys.succeed(trial)
    note_tenant(holder.tenant_id)
    limits_of(request).take(holder.key_id)
    return Caller(holder, known_at_s)


def _invalid() -> KeyInvalid:
    return KeyInvalid(
        "The key is not valid.", cure="Use a key that is in force; `skeldir keys list` shows them."
    )


IngestKey = Annotated[Caller, Depends(KeyFor("ingest"))]
ReadKey = Annotated[Caller, Depends(KeyFor("read"))]
ManageKey = Annotated[Caller, Depends(KeyFor("manage"))]
ReadOrManageKey = Annotated[Caller, Depends(KeyFor("read", "manage"))]


@asynccontextmanager
async def tenant_transaction(
    database: Database, *callers: Caller, shared: str | None = None
) -> AsyncIterator[TenantTransaction]:
    """Open one transaction for the requests of a tenant, with these callers; it is committed at the end.

    `shared` is the name of a lock that it holds in shared mode.

    Raises:
        KeyInvalid: a key has ended while its request waited for its body, for others or for a connection; or the
            tenant is being deleted, with its keys.
    """
    async with _open(database, callers[0].tenant_id, shared=shared) as transaction:
        noted = []
        for caller in _one_of_each_key(callers):
            await _require_still_in_force(transaction.connection, caller)
            if await note_use(transaction.connection, caller.holder):
                noted.append(caller.holder)
        yield transaction
    for holder in noted:
        holder.mark_noted()


def _one_of_each_key(callers: Sequence[Caller]) -> Iterable[Caller]:
    """Return, for each key, the caller that has waited longest; all processes record uses in this order."""
    if len(callers) == 1:
        return callers
    longest = sorted(callers, key=lambda caller: caller.known_at_s, reverse=True)
    of_key = {caller.holder.key_id: caller for caller in longest}
    return [of_key[key_id] for key_id in sorted(of_key)]


@asynccontextmanager
async def _open(
    database: Database, tenant_id: UUID, *, is_read_only: bool = False, shared: str | None = None
) -> AsyncIterator[TenantTransaction]:
    opened = database.known_tenant(tenant_id, is_read_only=is_read_only, shared=shared)
    async with opened as (connection, known):
        if known is None:
            raise _invalid()
        yield TenantTransaction(connection, profile_from(tenant_id, known))


async def _require_still_in_force(connection: Connection, caller: Caller) -> None:
    """Look up the key again if the request has waited since; most have not, and cost nothing."""
    if caller.has_waited and not await is_in_force(connection, caller.holder):
        raise _invalid()


@asynccontextmanager
async def reading_transaction(
    database: Database, caller: Caller
) -> AsyncIterator[TenantTransaction]:
    """Open the transaction of a request that reads, in one snapshot (repeatable read).

    Raises:
        KeyInvalid: the key has ended while its request waited for a connection, or its tenant is being deleted.
    """
    await note_use_apart(database, caller.holder)
    async with _open(database, caller.tenant_id, is_read_only=True) as transaction:
        await _require_still_in_force(transaction.connection, caller)
        yield transaction


async def note_use_apart(database: Database, holder: KeyHolder) -> None:
    """Record the use of a key, a write that does not wait for a report: it has a short transaction of its own."""
    if holder.is_use_noted:
        return
    async with database.tenant(holder.tenant_id) as connection:
        is_noted = await note_use(connection, holder)
    if is_noted:
        holder.mark_noted()


async def require_in_force_apart(database: Database, caller: Caller) -> None:
    """Look up, on the primary, the key of a request that has waited before it was read elsewhere.

    Raises:
        KeyInvalid: the key has ended.
    """
    if caller.has_waited:
        await require_in_force_now(database, caller)


async def require_in_force_now(database: Database, caller: Caller) -> None:
    """Look up, on the primary, the key of a request whose answer takes long.

    Raises:
        KeyInvalid: the key has ended, or its tenant is being deleted.
    """
    async with _open(database, caller.tenant_id, is_read_only=True) as transaction:
        if not await is_in_force(transaction.connection, caller.holder):
            raise _invalid()


async def _open_reading(request: Request, caller: ReadKey) -> AsyncIterator[TenantTransaction]:
    async with reading_transaction(database_of(request), caller) as transaction:
        yield transaction


# Function scope: the transaction has ended before the answer is sent, so a slow client holds no connection.
ReadTransaction = Annotated[TenantTransaction, Depends(_open_reading, scope="function")]
