"""A user's own account: the password, the sessions, and the tenants whose pages the user may see."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from skeldir.clock import utc_now
from skeldir.db import read_id
from skeldir.http import client_host_of, database_of
from skeldir.tenants import TenantUnknown, load_profile
from skeldir.users import (
    LONGEST_PASSKEY_NAME,
    PasswordWeak,
    Role,
    Session,
    SignedInBy,
    end_other_sessions,
    end_session,
    find_password,
    list_identities,
    list_own_memberships,
    list_passkeys,
    list_sessions,
    note_action,
    renew_token,
    set_password,
    switch_tenant,
)
from skeldir.web.access import Fields, SignedIn, SignedInByForm
from skeldir.web.answers import ACCOUNT, PASSKEYS, TENANTS, PageRoute, frame_of, go_to, send_page
from skeldir.web.ceremonies import find_party
from skeldir.web.cookies import cookies_of, device_token_of
from skeldir.web.forms import HOME
from skeldir.web.guesses import Guesses, GuessesLimited
from skeldir.web.providers import provider_of

if TYPE_CHECKING:
    from skeldir.users import Passwords

router = APIRouter(include_in_schema=False, route_class=PageRoute)

# Whoever has come by a link may choose a password for as long as the link was good.
_CHOOSES_WITHOUT_OLD: Final = timedelta(minutes=15)
Done = Annotated[str | None, Query(max_length=20)]
_DONE: Final = frozenset(
    {"password", "session", "sessions", "connected", "disconnected", "passkey", "no_passkey"}
)


@dataclass(frozen=True, slots=True)
class TenantListed:
    """A tenant that a user may choose."""

    tenant_id: UUID
    name: str
    role: Role


@router.get(ACCOUNT)
async def show_account(request: Request, session: SignedIn, done: Done = None) -> Response:
    """Show the account of whoever is signed in."""
    return await send_account(request, session, done=done if done in _DONE else None)


@router.post(f"{ACCOUNT}/password")
async def choose_password(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Set the password, end the user's other sessions, and change the token of this one."""
    passwords: Passwords = request.app.state.passwords
    new = fields.get("new", "")
    if new != fields.get("again", ""):
        return await send_account(request, session, error="account.differs", status=422)
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    try:
        password_hash = await passwords.hash_new(new, session.email)
    except PasswordWeak as weak:
        return await send_account(request, session, weak=weak, status=422)
    async with database_of(request).unbound() as connection:
        await set_password(connection, session, password_hash)
        token = await renew_token(connection, session)
    response = go_to(ACCOUNT, done="password")
    if token is not None:
        cookies_of(request).keep_session(response, token)
    return response


@router.post(f"{ACCOUNT}/sessions")
async def end_sessions(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """End one other session of the user, or all others."""
    named = read_id(fields.get("session", ""))
    async with database_of(request).unbound() as connection:
        if named is not None:
            await end_session(connection, session, named)
        else:
            await end_other_sessions(connection, session)
    return go_to(ACCOUNT, done="sessions" if named is None else "session")


@router.get(TENANTS)
async def show_tenants(request: Request, session: SignedIn) -> Response:
    """Show the tenants of which the user is a member."""
    return send_page(
        "tenants.html",
        frame_of(request, "tenants.title", session=session),
        tenants=await list_tenants_of(request, session),
        current=session.tenant_id,
        command=shlex.join(["skeldir", "users", "link", session.email, "--tenant", "TENANT"])
        + " --role viewer",
        action=TENANTS,
    )


@router.post(TENANTS)
async def choose_tenant(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Have the session show another tenant's pages; its token changes with it."""
    tenant_id = read_id(fields.get("tenant", ""))
    if tenant_id is None:
        return go_to(TENANTS)
    async with database_of(request).unbound() as connection:
        token = await switch_tenant(connection, session, tenant_id)
    if token is None:
        return go_to(TENANTS)
    response = go_to(HOME)
    cookies_of(request).keep_session(response, token)
    return response


async def note_of_user(request: Request, session: Session, action: str, subject: str) -> None:
    """Note in the log of each tenant of the session's user that he signs in by other means from now on."""
    database = database_of(request)
    async with database.statement() as connection:
        memberships = await list_own_memberships(connection, session)
    for membership in memberships:
        async with database.tenant(membership.tenant_id) as connection:
            await note_action(connection, membership.tenant_id, session.email, action, subject)


async def list_tenants_of(request: Request, session: Session) -> list[TenantListed]:
    """Return the tenants of which a user is a member; each name is read in a transaction of its own tenant."""
    database = database_of(request)
    async with database.statement() as connection:
        memberships = await list_own_memberships(connection, session)
    listed = []
    for membership in memberships:
        tenant_id = membership.tenant_id
        try:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                name = (await load_profile(connection, tenant_id)).name
        except TenantUnknown:
            continue
        listed.append(TenantListed(tenant_id, name, membership.role))
    return sorted(listed, key=lambda tenant: (tenant.name, tenant.tenant_id))


def _needs_old(session: Session) -> bool:
    is_fresh = (
        session.signed_in_by is SignedInBy.LINK
        and utc_now() - session.signed_in_at < _CHOOSES_WITHOUT_OLD
    )
    return session.has_password and not is_fresh


async def find_fault_of_old(request: Request, session: Session, old: str) -> str | None:
    """Return the text for a wrong present password, or for too many of them; None for the right one.

    None is needed of whoever has no password, or has come by a link a moment ago.
    """
    if not _needs_old(session):
        return None
    guesses: Guesses = request.app.state.guesses
    passwords: Passwords = request.app.state.passwords
    device_token = device_token_of(request)
    try:
        guess = guesses.admit(session.email, client_host_of(request), str(session.session_id))
    except GuessesLimited:
        return "sign_in.limited"
    async with database_of(request).statement() as connection:
        known = await find_password(connection, session.email, device_token)
    if await passwords.check(old, None if known is None else known.password_hash):
        return None
    guesses.fail(guess)
    return "account.old_wrong"


async def send_account(
    request: Request,
    session: Session,
    *,
    done: str | None = None,
    error: str | None = None,
    weak: PasswordWeak | None = None,
    status: int = 200,
) -> Response:
    """Send the account's page, with what was done, or what was wrong."""
    provider = provider_of(request)
    async with database_of(request).statement() as connection:
        sessions = await list_sessions(connection, session)
        identities = await list_identities(connection, session)
        passkeys = await list_passkeys(connection, session)
    return send_page(
        "account.html",
        frame_of(request, "account.title", session=session),
        status=status,
        session=session,
        sessions=sessions,
        needs_old=_needs_old(session),
        action=ACCOUNT,
        done=done,
        error=error,
        weak=weak,
        home=HOME,
        provider=None if provider is None else provider.settings,
        identities=identities,
        identity_action="/identity",
        passkeys=passkeys,
        may_remove=session.has_password or len(identities) + len(passkeys) > 1,
        passkey_action=PASSKEYS,
        has_passkeys=find_party(request) is not None,
        longest_name=LONGEST_PASSKEY_NAME,
    )
