"""The dbt package reads what an export delivers; with dbt installed (`make dbt`), its tests find a missing cent."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from skeldir.db.pool import Database
from skeldir.exports import PART_NAMES, PARTS
from skeldir.revenue import KIND_SIGNS, ORDER_STATES
from tests.support.delivered import deliver, fill
from tests.support.house import ROOT
from tests.support.make import make_tenant

PACKAGE = ROOT / "integrations" / "dbt"
DBT = ROOT / ".venv" / "dbt" / "bin" / "dbt"
MACROS = (PACKAGE / "macros" / "parts.sql").read_text(encoding="utf-8")
STAGING = PACKAGE / "models" / "staging"
SUMS, ROWS, DIGESTS = (f"{what}_are_those_of_the_manifest" for what in ("sums", "rows", "digests"))


def test_the_package_knows_all_parts_and_their_money() -> None:
    stated = re.findall(r"^    '(\w+)': \[(.*)\],$", MACROS, re.MULTILINE)
    money = {name: tuple(re.findall(r"'(\w+)'", columns)) for name, columns in stated}
    assert money == {name: part.cents for name, part in PARTS.items() if part.cents}
    (parts, of_models) = re.findall(r"return\(\[(.*)\]\)", MACROS)
    assert re.findall(r"'(\w+)'", parts) == list(PART_NAMES)
    assert re.findall(r"'(\w+)'", of_models) == [n for n, p in PARTS.items() if p.has_models]
    assert {file.stem for file in STAGING.glob("*.sql")} >= {f"stg_skeldir__{n}" for n in PARTS}
    sources = re.findall(r"- \{name: (\w+),", (STAGING / "sources.yml").read_text("utf-8"))
    assert sources == list(PART_NAMES)


def test_every_column_that_the_package_names_is_exported() -> None:
    text = (STAGING / "staging.yml").read_text(encoding="utf-8")
    own = {"manifest", "stated_files", "stated_sums", "found_sums"}
    for name, columns in re.findall(r"- name: stg_skeldir__(\w+)\n((?:    .*\n|\n)*)", text):
        named = set(re.findall(r"^      - (?:\{name|name): (\w+)", columns, re.MULTILINE))
        if name not in own:
            assert named <= {column.name for column in PARTS[name].columns}, name
    listed = re.findall(r"values: \[(.*)\]", text)
    assert [set(one.split(", ")) for one in listed] == [set(ORDER_STATES), set(KIND_SIGNS)]


def run_dbt(delivery: Path, *words: str) -> dict[str, str]:
    """Run dbt on a delivery; return the status of each model and test, by its name without the project's."""
    home = delivery.with_name(f"{delivery.name}-dbt")
    variables = {
        "SKELDIR_DELIVERY": str(delivery),
        "SKELDIR_DUCKDB": str(delivery.with_suffix(".duckdb")),
        "DBT_PROFILES_DIR": str(PACKAGE),
        "DBT_PROJECT_DIR": str(PACKAGE),
        "DBT_TARGET_PATH": str(home / "target"),
        "DBT_LOG_PATH": str(home / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "HOME": str(delivery.parent),
    }
    done = subprocess.run(
        [DBT, *words, "--vars", "{skeldir_check_digests: true}"],
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    results = home / "target" / "run_results.json"
    assert results.exists(), done.stdout + done.stderr
    read: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return {one["unique_id"].split(".")[2]: one["status"] for one in read["results"]}


def failed(statuses: dict[str, str]) -> set[str]:
    return {name for name, status in statuses.items() if status not in ("pass", "success", "no-op")}


def change_a_cent(delivery: Path) -> None:
    """Have the manifest state a cent more than was delivered."""
    manifest = json.loads((delivery / "manifest.json").read_text(encoding="utf-8"))
    (entries,) = [one for one in manifest["files"] if one["part"] == "entries"]
    entries["sums"][0]["amount_cents"] += 1
    (delivery / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def lose_a_row(delivery: Path) -> None:
    """Have a file of claims without its last row, which states no value: no sum of `claimed_cents` changes."""
    file = delivery / "claims.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(0, table.num_rows - 1), file)


@pytest.mark.slow
@pytest.mark.skipif(not DBT.exists(), reason="dbt is not installed: run `make dbt`")
async def test_the_package_runs_on_deliveries_and_finds_what_is_missing(
    db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    empty = await make_tenant(db, "C")
    for number, one in enumerate((tenant, other_tenant, empty)):
        if one != empty:
            await fill(db, one, cents=1_001 + 500 * number)
        await deliver(db, one, tmp_path / f"d{number}")
    for number in range(3):
        statuses = run_dbt(tmp_path / f"d{number}", "build")
        assert len(statuses) > 60
        assert failed(statuses) == set()
        assert {SUMS, ROWS, DIGESTS} <= set(statuses)
    change_a_cent(tmp_path / "d0")
    assert failed(run_dbt(tmp_path / "d0", "test")) == {SUMS}
    lose_a_row(tmp_path / "d1")
    assert failed(run_dbt(tmp_path / "d1", "test")) == {SUMS, ROWS, DIGESTS}
