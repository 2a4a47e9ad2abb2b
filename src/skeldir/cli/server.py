"""`skeldir serve`, `skeldir openapi` and `skeldir migrate`."""

from __future__ import annotations

import asyncio
import gc
from typing import Annotated

import typer

from skeldir.cli.addresses import require_free
from skeldir.cli.console import err, out
from skeldir.cli.runtime import (
    Runtime,
    functions_left_open,
    migrate_to_head,
    open_runtime,
)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the HTTP API until Ctrl-C, on the embedded server or on DATABASE_URL."""
    require_free(host, port)
    from skeldir.app import create_app
    from skeldir.http import make_server
    from skeldir.observability import configure_logging

    with open_runtime(is_long=True) as runtime:
        settings = runtime.settings
        # An unreachable database or an unfit replica is reported in a sentence; the server would print a traceback.
        asyncio.run(_reach(runtime))
        configure_logging(settings, process="api")
        app = create_app(runtime.app_url, warms_up=True)
        # The program itself is never garbage. Scanning all of it blocked the loop for 0.1 s each time.
        gc.collect()
        gc.freeze()
        make_server(
            app,
            host=host,
            port=port,
            receive_timeout_s=settings.skeldir_receive_timeout_s,
            shutdown_timeout_s=settings.skeldir_shutdown_timeout_s,
        ).run()


async def _reach(runtime: Runtime) -> None:
    from skeldir.app import opening_of_replica
    from skeldir.db import open_database, require_fit

    timeout_ms = runtime.settings.skeldir_statement_timeout_ms
    opening = opening_of_replica(runtime.settings)
    async with open_database(
        runtime.app_url, pool_size=1, statement_timeout_ms=timeout_ms
    ) as database:
        if opening is not None:
            await require_fit(opening, database)


def openapi() -> None:
    """Print the API's description (OpenAPI 3.1) as JSON; no server is needed."""
    import json

    from skeldir.app import create_app

    typer.echo(json.dumps(create_app().openapi(), indent=2, sort_keys=True, ensure_ascii=False))


def migrate() -> None:
    """Bring the schema up to date. With DATABASE_URL this needs a role that may create roles."""
    from skeldir.migrations.revision import head_revision

    with open_runtime() as runtime:
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
