"""Settings: the members of a tenant and invitations to it, for admins; and accepting an invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from skeldir.db import read_id
from skeldir.http import database_of
from skeldir.tenants import load_profile
from skeldir.users import (
    EmailInvalid,
    FoundInvitation,
    LastAdmin,
    MemberUnknown,
    PasswordWeak,
    Role,
    SignedInBy,
    UserTaken,
    accept_invitation,
    begin_session,
    find_invitation,
    find_session,
    invite,
    list_actions,
    list_invitations,
    list_members,
    read_role,
    register_user,
    remove_member,
    revoke_invitation,
    set_role,
    switch_tenant,
)
from skeldir.web.access import AdminForm, AdminPage, Fields, Membership, session_of
from skeldir.web.answers import (
    IDENTITY_SIGN_IN,
    INVITATIONS,
    SIGN_IN,
    PageRoute,
    frame_of,
    go_to,
    send_page,
)
from skeldir.web.browsers import describe_browser
from skeldir.web.cookies import cookies_of, device_token_of
from skeldir.web.forms import HOME, require_same_session
from skeldir.web.hosts import origin_of
from skeldir.web.member_log import name_subjects
from skeldir.web.providers import provider_of
from skeldir.web.settings import MEMBERS, settings_tabs

if TYPE_CHECKING:
    from skeldir.users import Passwords, Session

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_DONE: Final = frozenset({"role", "removed", "revoked"})


@router.get(MEMBERS)
async def show_members(
    request: Request, page: AdminPage, done: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show the members of the tenant, open invitations, and what members did."""
    return await _send_members(request, page, done=done if done in _DONE else None)


@router.post(MEMBERS)
async def change_member(request: Request, fields: Fields, form: AdminForm) -> Response:
    """Give a member another role, or remove the member."""
    tenant_id, by = form.profile.tenant_id, form.session.email
    user_id = read_id(fields.get("user", ""))
    if user_id is None:
        raise MemberUnknown("No member was named.", cure="Send the form by its page.")
    try:
        if fields.get("do") == "remove":
            await remove_member(form.connection, tenant_id, user_id, by=by)
            return go_to(MEMBERS, done="removed")
        role = read_role(fields.get("role", ""))
        await set_role(form.connection, tenant_id, user_id, role, by=by)
    except LastAdmin:
        return await _send_members(request, form, error="members.last_admin", status=409)
    return go_to(MEMBERS, done="role")


@router.post(f"{MEMBERS}/invitations")
async def change_invitations(request: Request, fields: Fields, form: AdminForm) -> Response:
    """Invite somebody, and show the link once; or revoke an invitation."""
    tenant_id, by = form.profile.tenant_id, form.session.email
    revoked = read_id(fields.get("revoke", ""))
    if revoked is not None:
        await revoke_invitation(form.connection, tenant_id, revoked, by=by)
        return go_to(MEMBERS, done="revoked")
    typed = fields.get("email", "")
    try:
        token = await invite(
            form.connection, tenant_id, typed, read_role(fields.get("role", "")), by=by
        )
    except EmailInvalid:
        return await _send_members(
            request, form, email=typed, error="sign_in.email_invalid", status=422
        )
    # Shown once, in the answer itself: it is in no address, and only its digest is kept.
    link = f"{origin_of(request)}{INVITATIONS}/{token}"
    return await _send_members(request, form, link=link)


async def _send_members(
    request: Request,
    page: Membership,
    *,
    email: str = "",
    done: str | None = None,
    error: str | None = None,
    link: str | None = None,
    status: int = 200,
) -> Response:
    tenant_id = page.profile.tenant_id
    frame = frame_of(request, "members.title", membership=page, current="settings")
    actions = await list_actions(page.connection, tenant_id)
    return send_page(
        "members.html",
        frame,
        status=status,
        tabs=settings_tabs(frame.phrases, MEMBERS),
        members=await list_members(page.connection, tenant_id),
        invitations=await list_invitations(page.connection, tenant_id),
        actions=actions,
        subjects=await name_subjects(page, frame, actions),
        roles=list(Role),
        own_id=page.session.user_id,
        action=MEMBERS,
        email=email,
        done=done,
        error=error,
        link=link,
    )


@router.get(INVITATIONS + "/{token}")
async def show_invitation(request: Request, token: str) -> Response:
    """Show an invitation, to be accepted as whoever is signed in, or as a new user."""
    async with database_of(request).statement() as connection:
        invitation = await find_invitation(connection, token)
    return await _send_invitation(request, invitation, token, await session_of(request))


@router.post(INVITATIONS + "/{token}")
async def accept(request: Request, token: str, fields: Fields) -> Response:
    """Accept an invitation as whoever is signed in; otherwise a new user is made, and signed in."""
    database, cookies = database_of(request), cookies_of(request)
    session = await session_of(request)
    require_same_session(request, None if session is None else session.user_id, None)
    async with database.statement() as connection:
        invitation = await find_invitation(connection, token)
    device_token, session_token = device_token_of(request), None
    if session is None:
        passwords: Passwords = request.app.state.passwords
        # Of the address that was invited: nobody may call himself by another one.
        email = invitation.email
        try:
            password_hash = await passwords.hash_new(fields.get("password", ""), email)
            async with database.unbound() as connection:
                user_id = await register_user(connection, email, password_hash)
                begun = await begin_session(
                    connection,
                    user_id,
                    signed_in_by=SignedInBy.INVITATION,
                    device_token=device_token,
                    device=describe_browser(request.headers.get("user-agent", "")),
                )
                if begun is not None:
                    session_token = begun.token
                    session = await find_session(connection, begun.token)
        except (PasswordWeak, UserTaken) as fault:
            return await _send_invitation(
                request, invitation, token, None, fault=fault, status=fault.status
            )
    if session is None:
        return go_to(SIGN_IN, next=f"{INVITATIONS}/{token}")
    async with database.tenant(invitation.tenant_id) as connection:
        await accept_invitation(connection, invitation, session.user_id, session.email)
    async with database.unbound() as connection:
        session_token = (
            await switch_tenant(connection, session, invitation.tenant_id) or session_token
        )
    response = go_to(HOME)
    if session_token is not None:
        cookies.keep_session(response, session_token)
        cookies.keep_device(response, device_token)
    return response


async def _send_invitation(
    request: Request,
    invitation: FoundInvitation,
    token: str,
    session: Session | None,
    *,
    fault: PasswordWeak | UserTaken | None = None,
    status: int = 200,
) -> Response:
    tenant_id = invitation.tenant_id
    async with database_of(request).tenant(tenant_id, is_read_only=True) as connection:
        name = (await load_profile(connection, tenant_id)).name
    provider = provider_of(request)
    return send_page(
        "invitation.html",
        frame_of(request, "invitation.title", session=session),
        status=status,
        tenant=name,
        invitation=invitation,
        action=f"{INVITATIONS}/{token}",
        sign_in=f"{SIGN_IN}?next={INVITATIONS}/{token}",
        token=token,
        provider=None if provider is None else provider.settings.name,
        provider_action=IDENTITY_SIGN_IN,
        session=session,
        fault=fault,
    )
