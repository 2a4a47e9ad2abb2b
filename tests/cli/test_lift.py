"""`skeldir lift` as people run it: an import with its revisions, and a list that names disagreements."""

from __future__ import annotations

import json
from os import fsdecode
from pathlib import Path

from tests.conftest import Clone
from tests.support.command import run, run_here
from tests.support.lift_files import write_tests


def test_lift_tests_are_imported_revised_and_listed_beside_models(
    clone: Clone, tmp_path: Path
) -> None:
    shop = run_here(clone.app_url, "tenants", "create", "Shop").split()[0]
    assert "No lift test is recorded" in run_here(clone.app_url, "lift", "list", shop)
    wrong = write_tests(tmp_path / "lift.csv", "spring,radio,2026-03-01,2026-03-31,1,,,0,2,90")
    said = run_here(clone.app_url, "lift", "import", shop, str(wrong), status=1)
    assert "lift_tests_invalid: lift.csv: line 2, channel: 'radio' is no channel" in said
    assert "skeldir channels add" in said
    run_here(clone.app_url, "channels", "add", shop, "radio", "Radio")
    right = run_here(clone.app_url, "lift", "import", shop, str(wrong))
    assert "lift.csv: 1 new, 0 revised, 0 as before." in right
    money = "summer,email,2026-03-01,2026-03-31,,100,EUR,50,150,90"
    other = write_tests(
        tmp_path / "more.csv", money, "spring,radio,2026-03-01,2026-03-31,2,,,1,2,90"
    )
    assert "1 new, 1 revised" in run_here(clone.app_url, "lift", "import", shop, str(other))
    listed = run_here(clone.app_url, "lift", "list", shop)
    assert (
        "spring: radio, 2026-03-01 to 2026-03-31, measured 2 conversions (1 to 2, 90 %)" in listed
    )
    run_here(clone.app_url, "credit", "--tenant", shop)
    listed = run_here(clone.app_url, "lift", "list", shop)
    assert "1 below the interval" in listed
    assert "50.00 below the interval" in listed
    assert "a model divides all that was earned" in listed
    data = json.loads(run(clone.app_url, "lift", "list", shop, "--json"))["data"]
    assert [one["revision"] for one in data] == [2, 1]


def test_bytes_that_are_no_text_in_the_name_of_a_file_are_shown_escaped(
    clone: Clone, tmp_path: Path
) -> None:
    shop = run_here(clone.app_url, "tenants", "create", "Shop").split()[0]
    row = "spring,email,2026-03-01,2026-03-31,1,,,0,2,90"
    path = write_tests(tmp_path / fsdecode(b"caf\xe9.csv"), row)
    assert "1 new" in run_here(clone.app_url, "lift", "import", shop, str(path))
    (one,) = json.loads(run(clone.app_url, "lift", "list", shop, "--json"))["data"]
    assert one["source"] == r"caf\udce9.csv"
