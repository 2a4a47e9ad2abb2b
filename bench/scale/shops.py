"""Shops of very different sizes, and their exports: the same rows in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from skeldir.ingest.files import FileMapping
from skeldir.ingest.files.mapping import Condition

# Probes use other currencies, so no row of theirs exists beforehand.
CURRENCY = "BRL"
REFUNDED_SHARE = 0.06
_TOUCHES_A_VISITOR = 8
_DAY_S = 86_400

_COLUMNS = {
    "idempotency_key": "key", "occurred_at": "at", "journey_key": "visitor", "session_id": "session",
    "source": "utm_source", "medium": "utm_medium", "campaign": "utm_campaign", "referrer_host": "referrer",
    "landing_path": "path", "order_id": "order", "amount": "amount",
}  # fmt: skip
VISITS = FileMapping(
    kind="mixed",
    columns={field: (column,) for field, column in _COLUMNS.items()},
    format="csv",
    currency=CURRENCY,
    amount_unit="minor",
    order_when=Condition("order"),
)
_REFUND_COLUMNS = {
    "idempotency_key": "key",
    "occurred_at": "at",
    "order_id": "order",
    "amount": "amount",
    "kind": "kind",
}
REFUNDS = FileMapping(
    kind="conversions",
    columns={field: (column,) for field, column in _REFUND_COLUMNS.items()},
    format="csv",
    currency=CURRENCY,
    amount_unit="minor",
)
# source, medium, campaign and referrer, as frequent as in this list.
_SOURCES = (
    "google,cpc,brand-{0},",
    "google,cpc,generic-{0},",
    "facebook,paid_social,retarget-{0},",
    "youtube,cpv,launch-{0},",
    "newsletter,email,week-{0},",
    "partner-blog,affiliate,,",
    ",,,www.google.com",
    ",,,www.google.com",
    ",,,a-blog.example",
    ",,,",
    ",,,",
)


@dataclass(slots=True)
class Shop:
    """A tenant: its part of all touches, and how many touches its exports have had so far."""

    number: int
    tenant_id: UUID
    share: float
    written: int = 0

    def due_by(self, touches: int) -> int:
        """Return how many touches the shop has when all shops together have `touches`."""
        return round(self.share * touches)


def shares(count: int, skew: float) -> list[float]:
    """Return the parts of `count` shops, the largest first: the part of the n-th is as 1 / n ** skew (Zipf's law)."""
    weights = [1 / (rank**skew) for rank in range(1, count + 1)]
    return [weight / sum(weights) for weight in weights]


@dataclass(frozen=True, slots=True)
class Span:
    """Some days: half-open, in UTC."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def parts(self, count: int) -> list[Span]:
        """Return `count` spans of equal length, one after another."""
        step = self.days // count
        bounds = [self.start + timedelta(days=step * place) for place in range(count)]
        return [Span(a, b) for a, b in zip(bounds, (*bounds[1:], self.end), strict=True)]


def write_visits(path: Path, shop: Shop, span: Span, until: int, a_day: float, ratio: int) -> int:
    """Write the shop's visits up to its touch number `until`, in time order; return how many.

    One visit in `ratio` is an order. `a_day` is how many touches the shop has on a day: a visitor's touches are spread
    over about a week.
    """
    first, shop.written = shop.written, max(shop.written, until)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(_COLUMNS.values()) + "\n")
        file.writelines(_visits(shop.number, span, range(first, shop.written), a_day, ratio))
    return shop.written - first


def _visits(shop: int, span: Span, numbers: range, a_day: float, ratio: int) -> Iterator[str]:
    chance = random.Random(f"{shop}:{numbers.start}")  # noqa: S311 - the same rows in every run
    week = max(4, int(a_day * 7 / _TOUCHES_A_VISITOR))
    step_s = span.days * _DAY_S / max(1, len(numbers))
    start = datetime.combine(span.start, datetime.min.time(), tzinfo=UTC)
    for place, n in enumerate(numbers):
        moment = start + timedelta(seconds=int((place + chance.random()) * step_s))
        visitor = n // _TOUCHES_A_VISITOR - chance.randrange(week)
        source = _SOURCES[int(chance.random() * len(_SOURCES))].format(n // 5_000 % 40)
        order = f"o-{n},{amount_of(n)}" if n % ratio == ratio - 1 else ","
        yield f"t-{n},{moment.isoformat()},v-{visitor},s-{n // 3},{source},/p/{n % 500},{order}\n"


def amount_of(order: int) -> int:
    """Return the amount of an order in cents; its number determines it."""
    return 1_000 + order * 7_919 % 49_000


def write_refunds(path: Path, day: date, orders: Sequence[int]) -> int:
    """Write a refund of a third of each order, on a day; return how many."""
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(_REFUND_COLUMNS.values()) + "\n")
        file.writelines(
            f"r-{n},{day.isoformat()}T12:00:00+00:00,o-{n},{amount_of(n) // 3},refund\n"
            for n in orders
        )
    return len(orders)
