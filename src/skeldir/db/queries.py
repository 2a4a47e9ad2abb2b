"""Named SQL: each room's `queries.sql`, loaded once, run on asyncpg with bound parameters only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import aiosql
from aiosql.types import SQLOperationType


def load_queries(package: str) -> Any:
    """Return the statements of `<package>/queries.sql` as coroutine functions by their names.

    A plain name gives all rows as a list, `^` one row or None, `$` one value, `!` nothing.
    """
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    loaded = aiosql.from_str(text, "asyncpg", mandatory_parameters=False)
    statements = SimpleNamespace()
    for name in loaded.available_queries:
        if name.endswith("_cursor"):
            continue
        statement = getattr(loaded, name)
        if statement.operation == SQLOperationType.SELECT:
            statement = _all_rows(statement)
        setattr(statements, name, statement)
    return statements


def load_blocking_queries(package: str) -> Any:
    """Return the same statements as plain functions, for a psycopg connection; `!` gives the number of rows."""
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    return aiosql.from_str(text, "psycopg", mandatory_parameters=False)


def _all_rows(statement: Any) -> Callable[..., Awaitable[list[Any]]]:
    """The rows have all arrived when aiosql starts to yield them, so they are handed over at once."""

    async def run(connection: Any, **values: object) -> list[Any]:
        return [row async for row in statement(connection, **values)]

    run.sql = statement.sql  # type: ignore[attr-defined]  # a test PREPAREs every statement
    return run
