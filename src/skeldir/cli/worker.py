"""`skeldir worker` and `skeldir beat`: run jobs and pulses, on PostgreSQL alone or with another broker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from skeldir.cli.console import out
from skeldir.cli.runtime import Runtime, open_runtime
from skeldir.db import DatabaseUnreachable, QueryTooSlow, open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.processes import Child

# Longer than a child takes to give up the jobs that it could not finish.
_GRACE_S = 5


def worker(
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Number of workers. [default: SKELDIR_WORKER_PROCESSES]"),
    ] = None,
    queues: Annotated[
        str | None, typer.Option(help="Queues to work for, separated by commas. [default: all]")
    ] = None,
) -> None:
    """Run jobs until Ctrl-C. Processes that die or get stuck are restarted."""
    from skeldir.processes import worker_children

    with open_runtime(is_long=True) as runtime:
        children = worker_children(
            runtime.settings,
            runtime.app_url,
            processes=processes,
            queues=queues.split(",") if queues else None,
        )
        status = keep_running(runtime, children)
    raise typer.Exit(status)


def beat() -> None:
    """Run the periodic tasks and refresh the views until Ctrl-C. Several beats share the work."""
    from skeldir.processes import beat_child

    with open_runtime(is_long=True) as runtime:
        status = keep_running(runtime, [beat_child(runtime.settings, runtime.app_url)])
    raise typer.Exit(status)


def keep_running(runtime: Runtime, children: Sequence[Child]) -> int:
    """Run the children until a signal, and report what happens to them; return the exit status.

    Raises:
        RuntimeRoleUnsafe: the role is a superuser or bypasses row-level security.
        ServerTooOld: the server is older than PostgreSQL 17.
    """
    from skeldir.processes import Supervisor

    asyncio.run(_require_usable_database(runtime))

    def say(what: str) -> None:
        out.print(what, soft_wrap=True)

    return Supervisor(
        children, say, stop_s=runtime.settings.skeldir_shutdown_timeout_s + _GRACE_S
    ).run()


async def _require_usable_database(runtime: Runtime) -> None:
    """Fail once, now, if no child could ever work. For an unreachable database the children wait themselves."""
    with suppress(DatabaseUnreachable, QueryTooSlow):
        async with open_database(
            runtime.app_url,
            pool_size=1,
            statement_timeout_ms=runtime.settings.skeldir_statement_timeout_ms,
        ):
            pass
