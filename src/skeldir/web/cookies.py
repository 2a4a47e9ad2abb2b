"""The cookies: the tokens of a session and of a browser, and, for minutes, what a browser left with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skeldir.users import CEREMONY_LASTS, SESSION_LASTS, TOKEN_SHAPE, TURN_LASTS, new_token
from skeldir.web.hosts import site_of

if TYPE_CHECKING:
    from fastapi import Request, Response

_SESSION: Final = "skeldir"
_DEVICE: Final = "skeldir-device"
_TURN: Final = "skeldir-turn"
_CEREMONY: Final = "skeldir-passkey"
_HINT: Final = "skeldir-hint"
# Proxies take about 4,000 bytes of headers.
_ID_TOKEN: Final = re.compile(r"(?=.{1,2000}\Z)[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_DEVICE_LASTS_S: Final = 400 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of a site.

    A browser takes a `__Host-` cookie over HTTPS only, and no neighbouring host can set it. On the machine itself,
    where people try the program without a certificate, some browsers want a plain one.
    """

    is_local: bool

    @property
    def session(self) -> str:
        """The name of the cookie with the session's token."""
        return _SESSION if self.is_local else f"__Host-{_SESSION}"

    @property
    def device(self) -> str:
        """The name of the cookie with the browser's own token."""
        return _DEVICE if self.is_local else f"__Host-{_DEVICE}"

    @property
    def turn(self) -> str:
        """The name of the cookie of a browser that has left for an OpenID Connect provider."""
        return _TURN if self.is_local else f"__Host-{_TURN}"

    @property
    def ceremony(self) -> str:
        """The name of the cookie of a browser whose device is asked for a passkey."""
        return _CEREMONY if self.is_local else f"__Host-{_CEREMONY}"

    def session_token(self, request: Request) -> str | None:
        """Return the token of the session that a request names, whether or not it is in force."""
        return _read(request, self.session)

    def device_token(self, request: Request) -> str | None:
        """Return the token by which a browser is known again; None for a new one."""
        return _read(request, self.device)

    def keep_session(self, response: Response, token: str) -> None:
        """Let the browser send the session's token from now on."""
        self._keep(response, self.session, token, int(SESSION_LASTS.total_seconds()))

    def keep_device(self, response: Response, token: str) -> None:
        """Let the browser send its own token from now on."""
        self._keep(response, self.device, token, _DEVICE_LASTS_S)

    def forget_session(self, response: Response) -> None:
        """Let the browser forget the session's token."""
        self._keep(response, self.session, "", 0)

    def keep_turn(self, response: Response, value: str) -> None:
        """Let the browser send what it left for a provider with, until it is back."""
        self._keep(response, self.turn, value, int(TURN_LASTS.total_seconds()))

    @property
    def hint(self) -> str:
        """The name of the cookie with the ID token; one with `__Host-` would be sent with every request."""
        return _HINT if self.is_local else f"__Secure-{_HINT}"

    def id_token(self, request: Request) -> str | None:
        """Return the ID token by which the session was begun, to show the provider whom to sign out."""
        token = request.cookies.get(self.hint, "")
        return token if _ID_TOKEN.fullmatch(token) else None

    def keep_id_token(self, response: Response, token: str, path: str) -> None:
        """Let the browser send the ID token to the path that signs out; one too long for a cookie is not kept."""
        if _ID_TOKEN.fullmatch(token):
            self._keep(response, self.hint, token, int(SESSION_LASTS.total_seconds()), path)

    def forget_id_token(self, response: Response, path: str) -> None:
        """Let the browser forget the ID token that it sends to a path."""
        self._keep(response, self.hint, "", 0, path)

    def forget_turn(self, response: Response) -> None:
        """Let the browser forget what it left with."""
        self._keep(response, self.turn, "", 0)

    def keep_ceremony(self, response: Response, value: str) -> None:
        """Let the browser send what its device is asked for, until it has answered."""
        self._keep(response, self.ceremony, value, int(CEREMONY_LASTS.total_seconds()))

    def forget_ceremony(self, response: Response) -> None:
        """Let the browser forget what its device was asked for."""
        self._keep(response, self.ceremony, "", 0)

    def _keep(
        self, response: Response, name: str, value: str, lasts_s: int, path: str = "/"
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=lasts_s,
            path=path,
            secure=not self.is_local,
            httponly=True,
            samesite="lax",
        )


def cookies_of(request: Request) -> Cookies:
    """Return the cookies of the site that a request is for."""
    return Cookies(is_local=site_of(request).is_local)


def device_token_of(request: Request) -> str:
    """Return the token of the request's browser, a new one if it has none."""
    return cookies_of(request).device_token(request) or new_token()


def _read(request: Request, name: str) -> str | None:
    token = request.cookies.get(name, "")
    return token if TOKEN_SHAPE.fullmatch(token) else None
