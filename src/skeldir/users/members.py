"""Members of a tenant, invitations to it, and the log of what people did in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db import new_id, wait_for_lock
from skeldir.errors import SkeldirError
from skeldir.users.emails import read_email
from skeldir.users.roles import Role
from skeldir.users.store import queries
from skeldir.users.tokens import TOKEN_SHAPE, digest_of, new_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.db import Connection

INVITATION_LASTS: Final = timedelta(days=7)
_LONGEST_SUBJECT: Final = 500


class MemberUnknown(SkeldirError):
    """The tenant has no such member."""

    code = "member_unknown"
    status = 404
    title = "The member is not known"


class LastAdmin(SkeldirError):
    """Without this member the tenant would have no admin."""

    code = "last_admin"
    status = 409
    title = "The tenant needs an admin"


class InvitationInvalid(SkeldirError):
    """The invitation was accepted, revoked, has expired or never existed; the error does not show which."""

    code = "invitation_invalid"
    status = 403
    title = "The invitation is not valid"


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a tenant; `email` is how the tenant knows him."""

    user_id: UUID
    email: str
    role: Role
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that can be accepted until `expires_at`."""

    invitation_id: UUID
    email: str
    role: Role
    invited_by: str
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FoundInvitation:
    """What whoever has the token of an invitation may know before accepting it."""

    tenant_id: UUID
    invitation_id: UUID
    email: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Action:
    """Something that somebody did: `action` is of a fixed set, such as `member.set`; `subject` says to what."""

    action_id: UUID
    at: datetime
    actor: str
    action: str
    subject: str


async def find_role(connection: Connection, tenant_id: UUID, user_id: UUID) -> Role | None:
    """Return the role of a user in the transaction's tenant; None if he is no member."""
    role = await queries.select_role(connection, tenant_id=tenant_id, user_id=user_id)
    return None if role is None else Role(role)


async def list_members(connection: Connection, tenant_id: UUID) -> list[Member]:
    """Return the members of the transaction's tenant by e-mail address."""
    return [
        Member(row["user_id"], row["email"], Role(row["role"]), row["added_by"], row["added_at"])
        for row in await queries.select_members(connection, tenant_id=tenant_id)
    ]


async def set_role(
    connection: Connection, tenant_id: UUID, user_id: UUID, role: Role, *, by: str
) -> None:
    """Give a member of the transaction's tenant another role.

    Raises:
        MemberUnknown: the tenant has no such member.
        LastAdmin: the tenant would have no admin.
    """
    if role is not Role.ADMIN:
        await _require_other_admin(connection, tenant_id, user_id)
    email = await queries.update_role(connection, tenant_id=tenant_id, user_id=user_id, role=role)
    if email is None:
        raise _no_member()
    await note_action(connection, tenant_id, by, "member.set", f"{email} as {role}")


async def remove_member(connection: Connection, tenant_id: UUID, user_id: UUID, *, by: str) -> None:
    """Remove a member of the transaction's tenant; his next request sees nothing of it.

    Raises:
        MemberUnknown: the tenant has no such member.
        LastAdmin: the tenant would have no admin.
    """
    await _require_other_admin(connection, tenant_id, user_id)
    email = await queries.delete_membership(connection, tenant_id=tenant_id, user_id=user_id)
    if email is None:
        raise _no_member()
    await note_action(connection, tenant_id, by, "member.remove", email)


async def _require_other_admin(connection: Connection, tenant_id: UUID, user_id: UUID) -> None:
    # Of two changes at once, the second sees what the first has left.
    await wait_for_lock(connection, f"members {tenant_id}")
    role = await find_role(connection, tenant_id, user_id)
    others = await queries.count_other_admins(connection, tenant_id=tenant_id, user_id=user_id)
    if role is Role.ADMIN and not others:
        raise LastAdmin(
            "This is the only admin of the tenant.", cure="Make another member an admin first."
        )


async def invite(
    connection: Connection, tenant_id: UUID, email: str, role: Role, *, by: str
) -> str:
    """Invite somebody to the transaction's tenant; return the token of the invitation, which is not kept.

    Whoever has it can accept it once, within 7 days.

    Raises:
        EmailInvalid: the text is not an e-mail address.
    """
    known_as = read_email(email)
    token = new_token()
    await queries.insert_invitation(
        connection,
        tenant_id=tenant_id,
        invitation_id=new_id(),
        token_digest=digest_of(token),
        email=known_as,
        role=role,
        invited_by=by,
        expires_at=utc_now() + INVITATION_LASTS,
    )
    await note_action(connection, tenant_id, by, "member.invite", f"{known_as} as {role}")
    return token


async def list_invitations(connection: Connection, tenant_id: UUID) -> list[Invitation]:
    """Return the invitations to the transaction's tenant that can be accepted, the newest first."""
    return [
        Invitation(
            row["invitation_id"],
            row["email"],
            Role(row["role"]),
            row["invited_by"],
            row["invited_at"],
            row["expires_at"],
        )
        for row in await queries.select_invitations(connection, tenant_id=tenant_id)
    ]


async def revoke_invitation(
    connection: Connection, tenant_id: UUID, invitation_id: UUID, *, by: str
) -> None:
    """Revoke an invitation to the transaction's tenant.

    Raises:
        InvitationInvalid: there is none that could be accepted.
    """
    email = await queries.revoke_invitation(
        connection, tenant_id=tenant_id, invitation_id=invitation_id
    )
    if email is None:
        raise _no_invitation()
    await note_action(connection, tenant_id, by, "invitation.revoke", email)


async def find_invitation(connection: Connection, token: str) -> FoundInvitation:
    """Return the invitation with this token.

    Raises:
        InvitationInvalid: it was accepted, revoked, has expired or never existed.
    """
    row = (
        await queries.find_invitation(connection, token_digest=digest_of(token))
        if TOKEN_SHAPE.fullmatch(token)
        else None
    )
    if row is None:
        raise _no_invitation()
    return FoundInvitation(
        row["tenant_id"],
        row["invitation_id"],
        row["email"],
        Role(row["role"]),
        row["expires_at"],
    )


async def accept_invitation(
    connection: Connection, invitation: FoundInvitation, user_id: UUID, email: str
) -> Role:
    """Make a user, known by `email`, a member of the transaction's tenant, as an invitation says; return his role.

    A member keeps the role he has if the invitation's covers less.

    Raises:
        InvitationInvalid: it has since been accepted or revoked, or has expired.
    """
    tenant_id = invitation.tenant_id
    invited_as = await queries.accept_invitation(
        connection, tenant_id=tenant_id, invitation_id=invitation.invitation_id
    )
    if invited_as is None:
        raise _no_invitation()
    role = Role(invited_as)
    present = await find_role(connection, tenant_id, user_id)
    if present is not None and present.covers(role):
        return present
    await queries.put_membership(
        connection,
        tenant_id=tenant_id,
        user_id=user_id,
        email=email,
        role=role,
        added_by=f"invitation to {invitation.email}",
    )
    await note_action(connection, tenant_id, email, "invitation.accept", f"{email} as {role}")
    return role


async def note_action(
    connection: Connection, tenant_id: UUID, actor: str, action: str, subject: str
) -> None:
    """Note in the log of the transaction's tenant what somebody did."""
    await queries.insert_action(
        connection,
        tenant_id=tenant_id,
        action_id=new_id(),
        actor=actor,
        action=action,
        subject=subject[:_LONGEST_SUBJECT],
    )


async def list_actions(
    connection: Connection, tenant_id: UUID, *, before_id: UUID | None = None, most: int = 50
) -> list[Action]:
    """Return what people did in the transaction's tenant, the newest first, from before an action on."""
    rows = await queries.select_actions(
        connection, tenant_id=tenant_id, before_id=before_id, most=most
    )
    return [Action(**row) for row in rows]


async def list_actors(
    connection: Connection, tenant_id: UUID, *, actions: Sequence[str], subjects: Sequence[str]
) -> dict[str, str]:
    """Return who did one of the actions last to each of some subjects; those to which nobody did are left out."""
    rows = await queries.select_actors(
        connection, tenant_id=tenant_id, actions=actions, subjects=subjects
    )
    return {row["subject"]: row["actor"] for row in rows}


def _no_member() -> MemberUnknown:
    return MemberUnknown(
        "The tenant has no such member.", cure="The list of members shows all of them."
    )


def _no_invitation() -> InvitationInvalid:
    return InvitationInvalid(
        "The invitation was used, revoked, or has expired.",
        cure="Ask an admin of the tenant for a new one.",
    )
