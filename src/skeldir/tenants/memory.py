"""Keys that were found in force recently, so that not every request has to look its key up."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skeldir.db import Subscription
    from skeldir.tenants.keys import KeyHolder

KEYS_CHANNEL = "skeldir_keys_ended"
"""The channel on which the database notifies that a key was revoked or deleted, or expires earlier."""
LONGEST_S = 60.0
# As many as `UnknownKeyLimits` knows: a key that is remembered here is never limited there.
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class LookUp:
    """When the look-up of a key began, and the count of notifications at that time."""

    began_s: float
    changes: int


@dataclass(frozen=True, slots=True)
class _Remembered:
    holder: KeyHolder
    until_s: float
    changes: int


class KeyMemory:
    """Remembers the holders of keys by a digest of the key: for a minute at most, and never beyond the key's expiry.

    After a notification that some key has ended, or when the listening connection is lost, all keys are looked up
    again; a key whose look-up began before is not remembered. While the subscription is not current, each key is
    looked up for each request. Keys that are not in force are not remembered. All moments are seconds of the monotonic
    clock. Each step is constant work in bounded memory: the least recently used key is dropped first.
    """

    def __init__(
        self,
        subscription: Subscription,
        *,
        longest_s: float = LONGEST_S,
        most: int = _MOST_REMEMBERED,
    ) -> None:
        self._subscription = subscription
        self._longest_s = longest_s
        self._most = most
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    def recall(self, digest: bytes, now_s: float | None = None) -> KeyHolder | None:
        """Return the holder of a key without a query, or None when the key has to be looked up."""
        remembered = self._remembered.get(digest)
        if remembered is None:
            return None
        now_s = monotonic() if now_s is None else now_s
        if remembered.changes != self._subscription.changes or now_s >= remembered.until_s:
            del self._remembered[digest]
            return None
        if now_s >= self._subscription.current_until_s:
            return None
        self._remembered.move_to_end(digest)
        return remembered.holder

    def begin_look_up(self, now_s: float | None = None) -> LookUp:
        """Return what `remember` needs; call it before the query."""
        return LookUp(monotonic() if now_s is None else now_s, self._subscription.changes)

    def remember(self, digest: bytes, holder: KeyHolder, look_up: LookUp) -> None:
        """Remember the holder of a key that was found in force, unless a key has ended since the look-up began."""
        if look_up.changes != self._subscription.changes:
            return
        until_s = min(look_up.began_s + self._longest_s, holder.valid_until_s)
        self._remembered[digest] = _Remembered(holder, until_s, look_up.changes)
        self._remembered.move_to_end(digest)
        if len(self._remembered) > self._most:
            self._remembered.popitem(last=False)
