"""Who may see a page: a session, and the role of its user in the tenant whose pages it shows.

The role is a row, read in the same transaction as the data and under the same policies; no cookie says it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from fastapi import Depends, Request

from skeldir.errors import SkeldirError
from skeldir.http import database_of
from skeldir.observability import note_tenant
from skeldir.tenants import TenantProfile, profile_from
from skeldir.users import Role, Session, find_role, find_session
from skeldir.web.cookies import cookies_of
from skeldir.web.forms import read_form, require_own_form, require_same_session

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.db import Connection


class SignInNeeded(SkeldirError):
    """Nobody is signed in, or the session has ended."""

    code = "sign_in_needed"
    status = 401
    title = "Please sign in"


class TenantNeeded(SkeldirError):
    """The session shows no tenant, or one of which its user is no longer a member."""

    code = "tenant_needed"
    status = 403
    title = "Please choose a tenant"


class RoleMissing(SkeldirError):
    """The user's role in the tenant does not allow this."""

    code = "role_missing"
    status = 403
    title = "Your role does not allow this"


@dataclass(frozen=True, slots=True)
class Visit:
    """A transaction bound to the tenant of a page, for whoever may read that page."""

    connection: Connection
    profile: TenantProfile


@dataclass(frozen=True, slots=True)
class Membership(Visit):
    """A transaction bound to the tenant of a page, for a member whose role allows the page."""

    session: Session
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    """A member whose role allows a page that takes longer than a transaction may: a file arrives, or progress is shown.

    What it reads or writes is in transactions of its own.
    """

    profile: TenantProfile
    session: Session
    role: Role


AnyMember: TypeAlias = Membership | Member


async def session_of(request: Request) -> Session | None:
    """Return the session of a request, if one is in force."""
    token = cookies_of(request).session_token(request)
    if token is None:
        return None
    async with database_of(request).statement(leaves_session_as_is=True) as connection:
        return await find_session(connection, token)


async def require_session(request: Request) -> Session:
    """Return the session of a request.

    Raises:
        SignInNeeded: none is in force.
    """
    session = await session_of(request)
    if session is None:
        raise SignInNeeded(
            "Nobody is signed in, or the session has ended.",
            cure="Sign in, then open the page again.",
        )
    return session


async def require_session_of_form(request: Request) -> Session:
    """Return the session of a request that changes something, which a page of this site has sent.

    Raises:
        FormForeign, SignInNeeded: it is not, or nobody is signed in.
        FormOutdated: its page was opened for another user or tenant.
    """
    require_own_form(request)
    session = await require_session(request)
    require_same_session(request, session.user_id, session.tenant_id)
    return session


SignedIn = Annotated[Session, Depends(require_session)]
SignedInByForm = Annotated[Session, Depends(require_session_of_form)]


@asynccontextmanager
async def open_membership(
    request: Request,
    session: Session,
    needed: Role,
    *,
    is_read_only: bool,
    tenant_id: UUID | None = None,
) -> AsyncIterator[Membership]:
    """Open a transaction of a tenant, the session's if none is given, for a member with the role that is needed.

    Raises:
        TenantNeeded: no tenant is chosen, or the user is no member of it.
        RoleMissing: the member has a lesser role.
    """
    bound = tenant_id or session.tenant_id
    if bound is None:
        raise _tenant_needed()
    note_tenant(bound)
    opened = database_of(request).known_tenant(bound, is_read_only=is_read_only)
    async with opened as (connection, known):
        role = await find_role(connection, bound, session.user_id)
        if known is None or role is None:
            raise _tenant_needed()
        if not role.covers(needed):
            raise RoleMissing(
                f"This is for members with the role {needed}, and yours is {role}.",
                cure="Ask an admin of the tenant.",
            )
        yield Membership(connection, profile_from(bound, known), session, role)


def _tenant_needed() -> TenantNeeded:
    return TenantNeeded(
        "No tenant is chosen, or you are no longer a member of it.", cure="Choose another one."
    )


@dataclass(frozen=True, slots=True)
class Needs:
    """What a page needs of the member who opens it; a test finds it at every route.

    One that `tries` is a form that reads only.
    """

    role: Role
    writes: bool
    tries: bool = False


Opening: TypeAlias = Callable[..., AsyncIterator[Membership] | AsyncIterator[Member]]
NEEDS: Final[dict[Opening, Needs]] = {}
"""The dependencies that open a tenant's transaction for a page, with what each needs."""


def _reader(role: Role) -> Opening:
    async def open_page(request: Request, session: SignedIn) -> AsyncIterator[Membership]:
        async with open_membership(request, session, role, is_read_only=True) as membership:
            yield membership

    return _marked(open_page, Needs(role, writes=False))


def _writer(role: Role) -> Opening:
    async def open_form(request: Request, session: SignedInByForm) -> AsyncIterator[Membership]:
        async with open_membership(request, session, role, is_read_only=False) as membership:
            yield membership

    return _marked(open_form, Needs(role, writes=True))


def _trier(role: Role) -> Opening:
    async def open_trial(request: Request, session: SignedInByForm) -> AsyncIterator[Membership]:
        async with open_membership(request, session, role, is_read_only=True) as membership:
            yield membership

    return _marked(open_trial, Needs(role, writes=False, tries=True))


def _member(role: Role) -> Opening:
    async def open_member(request: Request, session: SignedIn) -> AsyncIterator[Member]:
        yield await _admit(request, session, role)

    return _marked(open_member, Needs(role, writes=False))


def _sender(role: Role) -> Opening:
    async def open_sender(request: Request, session: SignedInByForm) -> AsyncIterator[Member]:
        yield await _admit(request, session, role)

    return _marked(open_sender, Needs(role, writes=True))


async def _admit(request: Request, session: Session, role: Role) -> Member:
    async with open_membership(request, session, role, is_read_only=True) as membership:
        return Member(membership.profile, session, membership.role)


def _marked(call: Opening, needs: Needs) -> Opening:
    NEEDS[call] = needs
    return call


# Function scope: the transaction has ended before the page is sent, so a slow browser holds no connection.
ViewerPage = Annotated[Membership, Depends(_reader(Role.VIEWER), scope="function")]
ManagerPage = Annotated[Membership, Depends(_reader(Role.MANAGER), scope="function")]
AdminPage = Annotated[Membership, Depends(_reader(Role.ADMIN), scope="function")]
ManagerForm = Annotated[Membership, Depends(_writer(Role.MANAGER), scope="function")]
AdminForm = Annotated[Membership, Depends(_writer(Role.ADMIN), scope="function")]
# A form that only reads: what it tries is too large for an address.
ViewerTrial = Annotated[Membership, Depends(_trier(Role.VIEWER), scope="function")]
ViewerAlone = Annotated[Member, Depends(_member(Role.VIEWER), scope="function")]
ManagerAlone = Annotated[Member, Depends(_member(Role.MANAGER), scope="function")]
ManagerSending = Annotated[Member, Depends(_sender(Role.MANAGER), scope="function")]
AdminSending = Annotated[Member, Depends(_sender(Role.ADMIN), scope="function")]
Fields = Annotated[Mapping[str, str], Depends(read_form)]
