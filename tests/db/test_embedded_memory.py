"""The embedded server takes a part of the memory, within bounds; a container's limit counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from skeldir.db import embedded_memory
from skeldir.db.embedded_memory import memory, shared_buffers

GIB = 2**30


@pytest.mark.parametrize(
    ("size", "setting"),
    [(GIB, "256MB"), (4 * GIB, "512MB"), (8 * GIB, "1024MB"), (64 * GIB, "2048MB")],
)
def test_an_eighth_of_the_memory_is_for_buffers_within_bounds(size: int, setting: str) -> None:
    assert shared_buffers(size) == setting


@pytest.mark.parametrize(
    ("limit", "counts"), [("1073741824\n", True), ("max\n", False), (f"{2**63}", False)]
)
def test_a_limit_of_the_container_counts_if_it_is_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, counts: bool
) -> None:
    monkeypatch.setattr(embedded_memory, "LIMITS", ())
    machine = memory()
    (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(embedded_memory, "LIMITS", (tmp_path / "memory.max", tmp_path / "missing"))
    assert memory() == (GIB if counts else machine)
