"""The rules of Citus for SQL, as far as the syntax shows: each rule returns what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pglast import ast, enums

from skeldir.scale import LOCAL
from tests.support.syntax import Piece, Schema, name_of, operator_of, relations_of, walk
from tests.support.tenancy import UnboundTables

_WRITES = ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt
_CHOOSES = ast.CaseExpr | ast.CoalesceExpr


def inserts_that_become_copies(piece: Piece, schema: Schema) -> list[str]:
    """An INSERT … SELECT becomes COPY into the shards, which row-level security refuses."""
    return [
        node.relation.relname
        for tree in piece.trees
        for node in walk(tree)
        if isinstance(node, ast.InsertStmt)
        and node.selectStmt is not None
        and not node.selectStmt.valuesLists
        and node.returningClause is None
        and node.onConflictClause is None
    ]


def results_sent_to_all_nodes(piece: Piece, schema: Schema) -> list[str]:
    """What one part of a statement inserts from another part is sent to every node, and fails while one is down."""
    return [
        part.ctename
        for tree in piece.trees
        for node in walk(tree)
        if (clause := getattr(node, "withClause", None)) is not None
        for part in clause.ctes
        if isinstance(part.ctequery, ast.InsertStmt)
        and part.ctequery.selectStmt is not None
        and _side(part.ctequery.relation.relname, schema) == "distributed"
        and _parts_read(part.ctequery) & {other.ctename for other in clause.ctes}
    ]


def _parts_read(insert: ast.InsertStmt) -> set[str]:
    own = {part.ctename for part in (insert.withClause.ctes if insert.withClause else ())}
    return {
        found.relname
        for found in walk(insert.selectStmt)
        if isinstance(found, ast.RangeVar) and found.schemaname is None
    } - own


def volatile_changes(piece: Piece, schema: Schema) -> list[str]:
    """The value of a volatile function would differ from shard to shard."""
    return [
        f"{name}()"
        for expression in _changing_expressions(piece, schema)
        for name, is_volatile in _mutable(expression, schema)
        if is_volatile
    ]


def mutable_choices(piece: Piece, schema: Schema) -> list[str]:
    """CASE and COALESCE hide from Citus what it must compute before it queries the shards."""
    return [
        f"{name} in {type(node).__name__.removesuffix('Expr').upper()}"
        for expression in _changing_expressions(piece, schema)
        for node in walk(expression, into=False)
        if isinstance(node, _CHOOSES)
        for name, _ in _mutable(node, schema)
    ]


def stable_functions_of_columns(piece: Piece, schema: Schema) -> list[str]:
    """What depends on the session's time zone and on a row cannot be worked out before the shards are asked."""
    return [
        name
        for expression in _changing_expressions(piece, schema)
        for node in walk(expression, into=False)
        if (name := _stable(node, schema)) and _names_a_column(node)
    ]


def short_cases(piece: Piece, schema: Schema) -> list[str]:
    """Citus sends `CASE x WHEN y` as `CASE x WHEN (x = y)`, if it works out a function of the statement first."""
    return [
        "CASE … WHEN"
        for expression in _changing_expressions(piece, schema)
        for node in walk(expression)
        if isinstance(node, ast.CaseExpr) and node.arg is not None
    ]


def mutable_upserts(piece: Piece, schema: Schema) -> list[str]:
    """DO UPDATE runs on the shards: it may only contain immutable expressions."""
    return [
        name
        for tree in piece.trees
        for node in walk(tree)
        if isinstance(node, ast.OnConflictClause)
        for part in (node.targetList, node.whereClause)
        for name, _ in _mutable(part, schema)
    ]


def tables_of_all_tenants(piece: Piece, schema: Schema) -> list[str]:
    """A statement without a tenant queries all shards, and fails while one of their nodes is down."""
    if piece.kind == "view":
        return []
    tables = schema.tenant_tables
    # The program reads all tenants at once by the owner's functions, which may do so on local tables.
    if piece.kind == "function":
        tables = frozenset(name for name in tables if _side(name, schema) != "local")
    return UnboundTables(piece.trees, tables, piece.arguments).names


def mixed_sides(piece: Piece, schema: Schema) -> list[str]:
    """Local and distributed tables in one query: a worker knows neither the local table nor its functions."""
    if piece.kind == "view":
        return []
    found: list[str] = []
    for tree in piece.trees:
        named = set(relations_of(tree))
        called = {
            name for call in Piece("", (tree,)).calls for name in _reached(call, schema, set())
        }
        sides = {side for name in named | called if (side := _side(name, schema))}
        if len(sides) > 1 and any(_side(name, schema) for name in named):
            found += sorted(name for name in named | called if _side(name, schema) == "local")
    return found


def correlated_sides(piece: Piece, schema: Schema) -> list[str]:
    """A correlated sub-query across local and distributed tables is refused."""
    return (
        []
        if piece.kind == "view"
        else [name for tree in piece.trees for name in _correlated(tree, {}, schema)]
    )


def unions_over_a_view(piece: Piece, schema: Schema) -> list[str]:
    """A materialized view is local: beside a distributed table its owner's rights are lost."""
    return [
        ", ".join(sorted(names))
        for tree in piece.trees
        for node in walk(tree)
        if isinstance(node, ast.SelectStmt) and node.op != enums.SetOperation.SETOP_NONE
        for names in [set(relations_of(node.larg)) | set(relations_of(node.rarg))]
        if names & schema.materialized and names - schema.materialized
    ]


def definers_that_write(piece: Piece, schema: Schema) -> list[str]:
    """Two roles that write one group of shards in a transaction are refused."""
    if not piece.is_definer:
        return []
    return [
        node.relation.relname
        for tree in piece.trees
        for node in walk(tree)
        if isinstance(node, _WRITES) and node.relation.relname not in LOCAL
    ]


def settings_that_stay_behind(piece: Piece, schema: Schema) -> list[str]:
    """Settings of set_config() do not reach the shards: rows of the tenant would be missing there."""
    return [
        node.args[0].val.sval
        for tree in piece.trees
        for node in walk(tree)
        if isinstance(node, ast.FuncCall) and node.funcname[-1].sval == "set_config"
        if not (_is_true(node.args[2]) and not node.args[0].val.sval.startswith("app."))
    ]


RULES: dict[str, Callable[[Piece, Schema], list[str]]] = {
    rule.__name__: rule
    for rule in (
        inserts_that_become_copies,
        results_sent_to_all_nodes,
        volatile_changes,
        mutable_choices,
        stable_functions_of_columns,
        short_cases,
        mutable_upserts,
        tables_of_all_tenants,
        mixed_sides,
        correlated_sides,
        unions_over_a_view,
        definers_that_write,
        settings_that_stay_behind,
    )
}


def _side(name: str, schema: Schema) -> str | None:
    """Return whether a relation is local or distributed; None for others, such as a catalogue or a view."""
    if name in LOCAL or name in schema.materialized:
        return "local"
    if name in schema.views:
        sides = {_side(inner, schema) for inner in schema.views[name].relations} - {None}
        return sides.pop() if len(sides) == 1 else None
    return "distributed" if name in schema.tenant_tables else None


def _reached(function: str, schema: Schema, seen: set[str]) -> set[str]:
    """Return the relations that a function of the schema names, directly or by functions that it calls."""
    if function in seen or function not in schema.functions:
        return set()
    seen.add(function)
    piece = schema.functions[function]
    return set(piece.relations).union(*(_reached(call, schema, seen) for call in piece.calls))


def _changing_expressions(piece: Piece, schema: Schema) -> Iterator[object]:
    """Yield the expressions of every UPDATE and DELETE of a table that names a tenant."""
    for tree in piece.trees:
        for node in walk(tree):
            if (
                isinstance(node, ast.UpdateStmt | ast.DeleteStmt)
                and node.relation.relname in schema.tenant_tables
                and node.relation.schemaname in {None, "public"}
            ):
                yield getattr(node, "targetList", None)
                yield node.whereClause


def _mutable(node: object, schema: Schema) -> Iterator[tuple[str, bool]]:
    """Yield what is not immutable, and whether it is volatile.

    A sub-select without FROM is worked out once, before the shards are asked; others are part of the query.
    """
    if isinstance(node, tuple):
        for item in node:
            yield from _mutable(item, schema)
        return
    if not isinstance(node, ast.Node) or (
        isinstance(node, ast.SubLink) and not node.subselect.fromClause
    ):
        return
    if isinstance(node, ast.FuncCall) and _volatility(node, schema) != "i":
        yield node.funcname[-1].sval, _volatility(node, schema) == "v"
    elif isinstance(node, ast.SQLValueFunction) or _moves_a_moment(node):
        yield "a stable expression", False
    for attribute in node:
        yield from _mutable(getattr(node, attribute), schema)


def _is_true(node: object) -> bool:
    return isinstance(node, ast.A_Const) and getattr(node.val, "boolval", False) is True


def _volatility(call: ast.FuncCall, schema: Schema) -> str:
    # An unknown function may be volatile.
    return schema.volatility.get(call.funcname[-1].sval, "v")


def _stable(node: ast.Node, schema: Schema) -> str | None:
    if isinstance(node, ast.FuncCall) and _volatility(node, schema) != "i":
        return f"{node.funcname[-1].sval}()"
    return "± interval" if _moves_a_moment(node) else None


def _moves_a_moment(node: ast.Node) -> bool:
    """A moment plus or minus an interval depends on the session's time zone."""
    return operator_of(node) in {"+", "-"} and any(map(_is_interval, (node.lexpr, node.rexpr)))


def _is_interval(node: object) -> bool:
    if isinstance(node, ast.TypeCast):
        return node.typeName.names[-1].sval == "interval"
    return isinstance(node, ast.FuncCall) and node.funcname[-1].sval == "make_interval"


def _names_a_column(node: ast.Node) -> bool:
    return any(isinstance(found, ast.ColumnRef) for found in walk(node, into=False))


def _correlated(node: object, outer: dict[str, str], schema: Schema) -> Iterator[str]:
    """Yield the sub-selects that name a table of the other side; `outer` has the sides of the queries around."""
    if isinstance(node, tuple):
        for item in node:
            yield from _correlated(item, outer, schema)
        return
    if not isinstance(node, ast.Node):
        return
    inner = outer
    if isinstance(node, ast.SelectStmt | ast.UpdateStmt | ast.DeleteStmt):
        own = _sides_by_alias(node, schema)
        for alias, name in _foreign_names(node, own, outer):
            if {outer[alias]} != set(own.values()) & {"local", "distributed"} and own:
                yield f"{alias}.{name}"
        inner = outer | own
    for attribute in node:
        yield from _correlated(getattr(node, attribute), inner, schema)


def _sides_by_alias(node: ast.Node, schema: Schema) -> dict[str, str]:
    parts = [getattr(node, "relation", None), getattr(node, "fromClause", None)]
    parts.append(getattr(node, "usingClause", None))
    return {
        found.alias.aliasname if found.alias else found.relname: side
        for part in parts
        for found in walk(part, into=False)
        if isinstance(found, ast.RangeVar) and (side := _side(found.relname, schema))
    }


def _foreign_names(
    node: ast.Node, own: dict[str, str], outer: dict[str, str]
) -> Iterator[tuple[str, str]]:
    for found in walk(node.whereClause, into=False):
        if isinstance(found, ast.ColumnRef) and len(found.fields) == 2:
            alias = found.fields[0].sval
            if alias not in own and alias in outer:
                yield alias, name_of(found)
