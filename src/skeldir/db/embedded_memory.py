"""How much of the machine's memory the embedded server takes for its buffers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_MIB: Final = 2**20
_LEAST_MIB: Final = 256
_MOST_MIB: Final = 2_048
_PART: Final = 8
LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where the kernel states what a container may use; the second name is that of older ones."""


def memory() -> int:
    """Return the bytes of memory of the machine, or of the container if it may use less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    stated = [path.read_text(encoding="ascii").strip() for path in LIMITS if path.exists()]
    return min([machine, *(int(limit) for limit in stated if limit.isdigit())])


def shared_buffers(size: int) -> str:
    """Return the value of `shared_buffers` for a machine with `size` bytes of memory: an eighth of it, within bounds.

    Inserts read random pages of the indexes, which should be found here; other programs share the machine.
    """
    return f"{min(max(size // _PART // _MIB, _LEAST_MIB), _MOST_MIB)}MB"
