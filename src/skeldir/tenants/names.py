"""The names of tenants: none can be mistaken for an id or a key, and white space makes no difference."""

from __future__ import annotations

from skeldir.db import read_id
from skeldir.errors import InputInvalid

KEY_START = "skd_"
KEY_PREFIX_LENGTH = 12
"""How many characters of a key lists show; people refer to the key by them."""


class TenantNameInvalid(InputInvalid):
    """A tenant cannot have this name: it is blank, or looks like an id or a key."""

    code = "tenant_name_invalid"
    title = "The tenant cannot have this name"


def fold_name(text: str) -> str:
    """Return a name as it is stored and compared: trimmed, and with one space for each run of white space."""
    return " ".join(text.split())


def is_like_id_or_key(text: str) -> bool:
    """Return whether a text could be taken for an id or the beginning of a key, possibly another tenant's."""
    folded = fold_name(text)
    return read_id(folded) is not None or folded.casefold().startswith(KEY_START)


def quote_typed(text: str) -> str:
    """Return typed text as a message may repeat it: of a possible key, only the prefix."""
    is_key = fold_name(text).casefold().startswith(KEY_START)
    return repr(fold_name(text)[:KEY_PREFIX_LENGTH] if is_key else text)


def read_name(text: str) -> str:
    """Return the name for a new tenant, folded.

    Raises:
        TenantNameInvalid: the name is blank, is an id in any spelling, or begins like a key.
    """
    name = fold_name(text)
    if not name:
        raise TenantNameInvalid(
            "A tenant needs a name.", cure="Give a name that people will recognise."
        )
    if is_like_id_or_key(name):
        raise TenantNameInvalid(
            f"{quote_typed(name)} looks like a tenant's id, or like a key, which begins with {KEY_START}.",
            cure="Choose another name, one that cannot be taken for another tenant's id or key.",
        )
    return name
