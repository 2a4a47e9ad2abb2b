"""Where SQL text comes from, read from the syntax trees of the program: none of it may be composed."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

# Methods of asyncpg and psycopg that send their first argument, or the one of such a name, to the server.
_SENDS = {
    *("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "prepare", "cursor"),
    *("copy", "copy_from_query", "copy_to_table", "stream", "exec_driver_sql"),
}
_SENT_AS = {"query", "sql", "statement", "operation", "command"}
# Those of them that nothing else has: kept under another name, they would send unseen.
_ONLY_SENDS = {
    *("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany"),
    "exec_driver_sql",
}
# Methods that make a text of a text.
_COMPOSES = {
    "format",
    "format_map",
    "replace",
    "join",
    "translate",
    "substitute",
    "safe_substitute",
}
_READS_LIKE_SQL = re.compile(
    r"^\s*(SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\b.*\bSET|DELETE\s+FROM|REFRESH\s+MATERIALIZED|"
    r"(CREATE|ALTER|DROP)\s+[A-Z]|GRANT\b.*\b(ON|TO)\b|REVOKE\b.*\bFROM|TRUNCATE\s|LOCK\s+TABLE|SET\s+(LOCAL|ROLE)|"
    r"WITH\b.*\bAS\s+\()",
    re.DOTALL,
)
PUT_TOGETHER = "composes a statement"
# psycopg and SQLAlchemy take the argument of these for SQL.
_DECLARES = {"SQL", "text"}
_QUOTES = {"sql.Identifier", "sql.Literal"}
# They get no input of a caller.
_LEFT_OUT = ("migrations",)


@dataclass(slots=True)
class Findings:
    """What was seen in the source: how many files and composed texts, and what follows.

    `sent` has, for each text that is sent to the server, the place, the method, and where the text comes from;
    `offenders` has the place of each fault, and what is wrong there.
    """

    files: int = 0
    texts: int = 0
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    offenders: list[tuple[str, str]] = field(default_factory=list)


def examine(source: Path) -> Findings:
    """Examine all modules of the program under `source`, except the migrations."""
    findings = Findings()
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source)
        if name.parts[0] not in _LEFT_OUT:
            examine_module(name.as_posix(), path.read_text(encoding="utf-8"), findings)
    findings.sent.sort()
    return findings


def examine_module(name: str, text: str, findings: Findings) -> None:
    """Add what stands in one module to `findings`."""
    findings.files += 1
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        findings.offenders.append((f"{name}:{error.lineno}", "is no Python"))
        return
    examine_tree(name, tree, findings)


def examine_tree(name: str, tree: ast.Module, findings: Findings) -> None:
    """Add what stands in the syntax tree of one module to `findings`."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        place = f"{name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.expr) and (composed := _composed_text(node)) is not None:
            findings.texts += 1
            if _READS_LIKE_SQL.match(composed):
                findings.offenders.append((place, PUT_TOGETHER))
        if isinstance(node, ast.Call):
            _examine_call(place, node, findings)
        elif isinstance(node, ast.Attribute):
            if node.attr in _ONLY_SENDS and id(node) not in called:
                findings.offenders.append((place, f"keeps {ast.unparse(node)} under another name"))
        elif (fault := _statement_replaced(node)) is not None:
            findings.offenders.append((place, fault))


def _examine_call(place: str, call: ast.Call, findings: Findings) -> None:
    called = ast.unparse(call.func)
    if called.rpartition(".")[2] in _DECLARES and not all(map(_is_text, call.args)):
        findings.offenders.append((place, "takes for SQL what is no literal"))
    if called.endswith("CanonicalView") and not _has_only_constants(call):
        findings.offenders.append((place, "registers what is no literal"))
    if called == "getattr" and (fault := _attribute_picked(*call.args[:2])) is not None:
        findings.offenders.append((place, fault))
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _SENDS:
        return
    named = [keyword.value for keyword in call.keywords if keyword.arg in _SENT_AS]
    for sent in [*call.args[:1], *named]:
        if (source := _source_of(sent)) is None:
            findings.offenders.append((place, f"sends {ast.unparse(sent)[:60]}"))
        else:
            findings.sent.append((place, call.func.attr, source))


def _attribute_picked(of: ast.expr, name: ast.expr | None = None) -> str | None:
    """Return what is wrong with an attribute that is taken by its name; a name of None stands for any."""
    if isinstance(name, ast.Constant):
        return f"takes {name.value} by its name" if name.value in _SENDS else None
    if "queries" in ast.unparse(of):
        return "picks a statement by a name that is no literal"
    return None


def _statement_replaced(node: ast.AST) -> str | None:
    """Return what is wrong where something named `…_statement` gets a value that is no literal."""
    targets: list[ast.expr] = []
    value: ast.expr | None = None
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets, value = [node.target], node.value
    elif isinstance(node, ast.keyword) and node.arg is not None and node.arg.endswith("_statement"):
        return None if _is_text(node.value) else f"gives {node.arg} what is no literal"
    named = [t for t in targets if isinstance(t, ast.Attribute) and t.attr.endswith("_statement")]
    return "replaces a statement" if named and value is not None and not _is_text(value) else None


def _source_of(sent: ast.expr) -> str | None:
    """Return where a statement comes from; None when it does not stand in the source as it is sent."""
    if _is_text(sent):
        return "a literal"
    if isinstance(sent, ast.Attribute) and sent.attr.endswith("_statement"):
        return f"{sent.attr} of the registry"
    return "a literal with quoted names" if _is_quoted_composition(sent) else None


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _has_only_constants(call: ast.Call) -> bool:
    return all(_is_text(value) for value in (*call.args, *(k.value for k in call.keywords)))


def _is_quoted_composition(node: ast.expr) -> bool:
    """Say whether this is `sql.SQL("…").format(…)`, and all that is put in is quoted."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "format"
        and isinstance(node.func.value, ast.Call)
        and ast.unparse(node.func.value.func) == "sql.SQL"
        and all(
            isinstance(part, ast.Call) and ast.unparse(part.func) in _QUOTES
            for part in (*node.args, *(k.value for k in node.keywords))
        )
    )


def _composed_text(node: ast.expr) -> str | None:
    """Return the text that an expression composes, at least its first fixed parts; None for all others."""
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values]
        return (
            "".join(parts) if any(isinstance(p, ast.FormattedValue) for p in node.values) else None
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return _literal_text(node.left)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _COMPOSES
    ):
        joined = node.args[0] if node.func.attr == "join" and node.args else None
        first = joined.elts[0] if isinstance(joined, ast.List | ast.Tuple) and joined.elts else None
        return _literal_text(first) if first is not None else _literal_text(node.func.value)
    return None


def _literal_text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return _composed_text(node)
