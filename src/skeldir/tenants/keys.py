"""API keys: shown once, stored as the SHA-256 of a high-entropy secret, found before a tenant is known."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.clock import utc_now
from skeldir.db.ids import new_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.tenants.registry import tenant_unknown
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db.pool import Connection

SCOPES = ("ingest", "read", "manage")
_PREFIX = "skd_"
KEY_SHAPE = re.compile(_PREFIX + "[A-Za-z0-9_-]{43}")
_PREFIX_LENGTH = 12
# `last_used_at` is for people: a write per request would cost more than it tells.
_LAST_USE_RESOLUTION = timedelta(minutes=1)


class KeyUnknown(SkeldirError):
    """The tenant has no such key."""

    code = "key_unknown"
    status = 404
    title = "The key is not known"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be shown of a key: never the secret, nor its digest."""

    key_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key at the one moment when its secret exists."""

    key_id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a valid key speaks for."""

    tenant_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    is_use_noted: bool


async def issue_key(
    connection: Connection,
    tenant_id: UUID,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
) -> IssuedKey:
    """Make a key of the transaction's tenant; its 256-bit secret is returned once and not kept.

    Raises:
        InputInvalid: no scope, an unknown scope, a blank name, or an expiry that has passed.
        TenantUnknown: the tenant does not exist.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise InputInvalid(
            f"The scopes are {', '.join(scopes) or 'empty'}.",
            cure=f"Choose from {', '.join(SCOPES)}.",
        )
    if not name.strip():
        raise InputInvalid("A key needs a name.", cure="Say who will use it.")
    if expires_at is not None and expires_at <= utc_now():
        raise InputInvalid(
            f"The expiry {expires_at.isoformat()} has passed.", cure="Choose a later moment."
        )
    secret = _PREFIX + secrets.token_urlsafe(32)
    key_id = new_id()
    try:
        await queries.insert_key(
            connection,
            tenant_id=tenant_id,
            id=key_id,
            name=name.strip(),
            prefix=secret[:_PREFIX_LENGTH],
            secret_sha256=_digest(secret),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise tenant_unknown(tenant_id) from error
    return IssuedKey(key_id, secret)


async def list_keys(connection: Connection, tenant_id: UUID) -> list[ApiKey]:
    """Return the keys of the transaction's tenant, oldest first, revoked and expired ones included."""
    return [_api_key(row) for row in await queries.select_keys(connection, tenant_id=tenant_id)]


async def revoke_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> datetime:
    """End a key now; one already revoked stays as it is. Returns the moment it was revoked.

    Raises:
        KeyUnknown: the tenant has no such key.
    """
    revoked_at: datetime | None = await queries.revoke_key(
        connection, tenant_id=tenant_id, key_id=key_id
    )
    if revoked_at is None:
        raise KeyUnknown(
            f"There is no key {key_id}.", cure="`skeldir keys list` shows the keys' ids."
        )
    return revoked_at


async def rotate_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> IssuedKey:
    """Revoke a key and issue one with the same name, scopes and expiry, in the caller's transaction.

    Raises:
        KeyUnknown: the tenant has no such key, or it is revoked already.
        InputInvalid: the key has expired; the caller's transaction must not go on.
    """
    row = await queries.replace_key(connection, tenant_id=tenant_id, key_id=key_id)
    if row is None:
        raise KeyUnknown(
            f"There is no key {key_id} in use.",
            cure="`skeldir keys list` shows the keys' ids and states.",
        )
    return await issue_key(
        connection, tenant_id, name=row["name"], scopes=row["scopes"], expires_at=row["expires_at"]
    )


async def authenticate(connection: Connection, secret: str) -> KeyHolder | None:
    """Return whom `secret` speaks for; None when it is unknown, revoked or expired, without telling which.

    The look-up compares digests of a 256-bit random secret, so its timing tells nothing about a key.
    """
    row = await queries.find_api_key(connection, sha256=_digest(secret))
    now = utc_now()
    if (
        row is None
        or row["revoked_at"] is not None
        or (row["expires_at"] is not None and row["expires_at"] <= now)
    ):
        return None
    is_use_noted = (
        row["last_used_at"] is not None and now - row["last_used_at"] < _LAST_USE_RESOLUTION
    )
    return KeyHolder(row["tenant_id"], row["key_id"], frozenset(row["scopes"]), is_use_noted)


async def note_use(connection: Connection, holder: KeyHolder) -> None:
    """Write down that the key was used, at most once a minute."""
    if not holder.is_use_noted:
        await queries.touch_key(connection, tenant_id=holder.tenant_id, key_id=holder.key_id)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _api_key(row: dict[str, object]) -> ApiKey:
    fields = dict(row)
    fields["scopes"] = tuple(fields["scopes"])  # type: ignore[arg-type]  # asyncpg gives a list of str
    return ApiKey(**fields)  # type: ignore[arg-type]  # the statement selects exactly these columns
