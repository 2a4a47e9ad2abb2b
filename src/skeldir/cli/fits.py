"""`skeldir models fit`, `fits`, `fitted` and `compare`: what channels earn by what journeys show."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import orjson
import typer
from rich.table import Column, Table

from skeldir.attribution import (
    LONGEST_ORDER,
    OrdersMoved,
    describe_command,
    find_orders_moved,
    models_in_force,
)
from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.fits import (
    DEFAULT_DRAWS,
    DEFAULT_LEVEL_PERCENT,
    DEFAULT_LOOKBACK_DAYS,
    FEWEST_OF_CHANNEL,
    MARKOV,
    ChannelEarning,
    Fit,
    FitAsked,
    FitComparison,
    FitSummary,
    Part,
    compare_fits,
    find_fit,
    fit_model,
    list_fits,
    weigh_fit,
)
from skeldir.money import format_minor

_JSON = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
VersionArgument = Annotated[str, typer.Argument(help="The version of a fit, such as markov@1.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, as the API returns it.")]


def fit(
    tenant: TenantArgument,
    model: Annotated[Literal["markov", "shapley"], typer.Argument(help="What to fit.")],
    first: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in the tenant's zone."),
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day.")],
    lookback_days: Annotated[
        int, typer.Option(help="How far before its end a journey's touches count.")
    ] = DEFAULT_LOOKBACK_DAYS,
    order: Annotated[
        int | None,
        typer.Option(help="Markov: how many touches the chain remembers, 1 to 4. Default: chosen."),
    ] = None,
    collapse_repeats: Annotated[
        bool,
        typer.Option("--collapse-repeats", help="Markov: touches of one channel in a row are one."),
    ] = False,
    level: Annotated[
        int, typer.Option(help="How many of a hundred draws an interval holds.")
    ] = DEFAULT_LEVEL_PERCENT,
    draws: Annotated[int, typer.Option(help="How often the journeys are drawn.")] = DEFAULT_DRAWS,
    seed: Annotated[int, typer.Option(help="The same seed draws the same.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Fit a model to the journeys that ended on some days, and keep it as the model's next version.

    What channels earn is estimated, with an interval each. A fit changes no credit: `models activate` puts it in force.
    """
    is_chain = model == MARKOV or collapse_repeats
    asked = FitAsked(
        model,
        first.date(),
        last.date(),
        lookback_days,
        order,
        collapse_repeats if is_chain else None,
        level,
        draws,
        seed,
    )

    async def work(runtime: Runtime) -> Fit:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                made_by = await describe_command(connection)
            version = await fit_model(database, tenant_id, asked, made_by=made_by)
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                return await find_fit(connection, tenant_id, version)

    _show(run_with_runtime(work), as_json=as_json)


def list_all(tenant: TenantArgument, as_json: JsonOption = False) -> None:
    """List the fits, the newest first."""

    async def work(runtime: Runtime) -> tuple[list[FitSummary], set[str]]:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            in_force = await models_in_force(connection, tenant_id)
            return (
                await list_fits(connection, tenant_id),
                {one.model_version for one in in_force},
            )

    fits, in_force = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps({"data": fits}, option=_JSON))
        return
    if not fits:
        err.print("Nothing was fitted. `skeldir models fit` makes a fit.")
        return
    table = Table("version", "in force", "days", "order", "journeys", "conversions", "made", "by")
    for one in fits:
        table.add_row(
            one.version,
            "yes" if one.version in in_force else "",
            f"{one.first_day} to {one.last_day}",
            _order_of(one),
            f"{one.journeys:,}",
            f"{one.conversions:,}",
            f"{one.made_at:%Y-%m-%d %H:%M}",
            one.made_by,
        )
    out.print(table)


def show_one(tenant: TenantArgument, version: VersionArgument, as_json: JsonOption = False) -> None:
    """Show a fit: what each channel earns, with intervals."""

    async def work(runtime: Runtime) -> Fit:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            return await find_fit(connection, tenant_id, version)

    _show(run_with_runtime(work), as_json=as_json)


def compare(
    tenant: TenantArgument,
    version: VersionArgument,
    other: Annotated[str, typer.Argument(help="The version to compare it with.")],
    as_json: JsonOption = False,
) -> None:
    """Show two fits side by side: what each channel earns by both, and the orders that move most.

    Orders are the first stored ones; what moves is what the other fit would give to other channels if it were in force.
    """

    async def work(runtime: Runtime) -> tuple[FitComparison, bool]:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                one = await find_fit(connection, tenant_id, version)
                two = await find_fit(connection, tenant_id, other)
            moved = await find_orders_moved(database, tenant_id, weigh_fit(one), weigh_fit(two))
            covers = [(f.fit.first_day, f.fit.last_day, f.fit.lookback_days) for f in (one, two)]
            return FitComparison(compare_fits(one, two), moved), covers[0] == covers[1]

    compared, is_of_same_days = run_with_runtime(work)
    if as_json:
        typer.echo(orjson.dumps(compared, option=_JSON))
        return
    table = Table(
        "channel",
        Column(version, justify="right"),
        Column(other, justify="right"),
        Column("difference", justify="right"),
        "intervals meet",
    )
    for one in compared.data:
        table.add_row(
            one.channel,
            _percent(one.share),
            _percent(one.other_share),
            f"{100 * one.difference:+.2f}",
            {True: "yes", False: "no", None: "unknown"}[one.intervals_meet],
        )
    out.print(table)
    out.print(
        "Shares of the conversions, in percent; the difference is the second less the first.",
        soft_wrap=True,
    )
    if not is_of_same_days:
        out.print(
            "The two are not of the same days and lookback: what differs may be the journeys, not the model.",
            soft_wrap=True,
        )
    _show_moved(compared.orders_moved, version, other)


def _show_moved(moved: OrdersMoved, version: str, other: str) -> None:
    if not moved.data:
        out.print(f"Over {moved.orders:,} orders, both give each channel the same.", soft_wrap=True)
        return
    table = Table(
        "order",
        Column("moves", justify="right"),
        "channel",
        Column(version, justify="right"),
        Column(other, justify="right"),
        title=f"Orders that move most, of {moved.orders:,}",
        title_justify="left",
    )
    for order in moved.data:
        for place, one in enumerate(order.channels):
            amounts = (one.credited_cents, one.other_credited_cents)
            table.add_row(
                order.order_id if place == 0 else "",
                _money(order.moved_cents, order.currency) if place == 0 else "",
                one.channel,
                *(format_minor(cents, order.currency) for cents in amounts),
            )
    out.print(table)
    if moved.orders_known_in_part:
        out.print(
            f"Of {moved.orders_known_in_part:,} orders less is stored than the fits need.",
            soft_wrap=True,
        )


def _money(cents: int, currency: str) -> str:
    return f"{format_minor(cents, currency)} {currency}"


def _order_of(fit: FitSummary) -> str:
    return "" if fit.chain_order is None else str(fit.chain_order)


def _show(fit: Fit, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(fit, option=_JSON))
        return
    one, result = fit.fit, fit.result
    out.print(
        f"{one.version}: {one.first_day} to {one.last_day}, {one.journeys:,} journeys with {one.touches:,} touches, "
        f"{one.conversions:,} of them with an order.",
        soft_wrap=True,
    )
    if one.chain_order is not None:
        chosen = " (chosen by cross-validation)" if result.orders else ""
        out.print(f"Order of the chain: {one.chain_order}{chosen}.", soft_wrap=True)
        _show_orders(fit)
    without = result.without_touch + result.without_key
    if without:
        out.print(f"{without:,} orders without a known touch belong to no channel.", soft_wrap=True)
    currencies = [earning.currency for earning in result.channels[0].earnings]
    table = Table(
        "channel",
        Column("journeys", justify="right"),
        Column("converted", justify="right"),
        *([Column("removal effect", justify="right")] if one.model == MARKOV else []),
        Column("share, %", justify="right"),
        Column("conversions", justify="right"),
        *(Column(currency, justify="right") for currency in currencies),
    )
    for channel in sorted(result.channels, key=lambda each: -each.share.value):
        effect = channel.removal_effect
        table.add_row(
            channel.channel,
            f"{channel.journeys:,}",
            f"{channel.converted:,}",
            *([] if effect is None else [_percent(effect)]),
            _percent(channel.share),
            _amount(f"{channel.conversions.value:,.1f}", channel.conversions),
            *(_earned(each) for each in channel.earnings),
        )
    out.print(table)
    out.print(
        f"In brackets: {one.level_percent} % intervals of {one.draws:,} draws, seed {one.seed}; a channel on fewer "
        f"than {FEWEST_OF_CHANNEL} journeys with an order, or with money of the currency, has none. A fit divides "
        "what was earned; it does not measure what advertising caused.",
        soft_wrap=True,
    )


def _amount(value: str, part: Part) -> str:
    if part.lower is None or part.upper is None:
        return value
    return f"{value} ({part.lower:,.1f} to {part.upper:,.1f})"


def _earned(one: ChannelEarning) -> str:
    value = format_minor(one.cents, one.currency)
    if one.lower_cents is None or one.upper_cents is None:
        return value
    ends = (format_minor(end, one.currency) for end in (one.lower_cents, one.upper_cents))
    return f"{value} ({' to '.join(ends)})"


def _show_orders(fit: Fit) -> None:
    """Print by which figures the order was chosen, and which orders were not tried."""
    tried = fit.result.orders
    if not tried:
        return
    for one in tried:
        out.print(
            f"  order {one.order}: {one.states:,} states, log-likelihood of a step {one.likelihood:.4f}"
            f" ± {one.error:.4f}",
            soft_wrap=True,
        )
    left = [
        str(order) for order in range(1, LONGEST_ORDER + 1) if order not in {o.order for o in tried}
    ]
    if left:
        out.print(f"  not tried, over 500 states: order {', '.join(left)}", soft_wrap=True)


def _percent(part: Part) -> str:
    if part.lower is None or part.upper is None:
        return f"{100 * part.value:.2f}"
    return f"{100 * part.value:.2f} ({100 * part.lower:.2f} to {100 * part.upper:.2f})"
