"""Links to one report for people without an account: signed, expiring, revocable, as links to exports are.

A link names its tenant, a key, the report with all its parameters, and when it ends. The key has the scope `read`, and
its own secret nobody has: so the link is among the tenant's keys, and ends with it.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.tenants import (
    ApiKey,
    KeyHolder,
    TenantProfile,
    is_in_force,
    is_signed_by,
    issue_key,
    list_keys,
    sign_text,
)

if TYPE_CHECKING:
    from skeldir.db import Connection

SHARED: Final = "/shared"
LONGEST_DAYS: Final = 366
MOST_SHARES: Final = 200
_NAME: Final = "shared "
_PURPOSE: Final = b"shared reports"
_LONGEST_TOKEN: Final = 4_000
_LONGEST_QUERY: Final = 1_000


class ShareInvalid(SkeldirError):
    """A link is altered, has ended or is revoked, or names a tenant that does not exist; which, is not shown."""

    code = "share_invalid"
    status = 403
    title = "The link is not valid"


class SharesTooMany(SkeldirError):
    """The tenant has as many links to reports as it may have."""

    code = "shares_too_many"
    status = 409
    title = "There are too many links"


@dataclass(frozen=True, slots=True)
class SignedShare:
    """What a link says, and its signature; neither was checked. `path` and `query` are those of the report."""

    text: str
    signature: str
    tenant_id: UUID
    key_id: UUID
    expires_at: datetime
    path: str
    query: str


_Said = tuple[UUID, UUID, int, str, str]
_SAID: Final[TypeAdapter[_Said]] = TypeAdapter(_Said)


async def make_share(
    connection: Connection, profile: TenantProfile, report: str, days: int, *, made_by: str
) -> str:
    """Make a link to a report, given by its address on this site; return the link's own address.

    Raises:
        InputInvalid: the address is too long, or the days are not from 1 to 366.
        SharesTooMany: the tenant has 200 already.
    """
    split = urlsplit(report)
    if len(split.query) > _LONGEST_QUERY or not 1 <= days <= LONGEST_DAYS:
        raise InputInvalid(
            "The report cannot be shared for that long, or its address is too long.",
            cure=f"Choose 1 to {LONGEST_DAYS} days, and send the form by its page.",
        )
    if len(await list_shares(connection, profile.tenant_id)) >= MOST_SHARES:
        raise SharesTooMany(
            f"The tenant has {MOST_SHARES} links to reports.", cure="Revoke those nobody needs."
        )
    expires_at = (utc_now() + timedelta(days=days)).replace(microsecond=0)
    key = await issue_key(
        connection,
        profile.tenant_id,
        name=f"{_NAME}{split.path}?{split.query}, by {made_by}",
        scopes=["read"],
        expires_at=expires_at,
    )
    said = [
        str(profile.tenant_id),
        str(key.key_id),
        int(expires_at.timestamp()),
        split.path,
        split.query,
    ]
    text = urlsafe_b64encode(orjson.dumps(said)).rstrip(b"=").decode()
    return f"{SHARED}/{text}.{sign_text(profile, _PURPOSE, text)}"


async def list_shares(connection: Connection, tenant_id: UUID) -> list[ApiKey]:
    """Return the keys of the links to reports that are in force, the newest first; their names say of what."""
    now = utc_now()
    return [
        key
        for key in reversed(await list_keys(connection, tenant_id))
        if key.name.startswith(_NAME)
        and key.revoked_at is None
        and (key.expires_at is None or key.expires_at > now)
    ]


def read_name(key: ApiKey) -> tuple[str, str]:
    """Return the address of the report that a link's key is for, and who made the link."""
    address, _, made_by = key.name.removeprefix(_NAME).rpartition(", by ")
    return address, made_by


def read_share(token: str) -> SignedShare:
    """Return what a link says.

    Raises:
        ShareInvalid: it says nothing, or has ended.
    """
    text, _, signature = token.partition(".")
    try:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise share_invalid()
        padded = text + "=" * (-len(text) % 4)
        said = _SAID.validate_json(b64decode(padded, altchars=b"-_", validate=True))
        tenant_id, key_id, expires_s, path, query = said
        expires_at = datetime.fromtimestamp(expires_s, UTC)
    except (binascii.Error, ValueError, OverflowError, OSError, ValidationError) as error:
        raise share_invalid() from error
    if expires_at <= utc_now():
        raise share_invalid()
    return SignedShare(text, signature, tenant_id, key_id, expires_at, path, query)


async def find_share(
    connection: Connection, profile: TenantProfile | None, share: SignedShare
) -> KeyHolder | None:
    """Return the holder of a link's key; None if the link is altered or revoked, or there is no such tenant."""
    if not is_signed_by(profile, _PURPOSE, share.text, share.signature):
        return None
    holder = KeyHolder(share.tenant_id, share.key_id, frozenset({"read"}))
    return holder if await is_in_force(connection, holder) else None


def share_invalid() -> ShareInvalid:
    """Return the one error for whatever is wrong with a link."""
    return ShareInvalid(
        "The link is altered, has ended, or was revoked.",
        cure="Use it unchanged, or ask whoever sent it for a new one.",
    )
