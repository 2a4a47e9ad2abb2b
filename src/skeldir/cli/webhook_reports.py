"""What came in by `skeldir webhooks`, what became of it, and the rules: `precedence`, `basis` and `sdk-basis`."""

from __future__ import annotations

from typing import Annotated

import typer

from skeldir.cli.console import err, out
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.inbox import (
    AWAIT_A_SUM,
    Basis,
    BookedSum,
    DeliveryReport,
    PaymentReport,
    PaymentState,
    Precedence,
    SdkBasis,
    Unbooked,
    count_flags,
    explain_flag,
    explain_trouble,
    list_deliveries,
    list_payments,
    read_rules,
    rebook_all,
    say_trouble,
    set_basis,
    set_precedence,
    set_sdk_basis,
)
from skeldir.money import format_minor

MostOption = Annotated[int, typer.Option(min=1, max=100_000, help="The most to show.")]


def show_deliveries(
    tenant: TenantArgument,
    is_dead: Annotated[
        bool, typer.Option("--dead", help="Only those that were not understood.")
    ] = False,
    most: MostOption = 50,
) -> None:
    """Show the latest deliveries, newest first, and what was wrong with those that were not understood."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_deliveries(connection, tenant_id, is_dead=is_dead, most=most)
        for one in found:
            _show_delivery(one)
        if not found:
            err.print("Every delivery was understood." if is_dead else "Nothing came in yet.")
        elif len(found) == most:
            err.print("There may be more: see --most.")

    run_with_runtime(work)


def show_payments(
    tenant: TenantArgument,
    state: Annotated[PaymentState | None, typer.Option(help="Only those in this state.")] = None,
    is_flagged: Annotated[
        bool, typer.Option("--flagged", help="Only those of which something does not fit.")
    ] = False,
    most: MostOption = 50,
) -> None:
    """Show the payments that changed last: state, what is booked, what does not fit, waits, or is only evidence."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_payments(
                connection, tenant_id, state=state, is_flagged=is_flagged, most=most
            )
        for one in found:
            _show_payment(one)
        if not found:
            err.print("There is no such payment.")
        elif len(found) == most:
            err.print("There may be more: see --most.")

    run_with_runtime(work)


def choose_precedence(
    tenant: TenantArgument,
    precedence: Annotated[
        Precedence | None,
        typer.Argument(help="Whose reports are booked. Without it, the rule is only shown."),
    ] = None,
) -> None:
    """Set whose reports are booked where a shop and a gateway report the same payment; the others are evidence.

    Payments that both report are booked again. If interrupted, run it again.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            if precedence is not None:
                async with database.tenant(tenant_id) as connection:
                    await set_precedence(connection, tenant_id, precedence)
                _report_rebooked(await rebook_all(database, tenant_id, is_of_both=True))
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                rules = await read_rules(connection, tenant_id)
        other = "shop" if rules.precedence == "gateway" else "gateway"
        out.print(
            f"{rules.precedence}: where a shop and a gateway report one payment, the {rules.precedence}'s reports are "
            f"booked, and the {other}'s are kept as evidence.",
            soft_wrap=True,
        )

    run_with_runtime(work)


def choose_basis(
    tenant: TenantArgument,
    basis: Annotated[
        Basis | None,
        typer.Argument(help="What is booked as revenue. Without it, the rule is only shown."),
    ] = None,
) -> None:
    """Set whether all that buyers paid is booked as revenue, or that without tax, shipping or fees.

    All payments are booked again. If interrupted, run it again.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            if basis is not None:
                async with database.tenant(tenant_id) as connection:
                    await set_basis(connection, tenant_id, basis)
                _report_rebooked(await rebook_all(database, tenant_id, is_of_both=False))
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                rules = await read_rules(connection, tenant_id)
        out.print(rules.basis)

    run_with_runtime(work)


def choose_sdk_basis(
    tenant: TenantArgument,
    sdk_basis: Annotated[
        SdkBasis | None,
        typer.Argument(help="Which sum is booked. Without it, the rule is only shown."),
    ] = None,
) -> None:
    """Set which sum counts of orders that analytics SDKs report: the total, or the revenue without tax and shipping.

    Until it is set, such orders wait. Payments that an SDK reports are booked again. If interrupted, run it again.
    """

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            if sdk_basis is not None:
                async with database.tenant(tenant_id) as connection:
                    await set_sdk_basis(connection, tenant_id, sdk_basis)
                _report_rebooked(await rebook_all(database, tenant_id, is_of_sdks=True))
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                rules = await read_rules(connection, tenant_id)
                flags = await count_flags(connection, tenant_id)
        waiting = sum(one.payments for one in flags if one.flag in AWAIT_A_SUM)
        if waiting:
            why = (
                "the sum that counts was not sent"
                if rules.sdk_basis
                else "it is not chosen what counts"
            )
            err.print(
                f"Of {waiting:,} payments, money waits outside the ledger because {why}: "
                f"`skeldir webhooks payments {tenant_id} --flagged` shows them.",
                soft_wrap=True,
            )
        out.print(rules.sdk_basis or "not chosen: orders that SDKs report wait", soft_wrap=True)

    run_with_runtime(work)


def _report_rebooked(payments: int) -> None:
    err.print(
        f"{payments:,} payments were booked again; credit follows with `skeldir credit`, or by the workers.",
        soft_wrap=True,
    )


def _show_delivery(one: DeliveryReport) -> None:
    order = "" if one.order_id is None else f"  order {one.order_id}"
    out.print(
        f"{one.received_at:%Y-%m-%d %H:%M:%S} UTC  {one.provider}  {one.type or '-'}  {one.outcome}{order}",
        soft_wrap=True,
    )
    if one.trouble is not None:
        why = explain_trouble(one.trouble, one.provider)
        cure = "" if why is None else f" {why.cure}"
        out.print(f"  {one.trouble}: {say_trouble(one.trouble, one.detail)}{cure}", soft_wrap=True)
        named = [f"delivery {one.id}", f"event {one.event_id}" if one.event_id else ""]
        named += [f"{name} {id_}" for name, id_ in one.ids if id_ != one.event_id]
        out.print(f"  {', '.join(filter(None, named))}", soft_wrap=True)


def _show_payment(one: PaymentReport) -> None:
    order = "order not known" if one.order_id is None else f"order {one.order_id}"
    extras = [
        "renewal" if one.is_renewal else "",
        "" if one.journey is None else f"journey by {one.journey}",
        f"changed {one.changed_at:%Y-%m-%d %H:%M} UTC",
    ]
    out.print(
        f"{order}  {one.state}  {' + '.join(one.providers)}  {', '.join(filter(None, extras))}",
        style="bold",
        soft_wrap=True,
    )
    for booked in one.booked:
        out.print(f"  booked: {_sum_of(booked)}", soft_wrap=True)
    for flag in one.flags:
        out.print(f"  flag {flag}: {explain_flag(flag)}", soft_wrap=True)
    for name, moves in (("waits", one.waiting), ("evidence", one.evidence)):
        for move in moves:
            out.print(f"  {name}: {_money_of(move)}", soft_wrap=True)


def _sum_of(one: BookedSum) -> str:
    parts = {"captured": one.captured, "refunded": one.refunded, "disputed": one.disputed}
    shown = [f"{name} {_money(minor, one.currency)}" for name, minor in parts.items() if minor]
    return ", ".join([*shown, f"balance {_money(one.balance, one.currency)}"])


def _money(minor: int, currency: str) -> str:
    return f"{format_minor(minor, currency)} {currency}"


def _money_of(move: Unbooked) -> str:
    return f"{move.kind} of {_money(move.minor, move.currency)}, {move.provider} {move.id}"
