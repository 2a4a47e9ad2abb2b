"""Passkeys: adding them to an account, removing them, and signing in by one, without an address."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.db import read_id
from skeldir.errors import SkeldirError
from skeldir.http import client_host_of, database_of
from skeldir.users import (
    SignedInBy,
    add_passkey,
    find_passkey,
    list_passkeys,
    read_passkey_name,
    remove_passkey,
    use_passkey,
)
from skeldir.web.access import Fields, SignedInByForm
from skeldir.web.account import find_fault_of_old, note_of_user, send_account
from skeldir.web.answers import ACCOUNT, PASSKEYS, PageRoute, go_to
from skeldir.web.browsers import describe_browser
from skeldir.web.ceremonies import (
    Purpose,
    begin_ceremony,
    ceremony_invalid,
    end_ceremony,
    keep_ceremony,
    limits_of,
    require_party,
)
from skeldir.web.cookies import cookies_of, device_token_of
from skeldir.web.forms import own_path
from skeldir.web.frames import PAGE_HEADERS
from skeldir.web.passkey_answers import (
    PasskeyRefused,
    ask_to_make,
    ask_to_use,
    check_made,
    check_used,
    read_made,
    read_used,
)
from skeldir.web.sign_in import let_in

if TYPE_CHECKING:
    from skeldir.web.ceremonies import Ceremony

logger = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False, route_class=PageRoute)

_FIELD: Final = "credential"


class PasskeyNotTaken(SkeldirError):
    """The device's answer does not show that somebody may sign in, or have this passkey."""

    code = "passkey_refused"
    status = 403
    title = "The passkey was refused"


@router.post(f"{PASSKEYS}/sign-in/options")
async def ask_whoever_signs_in(request: Request, _fields: Fields) -> Response:
    """Send what a device is asked to sign in, whoever it is."""
    party = require_party(request)
    ceremony = await begin_ceremony(request, Purpose.USE)
    return _send_options(request, ceremony, ask_to_use(party, ceremony.challenge))


@router.post(f"{PASSKEYS}/sign-in")
async def sign_in_by_passkey(request: Request, fields: Fields) -> Response:
    """Begin a session of the user whose passkey has signed what this browser was asked for."""
    party = require_party(request)
    ceremony = await end_ceremony(request, Purpose.USE)
    answer = read_used(fields.get(_FIELD, ""))
    async with database_of(request).statement() as connection:
        known = await find_passkey(connection, answer.credential_id)
    if known is None:
        raise _refuse(request, "nobody has it")
    try:
        sign_count = check_used(answer, ceremony.challenge, party, known)
    except PasskeyRefused as refused:
        raise _refuse(request, str(refused)) from refused
    async with database_of(request).unbound() as connection:
        is_used = await use_passkey(connection, known, sign_count)
    if not is_used:
        raise _refuse(request, "it was removed or used in between")
    response = await let_in(
        request,
        known.user_id,
        SignedInBy.PASSKEY,
        device_token_of(request),
        own_path(fields.get("next")),
        None,
    )
    cookies_of(request).forget_ceremony(response)
    return response


@router.post(f"{PASSKEYS}/add/options")
async def ask_for_new_one(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Send what a device is asked that is to make a passkey; the password is asked for as for a new one."""
    party = require_party(request)
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    async with database_of(request).statement() as connection:
        known = [each.credential_id for each in await list_passkeys(connection, session)]
    ceremony = await begin_ceremony(request, Purpose.MAKE, str(session.session_id))
    asked = ask_to_make(party, ceremony.challenge, session.user_id, session.email, known)
    return _send_options(request, ceremony, asked)


@router.post(f"{PASSKEYS}/add")
async def add(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Give whoever is signed in the passkey that a device has made for this session."""
    party = require_party(request)
    ceremony = await end_ceremony(request, Purpose.MAKE, str(session.session_id))
    answer = read_made(fields.get(_FIELD, ""))
    try:
        passkey = check_made(answer, ceremony.challenge, party)
    except PasskeyRefused as refused:
        raise _refuse(request, str(refused)) from refused
    browser = describe_browser(request.headers.get("user-agent", ""))
    name = read_passkey_name(fields.get("name", ""), browser)
    async with database_of(request).unbound() as connection:
        is_added = await add_passkey(connection, session, passkey, name)
    if not is_added:
        raise ceremony_invalid()
    await note_of_user(request, session, "passkey.add", f"{session.email}: {name}")
    response = go_to(ACCOUNT, done="passkey")
    cookies_of(request).forget_ceremony(response)
    return response


@router.post(f"{PASSKEYS}/remove")
async def remove(request: Request, session: SignedInByForm, fields: Fields) -> Response:
    """Take a passkey from the account of whoever is signed in, who must have another way to sign in."""
    passkey_id = read_id(fields.get("passkey", ""))
    if fault := await find_fault_of_old(request, session, fields.get("old", "")):
        return await send_account(request, session, error=fault, status=422)
    name = None
    if passkey_id is not None:
        async with database_of(request).unbound() as connection:
            name = await remove_passkey(connection, session, passkey_id)
    if name is None:
        return go_to(ACCOUNT)
    await note_of_user(request, session, "passkey.remove", f"{session.email}: {name}")
    return go_to(ACCOUNT, done="no_passkey")


def _send_options(request: Request, ceremony: Ceremony, options: str) -> Response:
    response = Response(options, media_type="application/json", headers=dict(PAGE_HEADERS))
    keep_ceremony(request, response, ceremony)
    return response


def _refuse(request: Request, reason: str) -> PasskeyNotTaken:
    """Return the error for a passkey, and count it; the reason is for the log alone."""
    limits_of(request).take(client_host_of(request))
    logger.warning("web.passkey_refused %s", reason)
    return PasskeyNotTaken(
        "The passkey is of no account here, or did not sign for this page, or its device did not check who you are.",
        cure="Try again with another passkey, or sign in by password, provider or an operator's link.",
    )
