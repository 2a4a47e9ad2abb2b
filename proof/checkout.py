"""Which commit is under proof: the one that is checked out where the running source lies."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import skeldir
from skeldir.errors import SkeldirError

_GIT_S = 60


class CheckoutNeeded(SkeldirError):
    """The running source does not lie in a checkout of its repository, so there is no commit to prove."""

    code = "checkout_needed"
    status = 409
    title = "There is no commit to prove"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is checked out: full hashes of the commit and its tree, the branch or "", and whether nothing differs."""

    commit: str
    tree: str
    branch: str
    is_clean: bool


def find_checkout() -> Path:
    """Return the top of the checkout in which the running source lies.

    Raises:
        CheckoutNeeded: it was installed from a package, or git is missing.
    """
    top = Path(skeldir.__file__).resolve().parents[2]
    try:
        found = git(top, "rev-parse", "--show-toplevel")
    except (OSError, subprocess.CalledProcessError):
        found = ""
    if not found or Path(found).resolve() != top:
        raise CheckoutNeeded(
            f"The running source, {top}, is not a checkout of the repository with git.",
            cure="Clone the repository, check the commit out, and run `make prove` there.",
        )
    return top


def read_commit(root: Path) -> Commit:
    """Read what is checked out at `root`.

    Raises:
        CheckoutNeeded: there is no commit yet.
    """
    try:
        return Commit(
            commit=git(root, "rev-parse", "--verify", "HEAD^{commit}"),
            tree=git(root, "rev-parse", "--verify", "HEAD^{tree}"),
            branch=git(root, "branch", "--show-current"),
            is_clean=git(root, "status", "--porcelain") == "",
        )
    except subprocess.CalledProcessError as fault:
        raise CheckoutNeeded(
            f"git cannot read the checkout at {root}: {fault.stderr.strip()}.",
            cure="Commit what is to be proven, and try again.",
        ) from fault


def python_path(root: Path) -> str:
    """Return the `PYTHONPATH` by which a command runs the program and the proof of the checkout at `root`."""
    return os.pathsep.join([str(root / "src"), str(root)])


def git(root: Path, *words: str) -> str:
    """Run git at `root`, without anybody's own configuration, and return what it says.

    Raises:
        subprocess.CalledProcessError: it failed; `stderr` says why.
    """
    done = subprocess.run(  # noqa: S603 - fixed words, and hashes
        [shutil.which("git") or "git", *words],
        cwd=root,
        env=git_environment(root),
        capture_output=True,
        text=True,
        timeout=_GIT_S,
        check=True,
    )
    return done.stdout.strip()


def git_environment(root: Path) -> dict[str, str]:
    """Return the variables with which git reads `root` whoever owns it, and changes nothing."""
    places = [str(Path(found).parent)] if (found := shutil.which("git")) else []
    return {
        "PATH": os.pathsep.join([*places, os.defpath]),
        "HOME": os.devnull,
        "LANG": "C.UTF-8",
        "GIT_OPTIONAL_LOCKS": "0",
        # The checkout of a build machine often belongs to another account.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(root),
    }
