"""Signing in and out: by a password, or by a link that an operator made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from skeldir.errors import SkeldirError
from skeldir.http import client_host_of, database_of
from skeldir.users import (
    EmailInvalid,
    SignedInBy,
    begin_session,
    end_session,
    find_password,
    find_session,
    list_own_memberships,
    read_email,
    switch_tenant,
    use_link,
)
from skeldir.web.access import Fields, SignedInByForm, session_of
from skeldir.web.answers import (
    ACCOUNT,
    IDENTITY_SIGN_IN,
    INVITATIONS,
    PASSKEYS,
    SIGN_IN,
    SIGN_OUT,
    TENANTS,
    PageRoute,
    frame_of,
    go_to,
    send_page,
)
from skeldir.web.browsers import describe_browser
from skeldir.web.ceremonies import find_party
from skeldir.web.cookies import cookies_of, device_token_of
from skeldir.web.forms import HOME, own_path
from skeldir.web.guesses import Guesses, GuessesLimited
from skeldir.web.leading import lead_away
from skeldir.web.provider_metadata import ProviderInvalid, ProviderUnreachable
from skeldir.web.providers import provider_of

if TYPE_CHECKING:
    from skeldir.users import Passwords
    from skeldir.web.providers import Provider

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_WRONG: Final = "sign_in.wrong"
# By these people sign in who need no password.
_WITHOUT_PASSWORD: Final = frozenset({SignedInBy.OIDC, SignedInBy.PASSKEY})
NextPath = Annotated[str | None, Query(alias="next", max_length=2_000)]


class SignInRefused(SkeldirError):
    """The user may no longer sign in."""

    code = "sign_in_refused"
    status = 403
    title = "You may not sign in"


@router.get(SIGN_IN)
async def show_sign_in(
    request: Request, next_path: NextPath = None, after: Annotated[str | None, Query()] = None
) -> Response:
    """Show the form; whoever is signed in already goes on."""
    if await session_of(request) is not None:
        return go_to(own_path(next_path))
    # A session that was begun a moment ago and did not come back: the browser has not kept its cookie.
    notice = {"sign-in": "sign_in.no_cookie", "deleted": "sign_in.deleted"}.get(after or "")
    return _send_form(request, next_path, notice=notice)


@router.post(SIGN_IN)
async def sign_in(request: Request, fields: Fields) -> Response:
    """Begin a session if the password is right."""
    guesses: Guesses = request.app.state.guesses
    passwords: Passwords = request.app.state.passwords
    device_token = device_token_of(request)
    typed, next_path = fields.get("email", ""), fields.get("next")
    try:
        email = read_email(typed)
    except EmailInvalid:
        return _send_form(
            request, next_path, email=typed, error="sign_in.email_invalid", status=422
        )
    async with database_of(request).statement() as connection:
        known = await find_password(connection, email, device_token)
    is_known_device = known is not None and known.is_known_device
    try:
        guess = guesses.admit(
            email, client_host_of(request), device_token if is_known_device else None
        )
    except GuessesLimited as limited:
        page = _send_form(request, next_path, email=email, error="sign_in.limited", status=429)
        page.headers["Retry-After"] = str(limited.retry_after_s)
        return page
    kept = None if known is None else known.password_hash
    is_right = await passwords.check(fields.get("password", ""), kept)
    if known is None or not is_right:
        guesses.fail(guess)
        return _send_form(request, next_path, email=email, error=_WRONG, status=401)
    return await let_in(
        request, known.user_id, SignedInBy.PASSWORD, device_token, own_path(next_path), None
    )


@router.get(SIGN_IN + "/{token}")
async def show_link(request: Request, token: str) -> Response:
    """Show what a link does: programs that look at links in messages must not use it up, so that takes a form."""
    return send_page(
        "sign_in_link.html", frame_of(request, "sign_in.title"), action=f"{SIGN_IN}/{quote(token)}"
    )


@router.post(SIGN_IN + "/{token}")
async def sign_in_by_link(request: Request, token: str, _fields: Fields) -> Response:
    """Begin a session by a link, which is then used; whoever has no password is led to where he can choose one."""
    async with database_of(request).unbound() as connection:
        user_id, tenant_id = await use_link(connection, token)
    return await let_in(
        request, user_id, SignedInBy.LINK, device_token_of(request), HOME, tenant_id
    )


@router.post(SIGN_OUT)
async def sign_out(request: Request, session: SignedInByForm) -> Response:
    """End the session; whoever has signed in by the provider is led there, to end the one there, too."""
    async with database_of(request).unbound() as connection:
        await end_session(connection, session)
    response = go_to(SIGN_IN)
    cookies, provider = cookies_of(request), provider_of(request)
    if provider is not None and session.signed_in_by is SignedInBy.OIDC:
        place = await _find_sign_out(provider, cookies.id_token(request))
        if place is not None:
            response = lead_away(request, "signed_out.html", place, provider)
    cookies.forget_session(response)
    cookies.forget_id_token(response, SIGN_OUT)
    return response


async def _find_sign_out(provider: Provider, id_token: str | None) -> str | None:
    back = f"{provider.settings.public_url}{SIGN_IN}"
    try:
        return await provider.address_to_sign_out(back, id_token)
    except (ProviderUnreachable, ProviderInvalid):
        return None


async def let_in(
    request: Request,
    user_id: UUID,
    signed_in_by: SignedInBy,
    device_token: str,
    next_path: str,
    tenant_id: UUID | None,
) -> Response:
    """Begin a session of whoever has shown who he is, and lead on; the browser's earlier session ends.

    Raises:
        SignInRefused: the user is disabled.
    """
    cookies = cookies_of(request)
    async with database_of(request).unbound() as connection:
        earlier = cookies.session_token(request)
        if earlier is not None and (left := await find_session(connection, earlier)) is not None:
            await end_session(connection, left)
        begun = await begin_session(
            connection,
            user_id,
            signed_in_by=signed_in_by,
            device_token=device_token,
            device=describe_browser(request.headers.get("user-agent", "")),
            tenant_id=tenant_id,
        )
        session = None if begun is None else await find_session(connection, begun.token)
        if begun is None or session is None:
            raise SignInRefused(
                "This user may not sign in.", cure="Ask the operator of this service."
            )
        token, path = begun.token, next_path
        if session.tenant_id is None:
            tenants = await list_own_memberships(connection, session)
            if len(tenants) == 1:
                token = (
                    await switch_tenant(connection, session, tenants[0].tenant_id) or begun.token
                )
            elif not next_path.startswith(f"{INVITATIONS}/"):
                path = TENANTS
    if not session.has_password and signed_in_by not in _WITHOUT_PASSWORD:
        path = ACCOUNT
    response = go_to(SIGN_IN, after="sign-in", next=path)
    cookies.keep_session(response, token)
    cookies.keep_device(response, device_token)
    return response


def _send_form(
    request: Request,
    next_path: str | None,
    *,
    email: str = "",
    error: str | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    provider = provider_of(request)
    return send_page(
        "sign_in.html",
        frame_of(request, "sign_in.title"),
        status=status,
        action=SIGN_IN,
        next_path=own_path(next_path),
        email=email,
        error=error,
        notice=notice,
        provider=None if provider is None else provider.settings.name,
        provider_action=IDENTITY_SIGN_IN,
        passkey_action=None if find_party(request) is None else f"{PASSKEYS}/sign-in",
    )
