"""The rooms' `store.pyi`: what their statements take and give, as PostgreSQL describes it; `make stubs` writes them."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from skeldir.db.embedded import embedded_server
from skeldir.db.queries import read_statements
from skeldir.migrations.run import upgrade
from tests.support.describing import HAS_ROWS, Describer, Signature
from tests.support.house import SOURCES, rooms_with_sql

# A stub keeps those that it uses. A column may be called `date`.
_IMPORTS = """
import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

import psycopg

from skeldir.db import Connection
"""


def stub_of(room: str) -> Path:
    return SOURCES.joinpath(*room.split(".")[1:], "store.pyi")


def make_stub(room: str, describer: Describer) -> str:
    """Return what the room's `store.pyi` must hold.

    Raises:
        ValueError: as `Describer.describe`, with the statement's name.
    """
    signatures = []
    for statement in read_statements(room):
        try:
            signatures.append(describer.describe(statement))
        except ValueError as error:
            raise ValueError(f"{room}: {statement.name}: {error}") from error
    text = "\n".join(render(signatures, loaded_in(stub_of(room).with_suffix(".py"))))
    return _ruff(_ruff(text, "check", "--quiet", "--select", "F401", "--fix"), "format")


def loaded_in(store: Path) -> dict[str, bool]:
    """Return the names under which a `store.py` loads its room's statements, and whether these block."""
    return {
        ast.unparse(node.targets[0]): ast.unparse(node.value.func) == "load_blocking_queries"
        for node in ast.parse(store.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    }


def render(signatures: list[Signature], loaded: dict[str, bool]) -> Iterator[str]:
    yield '"""What the statements of the room take and give. `make stubs` writes this."""'
    yield _IMPORTS
    for signature in signatures:
        # A connection that blocks gives tuples.
        if signature.way in HAS_ROWS and not all(loaded.values()):
            yield f"class {_row_name(signature)}(TypedDict):"
            yield from (f"    {name}: {kind}" for name, kind in signature.columns.items())
    for name, is_blocking in loaded.items():
        yield f"class {_class_name(name)}:"
        for signature in signatures:
            yield "    @staticmethod"
            yield f"    {_method(signature, is_blocking)}"
    for name in loaded:
        yield f"{name}: {_class_name(name)}"


def _class_name(name: str) -> str:
    return f"_{name.title().replace('_', '')}"


def _row_name(signature: Signature) -> str:
    return signature.name.title().replace("_", "") + "Row"


def _method(signature: Signature, is_blocking: bool) -> str:
    start, connection = ("", "psycopg.Connection") if is_blocking else ("async ", "Connection")
    named = ", ".join(f"{name}: {kind}" for name, kind in signature.parameters.items())
    taken = f"connection: {connection}, /" + (f", *, {named}" if named else "")
    return f"{start}def {signature.name}({taken}) -> {_given(signature, is_blocking)}: ..."


def _given(signature: Signature, is_blocking: bool) -> str:
    kinds = list(signature.columns.values())
    if signature.way == "execute":
        return "int" if is_blocking else "None"
    if signature.way == "fetchval":
        given = kinds[0].removesuffix(" | None")
        return given if signature.has_row and given == kinds[0] else f"{given} | None"
    row = f"tuple[{', '.join(kinds)}]" if is_blocking else _row_name(signature)
    if signature.way == "fetch":
        return f"list[{row}]"
    return row if signature.has_row else f"{row} | None"


def _ruff(text: str, *command: str) -> str:
    ruff = [str(Path(sys.executable).with_name("ruff")), *command]
    done = subprocess.run(
        [*ruff, "--stdin-filename", "store.pyi", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Write the stubs of all rooms, as a newly migrated database describes them."""
    with tempfile.TemporaryDirectory() as home, embedded_server(Path(home)) as server:
        upgrade(server.url())
        with psycopg.connect(server.url(), autocommit=True) as connection:
            describer = Describer(connection)
            for room in rooms_with_sql():
                stub_of(room).write_text(make_stub(room, describer), encoding="utf-8")


if __name__ == "__main__":
    main()
