"""One of several processes that serve the API on one address: `python -m skeldir.cli.member serve …`.

The supervisor runs it, on DATABASE_URL; nobody imports it.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from skeldir.cli.addresses import bind_own, bind_shared
from skeldir.cli.runtime import open_runtime, run_app
from skeldir.cli.server import make_api_server
from skeldir.cli.starting import require_startable

logger = logging.getLogger(__name__)
member_app = typer.Typer(pretty_exceptions_enable=False)


@member_app.callback()
def _name_the_command() -> None:
    """Let the command line say `serve`, as that of a lone process does."""


@member_app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to share.")],
    port: Annotated[int, typer.Option(help="Port to share.")],
    member: Annotated[int, typer.Option(help="Which of the processes this is.")],
    life_pipe: Annotated[int, typer.Option(help="The descriptor to write signs of life to.")],
) -> None:
    """Serve on the shared address, and on one of this process's own, where its metrics are its own."""
    from skeldir.processes import Liveness

    liveness = Liveness(life_pipe)

    def show_life() -> None:
        liveness.note()
        liveness.show()

    with open_runtime() as runtime:
        require_startable(runtime, 0, is_restart=True)
        server = make_api_server(runtime, host, port, show_life)
        sockets = bind_shared(host, port)
        first = runtime.settings.skeldir_api_metrics_port
        own = bind_own(first + member) if first else None
        if own is not None:
            sockets.append(own)
        elif first:
            taken = first + member
            logger.error("metrics.not_served port %d", taken, extra={"port": taken})
        server.run(sockets=sockets)


if __name__ == "__main__":
    run_app(member_app)
