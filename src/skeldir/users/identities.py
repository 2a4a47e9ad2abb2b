"""Identities: how an OpenID Connect provider knows a user, by issuer and subject; and browsers on their way there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import new_id
from skeldir.errors import SkeldirError
from skeldir.users.emails import read_email
from skeldir.users.sessions import Session
from skeldir.users.signing_in import UserTaken
from skeldir.users.store import queries
from skeldir.users.tokens import digest_of

if TYPE_CHECKING:
    from skeldir.db import Connection

TURN_LASTS: Final = timedelta(minutes=10)
CEREMONY_LASTS: Final = timedelta(minutes=5)
"""How long a browser that was asked for a passkey may take to answer."""


class IdentityTaken(SkeldirError):
    """The identity is another user's, or the user has another one of the same issuer."""

    code = "identity_taken"
    status = 409
    title = "The identity cannot be connected"


class PasswordNeeded(SkeldirError):
    """Without the identity the user could not sign in."""

    code = "password_needed"
    status = 409
    title = "Please choose a password first"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a person is to a provider: its issuer, and the subject by which it knows him for ever."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """An identity of the session's user."""

    issuer: str
    subject: str
    connected_at: datetime


async def begin_turn(
    connection: Connection, state: str, browser: str, *, lasts: timedelta = TURN_LASTS
) -> None:
    """Note that a browser leaves for a provider, or asks its device, with `state`; `browser` is what only it has.

    It may come back once, within 10 minutes unless `lasts` is another time. Only digests are kept.
    """
    await queries.begin_sign_in_turn(
        connection,
        state_digest=digest_of(state),
        browser_digest=digest_of(browser),
        lasts_s=lasts.total_seconds(),
    )


async def end_turn(connection: Connection, state: str, browser: str) -> bool:
    """Return whether this browser left with this state, and has not come back before."""
    return await queries.end_sign_in_turn(
        connection, state_digest=digest_of(state), browser_digest=digest_of(browser)
    )


async def find_user_of(connection: Connection, identity: Identity) -> UUID | None:
    """Return the user with an identity, for which its provider must just have vouched; None if nobody has it."""
    return await queries.find_identity(connection, issuer=identity.issuer, subject=identity.subject)


async def connect_identity(connection: Connection, session: Session, identity: Identity) -> bool:
    """Give the session's user an identity, which may be his already. False if the session has ended.

    Raises:
        IdentityTaken: another user has it, or the user has another one of the same issuer.
    """
    is_own = await queries.connect_identity(
        connection,
        token_digest=session.token_digest,
        issuer=identity.issuer,
        subject=identity.subject,
    )
    if is_own is False:
        raise IdentityTaken(
            "This identity belongs to another user, or your account is connected to another one of this provider.",
            cure="Disconnect the other one on its account page first, or sign in at the provider as somebody else.",
        )
    return is_own is not None


async def register_user_with_identity(
    connection: Connection, email: str, identity: Identity
) -> UUID:
    """Make a user without a password, whose provider has vouched for identity and address; return the id.

    Raises:
        EmailInvalid: the text is not an e-mail address.
        UserTaken: there is a user with this address or this identity.
    """
    known_as = read_email(email)
    user_id = new_id()
    if not await queries.create_user_with_identity(
        connection,
        user_id=user_id,
        email=known_as,
        issuer=identity.issuer,
        subject=identity.subject,
    ):
        raise UserTaken(
            f"There is a user {known_as} already, without this identity.",
            cure="Sign in as that user first, accept the invitation, and connect the identity on the account page; an "
            "operator's link helps if the password is lost.",
        )
    return user_id


async def list_identities(connection: Connection, session: Session) -> list[OwnIdentity]:
    """Return the identities of the session's user, the oldest first."""
    rows = await queries.identities_of_user(connection, token_digest=session.token_digest)
    return [OwnIdentity(row["issuer"], row["subject"], row["connected_at"]) for row in rows]


async def disconnect_identity(
    connection: Connection, session: Session, issuer: str
) -> Identity | None:
    """Take the identity of an issuer from the session's user; return it, or None if he has none.

    Raises:
        PasswordNeeded: he has no password, and could not sign in without it.
    """
    if not session.has_password:
        raise PasswordNeeded(
            "Without a password you could not sign in any more.",
            cure="Choose a password on the account page, then disconnect.",
        )
    subject = await queries.disconnect_identity(
        connection, token_digest=session.token_digest, issuer=issuer
    )
    return None if subject is None else Identity(issuer, subject)
