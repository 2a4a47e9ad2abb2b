"""`skeldir imports` as people use it: a preview, a reason, and a list of who took back what."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tests.conftest import Clone
from tests.support.command import SKELDIR, environment, run_here

ROWS = 12_000


@pytest.fixture
def shop(clone: Clone) -> UUID:
    """A tenant made by the command line."""
    return UUID(run_here(clone.app_url, "tenants", "create", "Shop").split()[0])


def write(path: Path, *, rows: int, total: str) -> Path:
    path.write_text(
        "idempotency_key,order_id,occurred_at,amount,kind\n"
        + "".join(
            f"k{n},o{n},2026-0{1 + n % 3}-10T10:00:00Z,{total},capture\n" for n in range(rows)
        ),
        encoding="utf-8",
    )
    return path


def take(clone: Clone, shop: UUID, path: Path) -> None:
    run_here(
        clone.app_url, "import", "conversions", str(path), "--tenant", str(shop),
        "--currency", "EUR", "--amount-unit", "major",
    )  # fmt: skip


def fingerprint(clone: Clone, shop: UUID) -> str:
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(
            "SELECT fingerprint FROM imports WHERE tenant_id = %s", [shop]
        ).fetchone()
    assert row is not None
    return str(row[0])[:16]


def standing(clone: Clone, shop: UUID) -> tuple[int, int]:
    """Return the number and the sum of the entries that stand."""
    with psycopg.connect(clone.superuser_url) as connection:
        row = connection.execute(
            "SELECT count(*), coalesce(sum(amount_cents), 0)::bigint FROM standing_entries WHERE tenant_id = %s",
            [shop],
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_an_import_is_listed_previewed_taken_back_and_put_back(
    clone: Clone, shop: UUID, tmp_path: Path
) -> None:
    take(clone, shop, write(tmp_path / "wrong.csv", rows=6, total="10.00"))
    of_shop = ("--tenant", str(shop))
    listed = run_here(clone.app_url, "imports", "list", *of_shop)
    assert "wrong.csv" in listed
    assert "imported" in listed
    mark = fingerprint(clone, shop)
    preview = run_here(
        clone.app_url, "imports", "undo", mark, *of_shop, "--reason", "wrong unit", "--dry-run"
    )
    assert "6 entries" in preview
    assert preview.count("-20.00") == 3
    assert standing(clone, shop) == (6, 6_000)
    refused = run_here(
        clone.app_url, "imports", "undo", mark, *of_shop, "--reason", "wrong unit", status=1
    )
    assert "--yes" in refused
    undo = ("imports", "undo", mark, *of_shop, "--reason", "wrong unit", "--yes")
    assert "Taken back: 6 entries" in run_here(clone.app_url, *undo)
    assert standing(clone, shop) == (0, 0)
    assert "wrong unit" in run_here(clone.app_url, *undo, status=1)
    assert "taken back" in run_here(clone.app_url, "imports", "list", *of_shop)
    shown = run_here(clone.app_url, "imports", "show", mark, *of_shop)
    assert "by command:app_user: wrong unit (6 entries, 0 touches)" in shown
    redo = ("imports", "redo", mark, *of_shop, "--reason", "it was right", "--yes")
    assert "Put back: 6 entries" in run_here(clone.app_url, *redo)
    assert standing(clone, shop) == (6, 6_000)


def test_an_import_that_repeated_rows_is_named_and_brings_them_when_it_is_imported_again(
    clone: Clone, shop: UUID, tmp_path: Path
) -> None:
    take(clone, shop, write(tmp_path / "first.csv", rows=2, total="10.00"))
    mark = fingerprint(clone, shop)
    second = write(tmp_path / "second.csv", rows=3, total="10.00")
    take(clone, shop, second)
    of_shop = ("--tenant", str(shop))
    undone = run_here(
        clone.app_url, "imports", "undo", mark, *of_shop, "--reason", "wrong", "--yes"
    )
    assert "second.csv  2 repeated" in undone
    assert standing(clone, shop) == (1, 1_000)
    listed = " ".join(run_here(clone.app_url, "imports", "list", *of_shop).split())
    assert "import it" in listed
    take(clone, shop, second)
    assert standing(clone, shop) == (3, 3_000)
    refused = run_here(clone.app_url, "imports", "show", *of_shop, "--replay", "1", status=2)
    assert "give a fingerprint" in refused


@pytest.mark.slow
def test_an_undoing_that_is_killed_goes_on_with_the_same_command(
    clone: Clone, shop: UUID, tmp_path: Path
) -> None:
    take(clone, shop, write(tmp_path / "wrong.csv", rows=ROWS, total="10.00"))
    words = (
        "imports",
        "undo",
        fingerprint(clone, shop),
        "--tenant",
        str(shop),
        "--reason",
        "x",
        "--yes",
    )
    process = subprocess.Popen([*SKELDIR, *words], env=environment(clone.app_url))
    while standing(clone, shop)[0] == ROWS:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    run_here(clone.app_url, *words, status=0 if standing(clone, shop)[0] else 1)
    assert standing(clone, shop) == (0, 0)
    take(clone, shop, write(tmp_path / "right.csv", rows=ROWS, total="1.00"))
    assert standing(clone, shop) == (ROWS, ROWS * 100)
