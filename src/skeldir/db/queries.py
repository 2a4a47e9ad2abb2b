"""Named SQL: each room's `queries.sql`, loaded once, run on asyncpg with bound parameters only."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import aiosql


def load_queries(package: str) -> Any:
    """Return the statements of `<package>/queries.sql` as coroutine functions by their names."""
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    return aiosql.from_str(text, "asyncpg")
