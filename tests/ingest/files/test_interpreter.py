"""What an import changes of the process that runs it: nothing, once it has ended."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Database
from tests.ingest.files.test_importer import row, take, write


async def test_an_import_leaves_the_interpreter_as_it_was(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    switched_every = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)  # which reads back as 9.999…e-05
    before = sys.getswitchinterval(), gc.get_threshold()
    try:
        await take(db, tenant, write(tmp_path / "x.csv", [row(1)]))
        assert (sys.getswitchinterval(), gc.get_threshold()) == before
    finally:
        sys.setswitchinterval(switched_every)
