"""`skeldir audit`: whether the stored data follow from the facts, as a page for people or as JSON."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import date
from tempfile import TemporaryFile
from typing import IO, Annotated
from uuid import UUID

import orjson
import typer
from rich.table import Table

from skeldir.attribution import EntryCredit
from skeldir.audit import (
    KINDS,
    SAMPLE_EVERY,
    STRUCTURE_CHECKS,
    Audit,
    CheckResult,
    OrderEntries,
    Period,
    audit_tenant,
    canonical,
    list_audits,
    make_document,
    make_item,
    record_audit,
)
from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.db import Database, NodeUnreachable
from skeldir.money import format_minor
from skeldir.tenants import TenantUnknown, list_tenants

_WORDS = {
    "capture": "captured",
    "refund": "refunded",
    "refund_reversal": "refunds reversed",
    "dispute": "disputed",
    "dispute_reversal": "disputes reversed",
}
_DAY_HELP = "A day of the tenant's reporting time zone, YYYY-MM-DD."
_MOST_RECORDS = 30


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of the command, which apply to each tenant."""

    period: Period
    lists_orders: bool
    is_exact: bool
    as_json: bool
    records: bool


def audit(
    tenant: Annotated[str | None, typer.Option(help=f"Only this tenant. {TENANT_HELP}")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help=f"First day of the accounts. {_DAY_HELP}")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help=f"The day after the last day of the accounts. {_DAY_HELP}"),
    ] = None,
    orders: Annotated[
        bool, typer.Option("--orders", help="List each order with its entries and their credit.")
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help=f"Check the engine by the exact rules for every order, instead of one in {SAMPLE_EVERY}.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document per line.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="Record the result, as the daily audit does.")
    ] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Show the results of earlier audits of --tenant.")
    ] = False,
) -> None:
    """Compare the stored data with what follows from the facts, and the catalogue with what is expected.

    Each tenant is read in one snapshot, which holds up nothing but its deletion; only --record writes. Exit status 1
    means that something differs. All days are compared; --from and --to limit only the accounts. With DATABASE_URL,
    an audit of all tenants needs a role that may act as skeldir_owner, which app_user may not.
    """
    if history and tenant is None:
        raise typer.BadParameter("--history needs --tenant.")
    period = Period(_read_day(start, "--from"), _read_day(end, "--to"))
    if period.start is not None and period.end is not None and period.start >= period.end:
        raise typer.BadParameter("--from must be before --to.")

    options = _Options(period, orders, exact, as_json, record)

    async def work(runtime: Runtime) -> int:
        tenants = await _tenants_of(runtime, tenant)
        differences = 0
        async with runtime.database(pool_size=1) as database:
            if history:
                await _show_history(database, tenants[0])
                return 0
            for tenant_id in tenants:
                # A tenant may be deleted before its turn.
                with suppress(TenantUnknown) if tenant is None else nullcontext():
                    differences += await _audit_unless_away(
                        database, tenant_id, options, goes_on=tenant is None
                    )
        return differences

    if run_with_runtime(work):
        raise typer.Exit(1)


async def _tenants_of(runtime: Runtime, tenant: str | None) -> list[UUID]:
    if tenant is not None:
        return [await runtime.tenant_id(tenant)]
    async with runtime.operator(must_see_all=True) as operator:
        return [one.tenant_id for one in await list_tenants(operator)]


async def _audit_unless_away(
    database: Database, tenant_id: UUID, options: _Options, *, goes_on: bool
) -> int:
    """Audit a tenant; one of many whose node does not answer counts as a difference, and the others are audited."""
    try:
        return await _audit_one(database, tenant_id, options)
    except NodeUnreachable as error:
        if not goes_on:
            raise
        err.print(
            f"{error.code}: tenant {tenant_id} was not audited. {error.detail}", soft_wrap=True
        )
        return 1


async def _audit_one(database: Database, tenant_id: UUID, options: _Options) -> int:
    """Audit a tenant and print the result; return the number of differences."""
    with TemporaryFile() as items:

        def write(order: OrderEntries, credited: list[EntryCredit]) -> None:
            items.write(canonical(make_item(order, credited)) + b"\n")

        done = await audit_tenant(
            database,
            tenant_id,
            period=options.period,
            exact_every=1 if options.is_exact else SAMPLE_EVERY,
            on_order=write if options.lists_orders else None,
        )
        items.seek(0)
        show = _print_json if options.as_json else _print_page
        show(done, items if options.lists_orders else None)
    if options.records:
        async with database.tenant(tenant_id) as connection:
            await record_audit(connection, done)
    return done.differences


def _print_json(audit: Audit, items: IO[bytes] | None) -> None:
    """Print the document in one line; orders are copied into it one by one, since there may be very many."""
    if items is None:
        typer.echo(canonical(make_document(audit)).decode())
        return
    digest = hashlib.sha256()
    for line in items:
        digest.update(line)
    items.seek(0)
    document = canonical(make_document(audit, items_digest=digest.hexdigest())).decode()
    typer.echo(document[:-1] + ',"orders":[', nl=False)
    for number, line in enumerate(items):
        typer.echo(("," if number else "") + line.decode().rstrip("\n"), nl=False)
    typer.echo("]}")


def _print_page(audit: Audit, items: IO[bytes] | None) -> None:
    out.rule(f"Audit of {audit.name}", align="left")
    out.print(f"tenant   {audit.tenant_id}")
    out.print(f"period   {_describe(audit.period)}")
    out.print(f"zone     {audit.time_zone}")
    out.print(f"as of    {audit.as_of:%Y-%m-%d %H:%M:%S.%f} UTC")
    out.print(
        f"orders   {audit.orders:,} with {audit.entries:,} entries; {audit.awaiting_orders:,} orders await credit, "
        f"{audit.orders_set_aside:,} are set aside",
        soft_wrap=True,
    )
    _print_money(audit)
    _print_models(audit)
    if items is not None:
        _print_orders(items)
    _print_checks(audit)


def _print_money(audit: Audit) -> None:
    out.rule("The ledger", align="left")
    table = Table("", *(account.currency for account in audit.money))
    columns = [
        [account.opening_cents, *account.moved_cents.values(), account.closing_cents]
        for account in audit.money
    ]
    for place, name in enumerate(("opening", *map(_WORDS.__getitem__, KINDS), "closing")):
        amounts = [
            format_minor(cents[place], account.currency)
            for account, cents in zip(audit.money, columns, strict=True)
        ]
        table.add_row(name, *amounts, end_section=place in (0, len(KINDS)))
    _justify(table)
    out.print(table)


def _print_models(audit: Audit) -> None:
    out.rule("Credit beside the ledger", align="left")
    table = Table(
        "model",
        "currency",
        "ledger",
        "no capture",
        "awaits",
        "credit",
        "difference",
        "unattributed",
    )
    for account in audit.models:
        amounts = (
            account.ledger_cents,
            account.awaiting_capture_cents,
            account.awaiting_credit_cents,
            account.credited_cents,
            account.difference_cents,
        )
        table.add_row(
            account.model_version,
            account.currency,
            *(format_minor(cents, account.currency) for cents in amounts),
            _share(account.unattributed_cents, account.credited_cents),
        )
    _justify(table)
    out.print(table)


def _print_orders(items: IO[bytes]) -> None:
    out.rule("Orders, their entries, and what these bring the channels", align="left")
    for line in items:
        item = orjson.loads(line)
        currency_of = {entry["id"]: entry["currency"] for entry in item["entries"]}
        out.print(item["order_id"])
        for entry in item["entries"]:
            amount = format_minor(entry["amount_cents"], entry["currency"])
            out.print(
                f"  {entry['occurred_at']}  {entry['kind']:16} {amount:>16} {entry['currency']}"
            )
            for one in item["credit"]:
                if one["entry_id"] == entry["id"]:
                    cents = format_minor(one["credited_cents"], currency_of[entry["id"]])
                    out.print(f"      {one['model_version']:20} {one['channel']:24} {cents:>16}")


def _print_checks(audit: Audit) -> None:
    out.rule("What was compared", align="left")
    for check in audit.checks:
        _print_check(check)
    for cure in dict.fromkeys(one.cure(audit.tenant_id) for one in audit.checks if one.count):
        out.print(f"Cure: {cure}", soft_wrap=True)
    word = "Nothing differs." if not audit.differences else f"{audit.differences:,} differences."
    out.print(word, style="bold" if not audit.differences else "bold red")


def _print_check(check: CheckResult) -> None:
    unit = "objects" if check.name in STRUCTURE_CHECKS else "compared"
    if not check.count:
        out.print(f"OK       {check.claim} ({check.compared:,} {unit})", soft_wrap=True)
    else:
        out.print(f"DIFFERS  {check.claim} ({check.count:,})", style="bold red", soft_wrap=True)
        for difference in check.differences:
            out.print(f"         {difference.describe()}", soft_wrap=True)
        if check.count > len(check.differences):
            out.print(f"         and {check.count - len(check.differences):,} more.")
    if check.note:
        out.print(f"         {check.note}", soft_wrap=True)


async def _show_history(database: Database, tenant_id: UUID) -> None:
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        records = await list_audits(connection, tenant_id, most=_MOST_RECORDS)
    table = Table("as of", "orders", "awaiting", "differences", "checks", "digest")
    for one in records:
        table.add_row(
            f"{one.as_of:%Y-%m-%d %H:%M} UTC",
            f"{one.orders:,}",
            f"{one.awaiting_orders:,}",
            f"{one.differences:,}",
            ", ".join(one.checks),
            one.digest[:16],
        )
    out.print(table)


def _justify(table: Table) -> None:
    for column in table.columns[1:]:
        column.justify = "right"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""


def _describe(period: Period) -> str:
    if period.start is None and period.end is None:
        return "all days"
    first = "" if period.start is None else f"from {period.start} on"
    last = "" if period.end is None else f"before {period.end}"
    return ", ".join(part for part in (first, last) if part)


def _read_day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes a day as YYYY-MM-DD.") from error
