"""What a tenant may be called: nothing that could be read as an id or as a key, and white space makes no difference."""

from __future__ import annotations

from skeldir.db import read_id
from skeldir.errors import InputInvalid

KEY_START = "skd_"
KEY_PREFIX_LENGTH = 12
"""The part of a key by which people know it, and which lists show."""


class TenantNameInvalid(InputInvalid):
    """No tenant can have this name: it is blank, or reads like an id or a key."""

    code = "tenant_name_invalid"
    title = "The tenant cannot be called that"


def fold_name(text: str) -> str:
    """Return a name as it is stored and compared: without white space at its ends, and one space for each run of it."""
    return " ".join(text.split())


def is_like_id_or_key(text: str) -> bool:
    """Say whether a text could be read as an id or as the beginning of a key, and so as another tenant's."""
    folded = fold_name(text)
    return read_id(folded) is not None or folded.casefold().startswith(KEY_START)


def quote_typed(text: str) -> str:
    """Return what somebody typed as a message may repeat it: of what may be a key only the prefix."""
    is_key = fold_name(text).casefold().startswith(KEY_START)
    return repr(fold_name(text)[:KEY_PREFIX_LENGTH] if is_key else text)


def read_name(text: str) -> str:
    """Return the name that a new tenant gets.

    Raises:
        TenantNameInvalid: the name is blank, is an id however it is written, or begins like a key.
    """
    name = fold_name(text)
    if not name:
        raise TenantNameInvalid(
            "A tenant needs a name.", cure="Give a name that people will recognise."
        )
    if is_like_id_or_key(name):
        raise TenantNameInvalid(
            f"{quote_typed(name)} reads like a tenant's id, or like a key, which begins with {KEY_START}.",
            cure="Choose another name, so that nobody takes it for another tenant's id or key.",
        )
    return name
