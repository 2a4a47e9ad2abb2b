"""What each test would otherwise work out again, and every process has to work out only once.

What an array is, the driver asks the server on each connection. The question takes three round trips, and half of the
processor time of a database's first tenant; hundreds of tests have a database of their own. Arrays of PostgreSQL's own
types are the same in every database.

Typer makes all commands for each that is run, which takes longer than most of them take to run.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import SimpleNamespace
from typing import TypedDict

import asyncpg
import typer.main
import typer.testing


class _Described(TypedDict):
    """What the driver reads of a type, as far as it matters here."""

    oid: int
    kind: bytes
    elemtype: int | None


# PostgreSQL assigns these numbers by hand, and never to another type.
_FIXED_BELOW = 10_000
# The driver prepares a nameless statement again after its question, which had taken the name.
_NOT_ASKED = SimpleNamespace(name="not asked")


def learn_arrays_once() -> None:
    """Have all connections of this process know the arrays about which one of them has asked."""
    ask = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way
    learnt: dict[int, tuple[_Described, _Described]] = {}

    async def introspect_types(
        connection: asyncpg.Connection[asyncpg.Record],
        typeoids: Iterable[int],
        timeout: float | None,  # noqa: ASYNC109 - the driver passes it
    ) -> tuple[list[_Described], object]:
        wanted = list(typeoids)
        if all(number in learnt for number in wanted):
            return [row for number in wanted for row in learnt[number]], _NOT_ASKED
        rows: list[_Described]
        rows, statement = await ask(connection, wanted, timeout)
        found = {row["oid"]: row for row in rows if row["oid"] < _FIXED_BELOW}
        for number, row in found.items():
            element = found.get(row["elemtype"] or 0)
            if element is not None and element["kind"] == b"b" and not element["elemtype"]:
                learnt[number] = (element, row)
        return rows, statement

    asyncpg.Connection._introspect_types = introspect_types  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def make_commands_once() -> None:
    """Have all runs of the program's commands in this process share the commands that Typer makes."""
    made = cache(typer.main.get_command)
    typer.main.get_command = made
    typer.testing._get_command = made  # noqa: SLF001 - it has its own name for it
