"""The rules of Citus for a revision: each rule returns what breaks it. Released revisions stay as they are."""

from __future__ import annotations

import ast as python
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pglast import ast, enums

from skeldir.migrations.guard import split_statements
from tests.support.syntax import PLACEHOLDER, Piece, parse, procedure, walk

RELEASED = "202611261300"
_OF_ROWS = ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt
_VIEWS = {enums.ObjectType.OBJECT_VIEW, enums.ObjectType.OBJECT_MATVIEW}
_CHANGES = ast.CreateTableAsStmt | ast.AlterTableStmt | ast.DropStmt | ast.RenameStmt
_SAYS_OF_WHAT = ("objtype", "removeType", "renameType", "relationType")
_ROLE_AT_FIRST = "the migrating role"


@dataclass(frozen=True)
class Revision:
    """One direction of a revision: the texts that it sends, in order, and those that cannot be read."""

    name: str
    texts: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def trees(self) -> tuple[ast.Node, ...]:
        """The statements, and after each DO block those that it runs."""
        return tuple(
            part
            for text in self.texts
            for tree in parse(text)
            for part in ((tree, *procedure(text)) if isinstance(tree, ast.DoStmt) else (tree,))
        )

    @property
    def piece(self) -> Piece:
        """The rows that it reads and writes."""
        return Piece(self.name, tuple(t for t in self.trees if isinstance(t, _OF_ROWS)), "revision")


def read_revisions(folder: Path, *, after: str = RELEASED) -> list[Revision]:
    """Return both directions of every later revision of `folder`, which holds `versions` and `sql`."""
    return [
        revision
        for path in sorted((folder / "versions").glob("*.py"))
        if path.name[0].isdigit() and path.name.partition("_")[0] > after
        for revision in read_revision(path.stem, path.read_text(encoding="utf-8"), folder / "sql")
    ]


def read_revision(name: str, source: str, sql: Path) -> list[Revision]:
    ways: dict[str, list[python.Call]] = {"upgrade": [], "downgrade": []}
    for function in python.parse(source).body:
        if isinstance(function, python.FunctionDef):
            way = "downgrade" if function.name == "downgrade" else "upgrade"
            ways[way] += [node for node in python.walk(function) if isinstance(node, python.Call)]
    found = []
    for way, calls in ways.items():
        in_order = sorted(calls, key=lambda call: (call.lineno, call.col_offset))
        texts: list[str] = []
        unread: list[str] = []
        for call in in_order:
            sent = _sent(call, sql)
            texts += [text for text in sent if text is not None]
            unread += [python.unparse(call) for text in sent if text is None]
        found.append(Revision(f"{name}.{way}", tuple(texts), tuple(unread)))
    return found


def _sent(call: python.Call, sql: Path) -> list[str | None]:
    """Return the texts that a call sends to the server; None for one that is not a literal."""
    called = python.unparse(call.func).rpartition(".")[2]
    if called not in {"run_sql", "run_statements", "execute"}:
        return []
    text = _literal(call.args[0])
    if called == "execute" or text is None:
        return [text]
    content = (sql / text).read_text(encoding="utf-8")
    return list(split_statements(content)) if called == "run_statements" else [content]


def _literal(node: python.expr) -> str | None:
    if isinstance(node, python.Call) and isinstance(node.func, python.Attribute):
        return _literal(node.func.value) if node.func.attr == "encode" else None
    if isinstance(node, python.JoinedStr):
        parts = [p.value if isinstance(p, python.Constant) else PLACEHOLDER for p in node.values]
        return "".join(map(str, parts))
    if not isinstance(node, python.Constant):
        return None
    text = node.value.decode() if isinstance(node.value, bytes) else str(node.value)
    return re.sub(r"%s|%b", "NULL", text)


def unread_texts(revision: Revision) -> list[str]:
    """A text that is not written out cannot be checked."""
    return list(revision.unread)


def several_commands(revision: Revision) -> list[str]:
    """A text of several commands is forwarded as one, and refused by the workers."""
    return [text.strip()[:60] for text in revision.texts if len(parse(text)) > 1]


def columns_with_checks(revision: Revision) -> list[str]:
    """A column and a CHECK cannot be sent to the shards in one command."""
    found = []
    for node in revision.trees:
        commands = [*(node.cmds or ())] if isinstance(node, ast.AlterTableStmt) else []
        columns = [c for c in commands if c.subtype == enums.AlterTableType.AT_AddColumn]
        has_check = any(
            isinstance(part, ast.Constraint) and part.contype == enums.ConstrType.CONSTR_CHECK
            for command in commands
            for part in walk(command)
        )
        if columns and has_check:
            found.append(", ".join(command.def_.colname for command in columns))
    return found


def tables_beside_views(revision: Revision) -> list[str]:
    """Propagation is off around views; a table changed during that time stays unchanged on the shards."""
    kinds = {kind for node in revision.trees if (kind := _kind(node))}
    return [revision.name] if len(kinds) > 1 else []


def grants_of_two_roles(revision: Revision) -> list[str]:
    """All grants of a transaction are given by one role."""
    role, givers = _ROLE_AT_FIRST, []
    for node in revision.trees:
        if isinstance(node, ast.VariableSetStmt) and node.name == "role":
            role = node.args[0].val.sval if node.args else _ROLE_AT_FIRST
        elif isinstance(node, ast.GrantStmt) and role not in givers:
            givers.append(role)
    return givers if len(givers) > 1 else []


def policies_with_subselects(revision: Revision) -> list[str]:
    """A policy of a distributed table holds no sub-select; that of a new table has it in one form."""
    return [
        node.policy_name
        for node in revision.trees
        if isinstance(node, ast.CreatePolicyStmt | ast.AlterPolicyStmt)
        for part in walk((node.qual, node.with_check))
        if isinstance(part, ast.SubLink)
        if isinstance(node, ast.AlterPolicyStmt)
        or node.policy_name != "tenant_isolation"
        or not _asks_for_the_tenant(part.subselect)
    ]


def _asks_for_the_tenant(query: ast.Node) -> bool:
    """Return whether the query is `SELECT public.current_tenant_id()`."""
    if (
        not isinstance(query, ast.SelectStmt)
        or query.fromClause
        or len(query.targetList or ()) != 1
    ):
        return False
    value = query.targetList[0].val
    return isinstance(value, ast.FuncCall) and [part.sval for part in value.funcname] == [
        "public",
        "current_tenant_id",
    ]


REVISION_RULES: dict[str, Callable[[Revision], list[str]]] = {
    rule.__name__: rule
    for rule in (
        unread_texts,
        several_commands,
        columns_with_checks,
        tables_beside_views,
        grants_of_two_roles,
        policies_with_subselects,
    )
}


def _kind(node: ast.Node) -> str | None:
    if isinstance(node, ast.CreateStmt):
        return "table"
    if isinstance(node, ast.ViewStmt | ast.RefreshMatViewStmt):
        return "view"
    of = {
        getattr(node, attribute, None) for attribute in _SAYS_OF_WHAT if isinstance(node, _CHANGES)
    }
    if of & _VIEWS:
        return "view"
    return "table" if enums.ObjectType.OBJECT_TABLE in of else None
