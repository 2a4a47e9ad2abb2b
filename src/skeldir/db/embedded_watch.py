"""Keeping the embedded PostgreSQL alive while a long-running process uses it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from skeldir.db.embedded import revive_server
from skeldir.errors import SkeldirError

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
_AFTER_A_FAULT_S = 5.0


@contextmanager
def kept_alive(home: Path, *, server_settings: Mapping[str, str] = {}) -> Iterator[None]:
    """Start the server of `home` again whenever it has ended, until the end of the block.

    For callers inside `embedded_server(home)`. A start that fails is logged and tried again.
    """
    stopped = threading.Event()

    def watch() -> None:
        pause = _LOOK_S
        while not stopped.wait(pause):
            pause = _LOOK_S
            try:
                if revive_server(home, server_settings=server_settings):
                    logger.warning("db.server_revived %s", home)
            except SkeldirError as error:
                logger.error("db.server_not_revived %s: %s", home, error)  # noqa: TRY400 - the error is enough
                pause = _AFTER_A_FAULT_S

    thread = threading.Thread(target=watch, name="postmaster watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
