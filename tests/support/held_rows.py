"""Holds every row that a test reads by a named statement to the room's `store.pyi`."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from pydantic import TypeAdapter

Run = Callable[..., Awaitable[object]]


def hold_rows_to_stubs() -> None:
    """Do so in this process, for the rooms that are already imported."""
    for name, module in list(sys.modules.items()):
        queries = getattr(module, "queries", None)
        if name.startswith("skeldir.") and name.endswith(".store") and queries is not None:
            given = types_given(Path(str(module.__file__)).with_suffix(".pyi").read_text("utf-8"))
            for statement, run in vars(queries).items():
                setattr(queries, statement, held(run, given[statement]))


def types_given(stub: str) -> dict[str, object]:
    """Return what each statement of a stub returns."""
    # The program runs without that name, and Pydantic takes TypedDict from there.
    lines = stub.replace("from skeldir.db import Connection", "Connection = object")
    lines = lines.replace("from typing import", "from typing_extensions import")
    names: dict[str, typing.Any] = {"__name__": "stub"}
    exec(compile(lines, "store.pyi", "exec", dont_inherit=True), names)  # noqa: S102 - a file of the program
    return {
        name: typing.get_type_hints(method.__func__)["return"]
        for name, method in vars(names["_Queries"]).items()
        if isinstance(method, staticmethod)
    }


def held(run: Run, given: object) -> Run:
    """Return a statement whose rows are checked before they are returned."""
    if given is types.NoneType:
        return run
    adapter = TypeAdapter(given)

    async def run_and_look(*arguments: object, **values: object) -> object:
        result = await run(*arguments, **values)
        adapter.validate_python(plain(result), strict=True)
        return result

    return run_and_look


def plain(result: object) -> object:
    """Return rows as dicts."""
    if isinstance(result, asyncpg.Record):
        return dict(result)
    return [plain(row) for row in result] if isinstance(result, list) else result
