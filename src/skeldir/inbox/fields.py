"""Reads single fields of a provider's body, and reduces a body to fields that may be kept. Pure.

Whatever is kept is typed: an id, a word, an amount, a moment or a truth value. So a name or an address under an
allow-listed key is not kept either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from skeldir.inbox.persons import is_of_person
from skeldir.inbox.saying import LONGEST_ID, PROVIDERS, Trouble

Json: TypeAlias = Mapping[str, object]
EMPTY: Final[Json] = {}

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/#-]*", re.ASCII)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,8})?", re.ASCII)
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200
"""Moments are in the years from the first up to before the last."""


class JsonUnreadable(Exception):
    """The body is not the JSON object that its signature covers. `trouble` says why, without its contents."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.trouble = Trouble("body_unreadable", detail)


def read_json(body: bytes) -> Json:
    """Return the JSON object of a body; its fractional numbers are Decimals. Raises JsonUnreadable."""
    value = read_value(body)
    if not isinstance(value, dict):
        raise JsonUnreadable("The body is not a JSON object.")
    return value


def read_value(text: bytes) -> object:
    """Return the JSON value of a text; its fractional numbers are Decimals. Raises JsonUnreadable."""
    try:
        return json.loads(
            text.decode(), parse_float=_read_fraction, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise JsonUnreadable("The body is not JSON in UTF-8.") from None


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _read_fraction(text: str) -> Decimal:
    """Return a number; one with an exponent beyond all bounds is none, which matters only where it is an amount."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def mapping_of(fields: Json, name: str) -> Json:
    """Return the object under a name; an empty one if there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else EMPTY


def list_of(fields: Json, name: str) -> Sequence[Json]:
    """Return the objects of the list under a name; empty if there is none."""
    value = fields.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def id_of(value: object) -> str | None:
    """Return an id, a text or a whole number, as text; None if it is missing, no id, or a person's."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    if isinstance(value, str) and len(value) <= LONGEST_ID and _ID.fullmatch(value):
        return None if is_of_person(value) else value
    return None


def word_of(value: object) -> str | None:
    """Return a word of a provider's vocabulary, such as a status or a type; None for anything else."""
    if not isinstance(value, str) or not _WORD.fullmatch(value) or is_of_person(value):
        return None
    return value


def flag_of(value: object) -> bool | None:
    """Return a truth value; None for anything else."""
    return value if isinstance(value, bool) else None


def amount_of(value: object) -> str | None:
    """Return an amount as decimal text, to be kept; None for anything else."""
    text = value if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        text = str(value)
    # Bounded before it is written out: 1E+999999999 is a short number and a text of a gigabyte.
    if isinstance(value, Decimal) and value.is_finite() and -20 < value.adjusted() < 20:
        text = format(value, "f")
    return text if text is not None and _AMOUNT.fullmatch(text) else None


def moment_of_unix(value: object) -> datetime | None:
    """Return the moment of whole seconds since 1970; None if there is none in this or the last century."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 7_258_118_400:
        return None
    return _in_bounds(datetime.fromtimestamp(value, UTC))


def moment_of_text(value: object, *, is_utc_without_offset: bool = False) -> datetime | None:
    """Return the moment of an ISO 8601 text, in UTC; None if it is no moment, or has no offset and needs one."""
    if not isinstance(value, str) or not len("2026-01-01") < len(value) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        if not is_utc_without_offset:
            return None
        moment = moment.replace(tzinfo=UTC)
    return _in_bounds(moment)


def _in_bounds(moment: datetime) -> datetime | None:
    return moment.astimezone(UTC) if FIRST_YEAR <= moment.year < LAST_YEAR else None


_OWN_NAMES: Final = tuple(f"{provider}:" for provider in PROVIDERS)


def reference_of(value: object) -> str | None:
    """Return a merchant's reference of an order; None if it is no id, as an e-mail address is none.

    Nor is it one that looks like a name made here, such as `stripe:charge:ch_1`: that may be another order's id.
    """
    if isinstance(value, str):
        value = value.strip().removeprefix("#")
        if value.startswith(_OWN_NAMES):
            return None
    return id_of(value)


def token_of(value: object) -> str | None:
    """Return a journey's token: printable text of at most 200 characters without blanks at its ends; else None."""
    if not isinstance(value, str):
        return None
    token = value.strip()
    return token if token and len(token) <= 200 and token.isprintable() else None


Keep: TypeAlias = dict[str, "Callable[[object], object] | Keep"]
"""Names of fields that are kept, each with the function that reads it, or with the Keep of its object or its list."""


def keep(fields: Json, allowed: Keep, *, most: int = 100) -> dict[str, object]:
    """Return the allowed fields of an object that are what they should be; of lists at most `most` elements."""
    kept: dict[str, object] = {}
    for name, reader in allowed.items():
        value = fields.get(name)
        if value is None:
            continue
        found: object
        if not isinstance(reader, dict):
            found = reader(value)
        elif isinstance(value, dict):
            found = keep(value, reader) or None
        elif isinstance(value, list):
            parts = [keep(one, reader) for one in value[:most] if isinstance(one, dict)]
            found = [part for part in parts if part] or None
        else:
            continue
        if found is not None:
            kept[name] = found.isoformat() if isinstance(found, datetime) else found
    return kept
