"""`evidence.md`: the evidence for a reader who does not know the project, made of `evidence.json` and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from proof.evidence.records import CheckRecord, Evidence, HypothesisRecord
from proof.stage.steps import Expectation, Step

_HOW_DONE = {
    "sql": "SQL",
    "command": "a command",
    "http": "an HTTP request",
    "reading": "worked out by the proof",
}
_FOLDED_AFTER = 40
_LANGUAGE = {"sql": "sql", "command": "sh", "http": "http", "reading": "text"}
_INTRODUCTION = """\
This document was written by `skeldir prove`. skeldir computes for many businesses (tenants), on one PostgreSQL, which
marketing channels earned how much money. Its contract names faults that such a system could have. Each fault is a
**hypothesis**, so that REFUTED is the good outcome: `REFUTED` means that every check of it is proven, `CONFIRMED` that
at least one is not, `RESOLVED` that an earlier run confirmed it and this one refutes it. A **gate** is shut (`PASS`)
when all hypotheses that it requires are refuted; it is `FAIL` when one is confirmed, and `PENDING` when that could not
be told in this run.

A check is one claim and the steps that prove it. Of every step the command, statement or request stands here, with the
database role that acted, its whole output, the output's SHA-256, and what was expected. Every verdict was computed from
these outputs, and `skeldir verify <this folder>` computes them again; `skeldir verify <this folder> --rerun` also
does all of it again. In texts and outputs `***` stands for a secret, `$ROOT` for the folder of the source, `$SCRATCH`
for the temporary folder of the run and `python` for the interpreter."""

_ABOUT_ROLES = """\
The database roles, as the catalogue of the server (`pg_roles`) describes them. None that acts may be a superuser or
bypass row-level security, for then the database would hide nothing from it."""


def render(evidence: Evidence) -> str:
    """Return `evidence.md`; the same evidence always gives the same text."""
    blocks: list[str] = [
        f"# Evidence for commit {evidence.commit[:12]}{_part(evidence)}: {evidence.result}",
        _INTRODUCTION,
        *_header(evidence),
        *_summary(evidence),
        "## Hypotheses",
    ]
    for hypothesis in evidence.hypotheses:
        blocks += _hypothesis(hypothesis, evidence)
    blocks += _gates(evidence)
    blocks += ["## What is next", "\n".join(_next(evidence))]
    return "\n\n".join(blocks) + "\n"


def _part(evidence: Evidence) -> str:
    return " (a part of the proof)" if evidence.only else ""


def fenced(text: str, language: str = "text") -> str:
    """Return `text` as a fenced block whose fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _header(evidence: Evidence) -> list[str]:
    facts = {
        "commit": evidence.commit,
        "tree": evidence.tree,
        "branch": evidence.branch or "(none: a commit is checked out)",
        "the tree was clean": "yes" if evidence.is_clean else "NO",
        "began": evidence.began_at,
        "ended": evidence.ended_at,
        "in CI": "yes" if evidence.is_ci else "no",
        "chosen": ", ".join(evidence.only) or "everything",
        "compared with": evidence.previous.commit if evidence.previous else "no earlier pack",
        "result": evidence.result,
    }
    found = evidence.environment
    versions = {
        "Python": found.python,
        "platform": found.platform,
        "PostgreSQL": found.postgresql,
        "server": "started for this run, and removed with it"
        if found.server == "embedded"
        else "given by its URL, empty before and after",
        "packages": ", ".join(f"{name} {found.packages[name]}" for name in sorted(found.packages)),
    }
    roles = [
        [
            role.name,
            *(
                "yes" if holds else "no"
                for holds in (
                    role.can_login,
                    role.is_superuser,
                    role.bypasses_rls,
                    role.may_create_roles,
                    role.may_create_databases,
                )
            ),
        ]
        for role in found.roles
    ]
    return [
        "## What was proven",
        _table(["", ""], facts.items()),
        "## Environment",
        _table(["", ""], versions.items()),
        _ABOUT_ROLES,
        _table(
            ["role", "LOGIN", "SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB"],
            roles,
        ),
    ]


def _summary(evidence: Evidence) -> list[str]:
    hypotheses = [
        [
            hypothesis.name,
            hypothesis.fault,
            f"{_proven(hypothesis)} of {len(hypothesis.checks) + len(hypothesis.not_run)}",
            hypothesis.verdict or "not adjudicated",
        ]
        for hypothesis in evidence.hypotheses
    ]
    gates = [
        [gate.name, gate.what, ", ".join(gate.requires), gate.verdict] for gate in evidence.gates
    ]
    return [
        "## Summary",
        _table(["hypothesis", "the fault", "checks proven", "verdict"], hypotheses),
        _table(["gate", "what it is about", "requires", "verdict"], gates),
    ]


def _hypothesis(hypothesis: HypothesisRecord, evidence: Evidence) -> Iterator[str]:
    yield f"### {hypothesis.name}: {hypothesis.verdict or 'not adjudicated'}"
    yield f"**The fault:** {hypothesis.fault}"
    yield f"**Adjudication:** {_adjudication(hypothesis, evidence)}"
    for check in hypothesis.checks:
        yield from _check(check)


def _adjudication(hypothesis: HypothesisRecord, evidence: Evidence) -> str:
    count = len(hypothesis.checks)
    match hypothesis.verdict:
        case "CONFIRMED":
            failed = [check.name for check in hypothesis.checks if check.verdict != "PROVEN"]
            which = f"{len(failed)} of {count} checks not proven ({', '.join(failed)})"
            return f"{which}, so the fault is there: CONFIRMED."
        case "REFUTED":
            return f"All {count} checks are proven, so the fault is not there: REFUTED."
        case "RESOLVED":
            before = evidence.previous.commit if evidence.previous else ""
            return f"All {count} checks are proven, and commit {before} had the fault: RESOLVED."
        case None:
            return (
                f"The {count} checks that were run are proven, but {len(hypothesis.not_run)} were not run "
                f"({', '.join(hypothesis.not_run)}), so nothing is said of the fault."
            )


def _check(check: CheckRecord) -> Iterator[str]:
    yield f"#### {check.name}: {check.verdict}"
    yield f"**Claim:** {check.claim}"
    for number, step in enumerate(check.steps, start=1):
        yield from _step(step, number, len(check.steps), has_failed=number in check.failing)


def _step(step: Step, number: int, count: int, *, has_failed: bool) -> Iterator[str]:
    actor = f" as `{step.role}`" if step.role else ""
    yield (
        f"**Step {number} of {count}**, {_HOW_DONE[step.kind]}{actor}, at {step.began_at}, "
        f"{step.seconds:.3f} s:"
    )
    yield fenced(step.text, _LANGUAGE[step.kind])
    yield from _output(step)
    yield from _expected(step.expected, has_failed=has_failed)


def _output(step: Step) -> Iterator[str]:
    """Show the whole output; a long one is folded where Markdown is rendered."""
    lines = step.output.count("\n") + 1
    if not step.output:
        yield f"No output (SHA-256 `{step.digest}`)."
    elif lines <= _FOLDED_AFTER:
        yield f"Output (SHA-256 `{step.digest}`):"
        yield fenced(step.output)
    else:
        yield f"<details><summary>Output, {lines} lines (SHA-256 <code>{step.digest}</code>)</summary>"
        yield fenced(step.output)
        yield "</details>"


def _expected(expected: Expectation, *, has_failed: bool) -> Iterator[str]:
    verdict = "**NOT AS EXPECTED**" if has_failed else "**as expected**"
    match expected.kind:
        case "anything":
            yield "Expected: nothing in particular; the step prepares the next ones, or shows something."
        case "equals" if not has_failed:
            yield f"Expected: exactly this output: {verdict}."
        case "equals":
            yield f"Expected: exactly the following output: {verdict}."
            yield fenced(expected.value)
        case "same_as":
            yield f"Expected: the same output as that of step {expected.value}: {verdict}."
        case "matches":
            yield f"Expected: an output that as a whole fits this regular expression: {verdict}."
            yield fenced(expected.value)


def _gates(evidence: Evidence) -> Iterator[str]:
    yield "## Gates"
    yield _table(
        ["gate", "what it is about", "verdict", "why"],
        [
            [
                gate.name,
                gate.what,
                gate.verdict,
                gate.reason or f"{', '.join(gate.requires)}: the fault is not there.",
            ]
            for gate in evidence.gates
        ],
    )
    if evidence.log:
        yield "The run wrote this into the log of CI, for readers of the log alone:"
        yield fenced("\n".join(evidence.log))


def _next(evidence: Evidence) -> Iterator[str]:
    for hypothesis in evidence.hypotheses:
        for check in hypothesis.checks:
            if check.verdict != "PROVEN":
                where = ", ".join(str(number) for number in check.failing)
                yield (
                    f"- {check.name} is not proven. See {f'step {where}' if where else 'its steps'}, correct "
                    "the cause, commit, and run `skeldir prove --previous <this folder>`: then it is RESOLVED."
                )
        if hypothesis.not_run:
            yield (
                f"- {hypothesis.name} has checks that were not run. Run `skeldir prove --only {hypothesis.name}`, or "
                "all of it without `--only`."
            )
    for gate in evidence.gates:
        if gate.verdict == "PENDING":
            yield f"- Gate {gate.name} is PENDING. {gate.reason} {_cure_of(gate.name)}"
        elif gate.verdict == "FAIL":
            yield f"- Gate {gate.name} is FAIL. {gate.reason} It passes when that is put right and proven again."
    if all(gate.verdict == "PASS" for gate in evidence.gates):
        yield "- Nothing is open: every fault is refuted and every gate is shut for this commit."


def _cure_of(gate: str) -> str:
    if gate == "S4":
        return "Push the commit: CI runs `skeldir prove --ci`, whose pack has this gate computed."
    return "Run `skeldir prove` without `--only`."


def _proven(hypothesis: HypothesisRecord) -> int:
    return sum(check.verdict == "PROVEN" for check in hypothesis.checks)


def _table(heads: list[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
