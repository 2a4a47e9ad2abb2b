"""UUIDs of version 7: ids that sort by the time they were made, so that indexes grow at one end."""

from __future__ import annotations

import os
from uuid import UUID

from skeldir.clock import utc_now


def new_ids(count: int) -> list[UUID]:
    """Return `count` fresh UUIDv7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = int(utc_now().timestamp() * 1000)
    fixed = (milliseconds << 80) | (0x7 << 76) | (0x2 << 62)
    noise = os.urandom(10 * count)
    return [
        UUID(int=fixed | (bits >> 68) << 64 | bits & 0x3FFFFFFFFFFFFFFF)
        for bits in (int.from_bytes(noise[at : at + 10], "big") for at in range(0, 10 * count, 10))
    ]


def new_id() -> UUID:
    """Return one fresh UUIDv7."""
    return new_ids(1)[0]


def read_id(text: str) -> UUID | None:
    """Return the id that `text` writes; None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
