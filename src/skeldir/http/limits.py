"""How many requests a key may send: a token bucket per key, in this process, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from math import ceil
from time import monotonic
from uuid import UUID

from skeldir.errors import SkeldirError

_MOST_BUCKETS = 10_000


class RateLimited(SkeldirError):
    """The key sends more requests than it may."""

    code = "rate_limited"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, *, cure: str, retry_after_s: int) -> None:
        super().__init__(detail, cure=cure)
        self.retry_after_s = retry_after_s


class KeyLimits:
    """Lets each key send `per_second` requests on average, and twice as many at once after a pause.

    A key that is not remembered has a full bucket. When there are too many keys to remember, the one that has been
    silent for longest is forgotten, whose bucket is the fullest.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._burst = 2.0 * per_second
        self._buckets: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def take(self, key_id: UUID, now_s: float | None = None) -> None:
        """Take one request of a key's; `now_s` is a moment of the monotonic clock, in seconds.

        Raises:
            RateLimited: the bucket is empty.
        """
        now_s = monotonic() if now_s is None else now_s
        tokens, filled_at = self._buckets.pop(key_id, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - filled_at) * self._per_second)
        is_allowed = tokens >= 1
        self._buckets[key_id] = (tokens - is_allowed, now_s)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if not is_allowed:
            raise RateLimited(
                f"The key sends more than {self._per_second} requests per second.",
                cure="Wait as long as Retry-After says; send many items in one request.",
                retry_after_s=max(1, ceil((1 - tokens) / self._per_second)),
            )
