"""From recorded outputs to verdicts: nothing else goes in, so that whoever has the outputs gets the same verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from proof.evidence.records import (
    CheckRecord,
    Evidence,
    GateRecord,
    GateVerdict,
    HypothesisRecord,
    HypothesisVerdict,
)
from proof.registry import GATES, Gate
from proof.stage.steps import Step, failing_steps, is_proven
from proof.words import INVENTORY_LINE
from skeldir.matviews import CANONICAL_VIEWS

_REFRESHED = "REFRESH MATERIALIZED VIEW"


def judge(evidence: Evidence) -> Evidence:
    """Return `evidence` with every verdict computed from its outputs, whatever verdicts it came with."""
    confirmed_before = evidence.previous.confirmed if evidence.previous else ()
    hypotheses = tuple(
        judge_hypothesis(hypothesis, confirmed_before) for hypothesis in evidence.hypotheses
    )
    judged = evidence.model_copy(update={"hypotheses": hypotheses})
    gates: list[GateRecord] = []
    for gate in GATES:
        verdict, reason = _judge_gate(gate, judged, gates)
        gates.append(
            GateRecord(
                name=gate.name,
                what=gate.what,
                requires=gate.requires,
                verdict=verdict,
                reason=reason,
            )
        )
    has_failed = any(hypothesis.verdict == "CONFIRMED" for hypothesis in hypotheses)
    has_failed |= any(gate.verdict == "FAIL" for gate in gates)
    is_empty = not any(hypothesis.checks for hypothesis in hypotheses)
    return judged.model_copy(
        update={"gates": tuple(gates), "result": "FAILED" if has_failed or is_empty else "PASSED"}
    )


def judge_hypothesis(
    hypothesis: HypothesisRecord, confirmed_before: Iterable[str]
) -> HypothesisRecord:
    """Return the hypothesis with its verdict and those of its checks.

    One check that is not proven confirms the fault. It is refuted when all of its checks were run and are proven.
    """
    checks = tuple(judge_check(check) for check in hypothesis.checks)
    verdict: HypothesisVerdict | None = None
    if any(check.verdict == "NOT PROVEN" for check in checks):
        verdict = "CONFIRMED"
    elif checks and not hypothesis.not_run:
        verdict = "RESOLVED" if hypothesis.name in confirmed_before else "REFUTED"
    return hypothesis.model_copy(update={"checks": checks, "verdict": verdict})


def judge_check(check: CheckRecord) -> CheckRecord:
    """Return the check with its verdict and the numbers of its failing steps."""
    return check.model_copy(
        update={
            "verdict": "PROVEN" if is_proven(check.steps) else "NOT PROVEN",
            "failing": tuple(failing_steps(check.steps)),
        }
    )


def _judge_gate(
    gate: Gate, evidence: Evidence, before: Sequence[GateRecord]
) -> tuple[GateVerdict, str]:
    verdicts = {hypothesis.name: hypothesis.verdict for hypothesis in evidence.hypotheses}
    confirmed = [name for name in gate.requires if verdicts.get(name) == "CONFIRMED"]
    if gate.name == "S4":
        if not evidence.is_ci:
            return "PENDING", "This run was not made in CI."
        if failed := [earlier.name for earlier in before if earlier.verdict == "FAIL"]:
            return "FAIL", f"{', '.join(failed)} failed."
    if confirmed:
        return "FAIL", f"{', '.join(confirmed)}: CONFIRMED."
    if open_ones := [name for name in gate.requires if verdicts.get(name) is None]:
        return "PENDING", f"Not all checks of {', '.join(open_ones)} were run."
    if gate.name == "S0" and not evidence.is_clean:
        return "FAIL", "The tree changed while it was proven, or was not clean."
    if gate.name == "S4" and (missing := missing_anchors(evidence)):
        return "FAIL", f"The log lacks: {', '.join(missing)}."
    return "PASS", ""


def anchor_lines(evidence: Evidence) -> tuple[str, ...]:
    """Return what the log of a run in CI must show: both lists, the line of their equality, the refreshes."""
    steps = [
        (check.name, number, step)
        for hypothesis in evidence.hypotheses
        if hypothesis.name == "H-MV-01"
        for check in hypothesis.checks
        for number, step in enumerate(check.steps, start=1)
        if _anchors_in(step)
    ]
    lines: list[str] = []
    for check, number, step in steps:
        lines.append(f"[{check}, step {number}, {step.role or step.kind}] {step.text}")
        lines += step.output.splitlines()
    return tuple(lines)


def missing_anchors(evidence: Evidence) -> list[str]:
    """Return which of the four anchors no step shows, or the log does not repeat."""
    shown = {
        anchor
        for hypothesis in evidence.hypotheses
        if hypothesis.name == "H-MV-01"
        for check in hypothesis.checks
        for step in check.steps
        for anchor in _anchors_in(step)
    }
    is_logged = evidence.log == anchor_lines(evidence)
    return [anchor for anchor in _ANCHORS if anchor not in shown or not is_logged]


_ANCHORS = ("registry list", "pg_matviews list", "equality line", "refresh proof")


def _anchors_in(step: Step) -> list[str]:
    has_all_names = all(view.name in step.output for view in CANONICAL_VIEWS)
    refreshes = all(
        f'{_REFRESHED} CONCURRENTLY public."{view.name}"' in step.text for view in CANONICAL_VIEWS
    )
    has_refreshed = step.output.splitlines() == [_REFRESHED] * len(CANONICAL_VIEWS)
    found = {
        "registry list": step.kind == "command"
        and "CANONICAL_VIEWS" in step.text
        and has_all_names,
        "pg_matviews list": step.kind == "sql"
        and "FROM pg_matviews" in step.text
        and has_all_names,
        "equality line": step.output == INVENTORY_LINE,
        "refresh proof": step.role == "app_user" and refreshes and has_refreshed,
    }
    return [anchor for anchor, is_there in found.items() if is_there]
