"""The file that a comparison saves all its lines to."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from skeldir.errors import InputInvalid


def require_new(path: Path | None) -> None:
    """Raise InputInvalid if there is a file already where lines are to be saved."""
    if path is not None and path.exists():
        raise InputInvalid(f"{path.name} exists already.", cure="Name a new file.")


def save_lines(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a new CSV file of guarded cells. Raises InputInvalid if it cannot be written."""
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
    except OSError as error:
        raise InputInvalid(
            f"{path} cannot be written: {error.strerror}.", cure="Name another new file."
        ) from error
