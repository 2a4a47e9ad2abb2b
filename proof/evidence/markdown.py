"""Pieces of Markdown that hold any text without breaking: tables and fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable


def fenced(text: str, language: str = "text") -> str:
    """Return `text` as a fenced block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code(text: str) -> str:
    """Return `text` as a code span of one line; a line end in it becomes `⏎`."""
    text = text.replace("\n", "⏎")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if not text.strip() or text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}" if text else "empty"


def table(heads: list[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; numbers and words alike stay as they are, on one line."""
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
