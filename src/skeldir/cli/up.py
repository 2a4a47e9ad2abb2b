"""`skeldir up`: the full service, with one command."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated, Final

import typer

from skeldir.cli.addresses import announced, as_url, pages_url, require_free, reserved
from skeldir.cli.runtime import open_runtime
from skeldir.cli.starting import keep_running

_WAY_IN: Final = "To open its pages: skeldir users link EMAIL --tenant TENANT --role admin"


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Number of workers. Default: SKELDIR_WORKER_PROCESSES."),
    ] = None,
    api_processes: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Number of API processes. Default: SKELDIR_API_PROCESSES."
        ),
    ] = None,
) -> None:
    """Run the API, the workers and beat until Ctrl-C; any process that dies is started again."""
    from skeldir.processes import api_children, beat_child, most_connections, worker_children

    require_free(host, port)
    with open_runtime(is_long=True) as runtime, ExitStack() as stack:
        settings, url = runtime.settings, runtime.app_url
        apis = api_processes or settings.skeldir_api_processes
        if apis > 1:
            stack.enter_context(reserved(host, port))
        children = [
            *api_children(url, host=host, port=port, processes=apis),
            *worker_children(settings, url, processes=processes),
            beat_child(settings, url),
        ]
        workers = processes or settings.skeldir_worker_processes
        stack.enter_context(announced(settings, pages_url(host, port)))
        connections = most_connections(settings, url, api=apis, workers=workers, beats=1)
        greeting = f"The API will be at {as_url(host, port)}. Ctrl-C stops everything.\n{_WAY_IN}"
        status = keep_running(runtime, children, connections=connections, greeting=greeting)
    raise typer.Exit(status)
