"""H-REPO-01: what is proven is a commit, all of it and nothing else, so that anybody can check it out again."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from proof.checkout import git
from proof.contract import Check
from proof.stage.expectations import equals, lines, no_rows, reads, same_as
from proof.stage.proving import Proof

_DONE = equals("exit status 0")
# What decides how the program runs: its source, its migrations' entry, and what it is installed by.
_SOURCE = ("src", "proof", "alembic.ini", "pyproject.toml")
_LISTED = "--format=%(objectname) %(path)"
_WHERE = "import skeldir; print(skeldir.__file__)"
# These steps show what the repository itself says of the commit; `outputs_for` compares them.
_HASH_OF_HEAD = "the hash of HEAD"
_FILES_OF_COMMIT = "the files of the commit"


def prove_clean(proof: Proof) -> None:
    """Have git list what differs from HEAD: in tracked files, in the index, and beside them."""
    proof.run("git", "status", "--porcelain", "--untracked-files=all", expect=_DONE)
    # Files that git is to overlook: a small letter for assume-unchanged, S for skip-worktree.
    flags = git(proof.ground.root, "ls-files", "-v").splitlines()
    overlooked = [line.split(" ", 1) for line in flags if line[:1].islower() or line[:2] == "S "]
    proof.tabulate(
        "the files that `git ls-files -v` marks as not to be looked at",
        ("mark", "file"),
        overlooked,
        expect=no_rows(),
    )


def prove_hash(proof: Proof) -> None:
    """Resolve the full hash of HEAD to an object, and that object to HEAD."""
    printed = proof.run(
        *("git", "rev-parse", "HEAD"), name=_HASH_OF_HEAD, expect=reads("<hash>\nexit status 0")
    )
    commit = printed.partition("\n")[0]
    proof.run("git", "cat-file", "-e", commit, expect=_DONE)
    proof.run("git", "cat-file", "-t", commit, expect=equals("commit\nexit status 0"))
    proof.run(
        *("git", "rev-parse", "--verify", f"{commit}^{{commit}}"), expect=same_as(_HASH_OF_HEAD)
    )


def prove_source(proof: Proof) -> None:
    """Show that commands import the checkout's source, and that its files are those of the commit, byte by byte."""
    proof.run(
        sys.executable, "-c", _WHERE, expect=equals("$ROOT/src/skeldir/__init__.py\nexit status 0")
    )
    listed = proof.run(
        *("git", "ls-tree", "-r", _LISTED, "HEAD", "--", *_SOURCE),
        name=_FILES_OF_COMMIT,
        expect=lines("<hash> <text>", at_least=50, last="exit status 0"),
    )
    algorithm = "sha1" if len(listed.partition(" ")[0]) == 40 else "sha256"
    files = _hash_files(proof.ground.root, algorithm)
    proof.read(
        f"the files on the disk under {', '.join(_SOURCE)} except `__pycache__`, each with the hash that git gives to "
        "its bytes, printed like the files of the commit",
        f"{files}\nexit status 0",
        expect=same_as(_FILES_OF_COMMIT),
    )


def outputs_for(root: Path, commit: str) -> dict[tuple[str, str], str]:
    """Return the outputs that some steps must have in a pack about `commit`, by check and step.

    A pack about another commit has others.
    """
    listed = git(root, "ls-tree", "-r", _LISTED, commit, "--", *_SOURCE)
    return {
        ("H-REPO-01/commit", _HASH_OF_HEAD): f"{commit}\nexit status 0",
        ("H-REPO-01/running-source", _FILES_OF_COMMIT): f"{listed}\nexit status 0",
    }


def _hash_files(root: Path, algorithm: str) -> str:
    """Return `hash path` of every file, in git's order; no flag of git's index can hide a change from this."""
    found = [
        path
        for name in _SOURCE
        for path in (root / name, *(root / name).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    named = sorted((path.relative_to(root).as_posix().encode(), path) for path in found)
    return "\n".join(
        f"{_hash_blob(path.read_bytes(), algorithm)} {name.decode()}" for name, path in named
    )


def _hash_blob(content: bytes, algorithm: str) -> str:
    blob = b"blob %d\x00%b" % (len(content), content)
    return hashlib.new(algorithm, blob, usedforsecurity=False).hexdigest()


CHECKS: tuple[Check, ...] = (
    Check(
        "H-REPO-01/clean-tree",
        "The tree is clean: nothing differs from the commit, and nothing lies beside it.",
        prove_clean,
    ),
    Check(
        "H-REPO-01/commit",
        "The full hash names a commit that exists, and that is HEAD.",
        prove_hash,
    ),
    Check(
        "H-REPO-01/running-source",
        "What runs is the source of the checkout, and that is the source of the commit.",
        prove_source,
    ),
)
