"""The evidence of one run as data: what `evidence.json` holds, how it is written, and how it is read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proof.stage.steps import Step
from skeldir.errors import SkeldirError

FORMAT: Final = "skeldir-evidence/2"

FETCH_AGAIN: Final = "Fetch the pack again from where it is stored, or prove the commit again."

CheckVerdict: TypeAlias = Literal["PROVEN", "NOT PROVEN"]
HypothesisVerdict: TypeAlias = Literal["REFUTED", "CONFIRMED", "RESOLVED"]
GateVerdict: TypeAlias = Literal["PASS", "FAIL", "PENDING"]
Result: TypeAlias = Literal["PASSED", "FAILED"]
Hash: TypeAlias = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]


class PackUnreadable(SkeldirError):
    """A file of an evidence pack is missing, or is not what such a file holds."""

    code = "pack_unreadable"
    status = 422
    title = "The evidence pack cannot be read"


class PackFormatUnknown(PackUnreadable):
    """The pack was written in another format, by an earlier or a later program."""

    code = "pack_format_unknown"
    title = "The evidence pack has another format"


class Record(BaseModel):
    """The base of all records: nothing can be added or changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckRecord(Record):
    """One check that was run; `failing` are the numbers, from 1, of the steps that are not as expected."""

    name: str
    claim: str
    verdict: CheckVerdict = "NOT PROVEN"
    failing: tuple[int, ...] = ()
    steps: tuple[Step, ...]


class HypothesisRecord(Record):
    """One hypothesis of which at least one check was run; without a verdict while others of its checks were not."""

    name: str
    fault: str
    verdict: HypothesisVerdict | None = None
    not_run: tuple[str, ...] = ()
    checks: tuple[CheckRecord, ...]


class GateRecord(Record):
    """One gate, computed; `reason` says why it is not shut, or "" when it is."""

    name: str
    what: str
    requires: tuple[str, ...]
    verdict: GateVerdict
    reason: str


class RoleRecord(Record):
    """A database role with its attributes, as pg_roles lists them."""

    name: str
    can_login: bool
    is_superuser: bool
    bypasses_rls: bool
    may_create_roles: bool
    may_create_databases: bool


class EnvironmentRecord(Record):
    """What the proof ran on: versions, and the roles that acted."""

    python: str
    platform: str
    packages: dict[str, str]
    postgresql: str
    server: Literal["embedded", "given"]
    roles: tuple[RoleRecord, ...]


class PreviousRecord(Record):
    """The pack with which this one is compared: its commit, the SHA-256 of its evidence.json, what it confirmed."""

    commit: Hash
    sha256: Hash
    confirmed: tuple[str, ...]


class Evidence(Record):
    """Everything of one run. Verdicts are computed from the rest by `verdicts.judge`, and never otherwise."""

    format: Literal["skeldir-evidence/2"] = FORMAT
    commit: Hash
    tree: Hash
    branch: str
    is_clean: bool
    is_ci: bool
    began_at: str
    ended_at: str
    environment: EnvironmentRecord
    previous: PreviousRecord | None
    only: tuple[str, ...]
    hypotheses: tuple[HypothesisRecord, ...]
    log: tuple[str, ...]
    gates: tuple[GateRecord, ...] = ()
    result: Result = "FAILED"


def write_canonically(evidence: Evidence) -> bytes:
    """Return the one way to write `evidence`: JSON in UTF-8 with sorted keys and LF."""
    return canonical_json(evidence.model_dump(mode="json"))


def canonical_json(value: object) -> bytes:
    """Return JSON in UTF-8 with sorted keys, two spaces of indent and LF."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def read_evidence(text: bytes) -> Evidence:
    """Read what `write_canonically` wrote.

    Raises:
        PackFormatUnknown: it is evidence in another format.
        PackUnreadable: it is something else; the first place that does not fit is named.
    """
    try:
        return Evidence.model_validate_json(text)
    except ValidationError as fault:
        errors = fault.errors(include_url=False)
        for error in errors:
            if error["loc"] == ("format",):
                raise PackFormatUnknown(
                    f"evidence.json: the format is {error['input']!r:.60}, and this program reads {FORMAT!r}.",
                    cure="Check out the pack's commit and verify it there, or prove the commit again.",
                ) from None
        place = ".".join(str(part) for part in errors[0]["loc"]) or "the file"
        raise PackUnreadable(
            f"evidence.json: {place}: {errors[0]['msg']}.", cure=FETCH_AGAIN
        ) from None


def read_file(folder: Path, name: str) -> bytes:
    """Return the bytes of a file of the pack.

    Raises:
        PackUnreadable: it is missing or cannot be read.
    """
    try:
        return (folder / name).read_bytes()
    except OSError as fault:
        raise PackUnreadable(f"{name}: {fault.strerror}.", cure=FETCH_AGAIN) from fault
