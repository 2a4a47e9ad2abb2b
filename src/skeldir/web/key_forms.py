"""Forms of API keys: of which kind a key is, what it may do, and what it may collect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from skeldir.clock import utc_now
from skeldir.collect import read_order_maps
from skeldir.errors import InputInvalid
from skeldir.tenants import COLLECT, SCOPES, KeyTerms, read_origins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skeldir.tenants import ApiKey

PRIVATE: Final = "private"
WRITE: Final = "write"
KINDS: Final = (PRIVATE, WRITE)
CLAIMED: Final = "claimed"
BOOKED: Final = "booked"
ORDERS: Final = (CLAIMED, BOOKED)
"""What becomes of the orders that pages send."""
EMPTY: Final[Mapping[str, str]] = {
    "kind": PRIVATE,
    "name": "",
    "days": "",
    "origins": "",
    "orders": CLAIMED,
    "order-events": "",
    **{f"scope-{scope}": "" for scope in SCOPES},
}
"""The fields of a form that nobody has filled in."""

_LONGEST_NAME: Final = 100
_MOST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """The key that a form asks for."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    terms: KeyTerms


def kind_of(key: ApiKey) -> str:
    """Return of which kind a key is: WRITE if it may stand in pages, else PRIVATE."""
    return WRITE if COLLECT in key.scopes else PRIVATE


def has_terms(key: ApiKey) -> bool:
    """Return whether a key sends orders, so that there is something to state of them."""
    return COLLECT in key.scopes or "ingest" in key.scopes


def read_key(fields: Mapping[str, str]) -> KeyWanted:
    """Return the key that a form asks for.

    Raises:
        InputInvalid: the form does not say of which kind, or a field is not readable.
    """
    kind = fields.get("kind")
    if kind not in KINDS:
        raise InputInvalid(
            "The form does not say of which kind the key is.", cure="Choose it on the page."
        )
    name = fields.get("name", "").strip()
    if len(name) > _LONGEST_NAME:
        raise InputInvalid(
            f"The name has more than {_LONGEST_NAME} characters.", cure="Choose a shorter one."
        )
    is_write = kind == WRITE
    scopes = [scope for scope in SCOPES if fields.get(f"scope-{scope}")]
    if not (scopes or is_write):
        raise InputInvalid("No scope was given.", cure="Choose what the key may do.")
    return KeyWanted(
        name,
        (*scopes, COLLECT) if is_write else tuple(scopes),
        _expiry(fields),
        read_terms_of_form(fields, is_write=is_write),
    )


def read_terms_of_form(fields: Mapping[str, str], *, is_write: bool) -> KeyTerms:
    """Return what a key may collect, as a form states it: origins and order events are one a line.

    Raises:
        InputInvalid: an origin or an event is not readable, or the form lacks what a write key needs.
    """
    origins = read_origins(_lines(fields, "origins"))
    if is_write and not origins:
        raise InputInvalid(
            "A write key needs the origins of the pages that will use it.",
            cure="Write them one a line, such as https://shop.example; * stands for every page.",
        )
    orders = fields.get("orders", "" if is_write else CLAIMED)
    if orders not in ORDERS:
        raise InputInvalid(
            "The form does not say what becomes of orders.", cure="Choose it on the page."
        )
    order_events = _lines(fields, "order-events")
    read_order_maps(order_events)
    return KeyTerms(origins, orders == BOOKED, order_events)


def fields_of(terms: KeyTerms) -> Mapping[str, str]:
    """Return the fields of a form that states terms."""
    return {
        "origins": "\n".join(sorted(terms.origins)),
        "orders": BOOKED if terms.books_orders else CLAIMED,
        "order-events": "\n".join(terms.order_events),
    }


def _lines(fields: Mapping[str, str], name: str) -> tuple[str, ...]:
    lines = fields.get(name, "").replace("\r", "\n").split("\n")
    return tuple(line.strip() for line in lines if line.strip())


def _expiry(fields: Mapping[str, str]) -> datetime | None:
    typed = fields.get("days", "").strip()
    if not typed:
        return None
    # Python reads at most 4,300 digits, and zeros at the beginning are none of a number.
    is_short = typed.isascii() and typed.isdigit() and len(typed) <= len(str(_MOST_DAYS))
    if not (is_short and 1 <= int(typed) <= _MOST_DAYS):
        raise InputInvalid(
            "The days until the key expires are not a whole number from 1 to 36,500.",
            cure="Give whole days, or leave the field empty for a key that does not expire.",
        )
    return utc_now() + timedelta(days=int(typed))
