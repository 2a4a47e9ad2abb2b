"""Verdicts follow from recorded outputs, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proof.contract import Check
from proof.evidence.records import Evidence, PreviousRecord, read_evidence, write_canonically
from proof.evidence.verdicts import anchor_lines, judge
from proof.registry import GATES, HYPOTHESES
from proof.stage.expectations import equals, same_as
from proof.stage.steps import Step, failing_steps, is_proven
from proof.words import INVENTORY_LINE
from skeldir.matviews import CANONICAL_VIEWS
from tests.support.proving import make_evidence, make_record, make_records, make_step

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_same_as_asks_for_an_earlier_step_of_that_name() -> None:
    first = make_step("1", name="one")
    same = same_as("one")
    assert failing_steps([first, make_step("1", same)]) == []
    assert failing_steps([first, make_step("2", same)]) == [2]
    assert failing_steps([make_step("1", same), first]) == [1]
    assert failing_steps([first, make_step("1", same_as("two"))]) == [2]
    assert failing_steps([make_step("1", same_as("one"), name="one")]) == [1]
    assert failing_steps([make_step("1", same_as(""))]) == [1]


def test_a_name_that_stands_twice_names_no_step() -> None:
    twice = [make_step("1", name="one"), make_step("1", name="one")]
    assert failing_steps([*twice, make_step("1", same_as("one"))]) == [3]


def test_every_expectation_of_a_step_must_be_met() -> None:
    assert failing_steps([make_step("1", equals("1"), equals("2"))]) == [1]


def test_a_check_that_expects_nothing_is_not_proven() -> None:
    assert not is_proven([])
    assert not is_proven([make_step("1")])
    assert is_proven([make_step("1"), make_step("1", equals("1"))])


@given(TEXTS)
def test_evidence_reads_back_as_it_was_written(output: str) -> None:
    evidence = make_evidence(make_record("LEDGER", make_step(output, equals(output))))
    written = write_canonically(evidence)
    assert read_evidence(written) == evidence
    assert b"\r" not in written


def verdicts(evidence: Evidence) -> dict[str, str]:
    return {gate.name: gate.verdict for gate in evidence.gates}


def test_all_refuted_shuts_every_gate_but_the_one_of_ci() -> None:
    evidence = make_evidence(*make_records())
    assert {h.verdict for h in evidence.hypotheses} == {"REFUTED"}
    assert verdicts(evidence) == dict.fromkeys(["S0", "S1", "S2", "S3"], "PASS") | {"S4": "PENDING"}
    assert evidence.result == "PASSED"


@pytest.mark.parametrize("failing", GATES[-1].requires)
@pytest.mark.parametrize("is_ci", [False, True])
def test_one_confirmed_fault_opens_its_gate_and_that_of_ci(failing: str, is_ci: bool) -> None:
    evidence = make_evidence(*make_records(failing=failing), is_ci=is_ci)
    assert [h.name for h in evidence.hypotheses if h.verdict == "CONFIRMED"] == [failing]
    failed = {gate.name for gate in GATES[:-1] if failing in gate.requires}
    assert {g.name for g in evidence.gates if g.verdict == "FAIL"} == failed | (
        {"S4"} if is_ci else set()
    )
    assert evidence.result == "FAILED"


@pytest.mark.parametrize("without", GATES[-1].requires)
def test_a_hypothesis_that_was_not_run_leaves_its_gates_pending(without: str) -> None:
    evidence = make_evidence(*make_records(without=without), is_ci=True)
    pending = {gate.name for gate in GATES if without in gate.requires}
    assert {gate.name for gate in evidence.gates if gate.verdict == "PENDING"} == pending
    assert all(without in gate.reason for gate in evidence.gates if gate.name in pending)


def test_a_hypothesis_with_a_check_that_was_not_run_has_no_verdict() -> None:
    record = make_record("LEDGER", make_step("1", equals("1")), not_run=("LEDGER/other",))
    assert make_evidence(record).hypotheses[0].verdict is None
    failing = make_record("LEDGER", make_step("1", equals("2")), not_run=("LEDGER/other",))
    assert make_evidence(failing).hypotheses[0].verdict == "CONFIRMED"


def test_nothing_run_is_not_passed() -> None:
    assert make_evidence().result == "FAILED"


def test_a_dirty_tree_opens_the_gate_of_the_repository() -> None:
    evidence = make_evidence(*make_records(), is_clean=False)
    assert verdicts(evidence)["S0"] == "FAIL"
    assert evidence.result == "FAILED"


def test_what_was_confirmed_before_and_is_refuted_now_is_resolved() -> None:
    previous = PreviousRecord(commit="c" * 40, sha256="d" * 64, confirmed=("LEDGER",))
    evidence = make_evidence(*make_records(), previous=previous)
    assert [h.name for h in evidence.hypotheses if h.verdict == "RESOLVED"] == ["LEDGER"]
    assert verdicts(evidence)["S3"] == "PASS"
    still = make_evidence(*make_records(failing="LEDGER"), previous=previous)
    assert [h.name for h in still.hypotheses if h.verdict == "CONFIRMED"] == ["LEDGER"]


def anchored_steps() -> list[Step]:
    names = "\n".join(view.name for view in CANONICAL_VIEWS)
    statements = ";\n".join(
        f'REFRESH MATERIALIZED VIEW CONCURRENTLY public."{view.name}"' for view in CANONICAL_VIEWS
    )
    registry = replace(make_step(names, text="print(CANONICAL_VIEWS)", role=""), kind="command")
    refreshed = "\n".join(["REFRESH MATERIALIZED VIEW"] * 5)
    return [
        registry,
        make_step(names, text="SELECT matviewname FROM pg_matviews"),
        make_step(INVENTORY_LINE, equals(INVENTORY_LINE)),
        make_step(refreshed, equals(refreshed), text=statements),
    ]


def in_ci(steps: list[Step], *, is_logged: bool = True) -> Evidence:
    others = [record for record in make_records() if record.name != "H-MV-01"]
    evidence = make_evidence(*others, make_record("H-MV-01", *steps), is_ci=True)
    log = anchor_lines(evidence) if is_logged else ()
    return judge(evidence.model_copy(update={"log": log}))


def test_the_gate_of_ci_passes_with_all_four_anchors_in_the_log() -> None:
    evidence = in_ci(anchored_steps())
    assert verdicts(evidence)["S4"] == "PASS"
    assert evidence.result == "PASSED"
    assert INVENTORY_LINE in evidence.log


@pytest.mark.parametrize(
    ("left_out", "named"),
    [(0, "registry list"), (1, "pg_matviews list"), (2, "equality line"), (3, "refresh proof")],
)
def test_the_gate_of_ci_fails_without_one_of_the_anchors(left_out: int, named: str) -> None:
    steps = [step for number, step in enumerate(anchored_steps()) if number != left_out]
    gate = in_ci(steps).gates[-1]
    assert (gate.verdict, gate.reason) == ("FAIL", f"The log lacks: {named}.")


def test_the_gate_of_ci_fails_when_nothing_was_printed() -> None:
    assert verdicts(in_ci(anchored_steps(), is_logged=False))["S4"] == "FAIL"


def test_the_registry_has_every_hypothesis_with_checks_of_its_own_name() -> None:
    names = [check.name for hypothesis in HYPOTHESES for check in hypothesis.checks]
    assert len(names) == len(set(names))
    for hypothesis in HYPOTHESES:
        assert hypothesis.checks
        assert {check.hypothesis for check in hypothesis.checks} == {hypothesis.name}
        for check in hypothesis.checks:
            assert isinstance(check, Check)
            assert check.claim.endswith("."), check.name
    assert HYPOTHESES[-1].name == "H-OBS-01"  # it stops the database
    assert {name for gate in GATES[:-1] for name in gate.requires} | {
        "H-OBS-01",
        "LIVENESS",
        "H-INBOX-01",
    } == {hypothesis.name for hypothesis in HYPOTHESES}
