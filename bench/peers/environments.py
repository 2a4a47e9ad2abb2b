"""The environments of peers: made when they are first needed, and kept in a folder for the next time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.support import console

HOME: Final = Path(tempfile.gettempdir()) / "skeldir-peers"
_SCRIPTS: Final = Path(__file__).parent
# They are run beside a benchmark, and must not wait for the network while it is measured.
_LONGEST_INSTALL_S: Final = 600
_LONGEST_TASK_S: Final = 1_800


@dataclass(frozen=True, slots=True)
class Peer:
    """A package: what is installed, and the script in this folder that uses it."""

    name: str
    requirements: tuple[str, ...]
    script: str


CHANNEL_ATTRIBUTION: Final = Peer(
    "ChannelAttribution 2.2.5",
    ("ChannelAttribution==2.2.5", "matplotlib", "polars", "pyarrow", "psycopg[binary]"),
    "with_channel_attribution.py",
)
MARKETING_MODELS: Final = Peer(
    "marketing_attribution_models 2.1.1",
    ("marketing_attribution_models==2.1.1", "polars"),
    "with_marketing_models.py",
)
DO_ATTRIBUTION: Final = Peer(
    "do-attribution 0.0.2", ("do-attribution==0.0.2",), "with_do_attribution.py"
)
PEERS: Final = (CHANNEL_ATTRIBUTION, MARKETING_MODELS, DO_ATTRIBUTION)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer returned, and what it printed before."""

    result: dict[str, Any]
    printed: str


@dataclass(frozen=True, slots=True)
class Environment:
    """A peer that is installed."""

    peer: Peer
    python: Path

    def ask(self, task: str, **parameters: object) -> Answer:
        """Let the peer do a task of its script in a process of its own."""
        done = subprocess.run(
            [self.python, _SCRIPTS / self.peer.script, task, json.dumps(parameters)],
            env=_own_variables(),
            capture_output=True,
            text=True,
            timeout=_LONGEST_TASK_S,
            check=False,
        )
        assert done.returncode == 0, f"{self.peer.name}: {done.stderr[-2000:]}"
        *printed, answer = done.stdout.splitlines()
        return Answer(json.loads(answer), "\n".join(printed))


def install(peer: Peer, home: Path = HOME) -> Environment:
    """Return the environment of a peer, which is made if it is not there or has other packages."""
    folder = home / peer.script.removesuffix(".py")
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    wanted = "\n".join(peer.requirements)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        with console.status(f"Installing {peer.name}"):
            _run(sys.executable, "-m", "venv", "--clear", folder)
            _run(python, "-m", "pip", "install", "--quiet", *peer.requirements)
        stamp.write_text(wanted, encoding="utf-8")
    return Environment(peer, python)


def _run(*words: str | Path) -> None:
    done = subprocess.run(
        words,
        env=_own_variables(),
        capture_output=True,
        text=True,
        timeout=_LONGEST_INSTALL_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _own_variables() -> Mapping[str, str]:
    """Return the variables of this process, without those that would lead a peer to our packages."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    }
