"""Measuring without garbage collections that visit what the tests have made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_of_others() -> Iterator[None]:
    """Collect what the tests before have left, and exempt what is still used from collections in the block."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # as at the start of the run, see `tests/conftest.py`
