"""The sample's files: the same bytes for a seed everywhere, written atomically, and again if one is incomplete."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from skeldir.demo.sample import SampleFiles, SampleSize, write_sample
from skeldir.errors import InputInvalid

pytestmark = pytest.mark.slow

NAMES = ("touches.ndjson", "conversions.ndjson", "truth.json")
SMALL = SampleSize(customers=500, weeks=5)


def fingerprint(files: SampleFiles) -> list[str]:
    paths = (files.touches, files.conversions, files.truth)
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_the_same_seed_gives_the_same_bytes_in_another_folder_and_process(tmp_path: Path) -> None:
    here = fingerprint(write_sample(tmp_path / "here", seed=3, size=SMALL))
    assert fingerprint(write_sample(tmp_path / "there", seed=3, size=SMALL)) == here
    program = (
        "from pathlib import Path\n"
        "from skeldir.demo.sample import SampleSize, write_sample\n"
        f"write_sample(Path({str(tmp_path / 'far')!r}), seed=3, size=SampleSize(500, 5))"
    )
    for hash_seed in ("1", "4711"):
        subprocess.run(
            [sys.executable, "-c", program], check=True, env={"PYTHONHASHSEED": hash_seed}
        )
        far = SampleFiles(*(tmp_path / "far" / name for name in NAMES))
        assert fingerprint(far) == here
        far.truth.unlink()


def test_the_bytes_of_a_seed_are_those_of_its_edition(tmp_path: Path) -> None:
    files = write_sample(tmp_path, seed=3, size=SMALL)
    whole = hashlib.sha256("".join(fingerprint(files)).encode()).hexdigest()
    edition = json.loads(files.truth.read_text())["edition"]
    assert (edition, whole[:16]) == (1, "27384381deae84c6"), (
        "The sample's output changed: raise _EDITION and write the new pair here."
    )


def test_another_seed_size_or_last_day_gives_other_data(tmp_path: Path) -> None:
    made = [
        write_sample(tmp_path / "a", seed=3, size=SMALL),
        write_sample(tmp_path / "b", seed=4, size=SMALL),
        write_sample(tmp_path / "c", seed=-3, size=SMALL),
        write_sample(tmp_path / "d", seed=3, size=SampleSize(600, 5)),
        write_sample(tmp_path / "e", seed=3, size=SMALL, ends_on=date(2026, 5, 31)),
    ]
    for column in zip(*(fingerprint(files) for files in made), strict=True):
        assert len(set(column)) == len(made)


def test_a_complete_sample_is_not_written_again(tmp_path: Path) -> None:
    files = write_sample(tmp_path, seed=3, size=SMALL)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert write_sample(tmp_path, seed=3, size=SMALL) == files
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before
    assert before.keys() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_incomplete_or_missing_file_is_written_again(tmp_path: Path, name: str) -> None:
    whole = fingerprint(write_sample(tmp_path, seed=3, size=SMALL))
    torn = tmp_path / name
    torn.write_bytes(torn.read_bytes()[:100])
    assert fingerprint(write_sample(tmp_path, seed=3, size=SMALL)) == whole
    torn.unlink()
    assert fingerprint(write_sample(tmp_path, seed=3, size=SMALL)) == whole


def test_another_seed_replaces_the_sample_and_a_reader_of_the_old_one_reads_on(
    tmp_path: Path,
) -> None:
    old = write_sample(tmp_path / "a", seed=4, size=SMALL)
    expected = old.touches.read_bytes()
    with old.touches.open("rb") as reader:
        replaced = fingerprint(write_sample(tmp_path / "a", seed=3, size=SMALL))
        assert reader.read() == expected
    assert replaced == fingerprint(write_sample(tmp_path / "b", seed=3, size=SMALL))


@pytest.mark.parametrize("size", [SampleSize(499, 10), SampleSize(4_000, 3), SampleSize(-1, -1)])
def test_a_size_too_small_for_every_case_is_refused(tmp_path: Path, size: SampleSize) -> None:
    with pytest.raises(InputInvalid, match="500 customers and 4 weeks"):
        write_sample(tmp_path, seed=3, size=size)
    assert list(tmp_path.iterdir()) == []
