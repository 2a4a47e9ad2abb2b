"""Deleting users: the memberships end in each tenant, then what shows who somebody is goes.

The log of a tenant keeps what its members did, with the addresses by which it knew them: it is the tenant's own record,
and goes with the tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skeldir.users.emails import read_email
from skeldir.users.members import note_action, remove_member
from skeldir.users.roles import Role
from skeldir.users.signing_in import user_unknown
from skeldir.users.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.users.sessions import Session


@dataclass(frozen=True, slots=True)
class Belonging:
    """A tenant of a user; without a role he is only invited. Without the only admin, no member could add another."""

    tenant_id: UUID
    role: Role | None
    is_only_admin: bool


@dataclass(frozen=True, slots=True)
class UserFound:
    """A user with the tenants that he belongs to; `sessions` are those in force."""

    user_id: UUID
    email: str
    sessions: int
    belongings: tuple[Belonging, ...]


async def find_user(operator: Connection, email: str) -> UserFound:
    """Return the user with an address, and where he belongs; the connection must be an operator's.

    Raises:
        EmailInvalid: the text is not an e-mail address.
        UserUnknown: there is no user with this address.
    """
    known_as = read_email(email)
    row = await queries.select_user_to_delete(operator, email=known_as)
    if row is None:
        raise user_unknown(known_as)
    members = {
        each["tenant_id"]: Belonging(each["tenant_id"], Role(each["role"]), each["is_only_admin"])
        for each in await queries.select_tenants_of_user(operator, user_id=row["user_id"])
    }
    invited = [
        Belonging(each["tenant_id"], None, is_only_admin=False)
        for each in await queries.select_tenants_inviting(operator, email=known_as)
        if each["tenant_id"] not in members
    ]
    return UserFound(row["user_id"], row["email"], row["sessions"], (*members.values(), *invited))


async def end_belonging(
    connection: Connection, tenant_id: UUID, user_id: UUID, email: str, *, by: str
) -> None:
    """End a user's membership in the transaction's tenant, even if no admin is left, and invitations to the address."""
    if (
        await queries.delete_membership(connection, tenant_id=tenant_id, user_id=user_id)
        is not None
    ):
        await note_action(connection, tenant_id, by, "member.remove", email)
    if await queries.revoke_invitations_to(connection, tenant_id=tenant_id, email=email):
        await note_action(connection, tenant_id, by, "invitation.revoke", email)


async def leave_tenant(connection: Connection, tenant_id: UUID, session: Session) -> None:
    """End the membership of the session's user in the transaction's tenant, as he wishes.

    Raises:
        MemberUnknown: he is no member.
        LastAdmin: the tenant would have no admin.
    """
    await remove_member(connection, tenant_id, session.user_id, by=session.email)
    await queries.revoke_invitations_to(connection, tenant_id=tenant_id, email=session.email)


async def delete_user(operator: Connection, user_id: UUID) -> bool:
    """Delete a user who is a member of no tenant, with sessions, links and identities; return whether he was."""
    return await queries.delete_user(operator, user_id=user_id) is not None


async def delete_own_user(connection: Connection, session: Session) -> bool:
    """Delete the session's user; False if he is a member of a tenant, or the session has ended."""
    return bool(await queries.delete_own_user(connection, token_digest=session.token_digest))
