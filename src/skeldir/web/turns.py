"""The way of a browser to an OpenID Connect provider and back: once, within minutes, and by the same browser.

The browser keeps one secret in a cookie; nonce and PKCE verifier are derived from it, and the database has only
digests. The digest is of the whole cookie, so that what the browser has come back for cannot be changed either.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from time import monotonic
from typing import Final

from skeldir.errors import SkeldirError
from skeldir.http import Buckets, network_of
from skeldir.users import new_token
from skeldir.web.guesses import GuessesLimited

_SHAPE: Final = re.compile(
    r"([A-Za-z0-9_-]{43})\.(sign_in|connect|invitation)\.([A-Za-z0-9_-]{0,1600})"
)
# Each turn costs a token: in a bucket of `burst` one grows back after each interval.
_OF_ADDRESS: Final = (2.0, 30.0)
_OF_PROCESS: Final = (0.1, 200.0)


class TurnInvalid(SkeldirError):
    """The browser has not left for the provider like this, was away for too long, or was back before."""

    code = "sign_in_turn_invalid"
    status = 403
    title = "Please begin again"


class Purpose(StrEnum):
    """What a browser leaves for."""

    SIGN_IN = "sign_in"
    CONNECT = "connect"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Turn:
    """A way to the provider and back. `about` is a path to go on to, a session's id, or an invitation's token."""

    secret: str
    purpose: Purpose
    about: str

    @property
    def cookie(self) -> str:
        """What the browser keeps until it is back."""
        about = urlsafe_b64encode(self.about.encode()).decode().rstrip("=")
        return f"{self.secret}.{self.purpose}.{about}"

    @property
    def needs_email(self) -> bool:
        """Whether the provider must say the person's e-mail address."""
        return self.purpose is Purpose.INVITATION

    def nonce(self, state: str) -> str:
        """Return the nonce that the ID token must have."""
        return self._derive("nonce", state)

    def verifier(self, state: str) -> str:
        """Return the verifier of PKCE, of 43 characters."""
        return self._derive("verifier", state)

    def challenge(self, state: str) -> str:
        """Return the challenge of PKCE by S256 (RFC 7636, section 4.2)."""
        return _text(hashlib.sha256(self.verifier(state).encode()).digest())

    def _derive(self, use: str, state: str) -> str:
        return _text(hmac.digest(self.secret.encode(), f"{use}\n{state}".encode(), hashlib.sha256))


def begin(purpose: Purpose, about: str) -> Turn:
    """Return a turn that begins now."""
    return Turn(new_token(), purpose, about)


def read_turn(cookie: str | None) -> Turn | None:
    """Return the turn that a cookie is of; None if it is none."""
    found = _SHAPE.fullmatch(cookie or "")
    if found is None:
        return None
    secret, purpose, about = found.groups()
    try:
        return Turn(
            secret, Purpose(purpose), urlsafe_b64decode(about + "=" * (-len(about) % 4)).decode()
        )
    except ValueError:
        return None


def turn_invalid() -> TurnInvalid:
    """Return the error for a browser that comes back without having left, too late, or again."""
    return TurnInvalid(
        "This browser did not leave for the provider a moment ago, or was back already.",
        cure="Begin again on the sign-in page, allow cookies, and be back within 10 minutes.",
    )


class TurnLimits:
    """Limits how often browsers leave for the provider, or ask for passkeys, or fail in it, in this process."""

    def __init__(self) -> None:
        self._of_address: Buckets[str] = _buckets(_OF_ADDRESS)
        self._of_process: Buckets[str] = _buckets(_OF_PROCESS)

    def take(self, client: str | None, now_s: float | None = None) -> None:
        """Take a token of an address; `now_s` is a moment of the monotonic clock, in seconds.

        Raises:
            GuessesLimited: there is none.
        """
        now_s = monotonic() if now_s is None else now_s
        owned = ((self._of_address, network_of(client)), (self._of_process, ""))
        wait_s = max(bucket.wait_s(owner, now_s) for bucket, owner in owned)
        if wait_s:
            raise GuessesLimited(
                "Too many sign-ins were begun from this address.",
                cure="Wait a minute, then begin again.",
                retry_after_s=max(1, ceil(wait_s)),
            )
        for bucket, owner in owned:
            bucket.add(owner, -1, now_s)


def _buckets(limit: tuple[float, float]) -> Buckets[str]:
    seconds, burst = limit
    return Buckets(1 / seconds, burst, most=10_000)


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")
