"""Rules of the house that the linter does not know: each checker returns what breaks its rule, and where."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "skeldir"
PROOF = ROOT / "proof"

# Calls that send their first argument to the server.
_SENDS = {
    "execute",
    "executemany",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetchmany",
    "prepare",
    "cursor",
}
_ENDS_A_TRANSACTION = {"commit", "rollback", "transaction", "begin", "begin_nested"}
_SQL = re.compile(
    r"^\s*(SELECT\b.*\bFROM|INSERT INTO|UPDATE\b.*\bSET|DELETE FROM|REFRESH MATERIALIZED|CREATE|ALTER|DROP|GRANT|"
    r"REVOKE|TRUNCATE|LOCK TABLE|SET LOCAL|SET ROLE|WITH\b.*\bAS \()",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its path under `src/skeldir` or, of the proof, under the top; and its syntax tree."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]


def read_modules() -> list[Module]:
    """Return every module of the program and of its proof."""
    return [
        Module(path.relative_to(above).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for above, folder in ((SOURCES, SOURCES), (ROOT, PROOF))
        for path in sorted(folder.rglob("*.py"))
    ]


def rooms_with_sql() -> list[str]:
    """Return the packages that have a `queries.sql`, whichever they are by now."""
    rooms = sorted(found.parent.relative_to(SOURCES) for found in SOURCES.rglob("queries.sql"))
    return [".".join(["skeldir", *room.parts]) for room in rooms]


def _calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _at(module: Module, node: ast.expr | ast.stmt | ast.excepthandler) -> str:
    return f"{module.path}:{node.lineno}"


def transactions_elsewhere(module: Module) -> list[str]:
    """Transactions are opened, committed and rolled back in db/, by the migrations, and by the proof, from outside."""
    if module.room in {"db", "migrations", "proof"}:
        return []
    return [_at(module, call) for name, call in _calls(module) if name in _ENDS_A_TRANSACTION]


def composed_statements(module: Module) -> list[str]:
    """What is sent to the server stands there as a literal, or in the registry of views; it is never put together.

    The proof asks about what it found in the catalogue, by psycopg's composition that quotes; its texts are held to the
    next rule, and it takes no input but the command line's.
    """
    if module.room in {"migrations", "proof"}:
        return []
    return [
        _at(module, call)
        for name, call in _calls(module)
        if name in _SENDS and call.args and not _is_fixed(call.args[0])
    ]


def _is_fixed(statement: ast.expr) -> bool:
    if isinstance(statement, ast.Constant):
        return True
    if isinstance(statement, ast.Attribute):
        return statement.attr.endswith("_statement")
    # psycopg's own composition, which quotes what it puts in: sql.SQL("…").format(sql.Identifier(…)).
    return (
        isinstance(statement, ast.Call)
        and isinstance(statement.func, ast.Attribute)
        and statement.func.attr == "format"
        and isinstance(statement.func.value, ast.Call)
        and ast.unparse(statement.func.value.func) == "sql.SQL"
        and isinstance(statement.func.value.args[0], ast.Constant)
        and all(
            isinstance(part, ast.Call)
            and ast.unparse(part.func) in {"sql.Identifier", "sql.Literal"}
            for part in statement.args
        )
    )


def composed_sql_texts(module: Module) -> list[str]:
    """No text that reads like SQL is put together anywhere, whatever becomes of it."""
    if module.room == "migrations":
        return []
    return [
        _at(module, node)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr)
        and (text := _composed_text(node)) is not None
        and _SQL.match(text)
    ]


def _composed_text(node: ast.expr) -> str | None:
    """Return the text that an expression puts together, its first fixed parts at least; None for all others."""
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values]
        return (
            "".join(parts)
            if any(isinstance(part, ast.FormattedValue) for part in node.values)
            else None
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _literal_text(node.left)
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if is_method and node.func.attr in {"format", "replace", "join", "format_map"}:  # type: ignore[attr-defined]  # held by the line above
        return _literal_text(node.func.value)  # type: ignore[attr-defined]  # as above
    return None


def _literal_text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _composed_text(node)


def environment_readers(module: Module) -> list[str]:
    """Only `settings` reads the environment."""
    if module.path == "settings.py":
        return []
    names = {"environ", "environb", "getenv", "putenv"}
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in names:
            found.append(_at(module, node))
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found += [_at(module, node) for alias in node.names if alias.name in names]
        elif isinstance(node, ast.ClassDef) and any(
            "BaseSettings" in ast.unparse(base) for base in node.bases
        ):
            found.append(_at(module, node))
    return found


def blind_handlers(module: Module) -> list[str]:
    """No handler takes every error; one that takes BaseException to clean up raises it again at its end."""
    found = []
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = "BaseException" if node.type is None else ast.unparse(node.type)
        raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if re.search(r"\bException\b", caught) or ("BaseException" in caught and not raises_again):
            found.append(_at(module, node))
    return found


def vague_names(module: Module) -> list[str]:
    """A file is called by what is in it."""
    vague = r"(^|[/_])(services?|managers?|helpers?|utils?|core|common|base|misc|legacy|v\d+)(_|\.py$|/)"
    return [module.path] if re.search(vague, module.path) else []


CHECKERS: dict[str, Callable[[Module], list[str]]] = {
    checker.__name__: checker
    for checker in (
        transactions_elsewhere,
        composed_statements,
        composed_sql_texts,
        environment_readers,
        blind_handlers,
        vague_names,
    )
}


def statements_of(text: str) -> dict[str, str]:
    """Return the statements of a `queries.sql` by their names, without comments."""
    parts = re.split(r"^-- name: *(\w+)[\^$!*#]?.*$", text, flags=re.MULTILINE)[1:]
    bodies = [re.sub(r"--.*", "", body) for body in parts[1::2]]
    return dict(zip(parts[0::2], bodies, strict=True))


def unqualified_names(statement: str) -> list[str]:
    """Return the tables and views that a statement names without their schema."""
    own = set(re.findall(r"(?:\bWITH|,)\s+(\w+) AS \(", statement))
    # `EXTRACT(epoch FROM …)`, `IS DISTINCT FROM …` and `substring(… FROM …)` name no table.
    text = re.sub(
        r"(?i)extract\(\s*\w+\s+FROM|DISTINCT\s+FROM|ON CONFLICT.*DO UPDATE", "", statement
    )
    named = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:LATERAL\s+)?([a-z_][\w.]*)", text)
    return [
        name
        for name in named
        if not name.startswith(("public.", "celery.", "pg_catalog."))
        and name not in own | {"unnest"}
    ]
