"""Making attempts in a separate process: otherwise the sender would stall, and its stalls would look like the API's."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from bench.fuzz.attempts import Attempt, Stage, random_for
from bench.fuzz.generated import Prepared, attempt_case
from bench.fuzz.mutants import attempt_own

_AT_ONCE = 32
_SPAWNING = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Maker:
    """Makes the attempts of a run by index: the same for the same seed and cases."""

    seed: int
    stage: Stage
    cases: list[Prepared]

    def attempt(self, index: int) -> Attempt:
        """Return the attempt of an index: generated ones at even places, hand-made ones between and after them."""
        chance = random_for(self.seed, index)
        if index % 2 == 0 and index // 2 < len(self.cases):
            return attempt_case(chance, self.cases[index // 2], self.stage)
        return attempt_own(chance, index, self.stage)

    async def make(self, indexes: range) -> AsyncIterator[tuple[int, Attempt]]:
        """Yield the attempts in order; another process makes a few in advance."""
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(1, _SPAWNING, _keep, (self,)) as pool:
            parts = [indexes[n : n + _AT_ONCE] for n in range(0, len(indexes), _AT_ONCE)]
            ahead = None
            for part in [*parts, range(0)]:
                made, ahead = ahead, loop.run_in_executor(pool, _make, part)
                for each in await made if made is not None else ():
                    yield each


_kept: list[Maker] = []


def _keep(maker: Maker) -> None:
    _kept.append(maker)


def _make(indexes: range) -> list[tuple[int, Attempt]]:
    return [(index, _kept[0].attempt(index)) for index in indexes]
