"""Each table has a room, each room is entered by its door, and the documents agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import psycopg
import pytest

from tests.conftest import Clone
from tests.support.house import ROOT, SOURCES
from tests.support.rooms import FOREIGN, ROOM_OF, TABLES, foreign_tables
from tests.support.syntax import named_statements, statement

# Packages that no contract closes, each with the reason.
WITHOUT_A_DOOR = {
    "cli": "a root: nothing imports it",
    "migrations": "only the command that migrates imports Alembic",
}
RELATIONS = """
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e')"""


def packages() -> set[str]:
    return {path.parent.name for path in SOURCES.glob("*/__init__.py")}


def doors() -> dict[str, dict[str, object]]:
    """Return the contracts of doors by room."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        str(contract["id"]).removeprefix("door-"): contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["id"].startswith("door-")
    }


def test_every_table_and_view_belongs_to_one_room(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        found = {name for (name,) in connection.execute(RELATIONS)}
    assert found == set(ROOM_OF), "list it in tests/support/rooms.py, and in ARCHITECTURE.md"
    assert sum(map(len, TABLES.values())) == len({t for ts in TABLES.values() for t in ts})


def test_the_architecture_lists_the_same_tables() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("\n## Tables\n")[2]
    rows = dict(re.findall(r"^\| (\w+) \| (.+) \|$", text, re.MULTILINE))
    del rows["room"]
    listed = {room: tuple(re.findall(r"(?<!schema )`(\w+)`", row)) for room, row in rows.items()}
    assert listed == dict(TABLES)


def test_a_statement_names_tables_of_its_own_room_or_has_a_reason() -> None:
    found = {
        piece.name: tables for piece in named_statements() if (tables := foreign_tables(piece))
    }
    unlisted = {name: tables for name, tables in found.items() if name not in FOREIGN}
    assert unlisted == {}, "use the other room's door, or list the statement with its reason"
    assert set(FOREIGN) - set(found) == set(), "they name only their own tables; remove them"


@pytest.mark.parametrize(
    ("name", "text", "tables"),
    [
        ("revenue.x", "SELECT 1 FROM public.revenue_ledger", set()),
        ("revenue.x", "DELETE FROM public.dirty_days", {"dirty_days"}),
        ("revenue.x", "WITH x AS (SELECT 1 FROM public.spend) SELECT 1 FROM x", {"spend"}),
        ("ingest.files.x", "SELECT 1 FROM public.imports", set()),
        ("tenants.x", "SELECT 1 FROM celery.kombu_message", {"celery.kombu_message"}),
        ("revenue.x", "SELECT 1 FROM public.channel_performance", {"channel_performance"}),
    ],
)
def test_a_table_of_another_room_is_seen(name: str, text: str, tables: set[str]) -> None:
    assert foreign_tables(statement(name, text)) == tables


def test_every_room_is_entered_by_its_door() -> None:
    contracts = doors()
    assert packages() <= set(contracts) | set(WITHOUT_A_DOOR), "add a door contract"
    assert set(WITHOUT_A_DOOR) <= packages() - set(contracts), "take it out"
    for room, contract in contracts.items():
        package = f"skeldir.{room.replace('-', '.')}"
        assert contract["allowed_importers"] == [package]
        assert contract["protected_modules"] == [f"{package}.**"]


def test_only_roots_are_let_past_a_door() -> None:
    """What a contract leaves out is wiring for a root: routes, tasks and gauges, or what needs files or Celery.

    A room that reads files itself enters the door of files, too.
    """
    let_past = [
        line.partition(" -> ")
        for contract in doors().values()
        for line in contract.get("ignore_imports", ())  # type: ignore[attr-defined]  # a list of texts
    ]
    assert len(let_past) >= 10
    for importer, _, imported in let_past:
        assert re.match(
            r"skeldir\.(app|worker|cli\.\w+|web\.\w+|spend\.files\.\*\*|exports\.csv_encoding)$",
            importer,
        ), importer
        assert re.search(
            r"\.(routes|model_routes|coverage_routes|report_routes|script_routes|rules_routes|corrections_routes|tasks|gauges|files|planning|waker|serving|desk)$",
            imported,
        ), imported


@pytest.mark.parametrize(
    ("imported", "heavy"),
    [
        (
            "skeldir.cli",
            ("fastapi", "uvicorn", "celery", "structlog", "opentelemetry", "pyarrow", "alembic"),
        ),
        ("skeldir.cli.export, skeldir.exports", ("obstore",)),
        ("skeldir.wakeups, skeldir.processes, skeldir.jobs", ("celery", "kombu")),
    ],
)
def test_nothing_heavy_is_imported_by_whoever_does_not_need_it(
    imported: str, heavy: tuple[str, ...]
) -> None:
    """What users wait for at each command is the import of what all of them need."""
    program = f"import sys, {imported}; print([m for m in {heavy!r} if m in sys.modules])"
    asked = subprocess.run(
        [sys.executable, "-c", program], cwd=Path("/"), capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == "[]"
