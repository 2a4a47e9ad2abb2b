"""Signing in by an OpenID Connect provider, and connecting an account with an identity there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from skeldir.errors import SkeldirError
from skeldir.http import client_host_of, database_of
from skeldir.users import (
    TOKEN_SHAPE,
    EmailInvalid,
    Identity,
    Session,
    SignedInBy,
    accept_invitation,
    begin_turn,
    connect_identity,
    disconnect_identity,
    end_turn,
    find_invitation,
    find_user_of,
    new_token,
    note_action,
    read_email,
    register_user_with_identity,
)
from skeldir.web.access import Fields, SignedInByForm, session_of
from skeldir.web.account import find_fault_of_old, note_of_user, send_account
from skeldir.web.answers import ACCOUNT, IDENTITY_SIGN_IN, INVITATIONS, SIGN_OUT, PageRoute, go_to
from skeldir.web.cookies import cookies_of, device_token_of
from skeldir.web.forms import HOME, own_path
from skeldir.web.leading import lead_away
from skeldir.web.provider_metadata import Document, ProviderRefused, word_of
from skeldir.web.providers import CALLBACK, require_provider
from skeldir.web.sign_in import let_in
from skeldir.web.turns import Purpose, Turn, begin, read_turn, turn_invalid

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.web.providers import Provider

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LONGEST: Final = 4_000
Given = Annotated[str | None, Query(max_length=_LONGEST)]


class IdentityUnknown(SkeldirError):
    """The provider knows the person, but no user here is connected with that identity."""

    code = "identity_unknown"
    status = 403
    title = "No account is connected with this identity"


class EmailUnproven(SkeldirError):
    """The provider does not say that the person has the e-mail address that was invited."""

    code = "email_unproven"
    status = 403
    title = "The invitation is for another e-mail address"


@router.post(IDENTITY_SIGN_IN)
async def leave_to_sign_in(request: Request, fields: Fields) -> Response:
    """Lead to the provider, to sign in or to accept an invitation."""
    invitation = fields.get("invitation", "")
    if TOKEN_SHAPE.fullmatch(invitation):
        async with database_of(request).statement() as connection:
            await find_invitation(connection, invitation)
        return await _leave(request, Purpose.INVITATION, invitation)
    return await _leave(request, Purpose.SIGN_IN, own_path(fields.get("next")))


@router.post("/identity/connect")
async def leave_to_connect(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Lead to the provider, to connect the account; the password is asked for as for a new one."""
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    return await _leave(request, Purpose.CONNECT, str(session.session_id))


@router.post("/identity/disconnect")
async def disconnect(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Take an identity from the account of whoever is signed in, who must have a password."""
    issuer, database = fields.get("issuer", ""), database_of(request)
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    async with database.unbound() as connection:
        taken = await disconnect_identity(connection, session, issuer)
    if taken is not None:
        await _note(request, session, "identity.disconnect", issuer)
    return go_to(ACCOUNT, done="disconnected")


async def _leave(request: Request, purpose: Purpose, about: str) -> Response:
    provider = require_provider(request)
    provider.limits.take(client_host_of(request))
    turn, state = begin(purpose, about), new_token()
    place = await provider.address_to_leave_for(turn, state)
    async with database_of(request).unbound() as connection:
        await begin_turn(connection, state, turn.cookie)
    page = lead_away(request, "to_provider.html", place, provider)
    cookies_of(request).keep_turn(page, turn.cookie)
    return page


@router.get(CALLBACK)
async def come_back(
    request: Request,
    state: Given = None,
    code: Given = None,
    error: Given = None,
    iss: Given = None,
) -> Response:
    """Take a browser back from the provider: sign in, accept an invitation, or connect the account."""
    provider = require_provider(request)
    turn, state = await _end_turn(request, provider, state or "")
    if error is not None or (iss is not None and iss != provider.settings.issuer) or not code:
        raise ProviderRefused(
            f"The provider did not let you in: {word_of(error)}.",
            cure="Begin again, or sign in by password or with an operator's link.",
        )
    claims, id_token = await provider.redeem(code, turn, state)
    identity = Identity(provider.settings.issuer, str(claims["sub"]))
    cookies = cookies_of(request)
    if turn.purpose is Purpose.CONNECT:
        response = await _connect(request, turn, identity)
    elif turn.purpose is Purpose.INVITATION:
        response = await _accept(request, turn, identity, claims)
    else:
        response = await _sign_in(request, turn.about, identity)
    if turn.purpose is not Purpose.CONNECT:
        cookies.keep_id_token(response, id_token, SIGN_OUT)
    cookies.forget_turn(response)
    return response


async def _end_turn(request: Request, provider: Provider, state: str) -> tuple[Turn, str]:
    cookie = request.cookies.get(cookies_of(request).turn)
    turn = read_turn(cookie)
    if turn is not None and cookie is not None and TOKEN_SHAPE.fullmatch(state):
        async with database_of(request).unbound() as connection:
            if await end_turn(connection, state, cookie):
                return turn, state
    provider.limits.take(client_host_of(request))
    raise turn_invalid()


async def _sign_in(request: Request, next_path: str, identity: Identity) -> Response:
    async with database_of(request).statement() as connection:
        user_id = await find_user_of(connection, identity)
    if user_id is None:
        raise IdentityUnknown(
            "The provider knows you, but no account here is connected with that identity.",
            cure="If you have an account, sign in by password or link and connect it on the account page. If you were "
            "invited, open the invitation and accept it by the provider. Otherwise ask an admin to invite you.",
        )
    device_token = device_token_of(request)
    return await let_in(request, user_id, SignedInBy.OIDC, device_token, own_path(next_path), None)


async def _accept(request: Request, turn: Turn, identity: Identity, claims: Document) -> Response:
    """Make a user of whoever was invited, if the provider says that the invited address is his.

    Whoever has an account with this identity is signed in, and accepts the invitation himself.
    """
    database, token = database_of(request), turn.about
    async with database.statement() as connection:
        user_id = await find_user_of(connection, identity)
    if user_id is not None:
        return await _sign_in(request, f"{INVITATIONS}/{token}", identity)
    async with database.statement() as connection:
        invitation = await find_invitation(connection, token)
    email = _proven_email(claims)
    if email != invitation.email:
        raise EmailUnproven(
            "The provider does not state that the invited e-mail address is yours and was verified.",
            cure="Sign in at the provider with the address that was invited, have an admin invite the one that you "
            "have there, or accept the invitation with a password.",
        )
    async with database.tenant(invitation.tenant_id) as connection:
        user_id = await register_user_with_identity(connection, email, identity)
        await accept_invitation(connection, invitation, user_id, email)
        await _note_in(connection, invitation.tenant_id, email, "identity.connect", identity.issuer)
    return await let_in(
        request, user_id, SignedInBy.OIDC, device_token_of(request), HOME, invitation.tenant_id
    )


def _proven_email(claims: Document) -> str | None:
    """Return the address that the provider has verified. Only `true` says so: not the word, and not silence."""
    typed = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(typed, str):
        return None
    try:
        email = read_email(typed)
    except EmailInvalid:
        return None
    # Some letters become ASCII in lower case, such as the sign of Kelvin; their owners have other addresses.
    return email if email.isascii() == typed.isascii() else None


async def _connect(request: Request, turn: Turn, identity: Identity) -> Response:
    session = await session_of(request)
    if session is None or str(session.session_id) != turn.about:
        raise turn_invalid()
    async with database_of(request).unbound() as connection:
        is_connected = await connect_identity(connection, session, identity)
    if not is_connected:
        raise turn_invalid()
    await _note(request, session, "identity.connect", identity.issuer)
    return go_to(ACCOUNT, done="connected")


async def _note(request: Request, session: Session, action: str, issuer: str) -> None:
    await note_of_user(request, session, action, f"{session.email} at {issuer}")


async def _note_in(
    connection: Connection, tenant_id: UUID, email: str, action: str, issuer: str
) -> None:
    await note_action(connection, tenant_id, email, action, f"{email} at {issuer}")
