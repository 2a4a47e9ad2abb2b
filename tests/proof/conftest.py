"""What the tests of the checks stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proof.stage.ground import Ground, open_ground
from tests.support.faulty import ROOT, compile_once


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The scratch server of a module, on the program as it is."""
    with open_ground(ROOT) as opened:
        compile_once(opened)
        yield opened
