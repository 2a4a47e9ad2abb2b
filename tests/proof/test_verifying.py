"""A pack holds until something of it, or of what it is about, is changed; what was changed is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from proof.checkout import read_commit
from proof.contract import Hypothesis
from proof.evidence.pack import write_pack
from proof.evidence.records import Evidence, canonical_json, read_evidence
from proof.evidence.running import prove
from proof.evidence.verdicts import judge
from proof.evidence.verifying import FAULTS, verify_pack
from proof.stage.expectations import equals, every, one_row, reads, same_as
from proof.stage.proving import Proof
from tests.support.proving import git, make_checkout, make_hypotheses, make_role

HYPOTHESES = make_hypotheses()
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("verifying")]  # one worker: one proof


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    """A checkout, and the evidence of a real run about it."""
    root = make_checkout(tmp_path_factory.mktemp("proven") / "checkout")
    return root, prove(root, hypotheses=HYPOTHESES)


@pytest.fixture
def root(proven: tuple[Path, Evidence]) -> Path:
    return proven[0]


@pytest.fixture
def pack(proven: tuple[Path, Evidence], tmp_path: Path) -> Path:
    write_pack(tmp_path / "pack", proven[1])
    return tmp_path / "pack"


def codes(pack: Path, root: Path, hypotheses: tuple[Hypothesis, ...] = HYPOTHESES) -> set[str]:
    return {fault.code for fault in verify_pack(pack, root, hypotheses=hypotheses)}


def test_a_pack_as_it_was_written_holds(pack: Path, root: Path) -> None:
    assert verify_pack(pack, root, hypotheses=HYPOTHESES) == []


def test_a_pack_of_a_failed_proof_holds_too(root: Path, tmp_path: Path) -> None:
    def fail(proof: Proof) -> None:
        proof.read("one", "1", expect=equals("2"))

    hypotheses = make_hypotheses(fail)
    evidence = prove(root, hypotheses=hypotheses)
    assert evidence.result == "FAILED"
    write_pack(tmp_path / "failed", evidence)
    assert verify_pack(tmp_path / "failed", root, hypotheses=hypotheses) == []


def change_data(pack: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = pack / "evidence.json"
    fields = json.loads(data.read_bytes())
    change(fields)
    data.write_bytes(canonical_json(fields))


def rewrite(pack: Path, evidence: Evidence) -> None:
    """Write the complete pack again, as a forger would who knows how."""
    write_pack(pack, judge(evidence))


def first_step(fields: dict[str, Any]) -> dict[str, Any]:
    step: dict[str, Any] = fields["hypotheses"][0]["checks"][0]["steps"][1]
    return step


def test_one_byte_of_an_output_is_named(pack: Path, root: Path) -> None:
    change_data(pack, lambda fields: first_step(fields).update(output="2"))
    faults = verify_pack(pack, root, hypotheses=HYPOTHESES)
    named = {fault.code: fault.detail for fault in faults}
    assert "H-REPO-01/counting, step 2" in named["output_changed"]
    assert {"verdict_changed", "document_changed", "statement_changed"} <= set(named)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.update(result="FAILED"), "result FAILED"),
        (lambda f: f["gates"][0].update(verdict="PENDING"), "S0"),
        (lambda f: f["gates"][-1].update(verdict="PASS", reason=""), "S4"),
        (lambda f: f["gates"].pop(), "4 gates"),
        (lambda f: f["hypotheses"][1].update(verdict="RESOLVED"), "H-MIG-01 RESOLVED"),
        (
            lambda f: f["hypotheses"][0]["checks"][1].update(verdict="NOT PROVEN"),
            "H-REPO-01/again NOT PROVEN",
        ),
        (
            lambda f: f["hypotheses"][0]["checks"][1].update(failing=[1]),
            "H-REPO-01/again PROVEN (failing steps: 1)",
        ),
    ],
)
def test_one_word_of_a_verdict_is_named(
    pack: Path, root: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    change_data(pack, change)
    faults = verify_pack(pack, root, hypotheses=HYPOTHESES)
    assert said in " ".join(fault.detail for fault in faults if fault.code == "verdict_changed")


def test_a_changed_word_in_the_document_is_named(pack: Path, root: Path) -> None:
    document = pack / "evidence.md"
    document.write_bytes(document.read_bytes().replace(b"REFUTED.", b"REFUTED!", 1))
    assert codes(pack, root) == {"document_changed", "statement_changed"}


def test_every_single_changed_byte_is_noticed(pack: Path, root: Path) -> None:
    """Not every one is tried, but some in every part of every file."""
    for name in ("evidence.json", "evidence.md", "statement.json"):
        path = pack / name
        whole = path.read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 40)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert codes(pack, root), f"{name}, byte {at}"
        path.write_bytes(whole)
    assert codes(pack, root) == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["subject"][0]["digest"].update(gitCommit="f" * 40),
        lambda s: s["predicate"].update(result="FAILED"),
        lambda s: s["predicate"]["passedTests"].pop(),
        lambda s: s["predicate"]["configuration"][0]["digest"].update(sha256="0" * 64),
        lambda s: s.update(more=1),
    ],
)
def test_a_changed_statement_is_named(
    pack: Path, root: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = pack / "statement.json"
    statement = json.loads(path.read_bytes())
    change(statement)
    path.write_bytes(canonical_json(statement))
    assert codes(pack, root) == {"statement_changed"}


def test_evidence_in_another_form_is_named(pack: Path, root: Path) -> None:
    path = pack / "evidence.json"
    path.write_bytes(json.dumps(json.loads(path.read_bytes())).encode())
    assert codes(pack, root) == {"evidence_not_canonical", "statement_changed"}


def test_a_missing_file_and_one_too_many_are_named(pack: Path, root: Path) -> None:
    (pack / "more.txt").touch()
    assert codes(pack, root) == {"file_unexpected"}
    (pack / "evidence.md").unlink()
    assert codes(pack, root) == {"pack_unreadable"}


@pytest.mark.parametrize("name", ["evidence.json", "evidence.md", "statement.json"])
def test_a_folder_in_place_of_a_file_is_named(pack: Path, root: Path, name: str) -> None:
    (pack / name).unlink()
    (pack / name).mkdir()
    assert codes(pack, root) == {"pack_unreadable"}


def evidence_of(pack: Path) -> Evidence:
    return read_evidence((pack / "evidence.json").read_bytes())


@pytest.mark.parametrize(
    ("update", "code"),
    [
        ({"commit": "f" * 40}, "commit_unknown"),
        ({"tree": "f" * 40}, "tree_differs"),
        ({"is_clean": False}, "tree_was_dirty"),
    ],
)
def test_a_forged_header_is_named(
    pack: Path, root: Path, update: dict[str, object], code: str
) -> None:
    rewrite(pack, evidence_of(pack).model_copy(update=update))
    assert codes(pack, root) == {code}


@pytest.mark.parametrize("attributes", [{"is_superuser": True}, {"bypasses_rls": True}])
def test_a_superuser_is_named(pack: Path, root: Path, attributes: dict[str, bool]) -> None:
    evidence = evidence_of(pack)
    environment = evidence.environment.model_copy(
        update={"roles": (make_role("postgres", **attributes),)}
    )
    rewrite(pack, evidence.model_copy(update={"environment": environment}))
    assert codes(pack, root) == {"superuser_acted"}


def test_a_step_of_a_role_that_is_not_recorded_is_named(pack: Path, root: Path) -> None:
    evidence = evidence_of(pack)
    hypothesis = evidence.hypotheses[0]
    check = hypothesis.checks[0]
    steps = (replace(check.steps[0], role="postgres"), *check.steps[1:])
    checks = (check.model_copy(update={"steps": steps}), *hypothesis.checks[1:])
    changed = (hypothesis.model_copy(update={"checks": checks}), *evidence.hypotheses[1:])
    rewrite(pack, evidence.model_copy(update={"hypotheses": changed}))
    assert codes(pack, root) == {"superuser_acted"}


def test_a_removed_check_is_named(pack: Path, root: Path) -> None:
    evidence = evidence_of(pack)
    first = evidence.hypotheses[0]
    fewer = first.model_copy(update={"checks": first.checks[1:]})
    rewrite(pack, evidence.model_copy(update={"hypotheses": (fewer, *evidence.hypotheses[1:])}))
    faults = verify_pack(pack, root, hypotheses=HYPOTHESES)
    assert [(fault.code, fault.detail) for fault in faults] == [
        ("check_missing", "H-REPO-01/counting is not in the pack.")
    ]


def test_a_run_of_some_checks_lacks_the_others(root: Path, tmp_path: Path) -> None:
    evidence = prove(root, only=["H-REPO-01/again", "H-MIG-01"], hypotheses=HYPOTHESES)
    assert [h.verdict for h in evidence.hypotheses] == [None, "REFUTED"]
    write_pack(tmp_path / "part", evidence)
    assert codes(tmp_path / "part", root) == {"check_missing"}


def test_a_check_too_many_and_another_claim_are_named(pack: Path, root: Path) -> None:
    assert codes(pack, root, HYPOTHESES[:1]) == {"check_unknown"}
    first = HYPOTHESES[0]
    reworded = replace(
        first, checks=(replace(first.checks[0], claim="One is two."), *first.checks[1:])
    )
    assert codes(pack, root, (reworded, HYPOTHESES[1])) == {"claim_changed"}
    about_another = replace(first, fault="Two is not two.")
    assert codes(pack, root, (about_another, HYPOTHESES[1])) == {"claim_changed"}


def test_a_check_that_is_there_twice_is_named(pack: Path, root: Path) -> None:
    evidence = evidence_of(pack)
    twice = (*evidence.hypotheses, evidence.hypotheses[1])
    rewrite(pack, evidence.model_copy(update={"hypotheses": twice}))
    assert codes(pack, root) == {"check_unknown"}


def test_another_commit_is_named_and_not_run_again(tmp_path: Path) -> None:
    root = make_checkout(tmp_path / "checkout")
    write_pack(tmp_path / "pack", prove(root, hypotheses=HYPOTHESES))
    (root / "more").touch()
    faults = verify_pack(tmp_path / "pack", root, rerun=True, hypotheses=HYPOTHESES)
    assert {fault.code for fault in faults} == {"rerun_refused"}
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=Two")
    faults = verify_pack(tmp_path / "pack", root, rerun=True, hypotheses=HYPOTHESES)
    assert {fault.code for fault in faults} == {"commit_is_not_head", "rerun_refused"}


def test_a_second_run_that_comes_to_the_same_is_accepted(pack: Path, root: Path) -> None:
    assert verify_pack(pack, root, rerun=True, hypotheses=HYPOTHESES) == []


@pytest.mark.parametrize(
    "prove_otherwise",
    [
        lambda proof: proof.read("one", "2", expect=equals("1")),
        lambda proof: proof.read("one", "2", expect=equals("2")),
    ],
)
def test_a_second_run_that_comes_to_something_else_is_named(
    pack: Path, root: Path, prove_otherwise: Callable[[Proof], None]
) -> None:
    hypotheses = make_hypotheses(prove_otherwise)
    faults = verify_pack(pack, root, rerun=True, hypotheses=hypotheses)
    assert {fault.code for fault in faults} == {"rerun_differs"}
    assert all("H-MIG-01/last" in fault.detail for fault in faults)


def prove_matching(proof: Proof) -> None:
    """Record an output that is allowed to differ, and one that repeats it."""
    proof.read("a number", "1", expect=reads("<number>"), name="number")
    proof.read("the same number", "1", expect=same_as("number"))


def prove_another_number(proof: Proof) -> None:
    proof.read("a number", "2", expect=reads("<number>"), name="number")
    proof.read("the same number", "2", expect=same_as("number"))


def prove_less(proof: Proof) -> None:
    proof.read("a number", "1", expect=reads("<text>"), name="number")
    proof.read("the same number", "1", expect=same_as("number"))


@pytest.mark.parametrize(
    ("prove_otherwise", "said"),
    [
        (prove_another_number, "H-MIG-01/last, step 2 has another output now."),
        (prove_less, "H-MIG-01/last does, or expects, something else now."),
    ],
)
def test_a_second_run_must_expect_and_repeat_the_same(
    root: Path, tmp_path: Path, prove_otherwise: Callable[[Proof], None], said: str
) -> None:
    only = ["H-MIG-01"]
    write_pack(
        tmp_path / "pack", prove(root, only=only, hypotheses=make_hypotheses(prove_matching))
    )
    again = make_hypotheses(prove_otherwise)
    faults = verify_pack(tmp_path / "pack", root, rerun=True, hypotheses=again)
    assert [f.detail for f in faults if f.code == "rerun_differs"] == [said]


@pytest.fixture
def key_and_public_file(tmp_path: Path) -> tuple[Ed25519PrivateKey, Path]:
    key, path = Ed25519PrivateKey.generate(), tmp_path / "key.pub.pem"
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key, path


def test_a_signed_pack_is_accepted_with_its_key_and_without(
    pack: Path, root: Path, key_and_public_file: tuple[Ed25519PrivateKey, Path]
) -> None:
    key, path = key_and_public_file
    write_pack(pack, evidence_of(pack), key)
    for public_key in (None, path):
        assert verify_pack(pack, root, public_key=public_key, hypotheses=HYPOTHESES) == []


def test_a_pack_by_another_key_or_without_one_is_refused(
    pack: Path, root: Path, key_and_public_file: tuple[Ed25519PrivateKey, Path]
) -> None:
    _, path = key_and_public_file
    faults = verify_pack(pack, root, public_key=path, hypotheses=HYPOTHESES)
    assert {fault.code for fault in faults} == {"signature_missing"}
    write_pack(pack, evidence_of(pack), Ed25519PrivateKey.generate())
    faults = verify_pack(pack, root, public_key=path, hypotheses=HYPOTHESES)
    assert {fault.code for fault in faults} == {"signature_invalid"}


def test_a_forged_pack_keeps_no_signature(
    pack: Path, root: Path, key_and_public_file: tuple[Ed25519PrivateKey, Path]
) -> None:
    """Whoever changes the outputs and computes everything anew cannot sign it."""
    key, path = key_and_public_file
    evidence = evidence_of(pack)
    write_pack(pack, evidence, key)
    rewrite(pack, evidence.model_copy(update={"branch": "other"}))
    for public_key in (None, path):
        faults = verify_pack(pack, root, public_key=public_key, hypotheses=HYPOTHESES)
        assert {fault.code for fault in faults} == {"signature_invalid"}


def test_a_change_while_it_is_proven_makes_the_tree_dirty(tmp_path: Path) -> None:
    root = make_checkout(tmp_path / "checkout")
    evidence = prove(
        root, hypotheses=make_hypotheses(lambda proof: (proof.ground.root / "new").touch())
    )
    assert not evidence.is_clean
    assert read_commit(root).commit == evidence.commit


def test_a_fault_in_a_check_is_recorded_and_the_others_go_on(root: Path) -> None:
    def stumble(proof: Proof) -> None:
        proof.ask("app_user", "no_such_database", "SELECT 1")

    evidence = prove(root, hypotheses=make_hypotheses(stumble)[::-1])
    stumbled = evidence.hypotheses[0].checks[0]
    assert stumbled.verdict == "NOT PROVEN"
    assert stumbled.steps[-1].output.startswith("OperationalError: ")
    assert [h.verdict for h in evidence.hypotheses] == ["CONFIRMED", "REFUTED"]


def test_secrets_do_not_stand_in_expectations(root: Path) -> None:
    def show(proof: Proof) -> None:
        proof.ground.keep_secret("hidden-1")
        proof.read("a secret", "it is hidden-1", expect=equals("it is hidden-1"))
        where = {"secret": ("other", "hidden-1")}
        proof.tabulate(
            "a secret in a table",
            ("secret",),
            [("hidden-1",)],
            expect=(one_row(secret="hidden-1"), every("secret", "hidden-1", where=where)),
        )

    evidence = prove(root, only=["H-MIG-01"], hypotheses=make_hypotheses(show))
    assert "hidden-1" not in evidence.model_dump_json()
    assert evidence.hypotheses[0].verdict == "REFUTED"


def test_every_fault_is_documented() -> None:
    document = (Path(__file__).resolve().parents[2] / "docs/errors.md").read_text()
    listed = document.partition("## Evidence packs")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", listed, re.MULTILINE)) == set(FAULTS)
