"""How many passwords may be tried: few for an account from unknown browsers, without locking out the ones it knows."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import Final

from skeldir.errors import SkeldirError
from skeldir.http import Buckets, network_of

_MOST_REMEMBERED: Final = 10_000
# A wrong password costs a token; in a bucket of `burst` one grows back after each interval.
_OF_ACCOUNT: Final = (60.0, 8.0)
_OF_DEVICE: Final = (20.0, 8.0)
_OF_ADDRESS: Final = (6.0, 30.0)
_OF_PROCESS: Final = (0.2, 100.0)


class GuessesLimited(SkeldirError):
    """Too many wrong passwords were tried."""

    code = "sign_in_limited"
    status = 429
    title = "Too many tries"

    def __init__(self, detail: str, *, cure: str, retry_after_s: int) -> None:
        super().__init__(detail, cure=cure)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Guess:
    """A password that may be tried, with the buckets that a wrong one takes a token from."""

    buckets: tuple[tuple[Buckets[str], str], ...]


class Guesses:
    """Limits wrong passwords in this process.

    From browsers in which the account has not signed in before, eight may be tried, then one a minute, whoever
    tries; so ten thousand take a week. A browser in which the account has signed in has a bucket of its own, which no
    attack empties. Right passwords cost nothing. Accounts and browsers are remembered only by digests keyed with a
    secret of this process.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._of_account = _buckets(_OF_ACCOUNT)
        self._of_device = _buckets(_OF_DEVICE)
        self._of_address = _buckets(_OF_ADDRESS)
        self._of_process = _buckets(_OF_PROCESS)

    def admit(
        self, email: str, client: str | None, known_device: str | None, now_s: float | None = None
    ) -> Guess:
        """Let a password be tried; `known_device` is the token of a browser in which the account has signed in.

        `client` is the address that sent it, `now_s` a moment of the monotonic clock, in seconds.

        Raises:
            GuessesLimited: too many wrong ones were tried; this one must not be compared.
        """
        now_s = monotonic() if now_s is None else now_s
        buckets: tuple[tuple[Buckets[str], str], ...]
        if known_device is not None:
            buckets = ((self._of_device, self._key(email, known_device)),)
        else:
            buckets = (
                (self._of_account, self._key(email)),
                (self._of_address, network_of(client)),
                (self._of_process, ""),
            )
        wait_s = max(bucket.wait_s(owner, now_s) for bucket, owner in buckets)
        if wait_s:
            raise GuessesLimited(
                "Too many wrong passwords were tried; this one was not compared.",
                cure="Wait a minute, sign in with a browser that you have used before, or have the operator make a "
                "link with `skeldir users link`.",
                retry_after_s=max(1, ceil(wait_s)),
            )
        return Guess(buckets)

    def fail(self, guess: Guess, now_s: float | None = None) -> None:
        """Count a wrong password."""
        now_s = monotonic() if now_s is None else now_s
        for bucket, owner in guess.buckets:
            bucket.add(owner, -1, now_s)

    def _key(self, *parts: str) -> str:
        text = "\n".join(parts).encode()
        return hashlib.blake2b(text, key=self._secret, digest_size=16).hexdigest()


def _buckets(limit: tuple[float, float]) -> Buckets[str]:
    seconds, burst = limit
    return Buckets(1 / seconds, burst, most=_MOST_REMEMBERED)
