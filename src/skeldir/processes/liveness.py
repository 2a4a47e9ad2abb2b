"""How a supervisor knows that a process is alive: signs through a pipe; without a supervisor the process ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

# How long the consumer may be silent before the process is no longer called alive.
_SILENCE_S = 15.0


class Liveness:
    """The consumer's thread notes that it is alive, and another thread shows that to the supervisor.

    So a sign proves that both are alive. Without a pipe nothing is written. A process whose consumer is another process
    is not watched, and never silent.
    """

    def __init__(self, pipe: int | None = None, *, is_watched: bool = True) -> None:
        self._pipe = pipe
        self._noted_at = monotonic()
        self._pauses = 0 if is_watched else 1

    def note(self) -> None:
        """Note that the consumer is alive; for the consumer's own thread."""
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
        """Return whether the consumer has noted nothing for too long."""
        return not self._pauses and monotonic() - self._noted_at > _SILENCE_S

    def show(self) -> None:
        """Give the supervisor a sign of life, unless the consumer is silent; end with the supervisor."""
        if self._pipe is None or self.is_silent():
            return
        try:
            os.write(self._pipe, b".")
        except BlockingIOError:
            pass  # the pipe is full: the supervisor is slow, not gone
        except BrokenPipeError:
            # The supervisor was killed, and the kernel did not kill this process with it, as Linux would.
            os._exit(1)
