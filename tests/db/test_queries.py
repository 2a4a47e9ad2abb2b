"""A room's `queries.sql` is read quickly, and to the same statements as the library reads it to."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import aiosql
import pytest
from aiosql.adapters.asyncpg import AsyncPGAdapter

from skeldir.db.queries import read_statements
from tests.support.house import rooms_with_sql

# As the library names what a statement returns.
_WAYS = {
    "SELECT": "fetch",
    "SELECT_ONE": "fetchrow",
    "SELECT_VALUE": "fetchval",
    "INSERT_UPDATE_DELETE": "execute",
}


@pytest.mark.parametrize("room", rooms_with_sql())
def test_the_statements_are_those_that_the_library_reads(room: str) -> None:
    text = (files(room) / "queries.sql").read_text(encoding="utf-8")
    adapter = AsyncPGAdapter()
    loaded = aiosql.from_str(text, lambda: adapter, mandatory_parameters=False)
    expected = {
        name: (found.sql, adapter.var_sorted[name], _WAYS[found.operation.name], found.__doc__)
        for name in loaded.available_queries
        if not name.endswith("_cursor")
        for found in [getattr(loaded, name)]
    }
    read = {
        one.name: (one.sql, one.parameters, one.way, one.comment) for one in read_statements(room)
    }
    assert read == expected


def test_what_is_not_a_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "room_of_a_test").mkdir()
    (tmp_path / "room_of_a_test" / "__init__.py").touch()
    (tmp_path / "room_of_a_test" / "queries.sql").write_text("-- name: get it^\nSELECT 1;\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="'get it\\^' is not the name of a statement"):
        read_statements("room_of_a_test")
