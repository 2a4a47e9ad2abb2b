"""`skeldir serve`, `skeldir openapi` and `skeldir migrate`."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Annotated

import typer

from skeldir.cli.addresses import announced, as_url, pages_url, require_free, reserved
from skeldir.cli.console import err, out
from skeldir.cli.runtime import Runtime, open_runtime
from skeldir.cli.starting import keep_running, require_startable

if TYPE_CHECKING:
    from collections.abc import Callable

    from skeldir.http import ApiServer


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Number of API processes. Default: SKELDIR_API_PROCESSES."
        ),
    ] = None,
) -> None:
    """Serve the HTTP API until Ctrl-C, on the embedded server or on DATABASE_URL.

    Several processes share the address; one that dies or gets stuck is restarted.
    """
    require_free(host, port)
    with open_runtime(is_long=True) as runtime:
        count = processes or runtime.settings.skeldir_api_processes
        if count > 1:
            raise typer.Exit(_serve_with_several(runtime, host, port, count))
        from skeldir.processes import most_connections

        # An unreachable database is reported in a sentence; the server would print a traceback.
        require_startable(runtime, most_connections(runtime.settings, runtime.app_url, api=1))
        with announced(runtime.settings, pages_url(host, port)):
            make_api_server(runtime, host, port).run()


def _serve_with_several(runtime: Runtime, host: str, port: int, count: int) -> int:
    """Keep `count` processes serving on one address until a signal; return the exit status."""
    from skeldir.processes import api_children, most_connections

    with (
        reserved(host, port) as chosen,
        announced(runtime.settings, pages_url(host, chosen)),
    ):
        url = runtime.app_url
        children = api_children(url, host=host, port=chosen, processes=count, must_start=True)
        connections = most_connections(runtime.settings, url, api=count)
        greeting = f"The API will be at {as_url(host, chosen)}. Ctrl-C stops all processes."
        return keep_running(
            runtime, children, connections=connections, waits=False, greeting=greeting
        )


def make_api_server(
    runtime: Runtime, host: str, port: int, show_life: Callable[[], None] = lambda: None
) -> ApiServer:
    """Return the server of the API, ready to run; see `make_server`."""
    from skeldir.app import create_app
    from skeldir.http import make_server
    from skeldir.observability import configure_logging

    settings = runtime.settings
    configure_logging(settings, process="api")
    asyncio.run(_require_fit_replica(runtime))
    app = create_app(runtime.app_url, warms_up=True)
    # The program itself is never garbage. Scanning all of it blocked the loop for 0.1 s each time.
    gc.collect()
    gc.freeze()
    return make_server(
        app,
        host=host,
        port=port,
        receive_timeout_s=settings.skeldir_receive_timeout_s,
        shutdown_timeout_s=settings.skeldir_shutdown_timeout_s,
        show_life=show_life,
    )


async def _require_fit_replica(runtime: Runtime) -> None:
    """Report an unfit replica in a sentence; the server would print a traceback."""
    from skeldir.app import opening_of_replica
    from skeldir.db import open_database, require_fit

    opening = opening_of_replica(runtime.settings)
    if opening is None:
        return
    timeout_ms = runtime.settings.skeldir_statement_timeout_ms
    async with open_database(
        runtime.app_url, pool_size=1, statement_timeout_ms=timeout_ms
    ) as database:
        await require_fit(opening, database)


def openapi() -> None:
    """Print the API's description (OpenAPI 3.1) as JSON; no server is needed."""
    import json

    from skeldir.app import create_app

    typer.echo(json.dumps(create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False))


def migrate() -> None:
    """Bring the schema up to date.

    With DATABASE_URL, the first time needs a role with CREATEROLE that owns the database.
    """
    from skeldir.cli.schema import functions_left_open, migrate_to_head
    from skeldir.db import require_unpooled
    from skeldir.migrations.revision import head_revision

    with open_runtime() as runtime:
        require_unpooled(runtime.operator_url, "DATABASE_URL")
        migrate_to_head(runtime.operator_url)
        still_open = functions_left_open(runtime.operator_url)
    out.print(f"The schema is at {head_revision()}.")
    if still_open:
        err.print(
            "Every role that may connect to this database, also app_user, may create large objects, end sessions of "
            "its own role and fill the write-ahead log. The program needs none of it. Have a superuser run:",
            soft_wrap=True,
        )
        for statement in still_open:
            err.print(f"  {statement};", soft_wrap=True)
