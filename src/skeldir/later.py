"""Doors that load a part of their room when it is asked for: commands start without what only requests need.

The modules of requests, with FastAPI, would take a third of a second of each command and 30 MB of its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def load_later(door: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """Return the `__getattr__` of a door (PEP 562); `modules` are those of its room by the names that they define."""

    def load(name: str) -> object:
        module = modules.get(name)
        if module is None:
            raise AttributeError(f"module {door!r} has no attribute {name!r}")
        return getattr(import_module(f"{door}.{module}"), name)

    return load
