"""Where a statement can return NULL, and where it accepts one, as far as its syntax shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pglast import ast, enums

from tests.support.syntax import operator_of, parse, walk

# These never return NULL, whatever their arguments.
_NEVER_NULL = {"clock_timestamp", "count", "now", "pg_current_snapshot"}
# These return NULL only for NULL.
_STRICT = {"+", "-", "*", "/", "=", "<>", "<", "<=", ">", ">=", "||"}
_MAKES_NULLS = {
    enums.JoinType.JOIN_LEFT: ("rarg",),
    enums.JoinType.JOIN_RIGHT: ("larg",),
    enums.JoinType.JOIN_FULL: ("larg", "rarg"),
}
_COMPARISONS = {enums.A_Expr_Kind.AEXPR_DISTINCT, enums.A_Expr_Kind.AEXPR_NOT_DISTINCT}


@dataclass(frozen=True)
class Schema:
    """What the syntax does not show."""

    not_null: frozenset[tuple[str, str]]
    """Tables with their schema, and columns."""
    aggregates: frozenset[str]


class Nulls:
    """One statement, by its tree."""

    def __init__(self, sql: str, schema: Schema) -> None:
        (self._tree,) = parse(sql)
        self._schema = schema
        returning = getattr(self._tree, "returningClause", None)
        targets = returning.exprs if returning else getattr(self._tree, "targetList", None)
        # None for a UNION, whose columns are not analysed.
        self._results = [target.val for target in targets or ()]

    def always_gives_a_row(self) -> bool:
        return self._gives_one_row(self._tree)

    def never_gives_null(self, place: int, *, is_not_null_column: bool) -> bool:
        """Return whether a result column is never NULL; `is_not_null_column`: it is declared NOT NULL."""
        if place >= len(self._results):
            return False
        result = self._results[place]
        if isinstance(result, ast.ColumnRef):
            return is_not_null_column and not self._may_be_left_out(result)
        return self._is_never_null(result)

    def takes_null(self, number: int) -> bool:
        """Return whether NULL is meaningful for this parameter: it is tested, or may be stored."""
        return any(_parameter(node) == number for node in self._places_for_null())

    def _gives_one_row(self, select: ast.Node) -> bool:
        """Return whether it reads no table, or aggregates what it finds into one row."""
        if not isinstance(select, ast.SelectStmt) or select.op or select.havingClause:
            return False
        if select.groupClause or select.limitCount or select.limitOffset:
            return False
        if select.fromClause is None:
            return select.whereClause is None
        return any(self._sums_up(target.val) for target in select.targetList or ())

    def _sums_up(self, expression: ast.Node) -> bool:
        return any(
            isinstance(node, ast.FuncCall)
            and node.over is None
            and node.funcname[-1].sval in self._schema.aggregates
            for node in walk(expression, into=False)
        )

    def _may_be_left_out(self, column: ast.ColumnRef) -> bool:
        """Return whether an outer join may find no row for the column, or a grouping may leave it out.

        Here the names of the tables tell; where a nested query does so, every column may be left out.
        """
        if any(isinstance(node, ast.GroupingSet) for node in walk(self._tree)):
            return True
        outer = [_makes_null(node) for node in walk(self._tree)]
        beside = [
            _makes_null(node) for node in walk(getattr(self._tree, "fromClause", None), into=False)
        ]
        if sum(map(bool, outer)) > sum(map(bool, beside)):
            return True
        names = {name for found in beside for name in found}
        return bool(names) and (len(column.fields) == 1 or column.fields[0].sval in names)

    def _is_never_null(self, node: object) -> bool:
        never = self._is_never_null
        if isinstance(node, ast.A_Const):
            return not node.isnull
        if isinstance(node, ast.TypeCast):
            return never(node.arg)
        if isinstance(node, ast.FuncCall):
            return node.funcname[-1].sval in _NEVER_NULL
        if isinstance(node, ast.CoalesceExpr):
            return any(never(argument) for argument in node.args)
        if isinstance(node, ast.BoolExpr):
            return all(never(argument) for argument in node.args)
        if isinstance(node, ast.A_Expr) and operator_of(node) in _STRICT:
            return all(never(side) for side in (node.lexpr, node.rexpr) if side is not None)
        if isinstance(node, ast.SubLink):
            return node.subLinkType == enums.SubLinkType.EXISTS_SUBLINK or (
                node.subLinkType == enums.SubLinkType.EXPR_SUBLINK
                and self._gives_one_row(node.subselect)
                and all(never(target.val) for target in node.subselect.targetList)
            )
        return isinstance(node, ast.NullTest | ast.SQLValueFunction)

    def _places_for_null(self) -> Iterator[object]:
        for node in walk(self._tree):
            if isinstance(node, ast.NullTest):
                yield node.arg
            elif isinstance(node, ast.CoalesceExpr | ast.MinMaxExpr):
                yield from node.args
            elif isinstance(node, ast.A_Expr) and node.kind in _COMPARISONS:
                yield from (node.lexpr, node.rexpr)
            elif isinstance(node, ast.UpdateStmt):
                yield from self._nullable(node.relation, node.targetList, node.targetList)
            elif isinstance(node, ast.InsertStmt) and node.selectStmt is not None:
                for row in _rows(node.selectStmt):
                    yield from self._nullable(node.relation, node.cols, row)

    def _nullable(
        self, table: ast.RangeVar, columns: tuple[ast.ResTarget, ...], values: tuple[ast.Node, ...]
    ) -> Iterator[object]:
        name = f"{table.schemaname}.{table.relname}"
        for column, value in zip(columns, values, strict=True):
            if (name, column.name) not in self._schema.not_null:
                yield value.val if isinstance(value, ast.ResTarget) else value


def _rows(select: ast.SelectStmt) -> Iterator[tuple[ast.Node, ...]]:
    if select.op:
        yield from _rows(select.larg)
        yield from _rows(select.rarg)
    elif select.valuesLists:
        yield from select.valuesLists
    else:
        yield select.targetList


def _parameter(node: object) -> int | None:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node.number if isinstance(node, ast.ParamRef) else None


def _makes_null(node: object) -> set[str]:
    """Return the aliases that an outer join may leave without a row."""
    if not isinstance(node, ast.JoinExpr):
        return set()
    return {
        _name_of(inner)
        for side in _MAKES_NULLS.get(node.jointype, ())
        for inner in walk(getattr(node, side), into=False)
        if isinstance(inner, ast.RangeVar | ast.RangeSubselect | ast.RangeFunction)
    }


def _name_of(table: ast.Node) -> str:
    return table.alias.aliasname if table.alias else getattr(table, "relname", "")
