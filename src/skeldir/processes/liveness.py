"""How a supervisor knows that the process it started lives: signs through a pipe, and nothing left when it dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

# How long the consumer may be silent before the process is no longer called alive.
_SILENCE_S = 15.0


class Liveness:
    """What the consumer's thread says of itself, and the sign that another thread makes of it.

    So a sign proves that both live. Without a pipe nothing is written; a process whose consumer is another one's
    is not watched, and never silent.
    """

    def __init__(self, pipe: int | None = None, *, is_watched: bool = True) -> None:
        self._pipe = pipe
        self._noted_at = monotonic()
        self._pauses = 0 if is_watched else 1

    def note(self) -> None:
        """Say that the consumer goes on; for the consumer's own thread."""
        self._noted_at = monotonic()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the consumer be silent for as long as the block takes: it waits for a broker that is away."""
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            self.note()

    def is_silent(self) -> bool:
        """Say whether the consumer has not been heard of for long."""
        return not self._pauses and monotonic() - self._noted_at > _SILENCE_S

    def show(self) -> None:
        """Give the supervisor a sign of life, unless the consumer is silent; end with the supervisor."""
        if self._pipe is None or self.is_silent():
            return
        try:
            os.write(self._pipe, b".")
        except BlockingIOError:
            pass  # the supervisor has not read for long; it is slow, not gone
        except BrokenPipeError:
            # The supervisor was killed, and the kernel could not tell us (it can on Linux).
            os._exit(1)
