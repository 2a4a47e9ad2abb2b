"""`skeldir models`: the models in force, who changed them, and changing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import orjson
import typer
from rich.table import Column, Table

from skeldir.attribution import (
    FITTED_MODELS,
    AfterConversion,
    CompleteParameters,
    FittedVersion,
    ModelChange,
    ModelInForce,
    ModelParameters,
    ModelPreview,
    describe_command,
    latest_changes,
    models_in_force,
    preview_model,
    retire_model,
    set_models,
)
from skeldir.cli import fits
from skeldir.cli.console import err, out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.fits import activate_fit, find_fit, weigh_fit
from skeldir.money import format_minor

models_app = typer.Typer(
    no_args_is_help=True,
    help="List, set and retire the attribution models of a tenant, and fit models to its journeys.",
)
models_app.command("fit")(fits.fit)
models_app.command("fits")(fits.list_all)
models_app.command("fitted")(fits.show_one)
models_app.command("compare")(fits.compare)
ModelArgument = Annotated[str, typer.Argument(help="first_touch, last_touch, linear, …")]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Change it without asking; required without a terminal.")
]
_JSON = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
_CREDIT_FOLLOWS = (
    "Credit follows once the stored orders are restated, by workers or by `skeldir credit`."
)


@models_app.command("list")
def show(
    tenant: TenantArgument,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON that GET /v1/models returns.")
    ] = False,
) -> None:
    """List the models in force, since when and by whom, and the latest changes with the parameters before and after."""

    async def work(runtime: Runtime) -> tuple[list[ModelInForce], list[ModelChange]]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return (
                await models_in_force(connection, tenant_id),
                await latest_changes(connection, tenant_id),
            )

    in_force, changes = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps({"data": in_force, "changes": changes}, option=_JSON))
        return
    _print_models(in_force)
    _print_changes(changes)


@models_app.command("set")
def set_model(
    tenant: TenantArgument,
    model: ModelArgument,
    lookback_days: Annotated[
        int | None, typer.Option(help="Days before a conversion in which a touch counts.")
    ] = None,
    after_conversion: Annotated[
        AfterConversion | None,
        typer.Option(
            help="keep: earlier touches can earn again; reset: only touches after the previous order of the same "
            "journey was first captured."
        ),
    ] = None,
    half_life_days: Annotated[int | None, typer.Option(help="Only for time_decay.")] = None,
    yes: YesOption = False,
) -> None:
    """Set the parameters of a model, after a preview of the effect; put it in force if it is not.

    A parameter that is left out keeps its value; for a retired model, the value it had when it was retired. A model
    that was never in force has the defaults: 30 days of lookback, keep, 7 days of half-life.
    """
    parameters = ModelParameters(lookback_days, after_conversion, half_life_days)

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        preview = await _preview(runtime, tenant_id, model, parameters)
        if preview.changes_nothing:
            out.print(
                f"Nothing was changed: {preview.version_now} is in force with these parameters.",
                soft_wrap=True,
            )
            return
        _confirm(preview, yes=yes)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            changed_by = await describe_command(connection)
            versions = await set_models(
                connection, tenant_id, {model: parameters}, changed_by=changed_by
            )
        (version,) = (v.model_version for v in versions if v.model == model)
        out.print(f"{version} is in force. {_CREDIT_FOLLOWS}", soft_wrap=True)

    run_with_runtime(work)


@models_app.command("activate")
def activate(tenant: TenantArgument, version: fits.VersionArgument, yes: YesOption = False) -> None:
    """Have each order credited by a fit, after a preview of the effect; another fit of its model is retired.

    The channels of an order's path earn in proportion to their shares in the fit, exact to the smallest unit.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            fitted = weigh_fit(await find_fit(connection, tenant_id, version))
        preview = await _preview(runtime, tenant_id, fitted.model, fitted)
        if preview.changes_nothing:
            out.print(f"Nothing was changed: {fitted.name} is in force.", soft_wrap=True)
            return
        _confirm(preview, yes=yes)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            changed_by = await describe_command(connection)
            await activate_fit(connection, tenant_id, version, changed_by=changed_by)
        out.print(f"{fitted.name} is in force. {_CREDIT_FOLLOWS}", soft_wrap=True)

    run_with_runtime(work)


@models_app.command("retire")
def retire(tenant: TenantArgument, model: ModelArgument, yes: YesOption = False) -> None:
    """Retire a model, after a preview of the effect.

    `skeldir models set` puts it in force again; parameters that are not given then keep their present values. For a
    fit `skeldir models activate` does.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        _confirm(await _preview(runtime, tenant_id, model, None), yes=yes)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            changed_by = await describe_command(connection)
            await retire_model(connection, tenant_id, model, changed_by=changed_by)
        out.print(f"{model} is retired. Reports no longer show it.", soft_wrap=True)

    run_with_runtime(work)


async def _preview(
    runtime: Runtime,
    tenant_id: UUID,
    model: str,
    change: ModelParameters | FittedVersion | None,
) -> ModelPreview:
    async with runtime.database(pool_size=1) as database:
        return await preview_model(database, tenant_id, model, change)


def _confirm(preview: ModelPreview, *, yes: bool) -> None:
    """Show what a change would move; return if the change is confirmed.

    Raises:
        InputInvalid: there is no terminal to ask on, and --yes was not given.
        Abort: the change was declined.
    """
    _print_preview(preview)
    if not yes:
        if not is_terminal():
            raise InputInvalid(
                "Without a terminal the change cannot be confirmed; nothing was changed.",
                cure="Add --yes to change the model.",
            )
        typer.confirm(f"Change {preview.model}?", abort=True, err=True)


def _describe(parameters: CompleteParameters, version: str = "") -> str:
    words = f"{parameters.lookback_days} days of lookback, {parameters.after_conversion}"
    if version.partition("@")[0] in FITTED_MODELS:
        return words
    return f"{words}, half-life {parameters.half_life_days} days"


def _print_header(preview: ModelPreview) -> None:
    """Print the model before and after the change, and where parameters that were not given come from."""
    now = "not in force"
    if preview.parameters_now is not None:
        now = f"{_describe(preview.parameters_now, preview.model)} ({preview.version_now})"
    then = "retired" if preview.wanted is None else _describe(preview.wanted, preview.model)
    if preview.fit is not None:
        then += f" ({preview.fit})"
    lines = [f"{preview.model} now: {now}", f"{preview.model} then: {then}"]
    if preview.last_version is None and preview.fit is None:
        lines.append("Parameters not given have their defaults: the model was never in force.")
    elif preview.parameters_now is None and preview.fit is None:
        lines.append(
            f"Parameters not given are those of {preview.last_version}, which was in force last."
        )
    for line in lines:
        out.print(line, soft_wrap=True)


def _print_preview(preview: ModelPreview) -> None:
    _print_header(preview)
    out.print(
        f"Over {preview.orders:,} of {preview.orders_in_all:,} stored orders:", soft_wrap=True
    )
    table = Table("currency", "channel", *_right("now", "then", "difference"))
    for row in preview.channels:
        amounts = (row.credited_cents_now, row.credited_cents_then, row.difference_cents)
        table.add_row(
            row.currency, row.channel, *(format_minor(cents, row.currency) for cents in amounts)
        )
    out.print(table)
    if preview.orders_known_in_part:
        out.print(
            f"For {preview.orders_known_in_part:,} of these orders the figures are no forecast: the change asks for "
            "more than is stored of them, and their facts are too many for a preview to read.",
            soft_wrap=True,
        )
    if preview.orders_left_out:
        out.print(
            f"{preview.orders_left_out:,} orders have journeys too long for a preview.",
            soft_wrap=True,
        )


def _print_models(in_force: Sequence[ModelInForce]) -> None:
    table = Table(
        Column("model", no_wrap=True),
        Column("version", no_wrap=True),
        *_right("lookback", "half-life"),
        "after conversion",
        "in force since",
        Column("by", overflow="fold"),
    )
    for one in in_force:
        since = one.in_force_since
        table.add_row(
            one.model,
            one.model_version,
            f"{one.lookback_days} days",
            "" if one.model in FITTED_MODELS else f"{one.half_life_days} days",
            one.after_conversion,
            "not recorded" if since is None else f"{since:%Y-%m-%d %H:%M:%S} UTC",
            one.changed_by or "not recorded",
        )
    out.print(table)


def _print_changes(changes: Sequence[ModelChange]) -> None:
    if not changes:
        err.print("No change of the models has been recorded yet.")
        return
    table = Table(
        "changed at",
        Column("by", overflow="fold"),
        Column("model", no_wrap=True),
        "from",
        "to",
        title="Latest changes",
        title_justify="left",
    )
    for change in changes:
        table.add_row(
            f"{change.changed_at:%Y-%m-%d %H:%M:%S} UTC",
            change.changed_by,
            change.model,
            _side(change.from_version, change.parameters_before, "not in force"),
            _side(change.to_version, change.parameters_after, "retired"),
        )
    out.print(table)


def _side(version: str | None, parameters: CompleteParameters | None, without: str) -> str:
    """Format one side of a change: the version, and its parameters on a line of their own."""
    return without if parameters is None else f"{version}\n{_describe(parameters, version or '')}"


def _right(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]
