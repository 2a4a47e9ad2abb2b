"""`prove`: the chosen hypotheses, check by check, on a ground of their own; what comes out is evidence."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import distributions
from pathlib import Path
from time import monotonic

import httpx2
import psycopg

from proof.checkout import read_commit
from proof.contract import Check, Hypothesis
from proof.evidence.records import (
    CheckRecord,
    EnvironmentRecord,
    Evidence,
    HypothesisRecord,
    PreviousRecord,
    RoleRecord,
)
from proof.evidence.verdicts import anchor_lines, judge, judge_check, judge_hypothesis
from proof.registry import HYPOTHESES
from proof.stage.expectations import equals
from proof.stage.ground import Ground, open_ground
from proof.stage.proving import Proof
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid, SkeldirError

Report = Callable[[str], None]
# What can go wrong in a check without being a mistake in its code: it makes that check fail, and no other.
_KNOWN_FAULTS = (
    SkeldirError,
    psycopg.Error,
    httpx2.HTTPError,
    subprocess.SubprocessError,
    OSError,
    LookupError,
    ValueError,
)
_TO_THE_END = "The check was carried out to its end."


def prove(
    root: Path,
    *,
    database_url: str | None = None,
    only: Sequence[str] = (),
    is_ci: bool = False,
    previous: PreviousRecord | None = None,
    hypotheses: Sequence[Hypothesis] = HYPOTHESES,
    report: Report = lambda _: None,
) -> Evidence:
    """Prove the commit that is checked out at `root`; return the evidence, judged.

    `only` names hypotheses or checks; without it all are run. `report` gets a line for each thing that is done.

    Raises:
        InputInvalid: `only` names something unknown.
        SkeldirError: there is no ground to prove on. Faults within a check are evidence, and are not raised.
    """
    chosen = choose(hypotheses, only)
    began, before = utc_now(), read_commit(root)
    confirmed_before = previous.confirmed if previous else ()
    records = []
    with open_ground(root, database_url) as ground:
        for hypothesis, checks in chosen:
            report(f"{hypothesis.name}: {hypothesis.fault}")
            record = _run_hypothesis(ground, hypothesis, checks, report)
            records.append(record)
            verdict = judge_hypothesis(record, confirmed_before).verdict
            report(
                f"{hypothesis.name}: {verdict or 'no verdict, for not all of its checks were run'}"
            )
        environment = _read_environment(ground)
    evidence = Evidence(
        commit=before.commit,
        tree=before.tree,
        branch=before.branch,
        # What changes during the run is not what was proven.
        is_clean=before.is_clean and read_commit(root) == before,
        is_ci=is_ci,
        began_at=began.isoformat(timespec="seconds"),
        ended_at=utc_now().isoformat(timespec="seconds"),
        environment=environment,
        previous=previous,
        only=tuple(only),
        hypotheses=tuple(records),
        log=(),
    )
    if is_ci:
        evidence = evidence.model_copy(update={"log": anchor_lines(evidence)})
        for line in evidence.log:
            report(line)
    return judge(evidence)


def choose(
    hypotheses: Sequence[Hypothesis], only: Iterable[str]
) -> list[tuple[Hypothesis, tuple[Check, ...]]]:
    """Return the hypotheses to be run, in their order, each with its checks to be run.

    Raises:
        InputInvalid: a name in `only` is neither a hypothesis nor a check.
    """
    wanted = set(only)
    known = {name for h in hypotheses for name in (h.name, *(check.name for check in h.checks))}
    if unknown := sorted(wanted - known):
        raise InputInvalid(
            f"There is no hypothesis or check {', '.join(unknown)}.",
            cure=f"Use one of {', '.join(h.name for h in hypotheses)}, or a check such as "
            f"{hypotheses[0].checks[0].name}.",
        )
    chosen = [
        (
            hypothesis,
            tuple(
                check
                for check in hypothesis.checks
                if not wanted or hypothesis.name in wanted or check.name in wanted
            ),
        )
        for hypothesis in hypotheses
    ]
    return [(hypothesis, checks) for hypothesis, checks in chosen if checks]


def _run_hypothesis(
    ground: Ground, hypothesis: Hypothesis, checks: Sequence[Check], report: Report
) -> HypothesisRecord:
    records = []
    for check in checks:
        turn = monotonic()
        record = judge_check(run_check(ground, check))
        records.append(record)
        failing = ", ".join(str(number) for number in record.failing)
        where = f" (step {failing})" if failing else ""
        report(f"  {check.name}: {record.verdict}{where}, {monotonic() - turn:.1f} s")
    names = {check.name for check in checks}
    return HypothesisRecord(
        name=hypothesis.name,
        fault=hypothesis.fault,
        not_run=tuple(check.name for check in hypothesis.checks if check.name not in names),
        checks=tuple(records),
    )


def run_check(ground: Ground, check: Check) -> CheckRecord:
    """Run one check; a fault that can be expected becomes a step that fails."""
    proof = Proof(ground)
    try:
        check.prove(proof)
    except _KNOWN_FAULTS as fault:
        proof.read(
            "whether the check could be carried out to its end",
            f"{type(fault).__name__}: {fault}",
            expect=equals(_TO_THE_END),
        )
    return CheckRecord(name=check.name, claim=check.claim, steps=tuple(proof.steps))


def _read_environment(ground: Ground) -> EnvironmentRecord:
    """Read what the proof ran on; the roles are those that may act in it."""
    if ground.is_embedded:
        # A check may have failed while the server was stopped.
        ground.start_database(ground.server.maintenance)
    with ground.server.admin_connection() as connection:
        row = connection.execute("SELECT version()").fetchone()
        roles = connection.execute(
            """SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles
               WHERE rolname = current_user OR rolname IN ('app_user', 'skeldir_owner', 'matview_owner')
               ORDER BY rolname"""
        ).fetchall()
    return EnvironmentRecord(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        platform=platform.platform(),
        packages={found.name: found.version for found in distributions()},
        postgresql=str(row[0]) if row else "",
        server="embedded" if ground.is_embedded else "given",
        roles=tuple(
            RoleRecord(
                name=name,
                can_login=can_login,
                is_superuser=is_superuser,
                bypasses_rls=bypasses_rls,
                may_create_roles=may_create_roles,
                may_create_databases=may_create_databases,
            )
            for name, can_login, is_superuser, bypasses_rls, may_create_roles, may_create_databases in roles
        ),
    )
