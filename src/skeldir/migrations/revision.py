"""The revision that the program needs, found without importing Alembic."""

from __future__ import annotations

from importlib.resources import files


def head_revision() -> str:
    """Return the id of the newest revision; a test checks that Alembic finds the same single head."""
    return max(
        entry.name.partition("_")[0]
        for entry in (files("skeldir.migrations") / "versions").iterdir()
        if entry.name[0].isdigit() and entry.name.endswith(".py")
    )
