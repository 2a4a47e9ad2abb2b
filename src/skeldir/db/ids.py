"""UUIDs of version 7: ids that sort by the time they were made, so that indexes grow at one end."""

from __future__ import annotations

import os
from uuid import UUID

from skeldir.clock import utc_now

_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def new_id_texts(count: int) -> list[str]:
    """Return `count` fresh UUIDv7 (RFC 9562, 5.7) as 32 digits: 48 bits of Unix milliseconds, then 74 random bits."""
    start = f"{int(utc_now().timestamp() * 1000):012x}7"
    noise = os.urandom(10 * count).hex()
    return [
        f"{start}{noise[at : at + 3]}{_VARIANTS[noise[at + 3]]}{noise[at + 4 : at + 19]}"
        for at in range(0, 20 * count, 20)
    ]


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7."""
    return [UUID(int=int(text, 16)) for text in new_id_texts(count)]


def new_id() -> UUID:
    """Return one fresh UUIDv7."""
    return new_ids(1)[0]


def read_id(text: str) -> UUID | None:
    """Return the id that `text` writes; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
