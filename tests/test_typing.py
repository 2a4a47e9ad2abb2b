"""Where the program uses `Any`: each file has a reason, and no database row is among them."""

from __future__ import annotations

import ast

import pytest

from tests.support.house import Module, read_modules

# Files that use `Any`, by reason; each is listed once.
OPEN = {
    "a page has columns of any type, a manifest whatever JSON holds, and pyarrow has no types": {
        "exports/csv_encoding.py",
        "exports/encoding.py",
        "exports/pages.py",
        "exports/reading.py",
        "exports/snapshots.py",
        "exports/workbooks.py",
        "exports/writing.py",
    },
    "a description of the API is a tree of whatever OpenAPI and JSON Schema allow": {
        "attribution/examples.py",
        "attribution/model_routes.py",
        "attribution/model_schemas.py",
        "exports/routes.py",
        "fits/request_schemas.py",
        "fits/routes.py",
        "exports/schemas.py",
        "http/api.py",
        "http/pages.py",
        "http/paging.py",
        "http/reading.py",
        "inbox/report_schemas.py",
        "inbox/routes.py",
        "ingest/routes.py",
        "ingest/rules_bodies.py",
        "ingest/corrections_routes.py",
        "ingest/rules_routes.py",
        "ingest/schemas.py",
        "rates/routes.py",
        "rates/schemas.py",
        "reconcile/routes.py",
        "reconcile/schemas.py",
        "spend/routes.py",
        "spend/rules_routes.py",
        "spend/schemas.py",
    },
    "a JSON or TOML document can hold any value": {
        "inbox/reading.py",
        "inbox/reporting.py",
        "ingest/channels/rules.py",
        "ingest/files/mapping_file.py",
        "ingest/reports.py",
        "ingest/touch_columns.py",
        "jobs/schemas.py",
        "observability/logs.py",
        "spend/classifying.py",
        "spend/files/presets.py",
    },
    "the library has no types": {
        "ingest/files/parquet.py",
        "wakeups/celery_app.py",
        "wakeups/transport.py",
        "wakeups/serving.py",
    },
    "arguments are passed on to a class or function of a library": {
        "cli/console.py",
        "cli/loading.py",
        "db/pool.py",
        "db/shares.py",
        "errors.py",
        "http/direct.py",
        "http/serving.py",
    },
    "what a coroutine yields and receives does not matter": {
        "cli/runtime.py",
        "wakeups/loop.py",
    },
    "numbers of any precision are meant": {
        "attribution/columns.py",
        "attribution/decay.py",
        "attribution/models/chains.py",
    },
    "cells are picked by places that only the file knows": {"ingest/files/keys.py"},
}
# Files that read rows other than by a named statement, whose types mypy knows.
READ_BY_HAND = {
    "a command reads one value, or compares what it prints": {
        "cli/pipeline.py",
        "cli/runtime.py",
        "cli/schema.py",
        "cli/trial.py",
    },
    "one value, with its type on the line": {
        "db/listening.py",
        "db/locks.py",
        "db/requirements.py",
    },
    "a superuser's questions to a server whose schema may be older than the program": {
        "backups/server.py",
    },
    "the server that describes named statements has no functions of Citus": {
        "db/nodes.py",
        "scale/applying.py",
        "scale/cluster.py",
        "scale/placement.py",
    },
}
# The proof and the migrations: neither reads rows through the rooms.
ELSEWHERE = {"proof", "migrations"}
FETCHES = {"fetch", "fetchall", "fetchmany", "fetchone", "fetchrow", "fetchval"}


def takes_anything(module: Module) -> bool:
    """Return whether the module imports `Any`."""
    return any(
        isinstance(node, ast.ImportFrom) and "Any" in {name.name for name in node.names}
        for node in ast.walk(module.tree)
    )


def reads_by_hand(module: Module) -> bool:
    """Return whether a row is read by the driver's own methods."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in FETCHES
        for node in ast.walk(module.tree)
    )


def takes_untyped_rows(module: Module) -> bool:
    """Return whether a row is `asyncpg.Record`, other than in the type of a connection or pool."""
    nodes = list(ast.walk(module.tree))
    of_connections = [
        node.slice
        for node in nodes
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value).rpartition(".")[2]
        in {"Connection", "Pool", "PoolConnectionProxy"}
    ]
    return any(
        (
            isinstance(node, ast.Attribute)
            and ast.unparse(node) == "asyncpg.Record"
            and node not in of_connections
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "asyncpg"
            and "Record" in {n.name for n in node.names}
        )
        for node in nodes
    )


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return [module for module in read_modules() if module.room not in ELSEWHERE]


def test_no_type_is_any_without_a_reason(modules: list[Module]) -> None:
    found = {module.path for module in modules if takes_anything(module)}
    reasons = {path for paths in OPEN.values() for path in paths}
    assert found - reasons == set(), "give it a type, or a reason here"
    assert reasons - found == set(), "remove it from the list"


def test_rows_are_read_by_named_statements_whose_types_are_known(modules: list[Module]) -> None:
    found = {module.path for module in modules if reads_by_hand(module)}
    reasons = {path for paths in READ_BY_HAND.values() for path in paths}
    assert found - reasons == set(), "give the statement a name in the room's queries.sql"
    assert reasons - found == set(), "remove it from the list"
    untyped = [module.path for module in modules if takes_untyped_rows(module)]
    assert untyped == [], "name the row's class in the room's store.pyi"


def test_the_rules_see_what_breaks_them() -> None:
    def module(code: str) -> Module:
        return Module("room/x.py", ast.parse(code))

    assert takes_anything(module("from typing import TYPE_CHECKING, Any"))
    assert not takes_anything(module("'Any text.'"))
    assert reads_by_hand(module("rows = connection.fetch('SELECT 1')"))
    assert not reads_by_hand(module("rows = queries.fetch_it"))
    assert takes_untyped_rows(module("def f(row: asyncpg.Record) -> None: ..."))
    assert takes_untyped_rows(module("def f(rows: list[asyncpg.Record]) -> None: ..."))
    assert not takes_untyped_rows(
        module("def f(c: asyncpg.Connection[asyncpg.Record]) -> None: ...")
    )
