"""Which tables of a statement no condition binds to a tenant: scopes are followed, joins on the tenant count.

What a sub-select in FROM or WITH returns binds nothing: Citus may work it out first, and then join by its rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pglast import ast, enums

from tests.support.syntax import conjuncts, is_parameter, name_of, operator_of, walk

BOUND = "a parameter"


@dataclass
class _Scope:
    """The relations of one query by alias: where each is, and which column names its tenant."""

    outer: _Scope | None
    key_of: dict[str, str] = field(default_factory=dict)
    place_of: dict[str, str] = field(default_factory=dict)
    nested: list[ast.Node] = field(default_factory=list)
    conditions: list[ast.Node] = field(default_factory=list)


class UnboundTables:
    """Walks the queries of a statement; `names` are the tables that it does not bind to a tenant."""

    def __init__(
        self, trees: tuple[ast.Node, ...], tables: frozenset[str], arguments: frozenset[str]
    ) -> None:
        self._tables = tables
        self._arguments = arguments
        self._joined: dict[str, str] = {}
        self._occurrences: list[tuple[str, str]] = []
        for tree in trees:
            self._query(tree, None, frozenset())

    @property
    def names(self) -> list[str]:
        bound = self._root(BOUND)
        return [name for place, name in self._occurrences if self._root(place) != bound]

    def _root(self, place: str) -> str:
        while (further := self._joined.get(place, place)) != place:
            place = further
        return place

    def _join(self, left: str, right: str) -> None:
        self._joined[self._root(left)] = self._root(right)

    def _query(self, node: ast.Node, outer: _Scope | None, own: frozenset[str]) -> None:
        if clause := getattr(node, "withClause", None):
            own |= {table.ctename for table in clause.ctes}
            for table in clause.ctes:
                self._query(table.ctequery, outer, own)
        if isinstance(node, ast.SelectStmt) and node.op != enums.SetOperation.SETOP_NONE:
            self._query(node.larg, outer, own)
            self._query(node.rarg, outer, own)
            return
        scope = _Scope(outer)
        for item in _sources(node):
            self._source(item, scope, own)
        for condition in (*conjuncts(getattr(node, "whereClause", None)), *scope.conditions):
            self._equate(condition, scope)
        if isinstance(node, ast.InsertStmt):
            self._inserted(node)
            if node.selectStmt:
                self._query(node.selectStmt, outer, own)
        for nested in (*scope.nested, *_queries_within(node)):
            self._query(nested, scope, own)

    def _source(self, item: ast.Node, scope: _Scope, own: frozenset[str]) -> None:
        if isinstance(item, ast.JoinExpr):
            self._source(item.larg, scope, own)
            self._source(item.rarg, scope, own)
            scope.conditions += conjuncts(item.quals)
        elif isinstance(item, ast.RangeVar):
            self._relation(item, scope, own)
        elif isinstance(item, ast.RangeSubselect):
            scope.nested.append(item.subquery)

    def _relation(self, item: ast.RangeVar, scope: _Scope, own: frozenset[str]) -> None:
        is_derived = item.schemaname is None and item.relname in own
        if is_derived or item.relname not in self._tables:
            return
        alias = item.alias.aliasname if item.alias else item.relname
        place = f"{alias}:{id(item)}"
        self._occurrences.append((place, item.relname))
        scope.key_of[alias] = _key_of(item)
        scope.place_of[alias] = place

    def _inserted(self, node: ast.InsertStmt) -> None:
        """A new row names its tenant by a parameter in the position of the column."""
        columns = [target.name for target in node.cols or ()]
        key = _key_of(node.relation)
        places = [place for place, name in self._occurrences if name == node.relation.relname]
        if not places or key not in columns:
            return
        at = columns.index(key)
        rows = list(_rows(node.selectStmt))
        values = [value for row in rows for value in row[at : at + 1] or [None]]
        if values and all(is_parameter(value, self._arguments) for value in values):
            self._join(places[-1], BOUND)

    def _equate(self, condition: ast.Node, scope: _Scope) -> None:
        if operator_of(condition) != "=":
            return
        left, right = (self._side(side, scope) for side in (condition.lexpr, condition.rexpr))
        if left and right:
            self._join(left, right)

    def _side(self, node: object, scope: _Scope) -> str | None:
        """Return the place whose tenant this is, BOUND for a parameter, or None."""
        if isinstance(node, ast.ColumnRef):
            alias = node.fields[0].sval if len(node.fields) == 2 else None
            level: _Scope | None = scope
            while level is not None:
                found = [
                    level.place_of[name]
                    for name, key in level.key_of.items()
                    if key == name_of(node) and alias in {None, name}
                ]
                if len(found) == 1:
                    return found[0]
                level = level.outer
        return BOUND if is_parameter(node, self._arguments) else None


def _key_of(table: ast.RangeVar) -> str:
    return "id" if table.relname == "tenants" else "tenant_id"


def _sources(node: ast.Node) -> Iterator[ast.Node]:
    if isinstance(node, ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt):
        yield node.relation
    for clause in ("fromClause", "usingClause"):
        yield from getattr(node, clause, None) or ()


def _rows(query: ast.SelectStmt | None) -> Iterator[list[ast.Node]]:
    """Yield the values of an INSERT, one row for each query or list of values."""
    if query is None:
        return
    if query.op != enums.SetOperation.SETOP_NONE:
        yield from _rows(query.larg)
        yield from _rows(query.rarg)
    elif query.valuesLists:
        yield from (list(row) for row in query.valuesLists)
    else:
        yield [target.val for target in query.targetList or ()]


def _queries_within(node: ast.Node) -> Iterator[ast.Node]:
    """Yield the sub-selects of a query's expressions, wherever they stand but for FROM and WITH."""
    for attribute in node:
        if attribute in {"withClause", "fromClause", "usingClause", "selectStmt", "larg", "rarg"}:
            continue
        for found in walk(getattr(node, attribute), into=False):
            if isinstance(found, ast.SubLink):
                yield found.subselect
    for clause in ("fromClause", "usingClause"):
        for item in getattr(node, clause, None) or ():
            for found in walk(item, into=False):
                if isinstance(found, ast.SubLink):
                    yield found.subselect
