"""SQL as PostgreSQL's own parser reads it: named statements, and the functions and views of the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pglast
import psycopg
from pglast import ast, enums

from skeldir.db.queries import read_statements
from tests.support.house import rooms_with_sql

PLACEHOLDER = "placeholder"
_TAKEN = {
    enums.FunctionParameterMode.FUNC_PARAM_DEFAULT,
    enums.FunctionParameterMode.FUNC_PARAM_IN,
}

# The statements that run a composed text, and where they hold it.
_COMPOSING = {
    "PLpgSQL_stmt_dynexecute": "query",
    "PLpgSQL_stmt_dynfors": "query",
    "PLpgSQL_stmt_return_query": "dynquery",
}
_TENANT_TABLES = """
    SELECT c.relname::text FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND (c.relname = 'tenants'
           OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))"""
_MATERIALIZED = "SELECT matviewname::text FROM pg_matviews WHERE schemaname = 'public'"
_VOLATILITY = """
    SELECT proname::text,
           CASE WHEN bool_or(provolatile = 'v') THEN 'v' WHEN bool_or(provolatile = 's') THEN 's' ELSE 'i' END
    FROM pg_proc WHERE pronamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace) GROUP BY proname"""
_FUNCTIONS = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname"
_VIEWS = """
    SELECT viewname::text, definition FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT matviewname::text, definition FROM pg_matviews WHERE schemaname = 'public'"""


@dataclass(frozen=True)
class Piece:
    """A named statement, or the body of a function or view of the schema."""

    name: str
    trees: tuple[ast.Node, ...]
    kind: str = "statement"
    arguments: frozenset[str] = frozenset()
    is_definer: bool = False

    @cached_property
    def relations(self) -> frozenset[str]:
        """The tables and views that are named here."""
        return frozenset(name for tree in self.trees for name in relations_of(tree))

    @cached_property
    def calls(self) -> frozenset[str]:
        """The functions of the schema that are called here."""
        return frozenset(
            call.funcname[-1].sval
            for tree in self.trees
            for call in walk(tree)
            if isinstance(call, ast.FuncCall) and qualified(call) == "public"
        )


@dataclass(frozen=True)
class Schema:
    """What the syntax does not show: tables with a tenant, materialized views, volatilities, and the functions."""

    tenant_tables: frozenset[str]
    materialized: frozenset[str]
    # For each name, its most volatile function: `v`, `s` or `i`.
    volatility: Mapping[str, str]
    functions: Mapping[str, Piece] = field(default_factory=dict)
    views: Mapping[str, Piece] = field(default_factory=dict)


def parse(text: str) -> tuple[ast.Node, ...]:
    """Return the trees of the statements of a text."""
    return tuple(raw.stmt for raw in pglast.parse_sql(text))


def statement(name: str, text: str) -> Piece:
    return Piece(name, parse(text))


def function(definition: str) -> Piece:
    """Return the body of a CREATE FUNCTION. Composed statements are read with placeholders for names."""
    (tree,) = parse(definition)
    options = {option.defname: option.arg for option in tree.options}
    is_procedure = options["language"].sval == "plpgsql"
    return Piece(
        f"function.{tree.funcname[-1].sval}",
        tuple(procedure(definition)) if is_procedure else parse(options["as"][0].sval),
        "function",
        frozenset(p.name for p in tree.parameters or () if p.mode in _TAKEN)
        | (frozenset(tenant_constants(definition)) if is_procedure else frozenset()),
        "security" in options and bool(options["security"].boolval),
    )


def view(name: str, query: str) -> Piece:
    return Piece(f"view.{name}", parse(query), "view")


def tenant_constants(definition: str) -> Iterator[str]:
    """Yield the constants of a CREATE FUNCTION in PL/pgSQL that are the transaction's tenant."""
    for declared in _variables(pglast.parse_plpgsql(definition)):
        default = declared.get("default_val", {}).get("PLpgSQL_expr", {}).get("query")
        if declared.get("isconst") and default == "public.current_tenant_id()":
            yield declared["refname"]


def _variables(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, list | dict):
        if isinstance(node, dict) and "PLpgSQL_var" in node:
            yield node["PLpgSQL_var"]
        for item in node.values() if isinstance(node, dict) else node:
            yield from _variables(item)


def procedure(definition: str) -> Iterator[ast.Node]:
    """Yield the statements and expressions of a CREATE FUNCTION or DO in PL/pgSQL."""
    for expression in _expressions(pglast.parse_plpgsql(definition)):
        yield from expression


def _expressions(node: object) -> Iterator[tuple[ast.Node, ...]]:
    if isinstance(node, list):
        for item in node:
            yield from _expressions(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "PLpgSQL_expr":
                text = value["query"]
                mode = value["parseMode"]
                # 0 is a statement, 2 an expression, 3 and more an assignment.
                yield parse(
                    text if mode == 0 else f"SELECT {text.partition(':=')[2] if mode > 2 else text}"
                )
            else:
                yield from _expressions(value)
            if key in _COMPOSING and _COMPOSING[key] in value:
                yield composed(value[_COMPOSING[key]]["PLpgSQL_expr"]["query"])


def composed(expression: str) -> tuple[ast.Node, ...]:
    """Return the statement that an expression builds from a literal, with placeholders for inserted names.

    Raises:
        ValueError: it makes one of no literal, so nobody can judge it.
    """
    literals = [
        constant.val.sval
        for tree in parse(f"SELECT {expression}")
        for constant in walk(tree)
        if isinstance(constant, ast.A_Const) and isinstance(constant.val, ast.String)
    ]
    if not literals:
        raise ValueError(f"{expression} names no statement")
    text = re.sub(r"%(?:\d+\$)?[Is]", PLACEHOLDER, literals[0])
    return parse(re.sub(r"%(?:\d+\$)?L", "''", text))


def walk(node: object, *, into: bool = True) -> Iterator[ast.Node]:
    """Yield a node and all below it; not those below a nested query unless `into`."""
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item, into=into)
    elif isinstance(node, ast.Node):
        yield node
        for attribute in node:
            value = getattr(node, attribute)
            if into or not isinstance(value, ast.SelectStmt):
                yield from walk(value, into=into)


def qualified(call: ast.FuncCall) -> str | None:
    """Return the schema that a call names."""
    return call.funcname[0].sval if len(call.funcname) > 1 else None


def tables_of(tree: ast.Node) -> Iterator[ast.RangeVar]:
    """Yield the tables and views that are named, as they are named."""
    own = {node.ctename for node in walk(tree) if isinstance(node, ast.CommonTableExpr)}
    for node in walk(tree):
        if isinstance(node, ast.RangeVar) and not (node.schemaname is None and node.relname in own):
            yield node


def relations_of(tree: ast.Node) -> Iterator[str]:
    """Yield the names of tables and views; those of other schemas than public with the schema."""
    for table in tables_of(tree):
        outside = table.schemaname not in {None, "public"}
        yield f"{table.schemaname}.{table.relname}" if outside else table.relname


def unqualified_names(tree: ast.Node) -> list[str]:
    """Return the tables and views that a statement names without a schema of the program."""
    # `FOR UPDATE OF a` names an alias.
    locked = {
        id(table)
        for node in walk(tree)
        if isinstance(node, ast.LockingClause)
        for table in node.lockedRels or ()
    }
    return [
        table.relname if table.schemaname is None else f"{table.schemaname}.{table.relname}"
        for table in tables_of(tree)
        if table.schemaname not in {"public", "celery", "pg_catalog"} and id(table) not in locked
    ]


def is_parameter(node: object, arguments: frozenset[str] = frozenset()) -> bool:
    """Return whether this is a bound parameter, cast or not, or the transaction's tenant."""
    if isinstance(node, ast.TypeCast):
        return is_parameter(node.arg, arguments)
    if isinstance(node, ast.FuncCall):
        return node.funcname[-1].sval == "current_tenant_id"
    if isinstance(node, ast.ColumnRef):
        return len(node.fields) == 1 and name_of(node) in arguments
    return isinstance(node, ast.ParamRef)


def name_of(column: ast.ColumnRef) -> str:
    last = column.fields[-1]
    return last.sval if isinstance(last, ast.String) else "*"


def operator_of(node: object) -> str | None:
    if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP:
        return node.name[-1].sval
    return None


def conjuncts(condition: object) -> Iterator[ast.Node]:
    """Yield the conditions that must all hold."""
    if isinstance(condition, ast.BoolExpr) and condition.boolop == enums.BoolExprType.AND_EXPR:
        for part in condition.args:
            yield from conjuncts(part)
    elif isinstance(condition, ast.Node):
        yield condition


def named_statements() -> list[Piece]:
    """Return every named statement of every room, as the driver gets it."""
    return [
        statement(f"{room.removeprefix('skeldir.')}.{loaded.name}", loaded.sql)
        for room in rooms_with_sql()
        for loaded in read_statements(room)
    ]


def named_text(room: str, name: str) -> str:
    """Return one named statement, as the driver gets it."""
    (text,) = (loaded.sql for loaded in read_statements(room) if loaded.name == name)
    return text


def read_schema(connection: psycopg.Connection[tuple[str, ...]]) -> Schema:
    """Return the tables, views and functions of a migrated database."""
    connection.execute("SET search_path = pg_catalog")
    functions = [function(definition) for (definition,) in connection.execute(_FUNCTIONS)]
    return Schema(
        tenant_tables=frozenset(name for (name,) in connection.execute(_TENANT_TABLES)),
        materialized=frozenset(name for (name,) in connection.execute(_MATERIALIZED)),
        volatility=dict(connection.execute(_VOLATILITY).fetchall()),
        functions={piece.name.partition(".")[2]: piece for piece in functions},
        views={name: view(name, query) for name, query in connection.execute(_VIEWS)},
    )
