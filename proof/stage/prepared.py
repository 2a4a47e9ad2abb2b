"""A database that several checks start from, prepared once: each of them shows the steps by which it came about."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from proof.stage.ground import Ground
from proof.stage.proving import Proof
from proof.stage.steps import Step


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database, and the steps that prepare it: done once on a ground, and shown by every check that needs them.

    So a check shows all that it rests on, and can be proven alone: its first steps are these.
    """

    database: str
    do: Callable[[Proof], None]
    _done: dict[Path, tuple[Step, ...]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, proof: Proof) -> None:
        """Put the steps into `proof`, doing them if no check of its ground has done so before."""
        with self._turn:
            steps = self._done.get(proof.ground.scratch)
            if steps is None:
                own = Proof(proof.ground)
                with made_database(proof.ground, self.database):
                    self.do(own)
                steps = self._done[proof.ground.scratch] = tuple(own.steps)
        proof.steps.extend(steps)


@contextmanager
def made_database(ground: Ground, name: str) -> Iterator[None]:
    """Make an empty database; drop it when the block fails, so that the next attempt finds none."""
    ground.make_database(name)
    try:
        yield
    except BaseException:
        ground.drop_database(name)
        raise
