"""A file without keys: a row exported again in another spelling is the same row."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.ingest.files import choose_mapping, import_file

FIRST = "order_id,date,total,currency\n1,2026-05-01T10:00:00Z,10.00,USD\n2,2026-05-01T10:00:00Z,10.00,USD\n"
AGAIN = "order_id,date,total,currency,kind\n1,2026-05-01T12:00:00+02:00,10.0,USD,capture\n"


async def test_an_order_exported_again_in_another_spelling_is_counted_once(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    accepted = []
    for number, text in enumerate((FIRST, AGAIN)):
        path = tmp_path / f"{number}.csv"
        path.write_text(text)
        flags = {"amount_unit": "major"}
        mapping = choose_mapping(path, kind="conversions", map_file=None, flags=flags).mapping
        report = await import_file(db, tenant, path, mapping, progress=lambda _: None)
        accepted.append((report.done.conversions_accepted, report.done.conversions_duplicate))
    assert accepted == [(2, 0), (0, 1)]
