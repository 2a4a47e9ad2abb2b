"""`skeldir rules dry-run`: what rules would move, of touches, credit and spend."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import CreditMoved
from skeldir.cli.console import out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.rules import read_rules_file, read_version
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid
from skeldir.ingest import OwnRules, compiled_rules, draft_rules, load_rules
from skeldir.money import format_minor
from skeldir.spend import RulesDryRun, dry_run_rules

if TYPE_CHECKING:
    from skeldir.db import Connection


def dry_run(
    tenant: TenantArgument,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A TOML file with the rules; - reads standard input."),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Instead: the number of a stored version, or none.")
    ] = None,
) -> None:
    """Show which touches, orders, credit and spend rules would move, by channel; nothing is stored.

    It takes about as long as crediting the orders that move.
    """
    if (file is None) == (to is None):
        raise InputInvalid(
            "There must be one set of rules to try.", cure="Give either --file or --to."
        )

    async def work(runtime: Runtime) -> None:
        document = None if file is None else read_rules_file(file)
        version = None if to is None else read_version(to)
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            rules = await _find_rules(connection, tenant_id, document, version)
            found = await dry_run_rules(connection, tenant_id, rules)
        show_dry_run(found)

    run_with_runtime(work)


async def _find_rules(
    connection: Connection, tenant_id: UUID, document: str | None, version: int | None
) -> OwnRules | None:
    if document is not None:
        return await draft_rules(connection, tenant_id, document)
    if version is None:
        return None
    stored = await load_rules(connection, tenant_id, version)
    return compiled_rules(version, stored.document)


class MovedRow(NamedTuple):
    """Numbers of now and then: minor units of the currency, or without one a count."""

    names: list[str]
    now: int
    then: int
    currency: str | None = None

    def write(self, number: int) -> str:
        return f"{number:,}" if self.currency is None else format_minor(number, self.currency)


def show_dry_run(found: RulesDryRun) -> None:
    """Print a dry run: a table for each thing that moves."""
    out.print(
        f"Of {found.touches:,} touches, {found.touches_derived:,} with a derived channel, {found.touches_moved:,} get"
        f" another one; so do {found.days_moved:,} campaign days. Journeys of {found.orders_moved:,} orders change.",
        soft_wrap=True,
    )
    if found.first_orders_moved:
        out.print(
            f"The first of these: {', '.join(found.first_orders_moved)}",
            soft_wrap=True,
            markup=False,
            highlight=False,
            emoji=False,
        )
    if found.orders_awaiting_credit:
        out.print(
            f"{found.orders_awaiting_credit:,} orders await credit: theirs will come in addition.",
            soft_wrap=True,
        )
    show_moved("touches", ["channel"], _touch_rows(found))
    show_moved("credit", ["model", "currency", "channel"], credit_rows(found.credit))
    show_moved("spend", ["currency", "channel"], _spend_rows(found))
    if found.campaigns:
        table = Table("campaign", "currency", "channel now", "then", _right("days"), _right("cost"))
        for one in found.campaigns:
            table.add_row(
                f"{one.platform} {one.account} {one.campaign}",
                one.currency,
                one.channel_now,
                one.channel_then,
                f"{one.days:,}",
                format_minor(one.cost_cents, one.currency),
            )
        out.print(table)


def _touch_rows(found: RulesDryRun) -> list[MovedRow]:
    return [
        MovedRow([one.channel], one.touches_now, one.touches_then)
        for one in found.touches_by_channel
    ]


def credit_rows(credit: Iterable[CreditMoved]) -> list[MovedRow]:
    """Return what each model credits to each channel, now and then."""
    return [
        MovedRow(
            [one.model, one.currency, one.channel],
            one.credited_cents_now,
            one.credited_cents_then,
            one.currency,
        )
        for one in credit
    ]


def _spend_rows(found: RulesDryRun) -> list[MovedRow]:
    return [
        MovedRow(
            [one.currency, one.channel], one.spend_cents_now, one.spend_cents_then, one.currency
        )
        for one in found.spend
    ]


def show_moved(what: str, keys: list[str], rows: list[MovedRow]) -> None:
    """Print the rows that differ; nothing if there is none."""
    changed = [row for row in rows if row.now != row.then]
    if not changed:
        return
    table = Table(*keys, _right(f"{what} now"), _right("then"), _right("difference"))
    for row in changed:
        sign = "+" if row.then > row.now else ""
        difference = f"{sign}{row.write(row.then - row.now)}"
        table.add_row(*row.names, row.write(row.now), row.write(row.then), difference)
    out.print(table)


def _right(name: str) -> Column:
    return Column(name, justify="right")
