"""Sessions of users in browsers: opaque tokens, found by digest, ended by anyone who has one of the same user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import new_id
from skeldir.users.roles import Role
from skeldir.users.store import queries
from skeldir.users.tokens import TOKEN_SHAPE, digest_of, new_token

if TYPE_CHECKING:
    from skeldir.db import Connection

IDLE: Final = timedelta(hours=12)
SESSION_LASTS: Final = timedelta(days=7)
_LONGEST_DEVICE: Final = 120


class SignedInBy(StrEnum):
    """How a user showed who he is."""

    LINK = "link"
    PASSWORD = "password"  # noqa: S105 - the word, not one of them
    INVITATION = "invitation"
    OIDC = "oidc"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Session:
    """A session in force. `tenant_id` is the tenant whose pages it shows; None until one is chosen."""

    session_id: UUID
    user_id: UUID
    email: str
    has_password: bool
    tenant_id: UUID | None
    signed_in_by: SignedInBy
    signed_in_at: datetime
    ends_at: datetime
    token_digest: bytes


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins; the token goes to the browser and is not kept. It lasts `SESSION_LASTS` at most."""

    session_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session in force, as its user sees it. `device` are the kinds of browser and system."""

    session_id: UUID
    device: str
    signed_in_by: SignedInBy
    signed_in_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_own: bool


@dataclass(frozen=True, slots=True)
class OwnMembership:
    """A tenant of which the session's user is a member."""

    tenant_id: UUID
    role: Role


async def find_session(connection: Connection, token: str) -> Session | None:
    """Return the session with this token; None when it is unknown, has ended, or was not used for 12 hours.

    Its use is recorded, at most once a minute.
    """
    if not TOKEN_SHAPE.fullmatch(token):
        return None
    digest = digest_of(token)
    row = await queries.find_user_session(
        connection, token_digest=digest, idle_s=IDLE.total_seconds()
    )
    if row is None:
        return None
    return Session(
        session_id=row["session_id"],
        user_id=row["user_id"],
        email=row["email"],
        has_password=row["has_password"],
        tenant_id=row["in_tenant"],
        signed_in_by=SignedInBy(row["signed_in_by"]),
        signed_in_at=row["signed_in_at"],
        ends_at=row["ends_at"],
        token_digest=digest,
    )


async def begin_session(
    connection: Connection,
    user_id: UUID,
    *,
    signed_in_by: SignedInBy,
    device_token: str,
    device: str,
    tenant_id: UUID | None = None,
) -> NewSession | None:
    """Begin a session of a user who has shown who he is; None if he may no longer sign in.

    It shows the pages of `tenant_id` if the user is a member. `device_token` is the secret by which the browser is
    known again, `device` what people call it.
    """
    session = NewSession(new_id(), new_token())
    has_begun = await queries.begin_user_session(
        connection,
        user_id=user_id,
        session_id=session.session_id,
        token_digest=digest_of(session.token),
        in_tenant=tenant_id,
        signed_in_by=signed_in_by,
        device_digest=digest_of(device_token),
        device=device[:_LONGEST_DEVICE],
        lasts_s=SESSION_LASTS.total_seconds(),
    )
    return session if has_begun else None


async def switch_tenant(
    connection: Connection, session: Session, tenant_id: UUID | None
) -> str | None:
    """Have a session show another tenant's pages, or none's; return its new token.

    None when the user is no member of the tenant, or the session has ended: its token is as it was.
    """
    token = new_token()
    is_rotated = await queries.rotate_user_session(
        connection,
        token_digest=session.token_digest,
        new_digest=digest_of(token),
        in_tenant=tenant_id,
    )
    return token if is_rotated else None


async def renew_token(connection: Connection, session: Session) -> str | None:
    """Give a session another token, so that whoever has a copy of the one before has nothing; None if it has ended.

    It shows the tenant that it has shown, or none if its user is no longer a member.
    """
    return await switch_tenant(connection, session, session.tenant_id) or await switch_tenant(
        connection, session, None
    )


async def end_session(
    connection: Connection, session: Session, session_id: UUID | None = None
) -> bool:
    """End a session of the same user, without an id this one; return whether one ended."""
    ended = await queries.end_user_sessions(
        connection, token_digest=session.token_digest, session_id=session_id, ends_others=False
    )
    return ended > 0


async def end_other_sessions(connection: Connection, session: Session) -> int:
    """End all other sessions of the same user; return how many there were."""
    return await queries.end_user_sessions(
        connection, token_digest=session.token_digest, session_id=None, ends_others=True
    )


async def list_sessions(connection: Connection, session: Session) -> list[ListedSession]:
    """Return the sessions in force of the same user, the last used one first."""
    rows = await queries.sessions_of_user(
        connection, token_digest=session.token_digest, idle_s=IDLE.total_seconds()
    )
    return [
        ListedSession(
            session_id=row["session_id"],
            device=row["device"],
            signed_in_by=SignedInBy(row["signed_in_by"]),
            signed_in_at=row["signed_in_at"],
            seen_at=row["seen_at"],
            ends_at=row["ends_at"],
            is_own=row["is_own"],
        )
        for row in rows
    ]


async def list_own_memberships(connection: Connection, session: Session) -> list[OwnMembership]:
    """Return the tenants of which the session's user is a member, the oldest membership first."""
    rows = await queries.memberships_of_user(connection, token_digest=session.token_digest)
    return [OwnMembership(row["tenant_id"], Role(row["role"])) for row in rows]
