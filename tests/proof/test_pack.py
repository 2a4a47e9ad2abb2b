"""The pack is a folder of three files that follow from the evidence, written where git does not see it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proof.evidence.document import render
from proof.evidence.markdown import fenced
from proof.evidence.pack import (
    NoteRefused,
    PackPlaceRefused,
    attach_note,
    default_place,
    read_previous,
    require_committer,
    require_free_place,
    write_pack,
)
from proof.evidence.records import (
    PackFormatUnknown,
    PackUnreadable,
    PreviousRecord,
    read_evidence,
    write_canonically,
)
from proof.stage.expectations import equals, reads, same_as
from tests.support.proving import (
    git,
    make_checkout,
    make_evidence,
    make_record,
    make_records,
    make_step,
)

NOW = datetime(2026, 6, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout")


def test_the_statement_binds_the_commit_to_both_files(tmp_path: Path) -> None:
    write_pack(tmp_path / "pack", make_evidence(*make_records(failing="LEDGER")))
    statement = json.loads((tmp_path / "pack/statement.json").read_bytes())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [
        {"name": "commit", "digest": {"gitCommit": "a" * 40}},
        {"name": "tree", "digest": {"gitTree": "b" * 40}},
    ]
    predicate = statement["predicate"]
    assert predicate["result"] == "FAILED"
    assert predicate["failedTests"] == ["LEDGER/only"]
    assert len(predicate["passedTests"]) == 10
    for resource in predicate["configuration"]:
        text = (tmp_path / "pack" / resource["name"]).read_bytes()
        assert resource["digest"] == {"sha256": hashlib.sha256(text).hexdigest()}
    assert {r["name"] for r in predicate["configuration"]} == {"evidence.json", "evidence.md"}


def test_the_data_is_canonical_and_reads_back(tmp_path: Path) -> None:
    evidence = make_evidence(*make_records())
    write_pack(tmp_path / "pack", evidence)
    text = (tmp_path / "pack/evidence.json").read_bytes()
    assert read_evidence(text) == evidence
    again = json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False)
    assert text == f"{again}\n".encode()


def test_the_document_shows_each_claim_command_output_and_verdict() -> None:
    record = make_record(
        "H-MIG-01",
        make_step("one", text="SELECT 'first'"),
        make_step("two", equals("three"), role="migrator", text="SELECT 'second'", name="second"),
        make_step("two", same_as("second")),
        make_step("four", reads("<word>")),
    )
    text = render(make_evidence(record, make_records()[0]))
    assert "# Evidence for commit aaaaaaaaaaaa: FAILED" in text
    assert "## H-MIG-01: CONFIRMED: fault found\n\n**The fault:** H-MIG-01 holds." in text
    assert "1 of 1 checks not proven (H-MIG-01/only)" in text
    assert "**Claim:** H-MIG-01 does not hold." in text
    assert "**Step 2 of 4** (“second”), SQL as `migrator`" in text
    assert "```sql\nSELECT 'second'\n```" in text
    assert f"SHA-256 `{hashlib.sha256(b'two').hexdigest()}`" in text
    assert "Expected: exactly this output: **NOT AS EXPECTED**.\n\n```text\nthree\n```" in text
    assert "the same output as that of the step `second`: **as expected**" in text
    assert "- H-MIG-01/only is not proven. See step 2" in text
    assert "- Gate S1 is FAIL." in text
    assert "- Gate S4 is PENDING. This run was not made in CI." in text
    assert "All 1 checks are proven, so the fault is not there: REFUTED." in text


def test_a_long_output_is_complete_and_folded() -> None:
    long = "\n".join(f"row {number}" for number in range(41))
    short = long.rpartition("\n")[0]
    record = make_record("H-MIG-01", make_step(long, equals(long)), make_step(short, equals(short)))
    text = render(make_evidence(record))
    assert f"</summary>\n\n{fenced(long)}\n\n</details>" in text
    assert f"`):\n\n{fenced(short)}\n\nExpected" in text


def test_the_document_names_what_was_resolved() -> None:
    previous = PreviousRecord(commit="c" * 40, sha256="d" * 64, confirmed=("LEDGER",))
    text = render(make_evidence(*make_records(), previous=previous))
    assert f"All 1 checks are proven, and commit {'c' * 40} had the fault: RESOLVED." in text


@given(st.text(st.sampled_from("`~\n a#")))
@example("````")
@example("a ``` b\n`````\n")
def test_a_fence_is_longer_than_any_in_the_text(text: str) -> None:
    lines = fenced(text).split("\n")
    fence = lines[-1]
    assert re.fullmatch(r"`{3,}", fence)
    assert lines[0] == f"{fence}text"
    assert not any(line.strip().startswith(fence) for line in lines[1:-1])
    assert "\n".join(lines[1:-1]) == text


def test_what_an_earlier_pack_confirmed_is_read_from_its_outputs(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_pack(pack, make_evidence(*make_records(failing="LEDGER")))
    assert read_previous(pack).confirmed == ("LEDGER",)
    data = pack / "evidence.json"
    data.write_bytes(data.read_bytes().replace(b'"CONFIRMED"', b'"REFUTED"'))
    assert read_previous(pack).confirmed == ("LEDGER",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"", "the file"),
        (b"{}", "commit"),
        (b"\xff", "the file"),
        (b'{"format": "other"}', "format"),
    ],
)
def test_what_is_no_evidence_is_refused(text: bytes, named: str) -> None:
    with pytest.raises(PackUnreadable, match=named):
        read_evidence(text)


def test_a_pack_of_an_earlier_format_is_refused_with_what_to_do() -> None:
    written = write_canonically(make_evidence(*make_records()))
    earlier = written.replace(b'"skeldir-evidence/2"', b'"skeldir-evidence/1"')
    with pytest.raises(
        PackFormatUnknown, match="this program reads 'skeldir-evidence/2'"
    ) as refused:
        read_evidence(earlier)
    assert refused.value.code == "pack_format_unknown"
    assert "Check out the pack's commit" in refused.value.cure


def test_a_hash_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="commit"):
        make_evidence(commit="--upload-pack=x")


def test_a_place_with_something_in_it_is_refused(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    (tmp_path / "empty").mkdir()
    for refused in (tmp_path / "full", tmp_path / "full/x", tmp_path / "full/x/y"):
        with pytest.raises(PackPlaceRefused):
            require_free_place(refused, checkout)
    for taken in (tmp_path / "empty", tmp_path / "new/deep"):
        require_free_place(taken, checkout)


def test_a_place_that_git_would_see_is_refused(checkout: Path) -> None:
    with pytest.raises(PackPlaceRefused, match="does not ignore"):
        require_free_place(checkout / "out", checkout)
    place = default_place(checkout, "a" * 40, NOW)
    assert place == checkout / "evidence/20260601T123000Z-aaaaaaaaaaaa"
    require_free_place(place, checkout)
    write_pack(place, make_evidence(*make_records()))
    assert git(checkout, "status", "--porcelain") == ""


def test_the_project_ignores_the_default_place() -> None:
    root = Path(__file__).resolve().parents[2]
    assert "/evidence/" in (root / ".gitignore").read_text().splitlines()


def test_a_note_of_nobody_is_refused_before_the_proof(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    git(checkout, "config", "user.useConfigOnly", "true")
    with pytest.raises(NoteRefused, match=r"git would not take a note: fatal: "):
        require_committer(checkout)
    git(checkout, "config", "user.name", "A")
    git(checkout, "config", "user.email", "a@example.org")
    require_committer(checkout)


def test_the_statement_is_attached_as_a_note(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "A")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "a@example.org")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "A")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "a@example.org")
    commit = git(checkout, "rev-parse", "HEAD")
    write_pack(tmp_path / "pack", make_evidence(*make_records(), commit=commit))
    attach_note(checkout, tmp_path / "pack", commit)
    attach_note(checkout, tmp_path / "pack", commit)
    noted = git(checkout, "notes", "--ref=skeldir-evidence", "show", commit)
    assert json.loads(noted)["subject"][0]["digest"] == {"gitCommit": commit}
    assert git(checkout, "status", "--porcelain") == ""
