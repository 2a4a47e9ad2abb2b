"""What an import refused is listed by file, exported, and tried again when nothing is in its way any more."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.cli import app
from skeldir.db.pool import Database
from skeldir.ingest import TargetUnknown, list_imports, target_of_import, target_of_key
from tests.conftest import Clone
from tests.support.taking_back import redo, undo

TOUCHES = """\
visitor_id,created_at,channel
v1,2026-05-01T10:00:00Z,email
v2,2026-05-01T10:01:00Z,radio
v3,2026-05-01T10:02:00Z,email
v4,2026-13-01T10:03:00Z,email
"""
MAPPING = """\
kind = "touches"
[columns]
journey_key = "visitor_id"
occurred_at = "created_at"
channel = "channel"
"""


@pytest.fixture
def call(
    db: Database, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    monkeypatch.chdir(tmp_path)
    Path("touches.csv").write_text(TOUCHES)
    Path("map.toml").write_text(MAPPING)

    def invoke(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
        return result.exit_code, result.output

    return invoke


async def test_refused_rows_are_listed_exported_and_tried_again(
    db: Database, tenant: UUID, call: Callable[..., tuple[int, str]]
) -> None:
    of_file = ("touches.csv", "--tenant", str(tenant), "--map", "map.toml")

    async def run(*words: str) -> tuple[int, str]:
        return await asyncio.to_thread(call, *words)

    assert (await run("import", "touches", *of_file))[0] == 3
    _, listed = await run("dead", "list", str(tenant))
    lines = [line for line in listed.splitlines() if "touches.csv" in line]
    assert len(lines) == 2
    assert any("channel_unknown" in line for line in lines)
    _, shown = await run(
        "dead", "show", str(tenant), "--file", "touches.csv", "--code", "channel_unknown"
    )
    assert "channel_unknown  touch  touches.csv, row 2" in shown
    assert "occurred_at_invalid" not in shown
    await run("dead", "export", str(tenant), "refused.csv")
    text = await asyncio.to_thread(Path("refused.csv").read_text)
    exported = {row["row"]: row for row in csv.DictReader(text.splitlines())}
    assert exported.keys() == {"2", "4"}
    assert (exported["2"]["file"], exported["2"]["channel"]) == ("touches.csv", "radio")
    assert "journey_key" not in exported["2"]

    await run("channels", "add", str(tenant), "radio", "Radio")
    for accepted, known in ((1, 0), (0, 1)):
        status, output = await run("dead", "replay", *of_file)
        assert status == 3
        assert f"2 rows read = {accepted} accepted + {known} duplicate + 1 refused" in output
        assert ("This was replay 1" in output) == bool(accepted)
    async with db.tenant(tenant) as connection:
        (imported,) = await list_imports(connection, tenant)
        target = await target_of_import(connection, tenant, imported.fingerprint)
    assert (imported.touches_accepted, imported.rejected) == (3, 1)
    assert (await undo(db, tenant, target)).touches == 3


async def test_a_replay_is_taken_back_by_itself_or_with_its_import(
    db: Database, tenant: UUID, call: Callable[..., tuple[int, str]]
) -> None:
    of_tenant = ("--tenant", str(tenant))
    of_file = ("touches.csv", *of_tenant, "--map", "map.toml")

    async def run(*words: str) -> tuple[int, str]:
        return await asyncio.to_thread(call, *words)

    async def standing() -> list[str]:
        async with db.tenant(tenant) as connection:
            rows = await connection.fetch("SELECT channel_code FROM standing_touches ORDER BY 1")
        return [row[0] for row in rows]

    await run("import", "touches", *of_file)
    await run("channels", "add", str(tenant), "radio", "Radio")
    await run("dead", "replay", *of_file)
    async with db.tenant(tenant) as connection:
        (imported,) = await list_imports(connection, tenant)
        key = await connection.fetchval(
            "SELECT idempotency_key FROM standing_touches WHERE channel_code = 'radio'"
        )
        by_key = await target_of_key(connection, tenant, key)
        replay = await target_of_import(connection, tenant, imported.fingerprint, replay=1)
        assert by_key == replay
        with pytest.raises(TargetUnknown, match="no replay 2"):
            await target_of_import(connection, tenant, imported.fingerprint, replay=2)
    words = ("imports", "undo", imported.fingerprint, *of_tenant, "--replay")
    status, output = await run(*words, "1", "--reason", "the wrong radio", "--yes")
    assert (status, "0 entries, 1 touches" in output) == (0, True)
    assert await standing() == ["email", "email"]
    assert (await run("dead", "replay", *of_file))[0] == 3
    assert await standing() == ["email", "email", "radio"]
    # Nothing of the first replay stands: the touch came with the second.
    assert (await run(*words, "1", "--reason", "again", "--yes"))[0] == 1
    async with db.tenant(tenant) as connection:
        target = await target_of_import(connection, tenant, imported.fingerprint)
    assert (await undo(db, tenant, target)).touches == 3
    assert (await redo(db, tenant, target)).touches == 3
    assert await standing() == ["email", "email", "radio"]


async def test_only_a_file_that_was_imported_with_the_mapping_can_be_tried_again(
    tenant: UUID, call: Callable[..., tuple[int, str]]
) -> None:
    words = ("dead", "replay", "touches.csv", "--tenant", str(tenant), "--map", "map.toml")
    result = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert getattr(result.exception, "code", None) == "import_unknown"
