"""The rules of the house, checked on syntax trees and statements; each message states what to do instead."""

from __future__ import annotations

import ast
import re

import pytest

from skeldir.ingest.rejections import CURES
from skeldir.matviews import CANONICAL_VIEWS
from tests.support.house import (
    CHECKERS,
    PROOF,
    ROOT,
    SOURCES,
    Module,
    read_modules,
)

INSTEAD = {
    "transactions_elsewhere": "open transactions by Database.tenant() or Database.unbound(), which commit at their end",
    "composed_sql": "give the statement a name in the room's queries.sql, written out there, and bind its values",
    "environment_readers": "add a field to skeldir.settings.Settings",
    "blind_handlers": "name the errors that are expected here",
    "vague_names": "call the file by the verb or noun of its room",
}

# Each rule with code that breaks it: a rule that finds nothing here does not work.
BROKEN = {
    "transactions_elsewhere": (
        "connection.commit()",
        "async with connection.transaction(): pass",
        "session.begin()",
        "connection.rollback()",
    ),
    "composed_sql": (
        'connection.execute(f"SELECT 1 FROM {table}")',
        'connection.fetch("SELECT 1 FROM " + table)',
        'connection.fetchrow("SELECT 1 FROM %s" % table)',
        'connection.fetchval("SELECT 1 FROM {}".format(table))',
        'connection.execute(" ".join(parts))',
        'connection.execute("SELECT 1 FROM x".replace("x", table))',
        "connection.execute(text)",
        "connection.prepare(make_statement())",
        'admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.SQL(name)))',
        'admin.execute(sql.SQL(text).format(sql.Identifier("x")))',
        'text = f"REFRESH MATERIALIZED VIEW CONCURRENTLY {name}"',
        'text = "SELECT id FROM " + table',
        'text = "SELECT id FROM " + table + " WHERE true"',
        'text = "DELETE FROM %s" % table',
        'text = "DROP TABLE {}".format(table)',
        'text = "UPDATE x SET y = 1".replace("x", table)',
    ),
    "environment_readers": (
        "import os\nos.environ['X']",
        "import os\nos.getenv('X')",
        "from os import environ",
        "class Other(BaseSettings): pass",
    ),
    "blind_handlers": (
        "try: pass\nexcept Exception: pass",
        "try: pass\nexcept: pass",
        "try: pass\nexcept (OSError, Exception): pass",
        "try: pass\nexcept BaseException: pass",
        "try: pass\nexcept builtins.Exception: pass",
    ),
}

ALLOWED = {
    "transactions_elsewhere": 'connection.execute("SELECT 1")',
    "composed_sql": "connection.execute(view.refresh_statement)\n"
    'connection.fetch("SELECT 1")\n'
    'admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))\n'
    'detail = f"Select {name}."\ntext = "SELECT id FROM x"\nmore = f"{a} from {b}"',
    "environment_readers": "import os\nos.urandom(1)",
    "blind_handlers": "try: pass\nexcept OSError: pass\ntry: pass\nexcept BaseException:\n    clean()\n    raise",
    "vague_names": "",
}


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return read_modules()


@pytest.mark.parametrize("rule", list(CHECKERS))
def test_the_program_keeps_the_rule(modules: list[Module], rule: str) -> None:
    assert len(modules) > 50
    broken = [place for module in modules for place in CHECKERS[rule](module)]
    assert broken == [], INSTEAD[rule]


@pytest.mark.parametrize(
    ("rule", "code"), [(rule, code) for rule, codes in BROKEN.items() for code in codes]
)
def test_the_rule_sees_what_breaks_it(rule: str, code: str) -> None:
    assert len(CHECKERS[rule](Module("ingest/receive.py", ast.parse(wrapped(code))))) >= 1


@pytest.mark.parametrize("rule", list(ALLOWED))
def test_the_rule_lets_pass_what_it_should(rule: str) -> None:
    assert CHECKERS[rule](Module("ingest/receive.py", ast.parse(wrapped(ALLOWED[rule])))) == []


def wrapped(code: str) -> str:
    """Return `code` as the body of a coroutine function, where every statement is valid."""
    return "async def run():\n" + "".join(f"    {line}\n" for line in (code or "pass").splitlines())


@pytest.mark.parametrize(
    "path",
    [
        "ingest/utils.py",
        "db/base.py",
        "helpers/x.py",
        "core/__init__.py",
        "db/pool_manager.py",
        "a/x_v2.py",
    ],
)
def test_vague_names_are_seen(path: str) -> None:
    assert CHECKERS["vague_names"](Module(path, ast.parse(""))) == [path]


def test_every_refresh_statement_is_a_literal_of_the_registry() -> None:
    tree = ast.parse((SOURCES / "matviews" / "registry.py").read_text(encoding="utf-8"))
    views = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "CanonicalView"
    ]
    assert len(views) == len(CANONICAL_VIEWS)
    for view in views:
        values = [*view.args, *(keyword.value for keyword in view.keywords)]
        assert all(isinstance(value, ast.Constant) for value in values), ast.unparse(view)


def test_every_item_code_has_a_cure_that_is_a_sentence_and_is_documented() -> None:
    documented = dict(
        re.findall(
            r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE
        )
    )
    assert len(CURES) >= 30
    for code, cure in CURES.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", code), code
        assert cure[0].isupper(), code
        assert cure.endswith("."), code
        assert documented.get(code) == cure, f"docs/errors.md does not match rejections.py:  {code}"


def read_error_classes() -> dict[str, dict[str, object]]:
    """Return the class attributes of every subclass of SkeldirError, by the class's name."""
    found: dict[str, dict[str, object]] = {}
    errors = {"SkeldirError"}
    classes = [
        node
        for module in read_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    ]
    while new := [
        c for c in classes if c.name not in errors and {ast.unparse(b) for b in c.bases} & errors
    ]:
        for node in new:
            errors.add(node.name)
            found[node.name] = {
                ast.unparse(statement.targets[0]): ast.literal_eval(statement.value)
                for statement in node.body
                if isinstance(statement, ast.Assign)
            } | {"is_direct": "SkeldirError" in {ast.unparse(b) for b in node.bases}}
    return found


def test_every_error_has_a_code_of_its_own_a_status_and_a_title() -> None:
    classes = read_error_classes()
    assert len(classes) >= 15
    codes = [fields["code"] for fields in classes.values() if "code" in fields]
    assert len(codes) == len(set(codes)), sorted(map(str, codes))
    for name, fields in classes.items():
        if fields["is_direct"]:
            assert {"code", "status", "title"} <= set(fields), name
        if "status" in fields:
            assert 400 <= int(str(fields["status"])) < 600, name


def test_every_error_is_raised_with_a_cure() -> None:
    """SkeldirError requires it by name, so that no subclass can be raised without one."""
    names = set(read_error_classes())
    for module in read_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                keywords = {keyword.arg for keyword in node.exc.keywords}
                has_own_rule = name == "ItemRejected"  # its cure is in CURES
                assert name not in names or has_own_rule or "cure" in keywords, (
                    f"{module.path}:{node.lineno}"
                )


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return every Python file of the program, the proof, the tests and the benchmarks, by path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in (SOURCES, PROOF, ROOT / "tests", ROOT / "bench")
        for path in folder.rglob("*.py")
    }


def test_no_file_is_longer_than_400_lines(texts: dict[str, str]) -> None:
    lengths = {path: len(text.splitlines()) for path, text in texts.items()}
    assert {name: length for name, length in lengths.items() if length > 400} == {}, (
        "split it by subject"
    )


def test_no_function_is_longer_than_60_lines(texts: dict[str, str]) -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, text in texts.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 2_000
    assert {place: length for place, length in lengths.items() if length > 60} == {}, (
        "give its parts names of their own"
    )


def test_every_decision_names_the_tests_that_hold_it() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(decisions) > 15
    for decision in decisions:
        _, _, held = decision.read_text(encoding="utf-8").partition("**Held by** ")
        folder, named = ROOT, re.findall(r"`((?:tests/|bench/|test_)[\w/.]*)`", held)
        assert named, f"{decision.name} has no paragraph `**Held by** ...` that names a test"
        for name in named:
            # A name alone is in the same folder as the one before it.
            path = ROOT / name if "/" in name else folder / name
            folder = path.parent
            assert path.exists(), f"{decision.name} names {name}, which is not there"
