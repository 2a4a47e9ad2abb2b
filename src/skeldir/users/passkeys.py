"""Passkeys: public keys of users whose private keys are in their devices, found by the id of a credential."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from unicodedata import category, normalize
from uuid import UUID

from skeldir.db import new_id
from skeldir.errors import SkeldirError
from skeldir.users.emails import read_email
from skeldir.users.identities import PasswordNeeded
from skeldir.users.sessions import Session
from skeldir.users.signing_in import user_unknown
from skeldir.users.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.users.store import PasskeysOfUserRow, SelectPasskeysRow

MOST_PASSKEYS: Final = 20
LONGEST_PASSKEY_NAME: Final = 60


class PasskeyTaken(SkeldirError):
    """Somebody has the passkey already, maybe the user himself."""

    code = "passkey_taken"
    status = 409
    title = "The passkey is known already"


class PasskeysTooMany(SkeldirError):
    """The user has as many passkeys as there may be."""

    code = "passkeys_too_many"
    status = 409
    title = "There are too many passkeys"


class PasskeyUnknown(SkeldirError):
    """The user has no such passkey."""

    code = "passkey_unknown"
    status = 404
    title = "The passkey is not known"


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a device says of a passkey that it has made: the public key is as COSE writes it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """What a signature is compared with, and whose passkey it is. `sign_count` is 0 for devices that do not count."""

    passkey_id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class ListedPasskey:
    """A passkey as its user sees it; `used_at` is None if nobody has signed in by it yet."""

    passkey_id: UUID
    credential_id: bytes
    name: str
    added_at: datetime
    used_at: datetime | None


def read_passkey_name(typed: str, otherwise: str) -> str:
    """Return the name of a passkey: what shows of a typed one, up to 60 characters, else the other one."""
    shown = "".join(" " if category(each)[0] in "CZ" else each for each in normalize("NFC", typed))
    name = " ".join(shown.split()) or otherwise
    return name[:LONGEST_PASSKEY_NAME].strip()


async def add_passkey(
    connection: Connection, session: Session, passkey: NewPasskey, name: str
) -> bool:
    """Give the session's user a passkey, whose device must just have signed. False if the session has ended.

    Raises:
        PasskeyTaken: there is one with this id.
        PasskeysTooMany: the user has 20 already.
    """
    outcome = await queries.add_passkey(
        connection,
        token_digest=session.token_digest,
        passkey_id=new_id(),
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        name=name,
    )
    if outcome == "taken":
        raise PasskeyTaken(
            "This passkey was added before, to your account or to another one.",
            cure="Sign in by it, or have the device make another one.",
        )
    if outcome == "full":
        raise PasskeysTooMany(
            f"There are {MOST_PASSKEYS} passkeys already.",
            cure="Remove one that you do not use on the account page.",
        )
    return outcome is not None


async def list_passkeys(connection: Connection, session: Session) -> list[ListedPasskey]:
    """Return the passkeys of the session's user, the oldest first."""
    rows = await queries.passkeys_of_user(connection, token_digest=session.token_digest)
    return [_listed(row) for row in rows]


async def remove_passkey(connection: Connection, session: Session, passkey_id: UUID) -> str | None:
    """Take a passkey from the session's user; return its name, or None if he has no such one.

    His other sessions that began by a passkey end with it.

    Raises:
        PasswordNeeded: without it he could not sign in: there is no password, no identity and no other passkey.
    """
    name = await queries.remove_passkey(
        connection, token_digest=session.token_digest, passkey_id=passkey_id
    )
    if name is None and any(
        each.passkey_id == passkey_id for each in await list_passkeys(connection, session)
    ):
        raise PasswordNeeded(
            "Without a password you could not sign in any more.",
            cure="Choose a password on the account page, or add another passkey, then remove this one.",
        )
    return name


async def find_passkey(connection: Connection, credential_id: bytes) -> KnownPasskey | None:
    """Return the passkey with a credential's id; None if nobody has it."""
    row = await queries.find_passkey(connection, credential_id=credential_id)
    if row is None:
        return None
    return KnownPasskey(row["passkey_id"], row["user_id"], row["public_key"], row["sign_count"])


async def use_passkey(connection: Connection, passkey: KnownPasskey, sign_count: int) -> bool:
    """Note that a passkey has signed, with the count that its device states.

    False if it was removed in between, or the count is not above the last one, unless the device does not count at all.
    """
    return await queries.use_passkey(
        connection, passkey_id=passkey.passkey_id, sign_count=sign_count
    )


async def list_passkeys_of(operator: Connection, email: str) -> list[ListedPasskey]:
    """Return the passkeys of the user with this address; the connection must be an operator's.

    Raises:
        UserUnknown: there is no such user.
    """
    known_as = read_email(email)
    await _require_user(operator, known_as)
    return [_listed(row) for row in await queries.select_passkeys(operator, email=known_as)]


async def drop_passkeys(operator: Connection, email: str, passkey_id: UUID | None) -> list[str]:
    """Take one passkey, or all of them, from the user with this address; return their names.

    His sessions that began by a passkey end. The connection must be an operator's.

    Raises:
        UserUnknown: there is no such user.
        PasskeyUnknown: he has no such passkey.
    """
    known_as = read_email(email)
    await _require_user(operator, known_as)
    rows = await queries.delete_passkeys(operator, email=known_as, passkey_id=passkey_id)
    if not rows and passkey_id is not None:
        raise PasskeyUnknown(
            f"{known_as} has no such passkey.",
            cure=f"`skeldir users passkeys {known_as}` lists them.",
        )
    return [row["name"] for row in rows]


async def _require_user(operator: Connection, email: str) -> None:
    if await queries.select_user(operator, email=email) is None:
        raise user_unknown(email)


def _listed(row: PasskeysOfUserRow | SelectPasskeysRow) -> ListedPasskey:
    return ListedPasskey(
        row["passkey_id"], row["credential_id"], row["name"], row["added_at"], row["used_at"]
    )
