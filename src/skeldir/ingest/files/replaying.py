"""Rows that an import refused are tried again, when what was in their way is gone, such as an unknown channel."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.ingest.dead_letters import list_refused_rows
from skeldir.ingest.deliveries import origins_of_file
from skeldir.ingest.files.choosing import ChosenMapping
from skeldir.ingest.files.importer import fingerprint_file
from skeldir.ingest.files.outcome import ImportReport
from skeldir.ingest.files.runs import BATCH_ROWS, ImportRun, Transactions
from skeldir.ingest.files.sources import MappedFile
from skeldir.ingest.undo_targets import list_imports
from skeldir.tenants import load_profile


class ImportUnknown(SkeldirError):
    """No import of the file with this mapping is complete and stands."""

    code = "import_unknown"
    status = 404
    title = "The file was not imported"


async def replay_refused(
    db: Transactions,
    tenant_id: UUID,
    path: Path,
    chosen: ChosenMapping,
    *,
    batch_rows: int = BATCH_ROWS,
) -> ImportReport:
    """Record the rows of an imported file again that were refused, and report what became of these.

    Each replay is a delivery of its own, with a number that the report has: it can be taken back by itself, and is
    taken back with the import. What was recorded before is a duplicate, however often this runs. What is still
    refused stays as it is listed.

    Raises:
        FileUnreadable: the file cannot be read.
        ImportUnknown: the file was not imported with this mapping, not to its end, or was taken back.
        TenantUnknown: the tenant does not exist.
    """
    started_at = utc_now()
    mapping = chosen.mapping
    fingerprint = fingerprint_file(path, mapping)
    async with db.tenant(tenant_id) as connection:
        profile = await load_profile(connection, tenant_id)
        known = await list_imports(connection, tenant_id, fingerprint=fingerprint, most=1)
        if not known or not known[0].is_complete or known[0].undone_by is not None:
            raise ImportUnknown(
                f"No complete import of {path.name} with this mapping stands.",
                cure="Use the same mapping and flags as for the import, or import the file: what is known is not"
                " recorded twice.",
            )
        origin, _ = origins_of_file(fingerprint)
        refused = await list_refused_rows(connection, tenant_id, origin)
    source = MappedFile(path, mapping, chosen.layout)
    run = ImportRun(db, profile, fingerprint, source, batch_rows)
    return run.report(await run.replay(refused), started_at)
