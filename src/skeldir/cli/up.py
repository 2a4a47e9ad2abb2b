"""`skeldir up`: the full service, with one command."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from skeldir.cli.addresses import PAGES_AT, as_url, require_free, reserved
from skeldir.cli.runtime import open_runtime
from skeldir.cli.starting import keep_running
from skeldir.settings import Settings, is_loopback


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
        connections = most_connections(settings, url, api=apis, workers=workers, beats=1)
        greeting = f"The API will be at {as_url(host, port)}. Ctrl-C stops everything.\n{_way_in(settings, host, port)}"
        status = keep_running(runtime, children, connections=connections, greeting=greeting)
    raise typer.Exit(status)


def _way_in(settings: Settings, host: str, port: int) -> str:
    """Return how to open the pages: the command that makes a link, with the address if it is not the usual one."""
    at = as_url(host, port) if is_loopback(host) else f"http://127.0.0.1:{port}"
    base = "" if settings.skeldir_public_url or at == PAGES_AT else f" --base {at}"
    return f"To open its pages: skeldir users link EMAIL --tenant TENANT --role admin{base}"
