"""Named SQL: each room's `queries.sql`, loaded once, run on asyncpg with bound parameters only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter
from aiosql.types import SQLOperationType

Run = Callable[..., Awaitable[Any]]

# How a statement is run, by how its name ends: with `^`, `$`, `!`, or nothing.
_WAYS = {
    SQLOperationType.SELECT: "fetch",
    SQLOperationType.SELECT_ONE: "fetchrow",
    SQLOperationType.SELECT_VALUE: "fetchval",
    SQLOperationType.INSERT_UPDATE_DELETE: "execute",
}


def load_queries(package: str) -> Any:
    """Return the statements of `<package>/queries.sql` as coroutine functions by their names.

    A plain name gives all rows as a list, `^` one row or None, `$` one value, `!` nothing.
    """
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    adapter = AsyncPGAdapter()  # type: ignore[no-untyped-call]  # aiosql has no types there
    loaded = aiosql.from_str(text, lambda: adapter, mandatory_parameters=False)
    statements = SimpleNamespace()
    for name in loaded.available_queries:
        if name.endswith("_cursor"):
            continue
        statement = getattr(loaded, name)
        run = _run(statement.sql, adapter.var_sorted[name], _WAYS[statement.operation])
        setattr(statements, name, run)
    return statements


def load_blocking_queries(package: str) -> Any:
    """Return the same statements as plain functions, for a psycopg connection; `!` gives the number of rows."""
    text = (files(package) / "queries.sql").read_text(encoding="utf-8")
    return aiosql.from_str(text, "psycopg", mandatory_parameters=False)


def _run(sql: str, names: list[str], way: str) -> Run:
    """Return what runs a statement; aiosql's own way lists all names of a connection each time, for 30 µs."""

    async def run(connection: Any, **values: object) -> Any:
        return await getattr(connection, way)(sql, *[values[name] for name in names])

    run.sql = sql  # type: ignore[attr-defined]  # a test PREPAREs every statement
    return run
