"""The rows of the list of API keys: their kind, their state, and what they may collect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from skeldir.web.key_forms import BOOKED, CLAIMED, WRITE, has_terms, kind_of
from skeldir.web.settings import terms_of_key

if TYPE_CHECKING:
    from skeldir.tenants import ApiKey, KeyTerms
    from skeldir.web.frames import Frame

_SHOWN: Final = 3
"""How many origins the list shows of a key, which may have 100."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the list shows it.

    `origins` are the first of those that pages may have, and `more_origins` says how many others there are. `orders` is
    what becomes of orders, None for a key that sends none; `order_events` says how many own order events it has.
    `change` is the address of the form of its terms.
    """

    key: ApiKey
    kind: str
    state: str
    origins: tuple[str, ...]
    more_origins: str | None
    orders: str | None
    order_events: str | None
    change: str | None


def make_row(frame: Frame, key: ApiKey, terms: KeyTerms, now: datetime) -> KeyRow:
    """Return the row of a key with its terms."""
    say, number = frame.phrases, frame.formats.number
    origins, events, state = sorted(terms.origins), len(terms.order_events), state_of(key, now)
    others = len(origins) - _SHOWN
    kind = kind_of(key)
    # A private key is held by a server, so what it sends of orders is booked.
    orders = CLAIMED if kind == WRITE and not terms.books_orders else BOOKED
    return KeyRow(
        key,
        kind,
        state,
        tuple(origins[:_SHOWN]),
        say.counted("keys.more_origins", others, number(others)) if others > 0 else None,
        orders if has_terms(key) else None,
        say.counted("keys.own_events", events, number(events)) if events else None,
        terms_of_key(key.key_id) if has_terms(key) and is_usable(state) else None,
    )


def state_of(key: ApiKey, now: datetime) -> str:
    """Return whether a key is in force, is being replaced, or how it ended."""
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "replaced" if key.replaced_by else "in_force"


def is_usable(state: str) -> bool:
    """Return whether a key in this state still works."""
    return state in ("in_force", "replaced")
