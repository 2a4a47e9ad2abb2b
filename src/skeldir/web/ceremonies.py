"""A page asks for a passkey, and the same browser answers: once, within five minutes, for what was asked.

As on the way to a provider, the browser keeps a secret in a cookie. The challenge is derived from the cookie, which
also says what was asked; the database has digests of both, and forgets them with the first answer, whatever it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from skeldir.errors import SkeldirError
from skeldir.http import client_host_of, database_of
from skeldir.users import CEREMONY_LASTS, begin_turn, end_turn, new_token
from skeldir.web.cookies import cookies_of
from skeldir.web.hosts import origin_of
from skeldir.web.passkey_answers import Party

if TYPE_CHECKING:
    from fastapi import Request, Response

    from skeldir.web.turns import TurnLimits

_SHAPE: Final = re.compile(r"([A-Za-z0-9_-]{43})\.(make|use)\.([0-9a-f-]{0,36})")


class CeremonyInvalid(SkeldirError):
    """This page was not asked for a passkey by this browser, or that was too long ago, or was answered before."""

    code = "passkey_turn_invalid"
    status = 403
    title = "Please begin again"


class PasskeysOff(SkeldirError):
    """Browsers know no passkeys for the address of this site."""

    code = "passkeys_off"
    status = 409
    title = "There are no passkeys at this address"


class Purpose(StrEnum):
    """What a device is asked for."""

    MAKE = "make"
    USE = "use"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a browser was asked for; `session_id` is that of the session whose user gets a passkey, else empty."""

    secret: str
    purpose: Purpose
    session_id: str = ""

    @property
    def cookie(self) -> str:
        """What the browser keeps until it answers."""
        return f"{self.secret}.{self.purpose}.{self.session_id}"

    @property
    def challenge(self) -> bytes:
        """What the device must sign: 32 bytes that only this cookie gives."""
        text = f"passkey challenge\n{self.cookie}"
        return hmac.digest(self.secret.encode(), text.encode(), hashlib.sha256)


def find_party(request: Request) -> Party | None:
    """Return this site as devices know it; None if its host is a number, which browsers know no passkeys for."""
    origin = origin_of(request).lower()
    name = urlsplit(origin).hostname
    if name is None:
        return None
    try:
        ip_address(name)
    except ValueError:
        return Party(name, origin)
    return None


def require_party(request: Request) -> Party:
    """Return this site as devices know it.

    Raises:
        PasskeysOff: its host is a number.
    """
    party = find_party(request)
    if party is None:
        raise PasskeysOff(
            "Browsers know passkeys for names of hosts only, and this address has a number.",
            cure="Open the pages by a name, on the machine itself by http://localhost with the same port.",
        )
    return party


async def begin_ceremony(request: Request, purpose: Purpose, session_id: str = "") -> Ceremony:
    """Note that a browser is asked for a passkey.

    Raises:
        GuessesLimited: from its address that was done too often.
    """
    limits_of(request).take(client_host_of(request))
    ceremony = Ceremony(new_token(), purpose, session_id)
    async with database_of(request).unbound() as connection:
        await begin_turn(connection, _state(ceremony), ceremony.cookie, lasts=CEREMONY_LASTS)
    return ceremony


async def end_ceremony(request: Request, purpose: Purpose, session_id: str = "") -> Ceremony:
    """Return what the browser was asked for, which is then over.

    Raises:
        CeremonyInvalid: it was not asked for this, or is late, or has answered before.
        GuessesLimited: that was so too often.
    """
    ceremony = _read(request.cookies.get(cookies_of(request).ceremony, ""))
    if ceremony is not None and (ceremony.purpose, ceremony.session_id) == (
        purpose,
        session_id,
    ):
        async with database_of(request).unbound() as connection:
            if await end_turn(connection, _state(ceremony), ceremony.cookie):
                return ceremony
    limits_of(request).take(client_host_of(request))
    raise ceremony_invalid()


def keep_ceremony(request: Request, response: Response, ceremony: Ceremony) -> None:
    """Let the browser keep what it was asked for until it answers."""
    cookies_of(request).keep_ceremony(response, ceremony.cookie)


def ceremony_invalid() -> CeremonyInvalid:
    """Return the error for a browser that answers what it was not asked, too late, or again."""
    return CeremonyInvalid(
        "This browser was not asked for a passkey a moment ago, or has answered already.",
        cure="Begin again by the button of the page, allow cookies, and answer within 5 minutes.",
    )


def limits_of(request: Request) -> TurnLimits:
    """Return how often browsers may be asked for passkeys, and answer wrongly."""
    limits: TurnLimits = request.app.state.ceremonies
    return limits


def _read(cookie: str) -> Ceremony | None:
    found = _SHAPE.fullmatch(cookie)
    return None if found is None else Ceremony(found[1], Purpose(found[2]), found[3])


def _state(ceremony: Ceremony) -> str:
    return urlsafe_b64encode(ceremony.challenge).decode()
