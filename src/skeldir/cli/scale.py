"""`skeldir scale`: more than one server, checked and applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from skeldir.cli.console import out
from skeldir.cli.runtime import open_runtime
from skeldir.cli.scale_plan import plan_next

if TYPE_CHECKING:
    from skeldir.scale import Applied, Content, ScaleReport

scale_app = typer.Typer(
    no_args_is_help=True,
    help="Plan for more than one machine holds; distribute tables over the nodes of Citus, and check that they are.",
)
scale_app.command("plan")(plan_next)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@scale_app.command("check")
def check(as_json: JsonOption = False) -> None:
    """Check nodes, roles, settings, distribution and the isolation of every shard; exit status 1 if anything differs.

    It changes nothing. With Citus, DATABASE_URL must name a superuser of the coordinator. On one server without Citus
    there is nothing to check.
    """
    from skeldir.scale import check_scale

    with open_runtime() as runtime:
        report = check_scale(runtime.operator_url)
    if as_json:
        typer.echo(orjson.dumps(_document(report)).decode())
    else:
        _print_report(report)
    if not report.holds:
        raise typer.Exit(1)


@scale_app.command("apply")
def apply(
    truncate_local: Annotated[
        bool,
        typer.Option(
            "--truncate-local",
            help="Also delete what remains on the coordinator of tables that are distributed.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Set roles, settings and distribution as the program needs them on Citus, then check; repeating changes nothing.

    Run it after each migration and each added node, with API, workers and beat stopped, as a superuser of the
    coordinator. Each table must hold the same rows after it is distributed as before, or nothing is changed.
    """
    from skeldir.scale import apply_scale

    with open_runtime() as runtime:
        applied = apply_scale(
            runtime.operator_url,
            truncates_local=truncate_local,
            progress=(lambda _: None) if as_json else lambda step: out.print(step, soft_wrap=True),
        )
    if as_json:
        typer.echo(orjson.dumps(_document_of_changes(applied)).decode())
    else:
        _print_changes(applied)
        _print_report(applied.report)
    if not applied.report.holds:
        raise typer.Exit(1)


def _document(report: ScaleReport) -> dict[str, object]:
    return {
        "citus_version": report.citus_version,
        "holds": report.holds,
        "nodes": [
            {
                "address": node.address,
                "is_coordinator": node.is_coordinator,
                "has_shards": node.has_shards,
                "error": node.error,
            }
            for node in report.nodes
        ],
        "checks": [
            {
                "check": finding.check,
                "claim": finding.claim,
                "holds": finding.holds,
                "faults": finding.faults,
                "cure": None if finding.holds else finding.cure,
            }
            for finding in report.findings
        ],
    }


def _document_of_changes(applied: Applied) -> dict[str, object]:
    return {
        "distributed": {
            table: {"rows": content.rows, "digest": f"{content.digest:d}"}
            for table, content in applied.distributed.items()
        },
        "changed": applied.changed,
        "truncated": applied.truncated,
        "report": _document(applied.report),
    }


def _print_changes(applied: Applied) -> None:
    for table, content in applied.distributed.items():
        out.print(f"DISTRIBUTED  {table}: {_describe(content)}", soft_wrap=True)
    for change in applied.changed:
        out.print(f"CHANGED      {change}", soft_wrap=True)
    for table in applied.truncated:
        out.print(f"TRUNCATED    the local copy of {table}", soft_wrap=True)
    if not (applied.distributed or applied.changed or applied.truncated):
        out.print("Nothing had to be changed.")


def _describe(content: Content) -> str:
    return f"{content.rows:,} rows before and after, digest {content.digest}"


def _print_report(report: ScaleReport) -> None:
    if report.citus_version is None:
        out.print("One server: Citus is not installed, and nothing is distributed.")
        return
    out.print(f"Citus {report.citus_version}")
    for node in report.nodes:
        state = "answers" if node.error is None else f"does not answer: {node.error}"
        shards = "with shards" if node.has_shards else "without shards"
        out.print(f"         {node.name}, {shards}: {state}", soft_wrap=True)
    for finding in report.findings:
        if finding.holds:
            out.print(f"OK       {finding.claim}", soft_wrap=True)
            continue
        out.print(f"DIFFERS  {finding.claim}", style="bold red", soft_wrap=True)
        for fault in finding.faults:
            out.print(f"         {fault}.", soft_wrap=True)
        out.print(f"         Cure: {finding.cure}", soft_wrap=True)
