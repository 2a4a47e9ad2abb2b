"""Every command that a document, a help text or a message names exists, with the options that it is named with."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from skeldir.cli import app as cli
from tests.support.documents.generated import ROOT

DOCUMENTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("ops/**/*.*"),
    ROOT / "compose.yaml",
    ROOT / "Makefile",
    ROOT / ".ci" / "run",
]
TOP = typer.main.get_command(cli)  # type: ignore[attr-defined]  # not re-exported
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
# Where a command may end in a line: a comment, a pipe, another command, or the code's own end.
END = re.compile(r"(?:\s+#\s|[`;&…\n]|\s\|\s|\)[\"' ]|$)")
NAMED = re.compile(r"(?:^\s*|`|\$\(|exec \w+ |\.venv/bin/)(skeldir|make) +(?=[a-z-])", re.MULTILINE)
NAMED_IN_SOURCE = re.compile(r"`(skeldir|make) +(?=[a-z-])")


def texts() -> Iterator[tuple[str, str]]:
    """Return each document by its path, and each text of the program by its place."""
    for path in DOCUMENTS:
        if path.is_file():
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "src" / "skeldir").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def named_commands() -> list[tuple[str, str, str]]:
    """Return the place of each command that is named, its program, and what follows that."""
    return [
        (place, found[1], text[found.end() : END.search(text, found.end()).start()])  # type: ignore[union-attr]  # $
        for place, text in texts()
        for found in (NAMED_IN_SOURCE if ".py:" in place else NAMED).finditer(text)
    ]


def fault_of_skeldir(line: str) -> str | None:
    """Return what of a command line of skeldir does not exist; None when all of it does."""
    words = shlex.split(line)
    command: Any = TOP
    while words and getattr(command, "commands", None):
        inner = [command.commands.get(name) for name in words[0].split("|")]
        if not words[0].startswith("-") and None in inner:
            # A group that does something by itself takes words of its own.
            return None if command.invoke_without_command else f"no command {words[0]}"
        if words[0].startswith("-"):
            break
        words.pop(0)
        command = inner[0]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    options = [
        word.strip("[]").partition("=")[0] for word in words if word.strip("[").startswith("--")
    ]
    missing = [option for option in options if option not in known | {"--help"}]
    if missing:
        return f"{command.name} has no {', '.join(missing)}"
    return None


def fault_of_make(line: str) -> str | None:
    """Return what of a command line of make does not exist; None when all of it does."""
    target, *variables = shlex.split(line)
    if target not in TARGETS:
        return f"no target {target}"
    missing = [
        one for one in variables if "=" in one and f"$({one.partition('=')[0]})" not in MAKEFILE
    ]
    return f"no variable {missing[0]}" if missing else None


def faults(commands: list[tuple[str, str, str]]) -> list[str]:
    judges = {"skeldir": fault_of_skeldir, "make": fault_of_make}
    return [
        f"{place}: {program} {line}: {fault}"
        for place, program, line in commands
        if (fault := judges[program](line))
    ]


def test_whatever_is_named_exists() -> None:
    commands = named_commands()
    assert len(commands) > 150
    for place in ("README.md", "docs/operations.md", "docs/api.md", "compose.yaml"):
        assert any(place == one for one, _, _ in commands), place
    assert faults(commands) == []


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("skeldir", "start"),
        ("skeldir", "keys invent TENANT"),
        ("skeldir", "models list|change TENANT"),
        ("skeldir", "up --hosts 0.0.0.0"),
        ("skeldir", "jobs retry --everything"),
        ("make", "serve"),
        ("make", "demo FILE=x.csv"),
    ],
)
def test_what_does_not_exist_is_found(program: str, line: str) -> None:
    assert faults([("here", program, line)]) != []


def help_texts(command: Any = TOP, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Return the help of every command and of each of its options, by the command's words."""
    name = " ".join(words) or "skeldir"
    yield name, command.help or ""
    for option in command.params:
        yield f"{name} {option.name}", getattr(option, "help", None) or ""
    for word, inner in getattr(command, "commands", {}).items():
        yield from help_texts(inner, (*words, word))


def test_every_command_says_what_it_does_and_every_option_what_it_is_for() -> None:
    empty = [name for name, text in help_texts() if not text.strip() and not name.endswith(" help")]
    assert empty == []


def test_what_a_help_text_names_in_backticks_and_is_no_command_line_is_one_all_the_same() -> None:
    """The help of the whole names commands without the program's name, as it is typed before each of them."""
    named = set(re.findall(r"`([a-z][a-z -]+)`", TOP.help))
    assert len(named) >= 6
    assert [words for words in sorted(named) if fault_of_skeldir(words)] == []


def test_a_command_is_found_wherever_it_may_stand() -> None:
    text = "run `skeldir up --port 1`\n  make demo DATA=x   # comment\nKEY=$(.venv/bin/skeldir keys list T)\n"
    found = [
        (one[1], text[one.end() :][: END.search(text[one.end() :]).start()])
        for one in NAMED.finditer(text)
    ]  # type: ignore[union-attr]  # $
    assert found == [
        ("skeldir", "up --port 1"),
        ("make", "demo DATA=x"),
        ("skeldir", "keys list T)"),
    ]


def test_the_documents_are_where_they_are_looked_for() -> None:
    names = {Path(path).name for path in DOCUMENTS}
    assert {"README.md", "operations.md", "security-model.md", "alerts.yml"} <= names
