"""Named SQL: each room's `queries.sql`, loaded once, run on asyncpg with bound parameters only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter

if TYPE_CHECKING:
    from aiosql.queries import Queries

Row = TypeVar("Row", bound=Mapping[str, object])
Run = Callable[..., Awaitable[object]]

# How a statement is run, by the end of its name.
_WAYS = {"": "fetch", "^": "fetchrow", "$": "fetchval", "!": "execute"}
_NAME = re.compile(r"([a-z]\w*)([$^!]?)", re.ASCII)
_COMMENT = re.compile(r"\s*--\s*(.*)")


class Statement(NamedTuple):
    """A named statement as the driver gets it: `$1` is the first of the parameter names."""

    name: str
    sql: str
    parameters: list[str]
    way: str
    """The connection method that runs it."""
    comment: str


def read_statements(package: str) -> list[Statement]:
    """Return the statements of `<package>/queries.sql` by their names."""
    # The library's own reader takes seven times as long, a tenth of the time in which a command starts.
    adapter = AsyncPGAdapter()  # type: ignore[no-untyped-call]  # aiosql has no types there
    statements = []
    for part in _text(package).split("-- name: ")[1:]:
        head, *lines = [line.rstrip() for line in part.strip().splitlines()]
        named = _NAME.fullmatch(head)
        if named is None:
            raise ValueError(f"{package}: {head!r} is not the name of a statement")
        name, end = named.groups()
        comments = [found[1] for line in lines if (found := _COMMENT.match(line))]
        text = "\n".join(line for line in lines if not _COMMENT.match(line)).strip()
        sql = adapter.process_sql(name, None, text)  # type: ignore[no-untyped-call]  # likewise
        parameters = adapter.var_sorted[name]
        statements.append(Statement(name, sql, parameters, _WAYS[end], "\n".join(comments)))
    return sorted(statements)


def load_queries(package: str) -> SimpleNamespace:
    """Return the statements of `<package>/queries.sql` as coroutine functions by their names.

    A plain name gives all rows as a list, `^` one row or None, `$` one value, `!` nothing. Their types are in the
    room's `store.pyi`, which `make stubs` writes.
    """
    return SimpleNamespace(**{found.name: _run(found) for found in read_statements(package)})


def load_blocking_queries(package: str) -> Queries:
    """Return the same statements as plain functions, for a psycopg connection; `!` gives the number of rows."""
    loaded: Queries = aiosql.from_str(_text(package), "psycopg", mandatory_parameters=False)
    return loaded


def as_dict(row: Row) -> Row:
    """Return a row as a dict, which can be sent to another process, unlike the driver's own row."""
    return cast("Row", dict(row))


def _text(package: str) -> str:
    return (files(package) / "queries.sql").read_text(encoding="utf-8")


def _run(statement: Statement) -> Run:
    """Return the function that runs a statement; aiosql's own lists all names of a connection each time, for 30 µs."""
    _, sql, names, way, _ = statement

    async def run(connection: object, **values: object) -> object:
        return await getattr(connection, way)(sql, *[values[name] for name in names])

    return run
