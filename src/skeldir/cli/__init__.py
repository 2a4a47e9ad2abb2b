"""The command line: `skeldir --help`. It wires the rooms, which hold the logic."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from skeldir.cli.loading import load_when_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

# Where each command is, in the order of the help.
_PLACES: Final[Mapping[str, str]] = {
    "restore": "backup.restore",
    "orders": "facts.list_orders",
    "credit": "pipeline.credit",
    "report": "report.report",
    "export": "export.export",
    "export-link": "export_link.export_link",
    "coverage": "coverage.coverage",
    "refresh": "pipeline.refresh",
    "matviews": "pipeline.matviews",
    "audit": "audit.audit",
    "migrate": "server.migrate",
    "up": "up.up",
    "serve": "server.serve",
    "openapi": "server.openapi",
    "mcp": "mcp.serve_tools",
    "worker": "worker.worker",
    "beat": "worker.beat",
    "demo": "trial.demo",
    "tenants": "tenants.tenants_app",
    "tenants delete": "deletion.delete_tenant",
    "tenants deletions": "deletion.show_deletions",
    "tenants time-zone": "zones.time_zone",
    "keys": "keys.keys_app",
    "collect": "collect.collect_app",
    "users": "users.users_app",
    "channels": "channels.channels_app",
    "hosts": "hosts.hosts_app",
    "models": "models.models_app",
    "jobs": "jobs.jobs_app",
    "import": "facts.import_app",
    "import paths": "import_paths.import_paths",
    "imports": "imports.imports_app",
    "dead": "dead.dead_app",
    "spend": "spend.spend_app",
    "lift": "lift.lift_app",
    "rates": "rates.rates_app",
    "reconcile": "reconcile.reconcile_app",
    "rules": "rules.rules_app",
    "rules dry-run": "rules_dry_run.dry_run",
    "corrections": "corrections.corrections_app",
    "collect coverage": "collect_coverage.show_coverage",
    "collect script": "collect_script.show_script",
    "webhooks": "webhooks.webhooks_app",
    "webhooks send": "webhook_trials.send",
    "webhooks listen": "webhook_trials.listen",
    "webhooks backfill": "webhook_trials.close_gaps",
    "webhooks deliveries": "webhook_reports.show_deliveries",
    "webhooks payments": "webhook_reports.show_payments",
    "webhooks precedence": "webhook_reports.choose_precedence",
    "webhooks basis": "webhook_reports.choose_basis",
    "webhooks sdk-basis": "webhook_reports.choose_sdk_basis",
    "webhooks new-key": "webhook_keys.make_key",
    "webhooks rotate-key": "webhook_keys.rotate_key",
    "notices": "notices.notices_app",
    "privacy": "privacy.privacy_app",
    "backup": "backup.backup_app",
    "scale": "scale.scale_app",
}

app = typer.Typer(
    name="skeldir",
    cls=load_when_asked(_PLACES),
    callback=lambda: None,  # without commands of its own, it would be none
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="""Shows which marketing channels earned the money, to the cent.

Without DATABASE_URL an embedded PostgreSQL under .skeldir/ (or SKELDIR_HOME) is started, or shared if it is already \
running. \
With DATABASE_URL, commands work on the server that it names, and app_user is enough for most. `migrate` needs a role \
with CREATEROLE that owns the database. `tenants list`, `tenants delete`, `tenants deletions`, `users link`, \
`users list`, `users disable`, `jobs`, `scale plan`, \
`audit` without --tenant, `webhooks rotate-key` without TENANT \
and looking up a tenant by name need a role that may act as skeldir_owner; `matviews` without \
--tenant needs one that may act as matview_owner. The role that ran `migrate` may act as both. \
`scale check` and `scale apply` need a superuser if the database has Citus.

The usual order: tenants create · keys create · import · credit · refresh · report.""",
)
# The proof is not in the wheel. In a checkout it is beside the product, and adds its commands.
_beside = Path(__file__).resolve().parents[3] / "proof" / "__init__.py"
if (_found := find_spec("proof")) and _found.origin and Path(_found.origin).resolve() == _beside:
    import_module("proof.cli").add_commands(app)


def main() -> None:
    """Run the command line; a known error is reported in two lines, with exit status 1."""
    from skeldir.cli.runtime import run_app

    run_app(app)


__all__ = ["app", "main"]
