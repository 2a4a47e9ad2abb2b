"""The workflow runs what a person would run, with the least rights, and only actions pinned to a commit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.citus_server import VARIABLE

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# YAML 1.1 reads the word `on` as true.
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_it_runs_on_every_push_and_pull_request_and_by_hand_with_the_least_rights() -> None:
    assert set(WORKFLOW[True]) == {"push", "pull_request", "workflow_dispatch"}
    assert not any(WORKFLOW[True].values())
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in JOBS.values():
        assert "permissions" not in job
        assert job["timeout-minutes"] <= 60
        checkout = next(step for step in job["steps"] if "checkout" in step.get("uses", ""))
        assert checkout["with"]["persist-credentials"] is False


def test_every_action_is_pinned_to_a_commit_and_states_its_version() -> None:
    uses = re.findall(r"uses: (.+)", TEXT)
    assert len(uses) == 9
    for used in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used
    assert len(set(uses)) == len({used.partition("@")[0] for used in uses})


@pytest.mark.parametrize("job", list(JOBS))
def test_every_command_is_a_target_of_make(job: str) -> None:
    assert commands(job)
    for command in commands(job):
        words = command.split()
        assert words[0] == "make"
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.MULTILINE), command


def test_the_suite_runs_on_both_systems_and_from_the_oldest_python_on() -> None:
    assert set(JOBS) == {"check", "test", "citus", "zero-drift"}
    matrix = JOBS["test"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["os"]} == {"ubuntu", "macos"}
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]
    required = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert required
    assert required.group(1) == matrix["python"][0]
    assert JOBS["test"]["strategy"]["fail-fast"] is False


def test_the_job_on_citus_gives_the_suite_the_service_beside_it() -> None:
    job = JOBS["citus"]
    (service,) = job["services"].values()
    assert service["image"].startswith("citusdata/citus:")
    assert service["ports"] == ["5432:5432"]
    assert job["env"] == {VARIABLE: "postgresql://postgres@127.0.0.1:5432/postgres"}
    (command,) = commands("citus")
    assert command.startswith("make test ARGS=")
    assert "tests/scale" in command


def test_zero_drift_proves_the_commit_itself_and_keeps_the_pack_of_a_failure_too() -> None:
    checkout, *_, upload = JOBS["zero-drift"]["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.head.sha || github.sha }}"
    (command,) = commands("zero-drift")
    assert command.split() == ["make", "prove", 'ARGS="--ci', "--out", 'evidence/ci"']
    assert upload["uses"].startswith("actions/upload-artifact@")
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["path"] == "evidence/ci"
    assert upload["with"]["if-no-files-found"] == "error"


def test_the_local_run_proves_beside_the_tests_and_fails_with_either() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    last = (
        'proof=$(mktemp)\nmake prove ARGS=--ci >"$proof" 2>&1 &\nproving=$!\nmake test\n'
        'wait "$proving" || { cat "$proof"; exit 1; }\ncat "$proof"\n'
        "make test-slow\nmake soak SECONDS=120 ARGS='--seed 1'\n"
    )
    assert script.endswith("\n" + last)


def test_what_make_test_leaves_out_is_what_make_test_slow_runs() -> None:
    chosen = re.findall(
        r"^\t@\$\(BIN\)/python -m pytest -n .* -m (\S+|\".+\") \$\(ARGS\)$", MAKEFILE, re.MULTILINE
    )
    assert chosen == ['"not slow"', "slow"]
    assert [step for step in commands("test") if "test" in step] == ["make test", "make test-slow"]
