"""`skeldir prove` and `skeldir verify`: the contract proven by a machine, and its evidence checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from skeldir.cli.console import err, out

if TYPE_CHECKING:
    from proof.evidence.records import Evidence


def add_commands(app: typer.Typer) -> None:
    """Add `prove` and `verify` to the command line."""
    app.command("prove")(prove)
    app.command("verify")(verify)


FolderOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the evidence pack. Default: a new one in evidence/."),
]
OnlyOption = Annotated[
    list[str] | None, typer.Option(help="A hypothesis or a check; may be repeated.")
]
DatabaseOption = Annotated[
    str | None, typer.Option(help="URL of an empty server to use instead of one of its own.")
]
CiOption = Annotated[
    bool,
    typer.Option(
        "--ci",
        help="This is a CI run: print the lines that tie the log to the pack, and compute gate S4. "
        "Default: the environment variable CI.",
    ),
]
PreviousOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="An earlier pack: a fault that it found and this run does not is RESOLVED.",
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PEM file of an ed25519 private key."),
]
NoteOption = Annotated[
    bool, typer.Option("--git-note", help="Attach the statement to the commit as a git note.")
]
TwinsOption = Annotated[
    bool,
    typer.Option(
        "--twins",
        help="Instead, seed one fault after another in copies: each must turn its own checks red. "
        "--only then names twins.",
    ),
]


def prove(
    out_folder: FolderOption = None,
    only: OnlyOption = None,
    database: DatabaseOption = None,
    ci: CiOption = False,
    previous: PreviousOption = None,
    sign: SignOption = None,
    git_note: NoteOption = False,
    twins: TwinsOption = False,
) -> None:
    """Prove the commit that is checked out, and write an evidence pack. Exit status 0 only if nothing fails."""
    if twins:
        _require_only_twins(out_folder, database, ci, previous, sign, git_note)
        _prove_twins(only or [])
        return
    from proof.checkout import find_checkout, read_commit
    from proof.evidence import running
    from proof.evidence.pack import (
        attach_note,
        default_place,
        read_previous,
        require_committer,
        require_free_place,
        reserve_place,
        write_pack,
    )
    from proof.evidence.signing import load_private_key
    from skeldir.clock import utc_now
    from skeldir.settings import load_settings

    root = find_checkout()
    folder = out_folder or default_place(root, read_commit(root).commit, utc_now())
    # What can be refused is refused at once, not after minutes.
    require_free_place(folder, root)
    if git_note:
        require_committer(root)
    key = load_private_key(sign) if sign is not None else None
    before = read_previous(previous) if previous is not None else None
    with reserve_place(folder):
        evidence = running.prove(
            root,
            database_url=database,
            only=only or [],
            is_ci=ci or load_settings().is_ci,
            previous=before,
            report=_report,
        )
    write_pack(folder, evidence, key)
    _show(evidence)
    out.print(f"The evidence pack: {folder}", soft_wrap=True)
    if git_note:
        attach_note(root, folder, evidence.commit)
    if evidence.result != "PASSED":
        raise typer.Exit(1)


def verify(
    pack: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="An evidence pack.")],
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Also prove the commit again, and compare.")
    ] = False,
    database: Annotated[
        str | None,
        typer.Option(help="With --rerun: URL of an empty server to use instead of one of its own."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="PEM file of the key that must have signed it."
        ),
    ] = None,
) -> None:
    """Check that an evidence pack is what it claims. Its result may still be FAILED: that is printed.

    Without --rerun and --public-key this shows that the pack is consistent with itself and with the commit; whoever
    rewrites all of it can invent outputs that fit.
    """
    from proof.checkout import find_checkout
    from proof.evidence.pack import DATA
    from proof.evidence.records import read_evidence, read_file
    from proof.evidence.verifying import verify_pack

    faults = verify_pack(
        pack,
        find_checkout(),
        rerun=rerun,
        database_url=database,
        public_key=public_key,
        report=_report,
    )
    for fault in faults:
        err.print(f"{fault.code}: {fault.detail}", style="bold red", soft_wrap=True)
        err.print(f"  {fault.cure}", soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    evidence = read_evidence(read_file(pack, DATA))
    checks = sum(len(hypothesis.checks) for hypothesis in evidence.hypotheses)
    out.print(
        f"The pack holds: {checks} checks of commit {evidence.commit}, result {evidence.result}.",
        soft_wrap=True,
    )


def _require_only_twins(*others: object) -> None:
    from skeldir.errors import InputInvalid

    if any(others):
        raise InputInvalid(
            "--twins goes with --only and with no other option.",
            cure="Twins leave no pack: run skeldir prove for one.",
        )


def _prove_twins(only: list[str]) -> None:
    """Prove the twins and show the outcome of each.

    Raises:
        typer.Exit: one was not caught by exactly the checks that must catch it.
    """
    from proof.checkout import find_checkout, read_commit
    from proof.mutants.twins import choose_twins, prove_twins

    root = find_checkout()
    chosen = choose_twins(only)
    here = read_commit(root)
    _report(f"{len(chosen)} twins of commit {here.commit}, each in a copy of its own.")
    if not here.is_clean:
        _report("The tree that is checked out differs from that commit; the twins do not.")
    outcomes = prove_twins(root, chosen, report=_report)
    table = Table("twin", "fault")
    table.add_column("must be red", no_wrap=True)
    table.add_column("turned red", no_wrap=True)
    table.add_column("seconds", justify="right")
    for outcome in outcomes:
        twin = outcome.twin
        table.add_row(
            twin.name,
            f"{twin.fault} {twin.because}".rstrip(),
            "\n".join(sorted(twin.red)),
            "exactly that" if outcome.is_caught else "\n".join(sorted(outcome.red)) or "nothing",
            f"{outcome.seconds:.0f}",
        )
    out.print(table)
    missed = [outcome.twin.name for outcome in outcomes if not outcome.is_caught]
    out.print(
        f"Not caught by exactly the checks that must: {', '.join(missed)}"
        if missed
        else f"All {len(outcomes)} twins are caught, each by exactly the checks that must.",
        style="bold red" if missed else "bold green",
    )
    if missed:
        raise typer.Exit(1)


def _report(line: str) -> None:
    out.print(line, soft_wrap=True)


def _show(evidence: Evidence) -> None:
    from proof.words import with_meaning

    table = Table("", "", "verdict", "why")
    for hypothesis in evidence.hypotheses:
        failed = [check.name for check in hypothesis.checks if check.verdict != "PROVEN"]
        table.add_row(
            hypothesis.name, hypothesis.fault, with_meaning(hypothesis.verdict), ", ".join(failed)
        )
    for gate in evidence.gates:
        table.add_row(gate.name, gate.what, with_meaning(gate.verdict), gate.reason)
    out.print(table)
    part = " (a part of the proof)" if evidence.only else ""
    out.print(
        f"Commit {evidence.commit}{part}: {with_meaning(evidence.result)}",
        style="bold green" if evidence.result == "PASSED" else "bold red",
    )
