"""The memory and the processor time of a service's processes, and those of its database."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_PSS = re.compile(r"^Pss: +(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Used:
    """What a process and its children use: resident bytes, and proportional bytes (PSS), which share what is shared."""

    name: str
    rss: int
    pss: int


def name_of(process: psutil.Process) -> str:
    """Return the role of a supervised process, with its number."""
    words = process.cmdline()
    for role in ("serve", "beat", "worker"):
        if role in words:
            place = words[words.index("--index") + 1] if "--index" in words else ""
            return {"serve": "api"}.get(role, role) + (f"-{place}" if place else "")
    return words[-1] if words else "?"


def processor_s_of(process: psutil.Process) -> float:
    """Return the processor time of a process and of those of its children that have ended."""
    used = process.cpu_times()
    return float(used.user + used.system + used.children_user + used.children_system)


def pss_of(process: psutil.Process) -> int:
    """Return the memory that a process uses, in bytes; shared memory is divided among the processes that share it."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if rollup.exists():
        found = _PSS.search(rollup.read_text())
        return int(found[1]) * 1024 if found else 0
    return int(process.memory_info().rss)


def used_by(supervisor: int, postmaster: int) -> list[Used]:
    """Return what each process of a service and of its database server uses, with its children."""
    top = psutil.Process(supervisor)
    named = [(name_of(child), child) for child in top.children()]
    found = [_used("up", [top])]
    for name, process in (*named, ("postgres", psutil.Process(postmaster))):
        with suppress(psutil.Error, OSError):
            found.append(_used(name, [process, *process.children(recursive=True)]))
    return found


def _used(name: str, family: list[psutil.Process]) -> Used:
    rss = pss = 0
    for member in family:
        with suppress(psutil.Error, OSError):
            rss += int(member.memory_info().rss)
            pss += pss_of(member)
    return Used(name, rss, pss)


def processor_seconds(supervisor: int | None, postmaster: int) -> dict[str, float]:
    """Return the processor time so far of each process of a service and of its database server, with its children.

    Without a `supervisor`, of the server only.
    """
    named = {"postgres": psutil.Process(postmaster)}
    if supervisor is not None:
        named |= {name_of(child): child for child in psutil.Process(supervisor).children()}
    return {
        name: sum(processor_s_of(one) for one in (process, *process.children(recursive=True)))
        for name, process in named.items()
    }
