"""Passwords: hashed by argon2id in few threads at once, and refused when a list of leaked ones would find them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn

from skeldir.errors import SkeldirError

T = TypeVar("T")

SHORTEST: Final = 10
LONGEST: Final = 100
# Each takes 64 MiB and a processor for a tenth of a second.
_AT_ONCE: Final = 2
_MOST_WAITING: Final = 20
# On the scale of zxcvbn: 3 takes more than 10^8 guesses, with lists of leaked passwords and names tried first.
_LEAST_SCORE: Final = 3
# Only these first characters are judged: of 100 that are digits and signs, the judgement would take ten seconds.
_JUDGED: Final = 24
# A hash of a password that nobody has, so that an unknown user takes the same time.
_NOBODYS: Final = "$argon2id$v=19$m=65536,t=3,p=4$02moE0baV7o8IqMKcAgWhw$SHFIUr0lrlYsDe1KENXzoFxl6tIETet9S2VF/qkhU9I"


class PasswordWeak(SkeldirError):
    """The password is too short, too long, or among those that are tried first."""

    code = "password_weak"
    status = 422
    title = "The password is too weak"


class SignInBusy(SkeldirError):
    """More passwords are being checked than the process may check."""

    code = "sign_in_busy"
    status = 503
    title = "Too many people sign in at once"


def require_strong(password: str, email: str) -> None:
    """Check a new password of the user with this e-mail address.

    Raises:
        PasswordWeak: it has fewer than 10 or more than 100 characters, or is easy to guess.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordWeak(
            f"The password has {len(password)} characters.",
            cure=f"Choose one of {SHORTEST} to {LONGEST} characters, such as four words that have nothing to do with "
            "each other.",
        )
    about_user = [email, *email.replace("@", ".").split("."), "skeldir"]
    if zxcvbn(password[:_JUDGED], user_inputs=about_user)["score"] < _LEAST_SCORE:
        raise PasswordWeak(
            "The password is among the first that would be guessed: leaked ones, names, dates and patterns.",
            cure="Choose another one, such as four words that have nothing to do with each other.",
        )


class Passwords:
    """Hashes and checks passwords aside from the event loop, two at a time in this process."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(),))
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash_new(self, password: str, email: str) -> str:
        """Return the hash by which a new password of the user with this e-mail address is recognised.

        Raises:
            PasswordWeak: it has fewer than 10 or more than 100 characters, or is easy to guess.
            SignInBusy: too many passwords wait to be hashed or checked.
        """
        return await self._in_turn(self._hash_strong, password, email)

    async def check(self, password: str, kept: str | None) -> bool:
        """Return whether `kept` is the hash of the password; without one it is False, after the same time.

        Raises:
            SignInBusy: too many passwords wait to be hashed or checked.
        """
        matches = await self._in_turn(self._verify, password[: LONGEST + 1], kept or _NOBODYS)
        return matches and kept is not None

    def _hash_strong(self, password: str, email: str) -> str:
        require_strong(password, email)
        return self._hasher.hash(password)

    def _verify(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(password, kept)
        except UnknownHashError:
            return False

    async def _in_turn(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= _MOST_WAITING:
            raise SignInBusy(
                "Too many passwords are being checked.", cure="Try again in a few seconds."
            )
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1
