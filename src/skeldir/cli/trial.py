"""`skeldir demo`: from nothing to proven views, on a generated sample or on a file of the user's own."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer
from rich.table import Table

from skeldir.attribution import (
    channel_totals,
    credit_dirty_orders,
    define_models,
    models_in_force,
    set_aside_totals,
)
from skeldir.cli.console import err, out
from skeldir.cli.facts import import_with_progress, print_import
from skeldir.cli.import_flags import (
    CurrencyOption,
    UnitOption,
    ZoneOption,
    settings_of_flags,
)
from skeldir.cli.pipeline import (
    print_channels,
    print_credit,
    print_views,
    progress_bar,
    refresh_views,
)
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.db import Database, new_id
from skeldir.demo import IsolationReport, SampleSize, check_isolation, write_sample
from skeldir.ingest import CONVERSION_FIELDS, TOUCH_FIELDS
from skeldir.matviews import CANONICAL_VIEWS
from skeldir.revenue import ledger_totals
from skeldir.tenants import create_tenant, fold_name, list_tenants

if TYPE_CHECKING:
    from skeldir.ingest.files import FileMapping

SEED_OF_A, SEED_OF_B = 7, 8
_LOOK_AGAIN_S: Final = 0.2
_PATIENCE_S: Final = 60.0


def demo(
    data: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Your own file instead of the sample."),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", exists=True, dir_okay=False, help="The mapping of that file (TOML)."),
    ] = None,
    currency: CurrencyOption = None,
    amount_unit: UnitOption = None,
    time_zone: ZoneOption = None,
) -> None:
    """Import a data set, attribute it, refresh the views, and compare everything with the ledger.

    Exit status 0 only if every model's total equals the ledger, the views agree and no tenant sees the other.
    """
    flags = settings_of_flags(currency, amount_unit, time_zone)
    if data is None and (map_file is not None or flags):
        raise typer.BadParameter("A mapping needs --data.")

    async def work(runtime: Runtime) -> bool:
        # What the file does not show is requested before anything is created.
        inputs = (
            _own_input(data, map_file, flags)
            if data is not None
            else _sample_input(runtime, "a", SEED_OF_A)
        )
        name = "Demo A" if data is None else _name_of(*inputs[0])
        async with runtime.database() as database:
            tenant_a = await _have_tenant(runtime, database, name)
            tenant_b = await _have_tenant(runtime, database, "Demo B")
            small = SampleSize(customers=500, weeks=4)
            for tenant_id, files in (
                (tenant_a, inputs),
                (tenant_b, _sample_input(runtime, "b", SEED_OF_B, small)),
            ):
                out.rule(f"Reading, {name if tenant_id == tenant_a else 'Demo B'}", align="left")
                await _read_in(database, tenant_id, files)
            await _credit(database)
            results = await refresh_views(
                database,
                [view.name for view in CANONICAL_VIEWS],
                requested_at=utc_now(),
                only_if_changed=True,
                timeout_ms=runtime.settings.skeldir_refresh_timeout_ms,
            )
            is_fresh = all(result.outcome != "failed" for result in results)
            is_balanced = await _show_channels(database, tenant_a, name)
            is_balanced &= await _show_views(database, tenant_a)
            is_isolated = _show_isolation(await check_isolation(database, tenant_a, tenant_b))
        return is_fresh and is_balanced and is_isolated

    if not run_with_runtime(work):
        err.print("The totals do not agree.", style="bold red")
        raise typer.Exit(1)
    out.print("Everything agrees, to the cent.", style="bold green")


async def _credit(database: Database) -> None:
    """Credit all orders; wait for a worker of a running service that credits the same tenant, but not for ever."""
    out.rule("Crediting", align="left")
    until = monotonic() + _PATIENCE_S
    while True:
        with progress_bar() as bar:
            task = bar.add_task("Crediting orders", total=None)
            report = await credit_dirty_orders(database, progress=partial(bar.advance, task))
        print_credit(report)
        if report.is_complete or monotonic() > until:
            return
        await asyncio.sleep(_LOOK_AGAIN_S)


def _name_of(data: Path, mapping: FileMapping) -> str:
    """Return a name for this content and mapping: others get another tenant, so that earlier runs do not add up."""
    from skeldir.ingest.files import fingerprint_file

    return f"Demo A: {data.name} ({fingerprint_file(data, mapping)[:8]})"


def _sample_input(
    runtime: Runtime, folder: str, seed: int, size: SampleSize | None = None
) -> list[tuple[Path, FileMapping]]:
    from skeldir.ingest.files import mapping_from_settings

    sample = write_sample(
        runtime.settings.skeldir_home / "sample" / folder, seed=seed, size=size or SampleSize()
    )
    return [
        (
            path,
            mapping_from_settings(
                {**settings, "columns": {field: field for field in fields} | columns}
            ),
        )
        for path, settings, fields, columns in (
            (sample.touches, {"kind": "touches"}, TOUCH_FIELDS, {}),
            (
                sample.conversions,
                {"kind": "conversions", "amount_unit": "minor"},
                CONVERSION_FIELDS - {"amount_cents"},
                {"amount": "amount_cents"},
            ),
        )
    ]


def _own_input(
    data: Path, map_file: Path | None, flags: dict[str, object]
) -> list[tuple[Path, FileMapping]]:
    from skeldir.ingest.files import choose_mapping

    chosen = choose_mapping(data, kind=None, map_file=map_file, flags=flags)
    for choice in chosen.choices:
        out.print(choice, soft_wrap=True)
    return [(data, chosen.mapping)]


async def _have_tenant(runtime: Runtime, database: Database, name: str) -> UUID:
    async with runtime.operator() as operator:
        tenants = await list_tenants(operator)
    known = [tenant for tenant in tenants if fold_name(tenant.name) == fold_name(name)]
    if known:
        out.print(f"Tenant {known[0].tenant_id} ({name}) was already there.", soft_wrap=True)
        return known[0].tenant_id
    tenant_id = new_id()
    async with database.tenant(tenant_id) as connection:
        await create_tenant(connection, tenant_id, name)
    out.print(f"Tenant {tenant_id} ({name}) created.", soft_wrap=True)
    return tenant_id


async def _read_in(
    database: Database, tenant_id: UUID, files: list[tuple[Path, FileMapping]]
) -> None:
    for path, mapping in files:
        if mapping.models is None:
            async with database.tenant(tenant_id) as connection:
                await define_models(connection, tenant_id, changed_by="tenant created")
        print_import(await import_with_progress(database, tenant_id, path, mapping))


async def _show_channels(database: Database, tenant_id: UUID, name: str) -> bool:
    out.rule(f"Credited revenue, {name}", align="left")
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        totals = await channel_totals(connection, tenant_id)
        ledger = await ledger_totals(connection, tenant_id)
        models = [one.model for one in await models_in_force(connection, tenant_id)]
        aside = await set_aside_totals(connection, tenant_id)
    return print_channels(totals, ledger, models, aside)


async def _show_views(database: Database, tenant_id: UUID) -> bool:
    out.rule("The five canonical views", align="left")
    async with database.tenant(tenant_id) as connection:
        rows = {
            view.name: await connection.fetchval(view.count_statement) for view in CANONICAL_VIEWS
        }
        unbalanced = await connection.fetchval(
            "SELECT count(*) FROM public.allocation_summary WHERE tenant_id = $1 AND NOT is_balanced",
            tenant_id,
        )
        in_ledger = {
            total.currency: total.net_cents for total in await ledger_totals(connection, tenant_id)
        }
        in_view = {
            row["currency"]: int(row["net_cents"])
            for row in await connection.fetch(
                "SELECT currency, net_cents FROM public.realtime_revenue WHERE tenant_id = $1",
                tenant_id,
            )
        }
    await print_views(database, rows)
    if unbalanced or in_ledger != in_view:
        err.print(
            f"Views against ledger: {unbalanced} unbalanced days, {in_view} against {in_ledger}."
        )
        return False
    return True


def _show_isolation(report: IsolationReport) -> bool:
    out.rule("Isolation, asked as app_user", align="left")
    table = Table(
        "relation", "A sees of its own", "B sees of its own", "of each other", "without a tenant"
    )
    for seen in report.relations:
        counts = (seen.rows_of_a, seen.rows_of_b, seen.foreign_rows, seen.rows_without_tenant)
        table.add_row(seen.relation, *(f"{count:,}" for count in counts))
    for column in table.columns[1:]:
        column.justify = "right"
    out.print(table)
    out.print(
        "Reading a canonical view directly is "
        + ("ALLOWED" if report.may_read_views else "denied")
        + "."
    )
    return report.holds
