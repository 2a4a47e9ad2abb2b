"""How many requests a key may send, and how many unknown keys are looked up: token buckets in bounded memory."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil
from time import monotonic
from typing import Generic, TypeVar
from uuid import UUID

from skeldir.db import spread_retry_s
from skeldir.errors import SkeldirError
from skeldir.observability import KEYS_REFUSED
from skeldir.tenants import KEY_PREFIX_LENGTH

K = TypeVar("K", bound=Hashable)

_MOST_REMEMBERED = 10_000
_BURST_S = 5.0
_PREFIX_PART = 0.1
_LEAST_PREFIX_BURST = 50.0
_PROCESS_TIMES = 10.0


class RateLimited(SkeldirError):
    """The key sends more requests than its limit."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, cure: str, retry_after_s: int) -> None:
        super().__init__(detail, cure=cure)
        self.retry_after_s = retry_after_s


class UnknownKeysLimited(SkeldirError):
    """More unknown keys are tried than may be looked up."""

    code = "unknown_keys_limited"
    status = 429
    title = "Too many unknown keys"

    def __init__(self, detail: str, *, cure: str, retry_after_s: int) -> None:
        super().__init__(detail, cure=cure)
        self.retry_after_s = retry_after_s


class Buckets(Generic[K]):
    """A bucket of tokens for each key seen recently, filled at `per_second` up to `burst`.

    A key that is not remembered has a full bucket. When there are too many, the least recently seen one is dropped: its
    bucket is the fullest.
    """

    def __init__(self, per_second: float, burst: float, *, most: int) -> None:
        self.per_second = per_second
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[K, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: K, now_s: float) -> float:
        """Return the seconds until there is a token, 0 when there is one; it is not taken."""
        tokens = self._tokens(key, now_s)
        if key in self._buckets:
            # A key that keeps asking is remembered, however many others come and go.
            self._buckets.move_to_end(key)
        return 0.0 if tokens >= 1 else (1 - tokens) / self.per_second

    def add(self, key: K, tokens: float, now_s: float) -> None:
        """Put tokens into a bucket, or take them out when they are negative."""
        self._buckets[key] = (min(self._burst, self._tokens(key, now_s) + tokens), now_s)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)

    def _tokens(self, key: K, now_s: float) -> float:
        tokens, filled_at = self._buckets.get(key, (self._burst, now_s))
        return min(self._burst, tokens + (now_s - filled_at) * self.per_second)


class KeyLimits:
    """Allows each key `per_second` requests on average, and twice as many at once after a pause."""

    def __init__(self, per_second: int, *, most: int = _MOST_REMEMBERED) -> None:
        self._buckets: Buckets[UUID] = Buckets(per_second, 2.0 * per_second, most=most)

    def take(self, key_id: UUID, now_s: float | None = None) -> None:
        """Take one request of a key; `now_s` is a moment of the monotonic clock, in seconds.

        Raises:
            RateLimited: the bucket is empty.
        """
        now_s = monotonic() if now_s is None else now_s
        wait_s = self._buckets.wait_s(key_id, now_s)
        if wait_s:
            raise RateLimited(
                f"The key sends more than {self._buckets.per_second} requests per second.",
                cure="Wait as long as Retry-After states; send many items in one request.",
                retry_after_s=max(1, ceil(wait_s)),
            )
        self._buckets.add(key_id, -1, now_s)


@dataclass(frozen=True, slots=True)
class Trial:
    """A key that may be looked up; if it is unknown, with the buckets that it took tokens from, and its waiters."""

    digest: bytes
    paid: tuple[tuple[Buckets[str], str], ...] = ()
    is_decided: asyncio.Event | None = None


class UnknownKeyLimits:
    """Limits look-ups of keys that have not authenticated here before: per prefix, per address and in total.

    `per_second` is the limit of an address; a prefix has a tenth of it, and all addresses together have ten times as
    much; bursts of five seconds' worth are allowed. A key that turns out to be in force gets its tokens back, and is
    looked up without limit while it stays in force: an attack, even from behind the same proxy, does not affect known
    keys. A key that was refused for lack of tokens and is tried again has buckets of its own, of the same size, which
    an attack does not touch as long as it tries each key once. Of the requests that bring the same unknown key at once,
    one is looked up and the others wait for its result, so their number costs nothing.

    Each step is constant work in bounded memory. A key is remembered only by a digest keyed with a secret of this
    process, which is useless elsewhere.
    """

    def __init__(self, per_second: int, *, most: int = _MOST_REMEMBERED) -> None:
        self._most = most
        self._first = _buckets_of_unknown(per_second, most)
        self._returning = _buckets_of_unknown(per_second, most)
        self._secret = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._undecided: dict[bytes, asyncio.Event] = {}

    async def admit(self, key: str, client: str | None, now_s: float | None = None) -> Trial:
        """Let a key be looked up; `client` is the address that sent it, or None.

        One of `succeed`, `fail` and `abandon` must follow, or other requests with the same key wait for ever. `now_s`
        is a moment of the monotonic clock, in seconds.

        Raises:
            UnknownKeysLimited: the key is unknown, and a bucket is empty; the database must not be queried.
        """
        digest = hashlib.blake2b(key.encode(), key=self._secret, digest_size=16).digest()
        while digest not in self._known:
            undecided = self._undecided.get(digest)
            if undecided is None:
                return self._admit_unknown(
                    key, digest, client, monotonic() if now_s is None else now_s
                )
            await undecided.wait()
        return Trial(digest)

    def _admit_unknown(self, key: str, digest: bytes, client: str | None, now_s: float) -> Trial:
        owners = {"prefix": key[:KEY_PREFIX_LENGTH], "address": network_of(client), "process": ""}
        buckets = self._returning if digest in self._refused else self._first
        for limit, owner in owners.items():
            wait_s = buckets[limit].wait_s(owner, now_s)
            if wait_s:
                # Nothing else is recorded of it, so that an attack cannot push out other keys.
                _remember(self._refused, digest, self._most)
                KEYS_REFUSED.labels(limit).inc()
                raise UnknownKeysLimited(
                    "Too many unknown keys are being tried; this one was not looked up.",
                    cure="Wait as long as Retry-After states, then try again; stop using a key that got a 401.",
                    retry_after_s=max(spread_retry_s(), ceil(wait_s)),
                )
        for limit, owner in owners.items():
            buckets[limit].add(owner, -1, now_s)
        paid = tuple((buckets[limit], owner) for limit, owner in owners.items())
        is_decided = self._undecided[digest] = asyncio.Event()
        return Trial(digest, paid, is_decided)

    def succeed(self, trial: Trial, now_s: float | None = None) -> None:
        """Remember a key that is in force, and return its tokens."""
        _remember(self._known, trial.digest, self._most)
        self._refused.pop(trial.digest, None)
        self.abandon(trial, now_s)

    def fail(self, trial: Trial) -> None:
        """Forget a key that is not, or no longer, in force; its tokens are lost."""
        KEYS_REFUSED.labels("unknown").inc()
        self._known.pop(trial.digest, None)
        self._refused.pop(trial.digest, None)
        self._decide(trial)

    def abandon(self, trial: Trial, now_s: float | None = None) -> None:
        """Return the tokens of a key that could not be looked up."""
        now_s = monotonic() if now_s is None else now_s
        for buckets, owner in trial.paid:
            buckets.add(owner, 1, now_s)
        self._decide(trial)

    def _decide(self, trial: Trial) -> None:
        if trial.is_decided is not None:
            del self._undecided[trial.digest]
            trial.is_decided.set()


def _buckets_of_unknown(per_second: float, most: int) -> dict[str, Buckets[str]]:
    of_prefix = _PREFIX_PART * per_second
    of_process = _PROCESS_TIMES * per_second
    return {
        "prefix": Buckets(of_prefix, max(_LEAST_PREFIX_BURST, _BURST_S * of_prefix), most=most),
        "address": Buckets(per_second, _BURST_S * per_second, most=most),
        "process": Buckets(of_process, _BURST_S * of_process, most=1),
    }


def network_of(client: str | None) -> str:
    """Return what shares a bucket: an IPv4 address, an IPv6 network of 64 bits, or all unknown addresses."""
    try:
        address = ip_address(client or "")
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return address.packed[:8].hex()
    return str(address if isinstance(address, IPv4Address) else address.ipv4_mapped)


def _remember(digests: OrderedDict[bytes, None], digest: bytes, most: int) -> None:
    digests[digest] = None
    digests.move_to_end(digest)
    if len(digests) > most:
        digests.popitem(last=False)
