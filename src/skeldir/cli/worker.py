"""`skeldir worker` and `skeldir beat`: run jobs and pulses, on PostgreSQL alone or with another broker."""

from __future__ import annotations

from typing import Annotated

import typer

from skeldir.cli.runtime import open_runtime
from skeldir.cli.starting import keep_running


def worker(
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Number of workers. Default: SKELDIR_WORKER_PROCESSES."),
    ] = None,
    queues: Annotated[
        str | None,
        typer.Option(help="attribution, maintenance, ingest; comma-separated. Default: all."),
    ] = None,
) -> None:
    """Run jobs until Ctrl-C. Processes that die or get stuck are restarted."""
    from skeldir.processes import most_connections, worker_children

    with open_runtime(is_long=True) as runtime:
        settings = runtime.settings
        children = worker_children(
            settings,
            runtime.app_url,
            processes=processes,
            queues=queues.split(",") if queues else None,
        )
        connections = most_connections(
            settings, runtime.app_url, workers=processes or settings.skeldir_worker_processes
        )
        status = keep_running(runtime, children, connections=connections)
    raise typer.Exit(status)


def beat() -> None:
    """Run the periodic tasks and refresh the views until Ctrl-C. Several beats share the work."""
    from skeldir.processes import beat_child, most_connections

    with open_runtime(is_long=True) as runtime:
        settings, url = runtime.settings, runtime.app_url
        status = keep_running(
            runtime,
            [beat_child(settings, url)],
            connections=most_connections(settings, url, beats=1),
        )
    raise typer.Exit(status)
