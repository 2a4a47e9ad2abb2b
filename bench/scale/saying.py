"""Progress to stderr, and each part's figures as a line of JSON as soon as they are known."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_BEGAN = monotonic()


def say(text: str) -> None:
    """Print progress to stderr, with the seconds since the start."""
    print(f"[{monotonic() - _BEGAN:8.1f} s] {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Book:
    """Where the figures are kept: one line of JSON a part. A run that is interrupted has kept what it had measured."""

    path: Path | None

    def note(self, part: str, figures: object) -> None:
        """Add the figures of a part."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"part": part, "figures": figures}) + "\n")
