"""A tenant's site and shop: items by number, with the tenant's marker in everything that it sends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.soak.records import Tally
from skeldir.clock import utc_now

_CHANNELS = ("email", "paid_search", "organic_search", "paid_social", "direct")
# Of eight conversions one is a refund, one a dispute, one its reversal; each for an earlier order.
_KINDS = (
    "capture",
    "capture",
    "refund",
    "capture",
    "capture",
    "dispute",
    "dispute_reversal",
    "capture",
)
_ORDER_OF = (0, 1, 1, 3, 4, 4, 4, 7)
_AMOUNTS = {"refund": 333, "dispute": 77, "dispute_reversal": 77}
_SIGNS = {"refund": -1, "dispute": -1}
_CURRENCIES = ("USD", "EUR", "JPY")


@dataclass(slots=True)
class Shop:
    """Makes items; `journeys` recent visitors have about ten touches each, unless one `journey` is set for all."""

    tally: Tally
    chance: random.Random
    journeys: int = 40

    @property
    def marker(self) -> str:
        """The prefix of all keys of the tenant."""
        return self.tally.who

    def touches(self, count: int, *, journey: str = "", ago_s: float = 2.0) -> tuple[bytes, range]:
        """Return the given number of new touches as lines of JSON, and their numbers."""
        first = self.tally.touches_sent
        self.tally.touches_sent += count
        self.tally.touches_acknowledged.extend(bytes(count))
        now, numbers, who = utc_now(), range(first, first + count), self.marker
        lines = [
            f'{{"idempotency_key":"{who}-t-{n}","occurred_at":"{self._ago(now, ago_s)}",'
            f'"journey_key":"{journey or self._visitor(n)}","campaign":"{who}-spring",'
            f'"channel":"{_CHANNELS[n % 5]}"}}'
            for n in numbers
        ]
        return "\n".join(lines).encode(), numbers

    def conversions(self, count: int, *, journey: str = "") -> tuple[bytes, range]:
        """Return the given number of new conversions as lines of JSON, and their numbers."""
        first = self.tally.conversions_sent
        self.tally.conversions_sent += count
        self.tally.conversions_acknowledged.extend(bytes(count))
        now, numbers = utc_now().isoformat(), range(first, first + count)
        lines = []
        for n in numbers:
            order, kind, cents, currency = entry_of(n)
            lines.append(
                f'{{"idempotency_key":"{self.marker}-c-{n}","order_id":"{self.marker}-o-{order}",'
                f'"kind":"{kind}","amount_cents":{abs(cents)},"currency":"{currency}",'
                f'"occurred_at":"{now}","journey_key":"{journey or self._visitor(order * 10)}"}}'
            )
        return "\n".join(lines).encode(), numbers

    def _visitor(self, number: int) -> str:
        return f"{self.marker}-v-{number // 10 - self.chance.randrange(self.journeys)}"

    def _ago(self, now: datetime, most_s: float) -> str:
        return (now - timedelta(seconds=self.chance.uniform(0.0, most_s))).isoformat()


def entry_of(number: int) -> tuple[int, str, int, str]:
    """Return order, kind, signed cents and currency of a conversion; its number determines all of them."""
    eight, place = divmod(number, 8)
    order, kind = eight * 8 + _ORDER_OF[place], _KINDS[place]
    cents = _AMOUNTS.get(kind, 1_000 + order % 997) * _SIGNS.get(kind, 1)
    return order, kind, cents, _CURRENCIES[eight % 3]


def as_array(lines: bytes) -> bytes:
    """Return lines of JSON as one JSON array."""
    return b"[" + lines.replace(b"\n", b",") + b"]"
