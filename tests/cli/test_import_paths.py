"""`skeldir import paths` as people run it: what is open is asked, a dry run, the import, and taking it back."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.path_files import write_paths

ROWS = ("Paid Search > radio,2,5.01,3", "radio,zwei,1,1", "radio,1,1.00,0")


def test_a_file_of_paths_is_asked_about_tried_and_imported(clone: Clone, tmp_path: Path) -> None:
    shop = run_here(clone.app_url, "tenants", "create", "Shop").split()[0]
    path = write_paths(tmp_path / "paths.csv", ROWS)
    words = ("import", "paths", str(path), "--tenant", shop)
    said = run_here(clone.app_url, *words, status=1)
    assert "mapping_invalid" in said
    assert "--currency" in said
    assert "--day" in said
    words += ("--currency", "EUR", "--day", "2026-03-10")
    said = run_here(clone.app_url, *words, status=1)
    assert '"Paid Search"' in said
    assert "--channel" in said
    assert "is not NAME=CODE" in run_here(clone.app_url, *words, "--channel", "x", status=2)
    words += ("--channel", "Paid Search=paid_search")
    said = run_here(clone.app_url, *words, "--dry-run", status=3)
    assert "2 rows: 3 conversions of 6.01 EUR and 3 journeys without one, with 11 touches" in said
    assert "channels that are added, named as their codes: radio" in said
    assert "2026-03  capture  3 entries  6.01 EUR" in said
    said = run_here(clone.app_url, *words, status=3)
    assert "7 journeys read" in said
    assert "14 accepted + 0 duplicate + 1 refused" in said
    assert 'paths.csv, line 3: A count is "zwei".' in said
    shown = run_here(clone.app_url, "dead", "show", shop)
    assert "count_invalid  conversion  paths.csv, row 2" in shown
    again = run_here(clone.app_url, *words, status=3)
    assert "was imported before, and nothing was added now" in again
    listed = run_here(clone.app_url, "imports", "list", "--tenant", shop)
    mark = re.search(r"[0-9a-f]{16}", listed)
    assert mark is not None
    undo = ("imports", "undo", mark[0], "--tenant", shop, "--reason", "wrong", "--yes")
    assert "Taken back: 3 entries, 11 touches" in run_here(clone.app_url, *undo)
