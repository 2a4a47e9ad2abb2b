"""UUIDs of version 7 (RFC 9562, 5.7): ids that sort by the time they were made, so that indexes grow at one end."""

from __future__ import annotations

from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return one fresh id."""
    return uuid7()


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh ids, in their order."""
    return [uuid7() for _ in range(count)]


def new_hex_ids(count: int) -> list[str]:
    """Return the 32 digits of `count` fresh ids, in their order, in a fifth of the time of making objects."""
    return [uuid_utils.uuid7().hex for _ in range(count)]


def read_id(text: str) -> UUID | None:
    """Return the id that `text` writes; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
