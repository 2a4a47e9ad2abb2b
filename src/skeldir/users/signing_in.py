"""How users show who they are: by a link from an operator, or by a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from skeldir.db import new_id
from skeldir.errors import SkeldirError
from skeldir.tenants import tenant_unknown
from skeldir.users.emails import read_email
from skeldir.users.roles import Role
from skeldir.users.sessions import Session
from skeldir.users.store import queries
from skeldir.users.tokens import TOKEN_SHAPE, digest_of, new_token

if TYPE_CHECKING:
    from skeldir.db import Connection

LINK_LASTS: Final = timedelta(minutes=15)


class UserUnknown(SkeldirError):
    """There is no user with this e-mail address."""

    code = "user_unknown"
    status = 404
    title = "The user is not known"


class UserTaken(SkeldirError):
    """There is a user with this e-mail address already."""

    code = "user_taken"
    status = 409
    title = "The user exists already"


class LinkSpent(SkeldirError):
    """The link was used before, has expired or never existed; the error does not show which."""

    code = "sign_in_link_invalid"
    status = 403
    title = "The link is not valid"


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link by which a user signs in once, until `expires_at`; the token is shown once and not kept."""

    email: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UserListed:
    """A user as operators see one; `seen_at` is the last use of any of his sessions."""

    user_id: UUID
    email: str
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """What a password is compared with; `is_known_device` if the user has signed in from this device before."""

    user_id: UUID
    password_hash: str | None
    is_known_device: bool


async def make_sign_in_link(
    operator: Connection, email: str, *, tenant_id: UUID | None = None, role: Role | None = None
) -> SignInLink:
    """Make a link for a user, who is made if there is none, and let in again if he was disabled.

    With a tenant and a role he becomes a member of it; the session begins there. Whoever came by an invitation, so that
    no operator has vouched for the address yet, loses password and sessions. The connection must be an operator's.

    Raises:
        EmailInvalid: the text is not an e-mail address.
        TenantUnknown: there is no such tenant.
    """
    known_as = read_email(email)
    token = new_token()
    try:
        expires_at = await queries.make_sign_in_link(
            operator,
            email=known_as,
            user_id=new_id(),
            token_digest=digest_of(token),
            lasts_s=LINK_LASTS.total_seconds(),
            tenant_id=tenant_id,
            role=role,
            action_id=new_id(),
        )
    except asyncpg.ForeignKeyViolationError as error:
        if tenant_id is None:
            raise
        raise tenant_unknown(tenant_id) from error
    return SignInLink(known_as, token, expires_at)


async def use_link(connection: Connection, token: str) -> tuple[UUID, UUID | None]:
    """Return the user of a link, and the tenant whose pages he is to see; the link is then used.

    Raises:
        LinkSpent: it was used before, has expired or never existed.
    """
    row = (
        await queries.use_sign_in_link(connection, token_digest=digest_of(token))
        if TOKEN_SHAPE.fullmatch(token)
        else None
    )
    if row is None:
        raise LinkSpent(
            "The link was used before, or has expired.",
            cure="Ask the operator for a new one: `skeldir users link EMAIL` prints it.",
        )
    return row["user_id"], row["in_tenant"]


async def find_password(
    connection: Connection, email: str, device_token: str
) -> KnownPassword | None:
    """Return what the password of the user with this address is compared with; None if there is no such user."""
    row = await queries.find_password(
        connection, email=read_email(email), device_digest=digest_of(device_token)
    )
    if row is None:
        return None
    return KnownPassword(row["user_id"], row["password_hash"], row["is_known_device"])


async def register_user(connection: Connection, email: str, password_hash: str) -> UUID:
    """Make a user with a password, for somebody who was invited; return the id.

    Raises:
        EmailInvalid: the text is not an e-mail address.
        UserTaken: there is a user with this address.
    """
    known_as = read_email(email)
    user_id = new_id()
    if not await queries.create_user(
        connection, user_id=user_id, email=known_as, password_hash=password_hash
    ):
        raise UserTaken(
            f"There is a user {known_as} already.",
            cure="Sign in as that user first, then open the invitation again; an operator's link helps if the password "
            "is lost.",
        )
    return user_id


async def set_password(connection: Connection, session: Session, password_hash: str) -> bool:
    """Keep the hash of a new password of the session's user, and end the user's other sessions.

    False if the session has ended.
    """
    return await queries.set_user_password(
        connection, token_digest=session.token_digest, password_hash=password_hash
    )


async def list_users(operator: Connection) -> list[UserListed]:
    """Return all users by e-mail address; the connection must be an operator's."""
    return [
        UserListed(
            user_id=row["user_id"],
            email=row["email"],
            has_password=row["has_password"],
            created_at=row["created_at"],
            disabled_at=row["disabled_at"],
            seen_at=row["seen_at"],
        )
        for row in await queries.select_users(operator)
    ]


async def disable_user(operator: Connection, email: str) -> str:
    """End a user's sessions and links, who cannot sign in until there is a new link; return the address as stored.

    Raises:
        UserUnknown: there is no user with this address.
    """
    known_as = read_email(email)
    if await queries.disable_user(operator, email=known_as) is None:
        raise user_unknown(known_as)
    return known_as


def user_unknown(email: str) -> UserUnknown:
    """Return the error for an address that no user has."""
    return UserUnknown(f"There is no user {email}.", cure="`skeldir users list` shows all of them.")
