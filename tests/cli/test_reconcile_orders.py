"""`skeldir reconcile orders`: a file is read without guesses, compared, and the result can be saved."""

from __future__ import annotations

import csv
from pathlib import Path
from uuid import UUID

import pytest

from tests.conftest import Clone
from tests.support.command import run_here

pytestmark = pytest.mark.shares_clone

HEADER = "order_id,time,value,currency\n"
ROW = "1001,2026-03-02T12:00:00Z,100.00,USD\n"


def orders(clone: Clone, tenant: UUID, file: Path, *words: str, status: int = 0) -> str:
    said = run_here(
        clone.app_url, "reconcile", "orders", str(tenant), str(file), *words, status=status
    )
    return " ".join(said.split())


def write(folder: Path, text: str) -> Path:
    file = folder / "orders.csv"
    file.write_text(text, encoding="utf-8")
    return file


def book(clone: Clone, tenant: UUID, folder: Path, *rows: str) -> None:
    """Import captures into the ledger."""
    file = folder / "booked.csv"
    file.write_text(HEADER + "".join(rows), encoding="utf-8")
    run_here(clone.app_url, "import", "conversions", str(file), "--tenant", str(tenant))


def test_differences_are_shown_with_their_sums_and_saved(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    book(clone, tenant, tmp_path, ROW, ROW.replace("1001", "=1+1"))
    file = write(tmp_path, HEADER + ROW + "1002,2026-03-02T12:00:00Z,70.50,USD\n")
    saved = tmp_path / "saved.csv"
    said = orders(clone, tenant, file, "--platform", "shopify", "--lines", "--save", str(saved))
    assert "shopify: 2026-03-02 to 2026-03-02, days of UTC; all orders of these days" in said
    assert "captured 200.00 of orders of these days" in said
    assert "170.50 is claimed, a difference of -29.50" in said
    assert "missing_in_ledger" in said
    with saved.open(encoding="utf-8", newline="") as lines:
        rows = [list(row.values())[:9] for row in csv.DictReader(lines)]
    day = "2026-03-02"
    assert rows == [
        ["1001", "none", "USD", "100.00", "100.00", "0.00", "0.00", day, day],
        ["1002", "missing_in_ledger", "USD", "70.50", "", "70.50", "", day, ""],
        ["'=1+1", "missing_at_platform", "USD", "", "100.00", "-100.00", "0.00", "", day],
    ]
    again = orders(clone, tenant, file, "--platform", "x", "--save", str(saved), status=1)
    assert "exists already" in again


def test_of_another_tenant_nothing_is_found(
    clone: Clone, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    book(clone, other_tenant, tmp_path, ROW)
    said = orders(clone, tenant, write(tmp_path, HEADER + ROW), "--platform", "stripe")
    assert "missing_in_ledger" in said
    assert "The ledger has none of the file's orders" in said


@pytest.mark.parametrize(
    ("text", "code", "asked"),
    [
        (
            "order_id,time,value\n1001,2026-03-02T12:00:00Z,100.00\n",
            "mapping_invalid",
            "--currency",
        ),
        (HEADER + "1001,2026-03-02 12:00,100.00,USD\n", "mapping_invalid", "--time-zone"),
        (HEADER + "1001,2026-03-02,100.00,USD\n", "mapping_invalid", "days, such as"),
        (HEADER + "1001,2026-03-02T12:00:00Z,100,USD\n", "mapping_invalid", "--amount-unit"),
        (HEADER + ROW + "1002,2026-03-02T12:00:00Z,,USD\n", "orders_unreadable", "row 2"),
        (HEADER + "1001,2026-03-02T12:00:00Z,-5.00,USD\n", "", "kind_by_sign"),
        ("time,value,currency\n2026-03-02T12:00:00Z,100.00,USD\n", "mapping_invalid", "order"),
    ],
)
def test_a_file_that_leaves_something_open_is_asked_about(
    clone: Clone, tenant: UUID, tmp_path: Path, text: str, code: str, asked: str
) -> None:
    said = orders(clone, tenant, write(tmp_path, text), "--platform", "shopify", status=1)
    assert code in said
    assert asked in said
