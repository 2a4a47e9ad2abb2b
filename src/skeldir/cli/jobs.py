"""`skeldir jobs`: the jobs that wait, run or are dead, and retrying them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, run_with_runtime

jobs_app = typer.Typer(help="Show jobs, by default the dead ones, and retry them.")


@jobs_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(help="ready, running, done or dead; can be repeated. Default: dead."),
    ] = None,
    most: Annotated[int, typer.Option(min=1, max=100_000, help="The most rows to show.")] = 50,
) -> None:
    """Show jobs of all tenants, newest first. With DATABASE_URL this needs a role that may act as skeldir_owner."""
    from skeldir.jobs import JOB_STATES, list_jobs_of_all

    if (command := context.invoked_subcommand) is not None:
        if state is not None:
            raise typer.BadParameter(
                f"it has no meaning for `skeldir jobs {command}`.", param_hint="--state"
            )
        return
    states = state or ["dead"]
    if not set(states) <= set(JOB_STATES):
        raise typer.BadParameter(f"use {', '.join(JOB_STATES)}.", param_hint="--state")

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as connection:
            jobs = await list_jobs_of_all(connection, states=states, most=most)
        if not jobs:
            err.print(f"No job is {' or '.join(states)}.")
            return
        # Ids are shown in full, for copying; an error is a sentence, on a line of its own.
        table = Table(
            Column("id", min_width=36),
            Column("kind", overflow="fold"),
            Column("state", min_width=7),
            Column("tries", min_width=5),
            Column("due", overflow="fold"),
            Column("tenant", overflow="fold"),
        )
        for job in jobs:
            table.add_row(
                str(job.job_id),
                job.kind,
                job.state,
                str(job.attempts),
                f"{job.run_at:%Y-%m-%d %H:%M:%S}",
                str(job.tenant_id) if job.tenant_id.int else "(all)",
            )
        out.print(table)
        for job in jobs:
            if job.error:
                out.print(f"{job.job_id}: {job.error}", soft_wrap=True)

    run_with_runtime(work)


@jobs_app.command("retry")
def retry(
    job_ids: Annotated[
        list[UUID] | None, typer.Argument(help="Ids of dead jobs, from `skeldir jobs`.")
    ] = None,
    all_dead: Annotated[bool, typer.Option("--all", help="Retry every dead job.")] = False,
) -> None:
    """Retry dead jobs; each gets its full number of attempts again. The next sweep wakes a worker for them."""
    from skeldir.jobs import JobUnknown, list_jobs_of_all, retry_job

    if bool(job_ids) == all_dead:
        raise typer.BadParameter("give ids, or --all.")

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as connection:
            dead = await list_jobs_of_all(connection, states=["dead"], most=100_000)
        tenant_of = {job.job_id: job.tenant_id for job in dead}
        wanted = list(tenant_of) if all_dead else list(job_ids or [])
        for job_id in wanted:
            if job_id not in tenant_of:
                raise JobUnknown(
                    f"There is no dead job {job_id}.", cure="`skeldir jobs` shows the dead jobs."
                )
        async with runtime.database(pool_size=1) as database:
            for job_id in wanted:
                async with database.tenant(tenant_of[job_id]) as connection:
                    await retry_job(connection, tenant_of[job_id], job_id)
        out.print(f"{len(wanted)} jobs will be retried.")

    run_with_runtime(work)
