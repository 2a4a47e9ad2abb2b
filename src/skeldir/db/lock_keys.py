"""The keys of advisory locks, derived from readable names."""

from __future__ import annotations

import hashlib


def lock_key(name: str) -> int:
    """Return the 64-bit signed key of `name`: the first eight bytes of its SHA-256, big-endian.

    `lock_key("matview_refresh:mv_realtime_revenue:GLOBAL")` is the test vector.
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
