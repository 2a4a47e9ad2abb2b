"""What a connection learns about arrays, the next one of the process knows; about types of a database it asks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import pytest

from skeldir.db.pool import open_database
from tests.conftest import Clone
from tests.support.refreshing import superuser_of

ARRAYS = "SELECT $1::uuid[] AS a, $2::int8[] AS b, $3::bool[] AS c"
VALUES: tuple[Sequence[object], ...] = ([UUID(int=7), None], [[1, -(2**63)], [3, 4]], [True])


async def read(url: str, statement: str, *values: object) -> tuple[list[object], list[str]]:
    """Send a statement over a new connection; return its row, and all that was sent."""
    sent: list[str] = []
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            open_database(url, pool_size=1, statement_timeout_ms=5_000)
        )
        connection = await stack.enter_async_context(database.statement())

        def note(record: asyncpg.connection.LoggedQuery) -> None:
            sent.append(record.query)

        stack.enter_context(connection.query_logger(note))
        row = await connection.fetchrow(statement, *values)
        return list(row or ()), sent


async def test_the_second_connection_asks_nothing_about_arrays_and_reads_them_alike(
    clone: Clone, empty_database: Clone
) -> None:
    first, _ = await read(clone.app_url, ARRAYS, *VALUES)
    second, sent = await read(empty_database.app_url, ARRAYS, *VALUES)
    assert first == second == list(VALUES)
    assert sent == [ARRAYS]


@pytest.mark.parametrize(
    ("made", "type_"),
    [("TYPE public.shade AS ENUM ('dark')", "shade"), ("EXTENSION citext SCHEMA public", "citext")],
)
async def test_types_that_another_database_may_number_otherwise_are_asked_about_again(
    empty_database: Clone, made: str, type_: str
) -> None:
    async with superuser_of(empty_database) as superuser:
        await superuser.execute(f"CREATE {made}")
    for _ in range(2):
        values, sent = await read(
            empty_database.app_url, f"SELECT $1::public.{type_}[] AS values", ["dark"]
        )
        assert values == [["dark"]]
        assert len(sent) > 1
