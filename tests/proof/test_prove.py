"""`skeldir prove` and `skeldir verify` as commands, on a copy of the project with a history of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from proof.checkout import python_path
from tests.support.embedded import SEARCH_PATH
from tests.support.faulty import copy_program
from tests.support.proving import git, make_checkout

# One worker, so that there is one copy.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("prove")]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the source as it is now, which is clean."""
    root = tmp_path_factory.mktemp("copy") / "checkout"
    return make_checkout(copy_program(root))


def skeldir(root: Path, *words: str | Path, expect: int = 0, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "skeldir.cli", *words],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{python_path(root)}{os.pathsep}{SEARCH_PATH}",
            **more,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == expect, done.stdout
    return done.stdout


@pytest.mark.slow
def test_a_commit_is_proven_and_its_pack_verified_and_refused_after_a_change(copy: Path) -> None:
    said = skeldir(copy, "prove", "--only", "H-REPO-01")
    assert "H-REPO-01: REFUTED" in said
    assert git(copy, "status", "--porcelain") == ""
    (pack,) = (copy / "evidence").iterdir()
    assert pack.name.endswith(git(copy, "rev-parse", "HEAD")[:12])
    # Only one hypothesis was run, and that is what verify says of it.
    said = skeldir(copy, "verify", pack, expect=1)
    codes = {line.partition(":")[0] for line in said.splitlines() if not line.startswith("  ")}
    assert codes == {"check_missing"}
    assert "H-MIG-01/row-counts is not in the pack" in said
    document = pack / "evidence.md"
    document.write_text(document.read_text().replace("REFUTED", "CONFIRMED", 1))
    assert "document_changed" in skeldir(copy, "verify", pack, expect=1)


@pytest.mark.slow
def test_a_dirty_tree_fails_and_is_resolved_when_it_is_clean(copy: Path, tmp_path: Path) -> None:
    (copy / "more").touch()
    try:
        said = skeldir(copy, "prove", "--only", "H-REPO-01", "--out", tmp_path / "dirty", expect=1)
        assert "H-REPO-01: CONFIRMED" in said
        assert "tree_was_dirty" in skeldir(copy, "verify", tmp_path / "dirty", expect=1)
    finally:
        (copy / "more").unlink()
    words = ("prove", "--only", "H-REPO-01", "--out", tmp_path / "clean")
    assert "H-REPO-01: RESOLVED" in skeldir(copy, *words, "--previous", tmp_path / "dirty")


@pytest.mark.slow
def test_the_run_in_ci_is_known_by_its_variable(copy: Path, tmp_path: Path) -> None:
    words = ("prove", "--only", "H-REPO-01/commit", "--out")
    skeldir(copy, *words, tmp_path / "ci", CI="true")
    skeldir(copy, *words, tmp_path / "option", "--ci")
    skeldir(copy, *words, tmp_path / "no", CI="false")
    found = [
        json.loads((tmp_path / name / "evidence.json").read_bytes())["is_ci"]
        for name in ("ci", "option", "no")
    ]
    assert found == [True, True, False]


@pytest.mark.slow
def test_a_pack_is_signed_and_noted_on_request(copy: Path, tmp_path: Path) -> None:
    key, private, public = Ed25519PrivateKey.generate(), tmp_path / "key", tmp_path / "key.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    names = dict(
        zip(
            ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
            ("A", "a@example.org") * 2,
            strict=True,
        )
    )
    words = ("prove", "--only", "H-REPO-01", "--out", tmp_path / "pack", "--git-note")
    skeldir(copy, *words, "--sign", private, **names)
    said = skeldir(copy, "verify", tmp_path / "pack", "--public-key", public, expect=1)
    assert "signature" not in said
    (tmp_path / "pack/statement.dsse.json").unlink()
    said = skeldir(copy, "verify", tmp_path / "pack", "--public-key", public, expect=1)
    assert "signature_missing" in said
    noted = git(copy, "notes", "--ref=refs/notes/skeldir-evidence", "show", "HEAD")
    assert json.loads(noted)["predicate"]["result"] == "PASSED"
    git(copy, "update-ref", "-d", "refs/notes/skeldir-evidence")


@pytest.mark.slow
def test_what_can_be_refused_is_refused_at_once(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    refusals = {
        ("--only", "H-MIG-02"): "input_invalid: There is no hypothesis or check H-MIG-02.",
        ("--out", str(tmp_path)): "pack_place_refused",
        ("--sign", str(tmp_path / "x")): "signing_key_unusable",
        ("--previous", str(tmp_path)): "pack_unreadable",
        ("--database", "mysql://x"): "configuration_invalid",
    }
    for words, said in refusals.items():
        assert skeldir(copy, "prove", *words, expect=1).startswith(said)
    assert not (copy / "evidence" / "x").exists()


@pytest.mark.slow
def test_source_outside_of_a_checkout_has_no_commit_to_prove(copy: Path, tmp_path: Path) -> None:
    copy_program(tmp_path, copy)
    assert skeldir(tmp_path, "prove", expect=1).startswith("checkout_needed")
    # Nor has one that lies somewhere within another repository.
    inside = copy / "evidence" / "inside"
    copy_program(inside, copy)
    assert skeldir(inside, "prove", expect=1).startswith("checkout_needed")
    shutil.rmtree(inside)


def test_the_help_names_both_commands(copy: Path) -> None:
    said = skeldir(copy, "--help")
    assert "prove" in said
    assert "verify" in said


def test_without_the_proof_beside_it_the_program_has_neither_command(
    copy: Path, tmp_path: Path
) -> None:
    shutil.copytree(copy / "src", tmp_path / "src")
    said = skeldir(tmp_path, "--help")
    assert "report" in said
    assert "prove" not in said
    assert "verify" not in said


def test_a_proof_from_elsewhere_is_not_taken_for_its_own(copy: Path, tmp_path: Path) -> None:
    shutil.copytree(copy / "proof", tmp_path / "proof")
    said = skeldir(tmp_path, "--help", PYTHONPATH=f"{copy / 'src'}{os.pathsep}{SEARCH_PATH}")
    assert "report" in said
    assert "prove" not in said
