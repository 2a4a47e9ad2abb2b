"""`skeldir collect`: what sites send in the formats of other analytics, and by the collector."""

from __future__ import annotations

import typer

collect_app = typer.Typer(
    no_args_is_help=True,
    help="Take what sites and servers already send, and what the collector's script reports.",
)
