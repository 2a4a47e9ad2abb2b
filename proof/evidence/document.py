"""`evidence.md`: the evidence for a reader who does not know the project, made of `evidence.json` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proof.evidence.markdown import fenced, table
from proof.evidence.page import controllers_page
from proof.evidence.records import CheckRecord, Evidence, HypothesisRecord
from proof.evidence.sentences import describe
from proof.stage.kinds import fixes_output
from proof.stage.steps import Step, unmet
from proof.words import with_meaning

_HOW_DONE = {
    "sql": "SQL",
    "command": "a command",
    "http": "an HTTP request",
    "reading": "worked out by the proof",
}
_FOLDED_AFTER = 40
_LANGUAGE = {"sql": "sql", "command": "sh", "http": "http", "reading": "text"}
_ABOUT_VERDICTS = """\
Each fault that the contract names is a **hypothesis**, so `REFUTED` is the good verdict: every check of it is proven.
`CONFIRMED` means that at least one is not, `RESOLVED` that an earlier run confirmed it and this one refutes it. A
**gate** asks for several hypotheses: it is `PASS` when all of them are refuted, `FAIL` when one is confirmed, and
`PENDING` when this run could not decide."""
_ABOUT_STEPS = """\
A check is one claim and the steps that prove it. Each step shows its command, statement or request, the database role
that acted, the complete output, the SHA-256 of the output, and what was expected of it. In texts and outputs `***`
stands for a secret, `$ROOT` for the folder of the source, `$SCRATCH` for the temporary folder of the run and `python`
for the interpreter. In a table a backslash stands before a `|` that belongs to a value, and `\\n` for a line end in
one."""
_ABOUT_ROLES = """\
The database roles, as the catalogue of the server (`pg_roles`) describes them. None that acts may be a superuser or
bypass row-level security, because the database would hide nothing from it."""


def render(evidence: Evidence) -> str:
    """Return `evidence.md`; the same evidence always gives the same text."""
    blocks: list[str] = [
        f"# Evidence for commit {evidence.commit[:12]}{_part(evidence)}: {evidence.result}",
        *controllers_page(evidence),
        *_summary(evidence),
        "## What is next",
        "\n".join(_next(evidence)),
        *_header(evidence),
        "# Appendix: every check, step by step",
        _ABOUT_STEPS,
    ]
    for hypothesis in evidence.hypotheses:
        blocks += _hypothesis(hypothesis, evidence)
    if evidence.log:
        blocks += [
            "## Log of CI",
            "The run wrote this into the log of CI, for readers of the log alone:",
            fenced("\n".join(evidence.log)),
        ]
    return "\n\n".join(blocks) + "\n"


def _part(evidence: Evidence) -> str:
    return " (a part of the proof)" if evidence.only else ""


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
        table(["", ""], facts.items()),
        "## Environment",
        table(["", ""], versions.items()),
        _ABOUT_ROLES,
        table(
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
            with_meaning(hypothesis.verdict),
        ]
        for hypothesis in evidence.hypotheses
    ]
    gates = [
        [
            gate.name,
            gate.what,
            ", ".join(gate.requires),
            with_meaning(gate.verdict),
            gate.reason,
        ]
        for gate in evidence.gates
    ]
    return [
        "## Summary",
        _ABOUT_VERDICTS,
        table(["hypothesis", "the fault", "checks proven", "verdict"], hypotheses),
        table(["gate", "what it is about", "asks for", "verdict", "why"], gates),
    ]


def _hypothesis(hypothesis: HypothesisRecord, evidence: Evidence) -> Iterator[str]:
    yield f"## {hypothesis.name}: {with_meaning(hypothesis.verdict)}"
    yield f"**The fault:** {hypothesis.fault}"
    yield f"**Why:** {_reason(hypothesis, evidence)}"
    for check in hypothesis.checks:
        yield from _check(check)


def _reason(hypothesis: HypothesisRecord, evidence: Evidence) -> str:
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
                f"({', '.join(hypothesis.not_run)}), so the fault is neither confirmed nor refuted."
            )


def _check(check: CheckRecord) -> Iterator[str]:
    yield f"### {check.name}: {with_meaning(check.verdict)}"
    yield f"**Claim:** {check.claim}"
    for number, step in enumerate(check.steps, start=1):
        yield from _step(check, step, number)


def _step(check: CheckRecord, step: Step, number: int) -> Iterator[str]:
    name = f" (“{step.name}”)" if step.name else ""
    actor = f" as `{step.role}`" if step.role else ""
    yield (
        f"**Step {number} of {len(check.steps)}**{name}, {_HOW_DONE[step.kind]}{actor}, at {step.began_at}, "
        f"{step.seconds:.3f} s:"
    )
    yield fenced(step.text, _LANGUAGE[step.kind])
    yield from _output(step)
    yield from _expected(step, check.steps[: number - 1])


def _output(step: Step) -> Iterator[str]:
    """Show the complete output; a long one is folded where Markdown is rendered."""
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


def _expected(step: Step, earlier: Sequence[Step]) -> Iterator[str]:
    if not step.expected:
        yield "Expected: nothing in particular; the step prepares others, or shows something."
    failed = unmet(step, earlier)
    mark = "- " if len(step.expected) > 1 else ""
    for expectation in step.expected:
        is_met = expectation not in failed
        sentence, block = describe(expectation)
        verdict = "as expected" if is_met else "NOT AS EXPECTED"
        yield f"{mark}Expected: {sentence}: **{verdict}**."
        # What is met letter by letter stands above already.
        if block and not (is_met and fixes_output(expectation)):
            yield fenced(block)


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
            yield f"- Gate {gate.name} is FAIL. {gate.reason} It passes when that is corrected and proven again."
    if all(gate.verdict == "PASS" for gate in evidence.gates):
        yield "- Nothing is open: every fault is refuted and every gate passes for this commit."


def _cure_of(gate: str) -> str:
    if gate == "S4":
        return "Push the commit: CI runs `skeldir prove --ci`, whose pack has this gate computed."
    return "Run `skeldir prove` without `--only`."


def _proven(hypothesis: HypothesisRecord) -> int:
    return sum(check.verdict == "PROVEN" for check in hypothesis.checks)
