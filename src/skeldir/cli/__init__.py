"""The command line: `skeldir --help`. It wires the rooms, which hold the logic."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import typer

from skeldir.cli.audit import audit
from skeldir.cli.backup import backup_app, restore
from skeldir.cli.channels import channels_app
from skeldir.cli.corrections import corrections_app
from skeldir.cli.coverage import coverage
from skeldir.cli.dead import dead_app
from skeldir.cli.deletion import delete_tenant, show_deletions
from skeldir.cli.export import export
from skeldir.cli.export_link import export_link
from skeldir.cli.facts import import_app, list_orders
from skeldir.cli.hosts import hosts_app
from skeldir.cli.imports import imports_app
from skeldir.cli.jobs import jobs_app
from skeldir.cli.keys import keys_app
from skeldir.cli.models import models_app
from skeldir.cli.pipeline import credit, matviews, refresh
from skeldir.cli.privacy import privacy_app
from skeldir.cli.rates import rates_app
from skeldir.cli.reconcile import reconcile_app
from skeldir.cli.report import report
from skeldir.cli.rules import rules_app
from skeldir.cli.rules_dry_run import dry_run
from skeldir.cli.scale import scale_app
from skeldir.cli.server import migrate, openapi, serve
from skeldir.cli.spend import spend_app
from skeldir.cli.tenants import tenants_app
from skeldir.cli.trial import demo
from skeldir.cli.up import up
from skeldir.cli.webhook_keys import make_key, rotate_key
from skeldir.cli.webhook_reports import (
    choose_basis,
    choose_precedence,
    show_deliveries,
    show_payments,
)
from skeldir.cli.webhook_trials import close_gaps, listen, send
from skeldir.cli.webhooks import webhooks_app
from skeldir.cli.worker import beat, worker
from skeldir.cli.zones import time_zone

app = typer.Typer(
    name="skeldir",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="""Shows which marketing channels earned the money, to the cent.

Without DATABASE_URL an embedded PostgreSQL under .skeldir/ (or SKELDIR_HOME) is started, or shared if it is already \
running. \
With DATABASE_URL, commands work on the server that it names, and app_user is enough for most. `migrate` needs a role \
with CREATEROLE that owns the database. `tenants list`, `tenants delete`, `tenants deletions`, `jobs`, `scale plan`, \
`audit` without --tenant, `webhooks rotate-key` without TENANT \
and looking up a tenant by name need a role that may act as skeldir_owner; `matviews` without \
--tenant needs one that may act as matview_owner. The role that ran `migrate` may act as both. \
`scale check` and `scale apply` need a superuser if the database has Citus.

The usual order: tenants create · keys create · import · credit · refresh · report.""",
)
rules_app.command("dry-run")(dry_run)
tenants_app.command("delete")(delete_tenant)
tenants_app.command("deletions")(show_deletions)
tenants_app.command("time-zone")(time_zone)
webhooks_app.command("send")(send)
webhooks_app.command("listen")(listen)
webhooks_app.command("backfill")(close_gaps)
webhooks_app.command("deliveries")(show_deliveries)
webhooks_app.command("payments")(show_payments)
webhooks_app.command("precedence")(choose_precedence)
webhooks_app.command("basis")(choose_basis)
webhooks_app.command("new-key")(make_key)
webhooks_app.command("rotate-key")(rotate_key)
app.add_typer(tenants_app, name="tenants")
app.add_typer(keys_app, name="keys")
app.add_typer(channels_app, name="channels")
app.add_typer(hosts_app, name="hosts")
app.add_typer(models_app, name="models")
app.add_typer(jobs_app, name="jobs")
app.add_typer(import_app, name="import")
app.add_typer(imports_app, name="imports")
app.add_typer(dead_app, name="dead")
app.add_typer(spend_app, name="spend")
app.add_typer(rates_app, name="rates")
app.add_typer(reconcile_app, name="reconcile")
app.add_typer(rules_app, name="rules")
app.add_typer(corrections_app, name="corrections")
app.add_typer(webhooks_app, name="webhooks")
app.add_typer(privacy_app, name="privacy")
app.add_typer(backup_app, name="backup")
app.command("restore")(restore)
app.add_typer(scale_app, name="scale")
app.command("orders")(list_orders)
app.command("credit")(credit)
app.command("report")(report)
app.command("export")(export)
app.command("export-link")(export_link)
app.command("coverage")(coverage)
app.command("refresh")(refresh)
app.command("matviews")(matviews)
app.command("audit")(audit)
app.command("migrate")(migrate)
app.command("up")(up)
app.command("serve")(serve)
app.command("openapi")(openapi)
app.command("worker")(worker)
app.command("beat")(beat)
app.command("demo")(demo)

# The proof is not in the wheel. In a checkout it is beside the product, and adds its commands.
_beside = Path(__file__).resolve().parents[3] / "proof" / "__init__.py"
if (_found := find_spec("proof")) and _found.origin and Path(_found.origin).resolve() == _beside:
    import_module("proof.cli").add_commands(app)


def main() -> None:
    """Run the command line; a known error is reported in two lines, with exit status 1."""
    from skeldir.cli.runtime import run_app

    run_app(app)


__all__ = ["app", "main"]
