"""The evidence pack: a folder with the evidence as data, as a document, and as a statement about a commit."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proof.checkout import git
from proof.evidence.document import render
from proof.evidence.records import (
    Evidence,
    PreviousRecord,
    canonical_json,
    read_evidence,
    read_file,
    write_canonically,
)
from proof.evidence.verdicts import judge
from skeldir.errors import SkeldirError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

DATA, DOCUMENT, STATEMENT, ENVELOPE = (
    "evidence.json",
    "evidence.md",
    "statement.json",
    "statement.dsse.json",
)
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
NOTES = "refs/notes/skeldir-evidence"
# git ignores it, so that writing a pack leaves the tree clean.
DEFAULT_FOLDER = "evidence"


class PackPlaceRefused(SkeldirError):
    """The evidence pack cannot be written there: something is there, or git would see it."""

    code = "pack_place_refused"
    status = 409
    title = "The pack cannot be written there"


class NoteRefused(SkeldirError):
    """The statement could not be attached to the commit as a git note."""

    code = "note_refused"
    status = 500
    title = "git did not take the note"


def default_place(root: Path, commit: str, now: datetime) -> Path:
    """Return the folder for a pack without an --out."""
    return root / DEFAULT_FOLDER / f"{now:%Y%m%dT%H%M%SZ}-{commit[:12]}"


def require_free_place(folder: Path, root: Path) -> None:
    """Refuse a place that holds something, or that would make the tree under proof dirty.

    Raises:
        PackPlaceRefused: it does, or would.
    """
    folder = folder.absolute()
    try:
        above = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as fault:
        raise PackPlaceRefused(
            f"{fault.filename}: {fault.strerror}.", cure="Give another --out."
        ) from fault
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise PackPlaceRefused(f"Nothing can be written to {above}.", cure="Give another --out.")
    if above == folder and any(folder.iterdir()):
        raise PackPlaceRefused(f"{folder} is not empty.", cure="Give another --out, or none.")
    resolved = folder.resolve()
    if resolved.is_relative_to(root) and not _is_ignored(root, resolved):
        raise PackPlaceRefused(
            f"{folder} lies in the tree under proof, and git does not ignore it.",
            cure=f"Give an --out elsewhere or under {DEFAULT_FOLDER}/, or none.",
        )


@contextmanager
def reserve_place(folder: Path) -> Iterator[None]:
    """Make the folder of the pack before the block, which takes minutes; remove it when the block raises.

    Raises:
        PackPlaceRefused: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise PackPlaceRefused(
            f"{fault.filename}: {fault.strerror}.", cure="Give another --out."
        ) from fault
    try:
        yield
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise


def _is_ignored(root: Path, folder: Path) -> bool:
    try:
        git(root, "check-ignore", "--quiet", "--", str(folder / DATA))
    except subprocess.CalledProcessError:
        return False
    return True


def write_pack(folder: Path, evidence: Evidence, key: Ed25519PrivateKey | None = None) -> None:
    """Write the files of the pack, with a signed envelope if there is a key.

    Raises:
        PackPlaceRefused: a file could not be written.
    """
    data = write_canonically(evidence)
    document = render(evidence).encode()
    files = {
        DATA: data,
        DOCUMENT: document,
        STATEMENT: statement_of(evidence, data, document),
    }
    if key is not None:
        from proof.evidence.signing import sign  # noqa: PLC0415 - most packs are not signed

        files[ENVELOPE] = sign(files[STATEMENT], key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_bytes(text)
    except OSError as fault:
        raise PackPlaceRefused(
            f"{fault.filename}: {fault.strerror}.", cure="Give another --out."
        ) from fault


def statement_of(evidence: Evidence, data: bytes, document: bytes) -> bytes:
    """Return the in-toto statement: of this commit and tree, these tests passed and failed, by these two files."""
    checks = [check for hypothesis in evidence.hypotheses for check in hypothesis.checks]
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": "commit", "digest": {"gitCommit": evidence.commit}},
                {"name": "tree", "digest": {"gitTree": evidence.tree}},
            ],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "result": evidence.result,
                "configuration": [
                    _resource(DATA, "application/json", data),
                    _resource(DOCUMENT, "text/markdown", document),
                ],
                "passedTests": [check.name for check in checks if check.verdict == "PROVEN"],
                "warnedTests": [],
                "failedTests": [check.name for check in checks if check.verdict != "PROVEN"],
            },
        }
    )


def _resource(name: str, media_type: str, text: bytes) -> dict[str, Any]:
    digest = {"sha256": hashlib.sha256(text).hexdigest()}
    return {"name": name, "mediaType": media_type, "digest": digest}


def read_previous(folder: Path) -> PreviousRecord:
    """Read what an earlier pack confirmed, by its outputs and not by its words.

    Raises:
        PackUnreadable: it is no pack.
    """
    data = read_file(folder, DATA)
    evidence = judge(read_evidence(data))
    return PreviousRecord(
        commit=evidence.commit,
        sha256=hashlib.sha256(data).hexdigest(),
        confirmed=tuple(
            hypothesis.name
            for hypothesis in evidence.hypotheses
            if hypothesis.verdict == "CONFIRMED"
        ),
    )


def require_committer(root: Path) -> None:
    """Refuse, before a proof is made, a note that git would not take because it knows no committer.

    Raises:
        NoteRefused: git would refuse it.
    """
    try:
        _git(root, "var", "GIT_COMMITTER_IDENT")
    except _GIT_FAULTS as fault:
        raise NoteRefused(
            f"git would not take a note: {_reason_of(fault)}.",
            cure="Set git config user.name and user.email, or leave --git-note out.",
        ) from fault


def attach_note(root: Path, folder: Path, commit: str) -> None:
    """Attach the statement to the commit as a git note, in the name of whoever runs this.

    Raises:
        NoteRefused: git did not take it.
    """
    statement = str((folder / STATEMENT).absolute())
    try:
        _git(root, "notes", f"--ref={NOTES}", "add", "--force", "--file", statement, commit)
    except _GIT_FAULTS as fault:
        raise NoteRefused(
            f"The pack is written, but the note was not taken: {_reason_of(fault)}.",
            cure=f"Run git notes --ref={NOTES} add -F {folder / STATEMENT} {commit} by hand.",
        ) from fault


_GIT_FAULTS = (OSError, subprocess.SubprocessError)


def _git(root: Path, *words: str) -> None:
    subprocess.run(  # noqa: S603 - fixed words, a path and a hash
        [shutil.which("git") or "git", *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def _reason_of(fault: OSError | subprocess.SubprocessError) -> str:
    """Return the reason that git gives, without its advice."""
    if not isinstance(fault, subprocess.CalledProcessError):
        return str(fault)
    lines: list[str] = fault.stderr.strip().splitlines() or [str(fault)]
    return next((line for line in lines if line.startswith("fatal: ")), lines[-1])
