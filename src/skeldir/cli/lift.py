"""`skeldir lift`: what experiments measured of channels, beside what models credit."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.days import days_by
from skeldir.ingest import COMMON_CHANNELS, RESERVED_CHANNELS, list_channels
from skeldir.lifts import (
    LiftTest,
    ModelFigure,
    RecordedTests,
    list_lift_tests,
    read_lift_file,
    record_lift_tests,
)
from skeldir.rollups import rules_in_force

if TYPE_CHECKING:
    from skeldir.db import Connection

_JSON = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
lift_app = typer.Typer(
    no_args_is_help=True,
    help="""Import what experiments measured of channels, and compare it with what models credit.

A test that is imported again with other figures is restated; what it said before is kept.""",
)


@lift_app.command("import")
def import_tests(
    tenant: TenantArgument,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file; see docs/lift.md.")
    ],
) -> None:
    """Import lift tests: all rows of the file, or none."""

    async def work(runtime: Runtime) -> RecordedTests:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            channels, today = await _read_tenant(connection, tenant_id)
            return await record_lift_tests(
                connection,
                tenant_id,
                read_lift_file(file, channels=channels, today=today),
                # A name may have bytes that are no text.
                source=file.name.encode(errors="backslashreplace").decode()[:255],
                recorded_by=await describe_command(connection),
            )

    done = run_with_runtime(work)
    out.print(
        f"{file.name}: {done.new:,} new, {done.revised:,} revised, {done.unchanged:,} as before."
        " `skeldir lift list` compares them with the models.",
        soft_wrap=True,
    )


async def _read_tenant(connection: Connection, tenant_id: UUID) -> tuple[frozenset[str], date]:
    """Return the channels that a test can be of, and the tenant's day."""
    own = await list_channels(connection, tenant_id)
    today = days_by(await rules_in_force(connection, tenant_id)).day_of(utc_now())
    return frozenset({*COMMON_CHANNELS, *own} - RESERVED_CHANNELS), today


@lift_app.command("list")
def list_tests(
    tenant: TenantArgument,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON that GET /v1/lift-tests returns.")
    ] = False,
) -> None:
    """List lift tests, and whether what each model credits is inside the measured interval."""

    async def work(runtime: Runtime) -> list[LiftTest]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await list_lift_tests(connection, tenant_id)

    tests = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps({"data": tests}, option=_JSON))
        return
    if not tests:
        err.print("No lift test is recorded. `skeldir lift import` records some.")
        return
    for one in tests:
        _print(one)
    out.print(
        "A test measures what a channel added where and when it ran; a model divides all that was earned.",
        soft_wrap=True,
    )


def _print(one: LiftTest) -> None:
    unit = one.currency or "conversions"
    out.print(
        f"{one.experiment}: {one.channel}, {one.first_day} to {one.last_day}, measured {one.incremental} {unit}"
        f" ({one.lower} to {one.upper}, {one.level_percent} %)",
        style="bold",
        soft_wrap=True,
        markup=False,
    )
    table = Table("model", "what", Column(unit, justify="right"), Column("against the test"))
    for each in one.models:
        what = "share in the fit" if each.is_fit else "credit in force"
        table.add_row(each.version, what, each.credited, _say(each))
    out.print(table)


def _say(one: ModelFigure) -> str:
    if one.position == "inside":
        return "inside the interval"
    return f"{one.beyond} {one.position} the interval"
