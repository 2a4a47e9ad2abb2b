"""Every error of the program has a code of its own, and the documentation names it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import skeldir
from skeldir.errors import SkeldirError

DOCUMENT = Path(__file__).parents[1] / "docs" / "errors.md"


def known_errors(base: type[SkeldirError] = SkeldirError) -> Iterator[type[SkeldirError]]:
    for error in base.__subclasses__():
        yield error
        yield from known_errors(error)


def test_every_error_is_documented_by_its_code() -> None:
    for module in pkgutil.walk_packages(skeldir.__path__, "skeldir."):
        if not module.name.startswith(("skeldir.migrations.env", "skeldir.migrations.versions")):
            importlib.import_module(module.name)
    document = DOCUMENT.read_text(encoding="utf-8")
    errors = [error for error in known_errors() if error.__module__.startswith("skeldir.")]
    assert len(errors) > 25
    assert [error.__name__ for error in errors if f"`{error.code}`" not in document] == []
