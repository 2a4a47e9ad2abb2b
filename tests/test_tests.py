"""Rules for tests: they use public names, and wait for conditions, not for a fixed time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.house import ROOT


@cache
def modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "tests").rglob("*.py"))
    }


def is_private(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last.startswith("_") and not last.startswith("__")


def private_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield names that are imported or patched; ruff (SLF001) finds those that are read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, one.name) for one in node.names if is_private(one.name))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("setattr", "delattr")
        ):
            words = [one.value for one in node.args if isinstance(one, ast.Constant)]
            yield from (
                (node.lineno, word) for word in words if isinstance(word, str) and is_private(word)
            )


def test_no_test_imports_or_patches_a_private_name() -> None:
    found = [
        f"{path}:{line} {name}"
        for path, tree in modules().items()
        for line, name in private_names(tree)
    ]
    assert found == [], "test it through public names, or make it public"


def test_the_rule_on_private_names_sees_what_breaks_it() -> None:
    broken = "from skeldir.x import _y\nmonkeypatch.setattr(x, '_Y', 1)\nmonkeypatch.setattr('skeldir.x._y', 1)"
    assert len(list(private_names(ast.parse(broken)))) == 3


def fixed_sleeps(tree: ast.AST, text: str, *, in_a_loop: bool = False) -> Iterator[int]:
    """Yield the lines that sleep outside a polling loop without a comment that gives the reason."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from fixed_sleeps(node, text)
            continue
        if isinstance(node, ast.Call) and not in_a_loop:
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            is_a_turn = bool(node.args) and ast.unparse(node.args[0]) == "0"
            if (
                name == "sleep"
                and not is_a_turn
                and "  # " not in text.splitlines()[node.lineno - 1]
            ):
                yield node.lineno
        looks_again = isinstance(node, ast.While | ast.For | ast.AsyncFor)
        yield from fixed_sleeps(node, text, in_a_loop=in_a_loop or looks_again)


def test_a_test_that_sleeps_polls_or_states_the_reason() -> None:
    found = [
        f"{path}:{line}"
        for path, tree in modules().items()
        for line in fixed_sleeps(tree, (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert found == [], (
        "wait for a condition (tests/support/waiting.py), or state on the line what the time is for"
    )


def test_the_rule_on_sleeps_sees_what_breaks_it() -> None:
    text = "sleep(1)\nwhile x:\n    sleep(1)\nsleep(0)\ntime.sleep(2)\nsleep(3)  # a slow client\n"
    assert list(fixed_sleeps(ast.parse(text), text)) == [1, 5]
