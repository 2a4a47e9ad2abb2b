"""`skeldir webhooks`: endpoints of payment providers, their secrets, and why deliveries to them were refused."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.cli.console import err, out
from skeldir.cli.deletion import is_terminal
from skeldir.cli.durations import read_duration
from skeldir.cli.keys import TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.inbox import (
    LOCAL_BASE,
    MAKES_SECRET,
    EndpointOptions,
    EndpointProvider,
    EndpointReport,
    Sealer,
    add_secret,
    address_of,
    create_endpoint,
    end_endpoint,
    explain_refusal,
    is_reachable,
    list_endpoints,
    make_secret,
    prepare_sealer,
    require_mode,
    require_secret,
    resolve_endpoint,
    steps_of,
)

webhooks_app = typer.Typer(
    no_args_is_help=True,
    help="Take in the signed webhooks of payment providers: addresses, secrets, deliveries, payments.",
)

LONGEST_OVERLAP: Final = timedelta(days=90)
_NO_OVERLAP: Final = timedelta(0)

EndpointArgument = Annotated[
    str,
    typer.Argument(
        help="The endpoint's id, or the first 12 characters of its token, from `skeldir webhooks list`."
    ),
]


@webhooks_app.command("create")
def create(
    tenant: TenantArgument,
    provider: Annotated[
        EndpointProvider, typer.Argument(help="Who sends; standard: Standard Webhooks.")
    ],
    is_test: Annotated[
        bool, typer.Option("--test", help="For test money, which never enters a live ledger.")
    ] = False,
    shop: Annotated[
        str, typer.Option(help="For shopify: the shop's own domain, such as sample.myshopify.com.")
    ] = "",
    order_prefix: Annotated[
        str,
        typer.Option(
            help="Put before each order's reference, so that two shops do not share them."
        ),
    ] = "",
    journey_name: Annotated[
        str, typer.Option(help="The name of the field with the journey's token.")
    ] = "skeldir_journey",
    order_name: Annotated[
        str,
        typer.Option(help="For stripe and standard: the name of the field with the order's id."),
    ] = "order_id",
    books_totals: Annotated[
        bool,
        typer.Option(
            "--refunds-as-totals",
            help="For stripe: book the totals of refunds, if its API version sends no single ones.",
        ),
    ] = False,
    url: Annotated[
        str, typer.Option(help="Where the provider reaches the API, such as https://your.host.")
    ] = LOCAL_BASE,
) -> None:
    """Make an address for a provider's webhooks; print it, and what to enter at the provider.

    The address is shown only now. So is the secret of woocommerce and standard, which is made here; the other
    providers give theirs, and `skeldir webhooks secret` stores it.
    """
    options = EndpointOptions(
        provider,
        is_live=not is_test,
        account=shop.strip().lower(),
        order_prefix=order_prefix,
        journey_name=journey_name,
        order_name=order_name,
        books_totals=books_totals,
    )
    address_of(url, provider, "")  # refuses it before anything is made
    run_with_runtime(partial(_create, tenant=tenant, options=options, url=url))


@webhooks_app.command("secret")
def enter_secret(
    tenant: TenantArgument,
    endpoint: EndpointArgument,
    overlap: Annotated[
        str,
        typer.Option(
            help="How long the former secret stays in force: 90s, 30m, 24h, 7d; 0 ends it at once."
        ),
    ] = "24h",
    is_new: Annotated[
        bool,
        typer.Option("--new", help="For woocommerce and standard: make a new secret and print it."),
    ] = False,
) -> None:
    """Store the secret with which a provider signs; for PayPal, that is the webhook's id.

    It is asked for on a terminal, and otherwise read as the first line of standard input. While secrets roll, the two
    newest are in force.
    """
    span = read_duration(overlap)
    if not _NO_OVERLAP <= span <= LONGEST_OVERLAP:
        raise InputInvalid(
            "Two secrets cannot overlap for that long.",
            cure=f"Choose at most {LONGEST_OVERLAP.days} days; 0 ends the former secret at once.",
        )
    typed = None if is_new else _read_secret()

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        sealer = _prepare(runtime)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            found = await resolve_endpoint(connection, tenant_id, endpoint)
            secret = _secret_for(found, typed)
            former_ends_at = await add_secret(
                connection, tenant_id, found.id, secret, sealer=sealer, old_end_at=utc_now() + span
            )
        if typed is None:
            err.print("The secret below is shown only now; enter it at the sender:")
            out.print(secret, soft_wrap=True)
        former = (
            "no other one"
            if former_ends_at is None
            else f"the former one until {former_ends_at:%Y-%m-%d %H:%M:%S} UTC as well"
        )
        err.print(
            f"Deliveries that are signed with this secret are accepted from now on, and {former}.",
            soft_wrap=True,
        )

    run_with_runtime(work)


@webhooks_app.command("list")
def show(tenant: TenantArgument) -> None:
    """List a tenant's endpoints with what came in, and why deliveries were refused."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id, is_read_only=True) as connection,
        ):
            found = await list_endpoints(connection, tenant_id)
        if not found:
            err.print("There is no endpoint yet: `skeldir webhooks create` makes one.")
            return
        table = Table(
            Column("id", no_wrap=True),
            Column("provider"),
            Column("mode"),
            Column("state"),
            Column("deliveries", justify="right"),
            Column("dead", justify="right"),
            Column("last (UTC)"),
        )
        for one in found:
            last = "never" if one.last_at is None else f"{one.last_at:%Y-%m-%d %H:%M}"
            table.add_row(
                str(one.id),
                one.provider,
                "live" if one.is_live else "test",
                _state_of(one),
                f"{one.deliveries:,}",
                f"{one.troubles:,}",
                last,
            )
        out.print(table)
        for one in found:
            _show_details(one)

    run_with_runtime(work)


@webhooks_app.command("end")
def end(tenant: TenantArgument, endpoint: EndpointArgument) -> None:
    """End an endpoint for good: its address answers as if it had never been. What was booked stays."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            found = await resolve_endpoint(connection, tenant_id, endpoint)
            ended_at = await end_endpoint(connection, tenant_id, found.id)
        out.print(f"Ended at {ended_at:%Y-%m-%d %H:%M:%S} UTC.")
        err.print(
            "Delete the webhook at the provider as well, so that it sends no more.",
            soft_wrap=True,
        )

    run_with_runtime(work)


async def _create(runtime: Runtime, *, tenant: str, options: EndpointOptions, url: str) -> None:
    tenant_id = await runtime.tenant_id(tenant)
    sealer = _prepare(runtime)
    secret = make_secret(options.provider) if options.provider in MAKES_SECRET else None
    async with (
        runtime.database(pool_size=1) as database,
        database.tenant(tenant_id) as connection,
    ):
        await require_mode(connection, tenant_id, is_live=options.is_live)
        made = await create_endpoint(connection, tenant_id, options)
        if secret is not None:
            await add_secret(
                connection, tenant_id, made.id, secret, sealer=sealer, old_end_at=utc_now()
            )
    mode = "live" if options.is_live else "test"
    what = "address is" if secret is None else "address and its secret are"
    err.print(
        f"Endpoint {made.id} of {options.provider}, {mode}. Its {what} shown only now:",
        soft_wrap=True,
    )
    address = address_of(url, options.provider, made.token)
    out.print(address, soft_wrap=True)
    if secret is not None:
        out.print(secret, soft_wrap=True)
    _show_steps(options, address)
    _show_next(tenant_id, made.id, needs_secret=secret is None)


def _prepare(runtime: Runtime) -> Sealer:
    """Return what seals secrets; report the file with its key if that was made now."""
    sealer, made = prepare_sealer(runtime.settings)
    if made is not None:
        _report_key_file(made)
    return sealer


def _report_key_file(path: Path) -> None:
    err.print(
        f"Secrets are stored encrypted; the key was written to {path}. Keep a copy: backups do not have it.",
        soft_wrap=True,
    )


def _read_secret() -> str:
    """Return what was typed at a prompt that does not show it, or else the first line of standard input."""
    if is_terminal():
        typed: str = typer.prompt("Secret (for PayPal: the Webhook ID)", hide_input=True, err=True)
        return typed
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        line = ""
    if not line.strip():
        raise InputInvalid(
            "No secret came on standard input.",
            cure="Run the command on a terminal, or pipe one line of text into it. It is never an argument, which "
            "others on the machine could read.",
        )
    return line.rstrip("\r\n")


def _secret_for(endpoint: EndpointReport, typed: str | None) -> str:
    """Return the secret to store: the checked one that was typed, or a new one."""
    if endpoint.ended_at is not None:
        raise InputInvalid(
            "The endpoint has ended.", cure="`skeldir webhooks create` makes another one."
        )
    if typed is not None:
        return require_secret(endpoint.provider, typed)
    if endpoint.provider not in MAKES_SECRET:
        raise InputInvalid(
            f"The secret of {endpoint.provider} cannot be made here.",
            cure="Leave out --new, and enter the one that the provider shows.",
        )
    return make_secret(endpoint.provider)


def _show_steps(options: EndpointOptions, address: str) -> None:
    steps = steps_of(options, address)
    if not is_reachable(address):
        err.print(
            "\nOnly this machine reaches this address; the provider needs a public one with https. Give it with --url, "
            "or put https and your host in the place of the beginning; what follows /v1 stays.",
            soft_wrap=True,
        )
    err.print("\nWhat to do at the provider:")
    for number, step in enumerate(steps.at_provider, start=1):
        err.print(f"{number}. {step}", soft_wrap=True)
    err.print(
        "\nWhat the shop adds to hand over the journey (docs/webhooks.md says where):",
        soft_wrap=True,
    )
    for line in steps.in_shop:
        err.print(f"   {line}", soft_wrap=True)


def _show_next(tenant_id: UUID, endpoint_id: UUID, *, needs_secret: bool) -> None:
    if needs_secret:
        err.print("\nThen enter the secret:")
        err.print(f"   skeldir webhooks secret {tenant_id} {endpoint_id}", soft_wrap=True)
    err.print("\nAnd after the first payment, look what came in:")
    err.print(f"   skeldir webhooks list {tenant_id}", soft_wrap=True)


def _state_of(endpoint: EndpointReport) -> str:
    if endpoint.ended_at is not None:
        return "ended"
    return "in force" if endpoint.has_secret else "no secret"


def _show_details(endpoint: EndpointReport) -> None:
    """Print an endpoint's token and unusual settings, and its refusals with what to do about each."""
    settings = {
        "token": f"{endpoint.token_start}…",
        "ended": "" if endpoint.ended_at is None else f"{endpoint.ended_at:%Y-%m-%d %H:%M} UTC",
        "shop": endpoint.account,
        "prefix of orders": endpoint.order_prefix,
        "journey in": endpoint.journey_name,
        "order in": endpoint.order_name,
        "refunds as": "totals" if endpoint.books_totals else "",
    }
    usual = EndpointOptions(endpoint.provider, endpoint.is_live)
    shown = [
        f"{name} {value}"
        for name, value in settings.items()
        if value and value not in (usual.journey_name, usual.order_name)
    ]
    out.print(f"\n{endpoint.id}: {', '.join(shown)}", style="bold", soft_wrap=True)
    for one in endpoint.refusals:
        out.print(
            f"  {one.refusals:,} refused: {one.outcome}, last {one.last_at:%Y-%m-%d %H:%M} UTC.",
            soft_wrap=True,
        )
        if (why := explain_refusal(one.outcome)) is not None:
            out.print(f"    {why.meaning} {why.cure}", soft_wrap=True)
