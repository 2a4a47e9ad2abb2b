"""Every named statement, described by the database for the role that runs it, and the types that mypy uses."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from pydantic import ValidationError

from skeldir.db.embedded import EmbeddedServer
from skeldir.db.queries import Statement, read_statements
from tests.conftest import TEMPLATE, scratch_database
from tests.support.describing import Describer, Signature
from tests.support.held_rows import held, types_given
from tests.support.house import rooms_with_sql
from tests.support.stubs import make_stub, render, stub_of
from tests.support.syntax import named_statements, parse, unqualified_names

ROOMS = {"skeldir.tenants", "skeldir.ingest", "skeldir.rollups", "skeldir.matviews"}
OF_SUCCESSORS = (
    "public.api_keys k {} JOIN public.api_keys s ON s.tenant_id = k.tenant_id AND s.replaces = k.id"
)


@pytest.fixture(scope="module")
def describer(server: EmbeddedServer) -> Iterator[Describer]:
    with (
        scratch_database(server, template=TEMPLATE) as clone,
        psycopg.connect(clone.app_url, autocommit=True) as connection,
    ):
        yield Describer(connection)


def statement(
    sql: str, parameters: tuple[str, ...] = (), way: str = "fetch", comment: str = ""
) -> Statement:
    return Statement("select_it", sql, list(parameters), way, comment)


def test_every_statement_can_be_prepared_and_mypy_knows_its_types(describer: Describer) -> None:
    rooms = rooms_with_sql()
    assert set(rooms) >= ROOMS
    assert sum(len(read_statements(room)) for room in rooms) >= 50
    for room in rooms:
        stub = stub_of(room)
        is_current = stub.exists() and stub.read_text("utf-8") == make_stub(room, describer)
        assert is_current, (
            f"{stub.name} of {room} differs from PostgreSQL's description: run `make stubs`"
        )


def test_every_statement_names_its_tables_with_their_schema() -> None:
    """Otherwise a table of the same name in another schema on the search_path could be used."""
    faults = {
        piece.name: found
        for piece in named_statements()
        if (found := [name for tree in piece.trees for name in unqualified_names(tree)])
    }
    assert faults == {}, "write public.<table>"


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1 FROM tenants JOIN public.spend ON true", ["tenants"]),
        ("INSERT INTO other.tenants VALUES (1)", ["other.tenants"]),
        ("WITH a AS (DELETE FROM public.spend RETURNING 1) SELECT 1 FROM a", []),
        ("SELECT 1 FROM public.tenants t, unnest('{1}'::int[]) FOR UPDATE OF t", []),
        ("UPDATE tenants SET name = name", ["tenants"]),
        ("DELETE FROM public.spend USING tenants", ["tenants"]),
    ],
)
def test_a_table_without_its_schema_is_seen(sql: str, names: list[str]) -> None:
    (tree,) = parse(sql)
    assert unqualified_names(tree) == names


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        (
            "SELECT t.id, t.name, t.notification_email, t.created_at FROM public.tenants t",
            ["UUID", "str", "str | None", "dt.datetime"],
        ),
        (
            "SELECT scopes, prefix FROM (SELECT scopes, prefix FROM public.api_keys) k",
            ["list[str]", "str"],
        ),
        (
            "WITH made AS (INSERT INTO public.tenants (id, name) VALUES ($1, 'A') RETURNING id) SELECT id FROM made",
            ["UUID"],
        ),
        ("UPDATE public.retention SET touch_days = 1 RETURNING touch_days", ["int | None"]),
        (f"SELECT k.id, s.prefix FROM {OF_SUCCESSORS.format('')}", ["UUID", "str"]),
        (f"SELECT k.id, s.prefix FROM {OF_SUCCESSORS.format('LEFT')}", ["UUID", "str | None"]),
        (f"SELECT k.id, s.prefix FROM {OF_SUCCESSORS.format('RIGHT')}", ["UUID | None", "str"]),
        (
            f"SELECT k.id, s.prefix FROM {OF_SUCCESSORS.format('FULL')}",
            ["UUID | None", "str | None"],
        ),
        (
            f"SELECT x.p FROM (SELECT s.prefix AS p FROM {OF_SUCCESSORS.format('LEFT')}) x",
            ["str | None"],
        ),
        (
            "SELECT c.code FROM public.tenants t LEFT JOIN public.channels c ON c.tenant_id = t.id",
            ["str | None"],
        ),
        ("SELECT name FROM public.tenants GROUP BY ROLLUP (name)", ["str | None"]),
        ("SELECT name FROM public.tenants UNION SELECT NULL", ["str | None"]),
        ("SELECT (SELECT t.name FROM public.tenants t)", ["str | None"]),
        ("SELECT lower(t.name), t.name || '!' FROM public.tenants t", ["str | None"] * 2),
        (
            "SELECT sum(t.touch_days), count(t.touch_days) FROM public.retention t",
            ["int | None", "int"],
        ),
        (
            "SELECT coalesce(max(touch_days), 0) AS a, coalesce(max(touch_days)) AS b FROM public.retention",
            ["int", "int | None"],
        ),
        ("SELECT EXISTS (SELECT FROM public.tenants), (SELECT now())", ["bool", "dt.datetime"]),
        ("SELECT (SELECT count(*) FROM public.tenants) + 1", ["int"]),
        ("SELECT (SELECT count(*) FROM public.tenants HAVING false)", ["int | None"]),
        (
            "SELECT m.after_conversion FROM public.attribution_models m",
            ["Literal['keep', 'reset']"],
        ),
    ],
)
def test_a_column_has_the_type_that_postgresql_gives_it(
    describer: Describer, sql: str, types: list[str]
) -> None:
    parameters = ("tenant_id",) if "$1" in sql else ()
    described = describer.describe(statement(sql, parameters, way="fetchval"))
    assert list(described.columns.values()) == types


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        ("SELECT id FROM public.tenants WHERE name = $1", ["str"]),
        ("SELECT id FROM public.tenants WHERE $1::text IS NULL OR name = $1::text", ["str | None"]),
        ("SELECT id FROM public.tenants WHERE name IS DISTINCT FROM $1", ["str | None"]),
        ("SELECT coalesce($1::date, now()::date), least($2, 1)", ["dt.date | None", "int | None"]),
        (
            "INSERT INTO public.retention (tenant_id, touch_days) VALUES ($1, $2)",
            ["UUID", "int | None"],
        ),
        (
            "INSERT INTO public.retention (tenant_id, touch_days) SELECT $1, $2::integer",
            ["UUID", "int | None"],
        ),
        ("UPDATE public.tenants SET notification_email = $1, name = $2", ["str | None", "str"]),
        ("SELECT id FROM public.tenants WHERE id = ANY($1)", ["Collection[UUID]"]),
        ("SELECT $1::numeric, $2::float8", ["Decimal | int", "float"]),
    ],
)
def test_a_parameter_may_be_null_where_null_means_something(
    describer: Describer, sql: str, types: list[str]
) -> None:
    names = tuple(f"p{number}" for number in range(1, len(types) + 1))
    described = describer.describe(statement(sql, names, way="fetchval"))
    assert list(described.parameters.values()) == types


@pytest.mark.parametrize(
    ("sql", "has_row"),
    [
        ("SELECT 1", True),
        ("SELECT 1 WHERE $1", False),
        ("SELECT count(*) FROM public.tenants", True),
        ("SELECT count(*) FROM public.tenants GROUP BY name", False),
        ("SELECT count(*) FROM public.tenants HAVING count(*) > 0", False),
        ("SELECT count(*) OVER () FROM public.tenants", False),
        ("SELECT name FROM public.tenants", False),
        ("UPDATE public.tenants SET name = 'A' RETURNING id", False),
    ],
)
def test_a_row_is_certain_without_a_table_or_with_an_aggregate(
    describer: Describer, sql: str, *, has_row: bool
) -> None:
    parameters = ("p",) if "$1" in sql else ()
    assert describer.describe(statement(sql, parameters, way="fetchval")).has_row is has_row


def test_a_comment_may_state_nullability_that_postgresql_does_not_know(
    describer: Describer,
) -> None:
    described = describer.describe(
        statement(
            "SELECT lower(name) AS name, $1::text[] AS texts, $2::int AS number FROM public.tenants",
            ("texts", "number"),
            comment="Of one tenant.\nNever null: name,\ntexts. May be null: texts[], number. Always a row.",
        )
    )
    assert described.columns == {"name": "str", "texts": "list[str | None]", "number": "int | None"}
    assert described.parameters == {"texts": "Collection[str | None]", "number": "int | None"}
    assert described.has_row
    texts = statement(
        "SELECT lower(name) AS a FROM public.tenants", comment="Column a is one of x,\ny."
    )
    assert describer.describe(texts).columns == {"a": "Literal['x', 'y'] | None"}
    every = statement(
        "SELECT lower(name) AS a, id FROM public.tenants", comment="Never null: every column."
    )
    assert describer.describe(every).columns == {"a": "str", "id": "UUID"}


@pytest.mark.parametrize(
    "comment",
    ["Never null: id.", "Never null: nmae.", "May be null: x.", "Never null: every column."],
)
def test_a_comment_that_is_redundant_or_about_nothing_is_refused(
    describer: Describer, comment: str
) -> None:
    with pytest.raises(ValueError, match=f"need not say {comment.removesuffix('.')}"):
        describer.describe(statement("SELECT id FROM public.tenants", comment=comment))


def test_a_comment_cannot_claim_texts_that_a_check_has(describer: Describer) -> None:
    claimed = statement(
        "SELECT after_conversion FROM public.attribution_models",
        comment="Column after_conversion is one of keep, reset.",
    )
    with pytest.raises(ValueError, match="need not say Column is one of: after_conversion"):
        describer.describe(claimed)


def test_a_statement_that_the_database_refuses_is_not_described(describer: Describer) -> None:
    with pytest.raises(ValueError, match='column "nmae" does not exist'):
        describer.describe(statement("SELECT nmae FROM public.tenants"))
    with pytest.raises(ValueError, match="what interval is in Python"):
        describer.describe(statement("SELECT now() - now() AS age"))
    with pytest.raises(ValueError, match="give each column a name of its own"):
        describer.describe(statement("SELECT id, id FROM public.tenants"))
    with pytest.raises(ValueError, match="give each column a name of its own"):
        describer.describe(statement("SELECT 1 + 1"))


@pytest.mark.parametrize(
    ("way", "has_row", "columns", "given", "given_blocking"),
    [
        ("fetch", False, {"a": "int"}, "list[SelectItRow]", "list[tuple[int]]"),
        ("fetchrow", False, {"a": "int"}, "SelectItRow | None", "tuple[int] | None"),
        ("fetchrow", True, {"a": "int"}, "SelectItRow", "tuple[int]"),
        ("fetchval", False, {"a": "int"}, "int | None", "int | None"),
        ("fetchval", True, {"a": "int"}, "int", "int"),
        ("fetchval", True, {"a": "int | None"}, "int | None", "int | None"),
        ("execute", False, {}, "None", "int"),
    ],
)
def test_what_a_statement_returns_follows_from_the_end_of_its_name(
    way: str, has_row: bool, columns: dict[str, str], given: str, given_blocking: str
) -> None:
    described = Signature("select_it", {"most": "int"}, columns, way, has_row)
    text = "\n".join(render([described], {"queries": False, "broker_queries": True}))
    assert f"async def select_it(connection: Connection, /, *, most: int) -> {given}: ..." in text
    assert (
        f"    def select_it(connection: psycopg.Connection, /, *, most: int) -> {given_blocking}: ..."
        in text
    )
    assert ("class SelectItRow(TypedDict):" in text) is ("Row" in given)


async def test_a_row_that_differs_from_its_stub_fails_the_test_that_read_it() -> None:
    given = types_given(
        "from typing import TypedDict\n"
        "class Row(TypedDict):\n    name: str\n"
        "class _Queries:\n"
        "    @staticmethod\n    async def select_them() -> list[Row]: ...\n"
        "    @staticmethod\n    async def select_value() -> int | None: ...\n"
        "queries: _Queries\n"
    )

    async def run(rows: object) -> object:
        return rows

    assert await held(run, given["select_them"])([{"name": "A"}]) == [{"name": "A"}]
    assert await held(run, given["select_value"])(None) is None
    for rows in ([{"name": None}], [{"name": 1}], [{"nmae": "A"}]):
        with pytest.raises(ValidationError):
            await held(run, given["select_them"])(rows)
    with pytest.raises(ValidationError):
        await held(run, given["select_value"])("1")
