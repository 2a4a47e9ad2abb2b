"""House rules that the linter does not know: each checker returns what breaks its rule, and where."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from proof.checks.syntax import PUT_TOGETHER, Findings, examine_tree

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "skeldir"
PROOF = ROOT / "proof"

_ENDS_A_TRANSACTION = {"commit", "rollback", "transaction", "begin", "begin_nested"}


@dataclass(frozen=True, slots=True)
class Module:
    """One source file: its path under `src/skeldir` or, of the proof, under the top; and its syntax tree."""

    path: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]


@cache
def read_modules() -> list[Module]:
    """Return every module of the program and of its proof."""
    return [
        Module(path.relative_to(above).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for above, folder in ((SOURCES, SOURCES), (ROOT, PROOF))
        for path in sorted(folder.rglob("*.py"))
    ]


def rooms_with_sql() -> list[str]:
    """Return the packages that have a `queries.sql`."""
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


def composed_sql(module: Module) -> list[str]:
    """SQL is never composed: each statement is written out where it is sent.

    `make prove` examines the program by the same code. Migrations get no input of a caller. The proof asks about what
    it found in the catalogue, by psycopg's composition that quotes; its texts are held to the first half.
    """
    if module.room == "migrations":
        return []
    findings = Findings()
    examine_tree(module.path, module.tree, findings)
    if module.room == "proof":
        return [place for place, fault in findings.offenders if fault == PUT_TOGETHER]
    return [f"{place} {fault}" for place, fault in findings.offenders]


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
    """A file is named after its content."""
    vague = r"(^|[/_])(services?|managers?|helpers?|utils?|core|common|base|misc|legacy|v\d+)(_|\.py$|/)"
    return [module.path] if re.search(vague, module.path) else []


CHECKERS: dict[str, Callable[[Module], list[str]]] = {
    checker.__name__: checker
    for checker in (
        transactions_elsewhere,
        composed_sql,
        environment_readers,
        blind_handlers,
        vague_names,
    )
}
