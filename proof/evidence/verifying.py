"""`verify`: whether an evidence pack is what it claims, from its own outputs, the repository, and a second run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from proof.checkout import git, read_commit
from proof.checks.repository import outputs_for
from proof.contract import Hypothesis
from proof.evidence.document import render
from proof.evidence.pack import DATA, DOCUMENT, ENVELOPE, STATEMENT, statement_of
from proof.evidence.records import (
    FETCH_AGAIN,
    CheckRecord,
    Evidence,
    PackUnreadable,
    read_evidence,
    read_file,
    write_canonically,
)
from proof.evidence.running import Report, prove
from proof.evidence.signing import SignatureInvalid, check_envelope, load_public_key
from proof.evidence.verdicts import judge
from proof.registry import HYPOTHESES
from proof.stage.kinds import Expectation, fixes_output
from proof.stage.steps import Step, digest_of, outputs_by_name

# Ports, process ids, ids and tokens that differ from run to run.
_PASSING = re.compile(r"(?<=:)\d{4,5}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\bpid \d+")
# Each fault that can be found, and what to do about it.
FAULTS: Mapping[str, str] = {
    "pack_unreadable": FETCH_AGAIN,
    "pack_format_unknown": "Check out the pack's commit and verify it there, or prove the commit again.",
    "file_unexpected": "Remove what does not belong to the pack.",
    "evidence_not_canonical": FETCH_AGAIN,
    "output_changed": FETCH_AGAIN,
    "verdict_changed": FETCH_AGAIN,
    "document_changed": FETCH_AGAIN,
    "statement_changed": FETCH_AGAIN,
    "signature_missing": "Ask the pack's maker for a signed one (skeldir prove --sign KEY).",
    "signature_invalid": "Fetch the pack again from its maker, with the public key that belongs to it.",
    "commit_unknown": "Fetch the commit; if no remote has it, the pack is about nothing that exists.",
    "tree_differs": FETCH_AGAIN,
    "commit_differs": FETCH_AGAIN,
    "commit_is_not_head": "Check the pack's commit out, and verify there.",
    "tree_was_dirty": "Commit or remove what differs, and prove again.",
    "superuser_acted": "Prove again with roles that row-level security binds.",
    "check_missing": "Prove everything: skeldir prove without --only.",
    "check_unknown": FETCH_AGAIN,
    "claim_changed": FETCH_AGAIN,
    "rerun_refused": "Check the pack's commit out into a clean tree, and verify there.",
    "rerun_differs": "Compare the two runs step by step; what differs is not proven.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a pack: a code of `FAULTS` and a sentence."""

    code: str
    detail: str

    @property
    def cure(self) -> str:
        """What to do about it."""
        return FAULTS[self.code]


def verify_pack(
    folder: Path,
    root: Path,
    *,
    rerun: bool = False,
    database_url: str | None = None,
    public_key: Path | None = None,
    hypotheses: Sequence[Hypothesis] = HYPOTHESES,
    report: Report = lambda _: None,
) -> list[Fault]:
    """Return all that is wrong with the pack in `folder`, about the repository at `root`; nothing, if it holds.

    A pack of a failed proof is a good pack: its result is for its reader to see. With `rerun` the proof is
    run again, and compared; on the empty server of `database_url`, if given, whose role must have the name that the
    pack's had. With `public_key` the pack must be signed by it.

    Raises:
        SigningKeyUnusable: the public key cannot be read.
    """
    try:
        data = read_file(folder, DATA)
        document = read_file(folder, DOCUMENT)
        statement = read_file(folder, STATEMENT)
        evidence = read_evidence(data)
    except PackUnreadable as fault:
        return [Fault(fault.code, fault.detail)]
    faults = [
        *_unexpected_files(folder),
        *_changed_outputs(evidence),
        *_changed_verdicts(evidence),
    ]
    if write_canonically(evidence) != data:
        faults.append(Fault("evidence_not_canonical", f"{DATA} is not written as prove writes it."))
    faults += _changed_lines(DOCUMENT, "document_changed", document, render(evidence).encode())
    expected = statement_of(evidence, data, document)
    faults += _changed_lines(STATEMENT, "statement_changed", statement, expected)
    faults += _signature_faults(folder, statement, public_key)
    faults += _wrong_actors(evidence)
    faults += _commit_faults(evidence, root, hypotheses)
    if rerun:
        faults += _rerun_faults(evidence, root, database_url, hypotheses, report)
    return faults


def _unexpected_files(folder: Path) -> Iterator[Fault]:
    known = {DATA, DOCUMENT, STATEMENT, ENVELOPE}
    for name in sorted(path.name for path in folder.iterdir()):
        if name not in known:
            yield Fault("file_unexpected", f"{name} is no file of an evidence pack.")


def _checks(evidence: Evidence) -> list[CheckRecord]:
    return [check for hypothesis in evidence.hypotheses for check in hypothesis.checks]


def _steps(evidence: Evidence) -> Iterator[tuple[str, Step]]:
    for check in _checks(evidence):
        for number, step in enumerate(check.steps, start=1):
            yield f"{check.name}, step {number}", step


def _changed_outputs(evidence: Evidence) -> Iterator[Fault]:
    for place, step in _steps(evidence):
        if digest_of(step.output) != step.digest:
            yield Fault("output_changed", f"{place}: the output has another SHA-256 than recorded.")


def _changed_verdicts(evidence: Evidence) -> Iterator[Fault]:
    judged = judge(evidence)
    for written, computed in zip(_verdicts(evidence), _verdicts(judged), strict=False):
        if written != computed:
            yield Fault("verdict_changed", f"The pack says {written}; its outputs say {computed}.")
    if len(evidence.gates) != len(judged.gates):
        yield Fault("verdict_changed", f"The pack has {len(evidence.gates)} gates.")


def _verdicts(evidence: Evidence) -> Iterator[str]:
    for hypothesis in evidence.hypotheses:
        for check in hypothesis.checks:
            failing = ", ".join(str(number) for number in check.failing) or "none"
            yield f"{check.name} {check.verdict} (failing steps: {failing})"
        yield f"{hypothesis.name} {hypothesis.verdict or 'without a verdict'}"
    yield f"result {evidence.result}"
    for gate in evidence.gates:
        yield f"{gate.name} ({gate.what}, {', '.join(gate.requires)}) {gate.verdict} {gate.reason}"


def _changed_lines(name: str, code: str, found: bytes, expected: bytes) -> Iterator[Fault]:
    if found == expected:
        return
    pairs = zip_longest(found.split(b"\n"), expected.split(b"\n"))
    for number, (there, wanted) in enumerate(pairs, start=1):
        if there != wanted:
            shown = (there or b"").decode(errors="replace").strip()[:120]
            yield Fault(
                code, f"{name} does not follow from {DATA}; first in line {number}: {shown!r}."
            )
            return


def _signature_faults(folder: Path, statement: bytes, public_key: Path | None) -> Iterator[Fault]:
    key = load_public_key(public_key) if public_key is not None else None
    if not (folder / ENVELOPE).exists():
        if key is not None:
            yield Fault("signature_missing", "The pack is not signed.")
        return
    try:
        check_envelope(read_file(folder, ENVELOPE), statement, key)
    except (SignatureInvalid, PackUnreadable) as fault:
        yield Fault("signature_invalid", fault.detail)


def _wrong_actors(evidence: Evidence) -> Iterator[Fault]:
    if not evidence.is_clean:
        yield Fault("tree_was_dirty", "The tree differed from the commit while it was proven.")
    unbound = {
        role.name for role in evidence.environment.roles if role.is_superuser or role.bypasses_rls
    }
    bound = {role.name for role in evidence.environment.roles} - unbound
    for name in sorted(unbound):
        yield Fault(
            "superuser_acted", f"Role {name} is a superuser or bypasses row-level security."
        )
    for place, step in _steps(evidence):
        if (step.role or step.kind == "sql") and step.role not in bound:
            yield Fault(
                "superuser_acted",
                f"{place}: {step.role or 'nobody'} acted, which is not recorded as a bound role.",
            )


def _commit_faults(
    evidence: Evidence, root: Path, hypotheses: Sequence[Hypothesis]
) -> Iterator[Fault]:
    commit = evidence.commit
    try:
        git(root, "cat-file", "-e", f"{commit}^{{commit}}")
    except subprocess.CalledProcessError:
        yield Fault("commit_unknown", f"The repository has no commit {commit}.")
        return
    if (tree := git(root, "rev-parse", f"{commit}^{{tree}}")) != evidence.tree:
        yield Fault("tree_differs", f"The tree of {commit} is {tree}, not {evidence.tree}.")
    yield from _outputs_of_another_commit(evidence, root)
    head = read_commit(root).commit
    if head != commit:
        yield Fault("commit_is_not_head", f"The pack is about {commit}; {head} is checked out.")
        return
    yield from _registry_faults(evidence, hypotheses)


def _outputs_of_another_commit(evidence: Evidence, root: Path) -> Iterator[Fault]:
    """Compare what the steps show of the commit with what the repository says of it."""
    checks = {check.name: check for check in _checks(evidence)}
    for (name, step), output in outputs_for(root, evidence.commit).items():
        if name in checks and outputs_by_name(checks[name].steps).get(step) != output:
            yield Fault(
                "commit_differs",
                f"{name}, step `{step}` does not show commit {evidence.commit}, but something else.",
            )


def _registry_faults(evidence: Evidence, hypotheses: Sequence[Hypothesis]) -> Iterator[Fault]:
    """Compare with this program's own list, which is that of the commit, as it is checked out."""
    recorded = {check.name: check.claim for check in _checks(evidence)}
    known = {check.name: check.claim for hypothesis in hypotheses for check in hypothesis.checks}
    for name in sorted(known.keys() - recorded.keys()):
        yield Fault("check_missing", f"{name} is not in the pack.")
    for name in sorted(recorded.keys() - known.keys()):
        yield Fault("check_unknown", f"{name} is no check of this commit.")
    if len(recorded) != len(_checks(evidence)):
        yield Fault("check_unknown", "A check is in the pack twice.")
    for name, claim in recorded.items():
        if known.get(name, claim) != claim:
            yield Fault("claim_changed", f"{name} has another claim in this commit.")
    faults = {hypothesis.name: hypothesis.fault for hypothesis in hypotheses}
    for hypothesis in evidence.hypotheses:
        if faults.get(hypothesis.name, hypothesis.fault) != hypothesis.fault:
            yield Fault(
                "claim_changed", f"{hypothesis.name} is about another fault in this commit."
            )
        if wrong := [
            c.name for c in hypothesis.checks if c.name.partition("/")[0] != hypothesis.name
        ]:
            yield Fault("check_unknown", f"{', '.join(wrong)} is no check of {hypothesis.name}.")


def _rerun_faults(
    evidence: Evidence,
    root: Path,
    database_url: str | None,
    hypotheses: Sequence[Hypothesis],
    report: Report,
) -> Iterator[Fault]:
    here = read_commit(root)
    if here.commit != evidence.commit:
        yield Fault("rerun_refused", f"{here.commit} is checked out, and not {evidence.commit}.")
        return
    if not here.is_clean:
        yield Fault("rerun_refused", "The tree that is checked out is not clean.")
        return
    again = prove(
        root, database_url=database_url, only=evidence.only, hypotheses=hypotheses, report=report
    )
    second = {check.name: check for check in _checks(again)}
    for check in _checks(evidence):
        if check.name in second:
            yield from _compare(check, second[check.name])


def _compare(first: CheckRecord, second: CheckRecord) -> Iterator[Fault]:
    if first.verdict != second.verdict:
        yield Fault(
            "rerun_differs", f"{first.name} was {first.verdict}, and is {second.verdict} now."
        )
    if [_asked(step) for step in first.steps] != [_asked(step) for step in second.steps]:
        yield Fault("rerun_differs", f"{first.name} does, or expects, something else now.")
        return
    for number, (step, other) in enumerate(zip(first.steps, second.steps, strict=True), start=1):
        if any(map(fixes_output, step.expected)) and step.output != other.output:
            yield Fault("rerun_differs", f"{first.name}, step {number} has another output now.")


def _asked(step: Step) -> tuple[str, str, str, str, tuple[Expectation, ...]]:
    """Return what was done, as whom, and what was expected; ports and passing ids differ from run to run."""
    return step.kind, step.name, step.role, _PASSING.sub("~", step.text), step.expected
