"""API keys: shown once, stored as the SHA-256 of a high-entropy secret, found before a tenant is known."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from skeldir.clock import utc_now
from skeldir.db import new_id, read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.tenants.key_terms import (
    COLLECT,
    NO_TERMS,
    KeyTerms,
    read_terms,
    require_terms,
    set_terms,
    terms_from,
)
from skeldir.tenants.names import KEY_PREFIX_LENGTH, KEY_START
from skeldir.tenants.registry import tenant_unknown
from skeldir.tenants.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.tenants.store import SelectKeysRow

SCOPES = ("ingest", "read", "manage")
KEY_SHAPE = re.compile(KEY_START + "[A-Za-z0-9_-]{43}")
LONGEST_OVERLAP = timedelta(days=365)
_CHECK_TENANT = (
    "`skeldir keys list` shows the tenant's keys. Check the tenant too: "
    "a key's own prefix can be given in its place."
)
# `last_used_at` is for people: a write per request would cost more than it is worth.
_LAST_USE_RESOLUTION_S = 60.0


class KeyUnknown(SkeldirError):
    """The tenant has no such key."""

    code = "key_unknown"
    status = 404
    title = "The key is not known"


class KeyNotInForce(SkeldirError):
    """The key is already revoked, expired or replaced, so it cannot be rotated."""

    code = "key_not_in_force"
    status = 409
    title = "The key is not in force"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What may be shown of a key: never the secret or its digest. `replaced_by` is its successor's prefix."""

    key_id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, which exists only now; people refer to the key by its prefix."""

    key_id: UUID
    secret: str
    expires_at: datetime | None

    @property
    def prefix(self) -> str:
        """Return the beginning of the secret, which may be shown."""
        return self.secret[:KEY_PREFIX_LENGTH]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A key and its successor: the old one works until `old_ends_at`."""

    new: IssuedKey
    old_prefix: str
    old_ends_at: datetime


@dataclass(slots=True)
class KeyHolder:
    """The tenant and the scopes of a valid key; requests with the same key may share the object.

    The key expires at `valid_until_s`, and its use was last recorded at `noted_at_s`: moments of this process's
    monotonic clock, in seconds, derived from the database's clock.
    """

    tenant_id: UUID
    key_id: UUID
    scopes: frozenset[str]
    terms: KeyTerms = NO_TERMS
    valid_until_s: float = field(default=inf, compare=False)
    noted_at_s: float = field(default=-inf, compare=False)

    @property
    def is_use_noted(self) -> bool:
        """Whether the use of the key was recorded within the last minute."""
        return monotonic() - self.noted_at_s < _LAST_USE_RESOLUTION_S

    def mark_noted(self) -> None:
        """Remember that the use was recorded; call it after the commit."""
        self.noted_at_s = monotonic()


async def issue_key(
    connection: Connection,
    tenant_id: UUID,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    replaces: UUID | None = None,
    terms: KeyTerms = NO_TERMS,
) -> IssuedKey:
    """Make a key of the transaction's tenant; its 256-bit secret is returned once and never stored.

    Raises:
        InputInvalid: no scope, an unknown scope, scopes that do not go together, a write key without origins, a blank
            name, or an expiry that has passed.
        TenantUnknown: the tenant does not exist.
    """
    _require_scopes(scopes)
    require_terms(scopes, terms)
    if not name.strip():
        raise InputInvalid(
            "A key needs a name.", cure="Name it after the program that will use it."
        )
    if expires_at is not None and expires_at <= utc_now():
        raise InputInvalid(
            f"The expiry {expires_at.isoformat()} has passed.", cure="Choose a later moment."
        )
    secret = KEY_START + secrets.token_urlsafe(32)
    key_id = new_id()
    try:
        await queries.insert_key(
            connection,
            tenant_id=tenant_id,
            id=key_id,
            name=name.strip(),
            prefix=secret[:KEY_PREFIX_LENGTH],
            secret_sha256=_digest(secret),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
            replaces=replaces,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise tenant_unknown(tenant_id) from error
    if terms != NO_TERMS:
        await set_terms(connection, tenant_id, key_id, terms)
    return IssuedKey(key_id, secret, expires_at)


def _require_scopes(scopes: Sequence[str]) -> None:
    """Raise InputInvalid when no scope or an unknown scope is given."""
    unknown = [repr(scope) for scope in sorted({*scopes} - {*SCOPES, COLLECT})]
    if scopes and not unknown:
        if COLLECT in scopes and {*scopes} != {COLLECT}:
            raise InputInvalid(
                "A write key has the scope collect and no other: anybody can read it in a page.",
                cure="Make two keys.",
            )
        return
    what = " and ".join(unknown) + (" is not a scope." if len(unknown) == 1 else " are not scopes.")
    raise InputInvalid(
        what if unknown else "No scope was given.",
        cure=f"The scopes are {', '.join((*SCOPES, COLLECT))}; for more than one, repeat --scope.",
    )


async def list_keys(connection: Connection, tenant_id: UUID) -> list[ApiKey]:
    """Return the keys of the transaction's tenant, oldest first, revoked and expired ones included."""
    return [_api_key(row) for row in await queries.select_keys(connection, tenant_id=tenant_id)]


async def find_key(connection: Connection, tenant_id: UUID, id_or_prefix: str) -> UUID:
    """Return the id of a key of the transaction's tenant, given by its id or its prefix; an id is not looked up.

    If a full secret is given, only its prefix is used.

    Raises:
        KeyUnknown: the text is neither, or the tenant has no key with this prefix, or more than one.
    """
    if (key_id := read_id(id_or_prefix)) is not None:
        return key_id
    prefix = key_prefix(id_or_prefix)
    rows = (
        []
        if prefix is None
        else await queries.select_key_ids(connection, tenant_id=tenant_id, prefix=prefix)
    )
    if len(rows) == 1:
        return rows[0]["id"]
    if prefix is None:
        raise KeyUnknown(
            f"{id_or_prefix[:KEY_PREFIX_LENGTH]!r} is neither a key's id nor its prefix.",
            cure=f"Give the id, or the first {KEY_PREFIX_LENGTH} characters of the key ({KEY_START}xxxxxxxx); "
            "`skeldir keys list` shows both.",
        )
    if not rows:
        raise KeyUnknown(f"No key of the tenant begins with {prefix}.", cure=_CHECK_TENANT)
    raise KeyUnknown(
        f"{len(rows)} keys of the tenant begin with {prefix}.",
        cure="Give the key's id; `skeldir keys list` shows it.",
    )


async def describe_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> str:
    """Return the label of a key of the transaction's tenant: its prefix and its name.

    Raises:
        KeyUnknown: the tenant has no such key.
    """
    row = await queries.select_key_name(connection, tenant_id=tenant_id, key_id=key_id)
    if row is None:
        raise no_such_key(key_id)
    return f"key:{row['prefix']} ({row['name']})"


def key_prefix(text: str) -> str | None:
    """Return the prefix of a key if `text` is one or, as a full secret, begins with one; else None."""
    is_key = text.startswith(KEY_START) and len(text) >= KEY_PREFIX_LENGTH
    return text[:KEY_PREFIX_LENGTH] if is_key else None


async def revoke_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> datetime:
    """Revoke a key now; return the moment. A key that is already revoked keeps its moment.

    Raises:
        KeyUnknown: the tenant has no such key.
    """
    revoked_at = await queries.revoke_key(connection, tenant_id=tenant_id, key_id=key_id)
    if revoked_at is None:
        raise no_such_key(key_id)
    return revoked_at


async def rotate_key(
    connection: Connection,
    tenant_id: UUID,
    key_id: UUID,
    *,
    overlap: timedelta,
    expires_at: datetime | None = None,
) -> Rotation:
    """Issue a key with the same name and scopes, and end the old one after `overlap`; at once when that is 0.

    The new one expires at `expires_at`, or when the old one would have.

    Raises:
        KeyUnknown: the tenant has no such key.
        KeyNotInForce: the key is revoked, expired or has a successor.
        InputInvalid: the overlap is negative or longer than a year, or `expires_at` has passed.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InputInvalid(
            "Two keys cannot overlap for that long.",
            cure=f"Choose at most {LONGEST_OVERLAP.days} days; 0 ends the old key at once.",
        )
    old = await queries.hold_key(connection, tenant_id=tenant_id, key_id=key_id)
    if old is None:
        raise no_such_key(key_id)
    now = utc_now()
    successor = await queries.select_successor(connection, tenant_id=tenant_id, key_id=key_id)
    if end := _why_ended(old["revoked_at"], old["expires_at"], successor, now):
        raise KeyNotInForce(
            f"The key {old['prefix']} {end}.",
            cure=f"Rotate {successor}, or make a key with `skeldir keys create`."
            if successor
            else "Make a key with `skeldir keys create`.",
        )
    new = await issue_key(
        connection,
        tenant_id,
        name=old["name"],
        scopes=old["scopes"],
        expires_at=expires_at or old["expires_at"],
        replaces=key_id,
        terms=(await read_terms(connection, tenant_id)).get(key_id, NO_TERMS),
    )
    if overlap:
        old_ends_at = await queries.expire_key(
            connection, tenant_id=tenant_id, key_id=key_id, expires_at=now + overlap
        )
    else:
        old_ends_at = await queries.revoke_key(connection, tenant_id=tenant_id, key_id=key_id)
    if old_ends_at is None:
        raise no_such_key(key_id)
    return Rotation(new, old["prefix"], old_ends_at)


def _why_ended(
    revoked_at: datetime | None, expires_at: datetime | None, successor: str | None, now: datetime
) -> str:
    """Return why a key cannot be rotated, as the end of a sentence; "" for one that can."""
    if revoked_at is not None:
        return f"was revoked at {revoked_at:%Y-%m-%d %H:%M} UTC"
    if successor is not None:
        return f"was replaced by {successor}"
    if expires_at is not None and expires_at <= now:
        return f"expired at {expires_at:%Y-%m-%d %H:%M} UTC"
    return ""


def no_such_key(key_id: UUID) -> KeyUnknown:
    """Return the error for a key that the tenant does not have."""
    return KeyUnknown(f"The tenant has no key {key_id}.", cure=_CHECK_TENANT)


async def authenticate(connection: Connection, secret: str) -> KeyHolder | None:
    """Return the holder of the key `secret`; None when it is unknown, revoked or expired, without showing which.

    The look-up compares digests of a 256-bit random secret, so its timing reveals nothing about a key.
    """
    # Read before the database reads its clock, so that a key never counts as valid for too long.
    began_s = monotonic()
    row = await queries.find_api_key(connection, sha256=_digest(secret))
    if row is None or row["revoked_at"] is not None:
        return None
    now, expires_at, last_used_at = row["looked_up_at"], row["expires_at"], row["last_used_at"]
    if expires_at is not None and expires_at <= now:
        return None
    return KeyHolder(
        row["tenant_id"],
        row["key_id"],
        frozenset(row["scopes"]),
        terms_from(row["origins"], row["books_orders"], row["order_events"]),
        inf if expires_at is None else began_s + (expires_at - now).total_seconds(),
        -inf if last_used_at is None else began_s - (now - last_used_at).total_seconds(),
    )


async def is_in_force(connection: Connection, holder: KeyHolder) -> bool:
    """Return whether the key is still in force, in a transaction bound to its tenant."""
    return await queries.is_key_in_force(
        connection, tenant_id=holder.tenant_id, key_id=holder.key_id
    )


async def note_use(connection: Connection, holder: KeyHolder) -> bool:
    """Record that the key was used, at most once a minute; return whether it was recorded.

    If so, the caller calls `holder.mark_noted` after the commit.
    """
    if holder.is_use_noted:
        return False
    await queries.touch_key(connection, tenant_id=holder.tenant_id, key_id=holder.key_id)
    return True


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _api_key(row: SelectKeysRow) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        replaced_by=row["replaced_by"],
    )
