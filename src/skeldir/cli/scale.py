"""`skeldir scale`: beyond one machine."""

from __future__ import annotations

import typer

from skeldir.cli.scale_plan import plan_next

scale_app = typer.Typer(no_args_is_help=True, help="Plan for more than one machine holds.")
scale_app.command("plan")(plan_next)
