"""Links to one export for programs that send no key, such as a spreadsheet: signed, expiring, revocable.

A link names its tenant, a key, what is to be exported and when it expires, and is signed with a secret that is derived
from the tenant's. The key is an ordinary one with scope `read`, whose own secret nobody has: so `skeldir keys list`
shows when the link was last used, and `skeldir keys revoke` ends it.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from skeldir.clock import utc_now
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.exports.formats import Format
from skeldir.exports.parts import PartName
from skeldir.exports.streaming import file_name_of, part_of
from skeldir.exports.writing import Asked
from skeldir.tenants import (
    KeyHolder,
    TenantProfile,
    is_in_force,
    is_signed_by,
    issue_key,
    list_keys,
    profile_from,
    sign_text,
)

if TYPE_CHECKING:
    from skeldir.db import Connection, Database

LINKS_PATH: Final = "/v1/export-links"
LONGEST_HOURS: Final = 24 * 366
MOST_LINKS: Final = 200
_NAME: Final = "link to "
_PURPOSE: Final = b"export links"
_LONGEST_TOKEN: Final = 4_000


class LinkInvalid(SkeldirError):
    """A link is altered, expired or revoked, or names a tenant that does not exist; the error does not show which."""

    code = "export_link_invalid"
    status = 403
    title = "The link is not valid"


class LinksTooMany(SkeldirError):
    """The tenant has as many links in force as it may have."""

    code = "export_links_too_many"
    status = 409
    title = "The tenant has too many links"


@dataclass(frozen=True, slots=True)
class ExportLink:
    """A link, without the address of the API before it; whoever has it can read until `expires_at`.

    `key` is the prefix of the key that stands for the link.
    """

    path: str
    expires_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class SignedText:
    """What a token says, and its signature; neither was checked."""

    text: str
    signature: str
    tenant_id: UUID
    key_id: UUID
    expires_at: datetime
    asked: Asked


_Said = tuple[UUID, UUID, int, PartName, Format, date | None, date | None, list[str], bool]
_SAID: Final[TypeAdapter[_Said]] = TypeAdapter(_Said)


async def make_link(
    connection: Connection,
    profile: TenantProfile,
    asked: Asked,
    *,
    lasts: timedelta,
    made_by: str,
) -> ExportLink:
    """Make a link to one part of the data of the transaction's tenant.

    Raises:
        InputInvalid: it would last less than a second or more than a year, or an option has no meaning for the part.
        LinksTooMany: the tenant has 200 already.
    """
    part_of(asked)
    if not timedelta(seconds=1) <= lasts <= timedelta(hours=LONGEST_HOURS):
        raise InputInvalid(
            "A link lasts at least a second and at most a year.",
            cure="Choose a shorter time, such as 24h, and make a new one afterwards.",
        )
    now = utc_now()
    keys = await list_keys(connection, asked.tenant_id)
    in_force = [
        key
        for key in keys
        if key.name.startswith(_NAME)
        and key.revoked_at is None
        and (key.expires_at is None or key.expires_at > now)
    ]
    if len(in_force) >= MOST_LINKS:
        raise LinksTooMany(
            f"The tenant has {len(in_force)} links in force.",
            cure="Revoke those that nobody needs: `skeldir keys list` shows them and when each was last used.",
        )
    file = file_name_of(asked)
    # A link is exact to the second.
    expires_at = (now + lasts).replace(microsecond=0)
    if expires_at <= now:
        expires_at += timedelta(seconds=1)
    key = await issue_key(
        connection,
        asked.tenant_id,
        name=f"{_NAME}{file}, by {made_by}",
        scopes=["read"],
        expires_at=expires_at,
    )
    text = _write(asked, key.key_id, expires_at)
    token = f"{text}.{sign_text(profile, _PURPOSE, text)}"
    return ExportLink(f"{LINKS_PATH}/{token}/{file}", expires_at, key.prefix)


def read_token(token: str, file: str) -> SignedText:
    """Return what a link says.

    Raises:
        LinkInvalid: it says nothing, or has expired.
    """
    text, _, signature = token.partition(".")
    try:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise link_invalid()
        padded = text + "=" * (-len(text) % 4)
        said = _SAID.validate_json(b64decode(padded, altchars=b"-_", validate=True))
        tenant_id, key_id, expires_s, part, format_, first_day, end_day, models, has_bom = said
        expires_at = datetime.fromtimestamp(expires_s, UTC)
    except (binascii.Error, ValueError, OverflowError, OSError, ValidationError) as error:
        raise link_invalid() from error
    asked = Asked(tenant_id, (part,), format_, first_day, end_day, tuple(models), has_bom)
    if expires_at <= utc_now() or file != file_name_of(asked):
        raise link_invalid()
    return SignedText(text, signature, tenant_id, key_id, expires_at, asked)


async def find_holder(database: Database, signed: SignedText) -> KeyHolder | None:
    """Return the holder of the key of a link; None if the link is altered or revoked, or there is no such tenant."""
    opened = database.known_tenant(signed.tenant_id, is_read_only=True)
    async with opened as (connection, known):
        profile = None if known is None else profile_from(signed.tenant_id, known)
        if not is_signed_by(profile, _PURPOSE, signed.text, signed.signature):
            return None
        holder = KeyHolder(signed.tenant_id, signed.key_id, frozenset({"read"}))
        return holder if await is_in_force(connection, holder) else None


def link_invalid() -> LinkInvalid:
    """Return the one error for whatever is wrong with a link."""
    return LinkInvalid(
        "The link is altered, has expired, or was revoked.",
        cure="Use it unchanged, or ask for a new one: `skeldir export-link` makes one.",
    )


def _write(asked: Asked, key_id: UUID, expires_at: datetime) -> str:
    said = [
        str(asked.tenant_id),
        str(key_id),
        int(expires_at.timestamp()),
        asked.parts[0],
        asked.format,
        asked.first_day,
        asked.end_day,
        asked.model_versions,
        asked.has_bom,
    ]
    return urlsafe_b64encode(orjson.dumps(said)).rstrip(b"=").decode()
