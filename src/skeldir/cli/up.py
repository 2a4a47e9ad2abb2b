"""`skeldir up`: the full service, with one command."""

from __future__ import annotations

from typing import Annotated

import typer

from skeldir.cli.addresses import require_free
from skeldir.cli.console import out
from skeldir.cli.runtime import open_runtime
from skeldir.cli.worker import keep_running


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Number of workers. [default: SKELDIR_WORKER_PROCESSES]"),
    ] = None,
) -> None:
    """Run the API, the workers and beat until Ctrl-C; any process that dies is started again."""
    from skeldir.processes import api_child, beat_child, worker_children

    require_free(host, port)
    with open_runtime(is_long=True) as runtime:
        children = [
            api_child(runtime.app_url, host=host, port=port),
            *worker_children(runtime.settings, runtime.app_url, processes=processes),
            beat_child(runtime.settings, runtime.app_url),
        ]
        shown = f"[{host}]" if ":" in host else host
        out.print(f"The API will be at http://{shown}:{port}. Ctrl-C stops everything.")
        status = keep_running(runtime, children)
    raise typer.Exit(status)
