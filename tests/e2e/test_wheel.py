"""The wheel, installed where there is no checkout, is the whole program: it serves an API and runs the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from skeldir.migrations.revision import head_revision
from tests.support.documents.demo_picture import (
    COLUMNS,
    LEFT_OUT,
    PICTURE,
    lines_of,
    without_spaces,
)
from tests.support.embedded import short_place

ROOT = Path(__file__).resolve().parents[2]
MOST_S = 300

pytestmark = pytest.mark.slow


def run(*words: str | Path, folder: Path, **variables: str) -> str:
    """Run a command in `folder`, with no variable that could lead back to the checkout; return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "TMPDIR"}}
    done = subprocess.run(
        words,
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def skeldir() -> Iterator[Path]:
    """The command of a virtual environment that has the wheel, and sees the packages that this one has.

    Their folder is named by a `.pth` file. Such files within it are not read then, so the checkout, which one of
    them names, is not found.
    """
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    with short_place() as place:
        run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", place, ROOT, folder=place)
        (wheel,) = place.glob("skeldir-*.whl")
        venv.create(place / "venv", symlinks=True)
        python = place / "venv" / "bin" / "python"
        run(*pip, "--python", python, "install", "--no-deps", wheel, folder=place)
        (target,) = (place / "venv").glob("lib/python3.*/site-packages")
        packages = Path(str(distribution("typer").locate_file(""))).resolve()
        (target / "packages.pth").write_text(f"{packages}\n", encoding="utf-8")
        yield place / "venv" / "bin" / "skeldir"


def test_the_wheel_is_what_runs_and_has_the_newest_revision(skeldir: Path, tmp_path: Path) -> None:
    asked = (
        "import skeldir; from skeldir.migrations.revision import head_revision; "
        "print(skeldir.__file__, head_revision())"
    )
    file, revision = run(skeldir.parent / "python", "-c", asked, folder=tmp_path).split()
    assert Path(file).is_relative_to(skeldir.parents[1])
    assert revision == head_revision()


def test_the_wheel_has_neither_of_the_commands_of_the_proof(skeldir: Path, tmp_path: Path) -> None:
    shown = run(skeldir, "--help", folder=tmp_path)
    assert "report" in shown
    assert "prove" not in shown
    assert "verify" not in shown


def test_the_demo_runs_from_the_wheel_and_writes_only_to_its_home(
    skeldir: Path, tmp_path: Path
) -> None:
    with short_place() as place:
        shown = run(
            skeldir, "demo", folder=tmp_path, SKELDIR_HOME=str(place / "home"), COLUMNS=str(COLUMNS)
        )
    assert shown.endswith("Everything agrees, to the cent.\n")
    assert list(tmp_path.iterdir()) == []
    # The picture in the README is of this output.
    drawn = set(lines_of(PICTURE.read_text(encoding="utf-8")))
    assert len(drawn) > 20
    printed = {without_spaces(line) for line in shown.splitlines()}
    assert drawn - printed == {"$makedemo", LEFT_OUT}, "run `make picture`"


def test_the_wheel_contains_the_example_mappings(skeldir: Path) -> None:
    brought = skeldir.parents[1] / "share" / "skeldir" / "mappings"
    kept = ROOT / "examples" / "mappings"
    assert {file.name: file.read_bytes() for file in brought.iterdir()} == {
        file.name: file.read_bytes() for file in kept.iterdir()
    }
