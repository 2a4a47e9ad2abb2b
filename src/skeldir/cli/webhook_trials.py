"""`skeldir webhooks send`, `listen` and `backfill`: a set-up is tried, watched, and its gaps are closed."""

from __future__ import annotations

import secrets
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Final

import typer

from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP, TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.cli.webhooks import EndpointArgument
from skeldir.clock import utc_now
from skeldir.errors import InputInvalid
from skeldir.inbox import (
    SAMPLES,
    BackfillReport,
    EndpointProvider,
    Provider,
    SeenDelivery,
    Target,
    Wishes,
    backfill,
    explain_gap,
    explain_trouble,
    find_target,
    load_sealer,
    make_sample,
    say_trouble,
    send_body,
    watch,
)
from skeldir.money import CURRENCIES, AmountFractional, AmountInvalid, format_minor, minor_units
from skeldir.revenue import DeliveredEntry

_LARGEST_BODY: Final = 1024 * 1024
_OK: Final = 200
_INCOMPLETE: Final = 3


def send(
    tenant: Annotated[str | None, typer.Argument(help=TENANT_HELP)] = None,
    url: Annotated[
        str | None, typer.Argument(help="The endpoint's address, as `webhooks create` printed it.")
    ] = None,
    sample: Annotated[
        str | None, typer.Argument(help="The name of a sample, or the path of a JSON file.")
    ] = None,
    listed: Annotated[
        EndpointProvider | None,
        typer.Option("--list", help="List the samples of a provider, and stop."),
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="The order's reference; a new one if it is not given.")
    ] = None,
    journey: Annotated[str | None, typer.Option(help="The token of the buyer's journey.")] = None,
    amount: Annotated[
        str | None, typer.Option(help="In units of the currency, such as 12.50; otherwise 40.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="The code of the currency; otherwise EUR.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send it to a live endpoint: it books into the ledger.")
    ] = False,
) -> None:
    """Sign a sample as its provider does, send it to an endpoint, and show what was booked.

    A live endpoint takes it as real money: use one of a tenant for tests (`webhooks create --test`).
    """
    if listed is not None:
        _list_samples(listed)
        return
    if tenant is None or url is None or sample is None:
        raise typer.BadParameter("give the tenant, the address and a sample, or --list PROVIDER.")
    wished = {"order": order, "journey": journey, "amount": amount, "currency": currency}
    _refuse_wishes_of_file(sample, [name for name, one in wished.items() if one is not None])
    wishes = _wishes_of(order, journey, amount or "40", currency or "EUR")
    run_with_runtime(lambda runtime: _send(runtime, tenant, url, sample, wishes, yes=yes))


def listen(
    tenant: TenantArgument,
    provider: Annotated[Provider | None, typer.Option(help="Only of this provider.")] = None,
    once: Annotated[
        int | None, typer.Option(min=1, help="End after this number of deliveries.")
    ] = None,
) -> None:
    """Show deliveries as they come, with what each booked, until Ctrl-C. Repeated ones do not show."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            aclosing(watch(database, tenant_id, provider)) as deliveries,
        ):
            err.print("Waiting for deliveries; Ctrl-C ends this.")
            count = 0
            async for one in deliveries:
                show_delivery(one)
                count += 1
                if count == once:
                    return

    try:
        run_with_runtime(work)
    except KeyboardInterrupt:
        err.print("Ended.")


def close_gaps(
    tenant: TenantArgument,
    endpoint: EndpointArgument,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON, or one JSON object a line.")
    ],
    account: Annotated[
        str, typer.Option(help="For Stripe's connected accounts: the account of the objects.")
    ] = "",
) -> None:
    """Record what a provider's list API or export has, to close gaps. What came already is not booked again.

    Stripe: lists of events, or of charges (with balance_transaction expanded, for exact times), refunds, disputes,
    checkout sessions. Shopify: orders with their transactions, transactions, disputes. PayPal: events, orders,
    captures, refunds. WooCommerce: orders, which have their refunds. Standard: bodies, one a line. Run it again after
    an interruption. Exit status 3: some were not understood, or lack their money.
    """

    async def work(runtime: Runtime) -> BackfillReport:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=2) as database:
            return await backfill(database, tenant_id, endpoint, file, account=account)

    report = run_with_runtime(work)
    counts = report.outcomes
    out.print(
        f"{report.objects:,} objects read, {report.without_delivery:,} of them of no use here. Deliveries: "
        f"{counts['recorded']:,} recorded, {counts['repeated']:,} repeated, {counts['ignored']:,} ignored, "
        f"{counts['dead']:,} dead. {report.entries:,} entries booked.",
        soft_wrap=True,
    )
    for code, count in sorted(report.troubles.items()):
        why = explain_trouble(code)
        words = "" if why is None else f": {why.meaning} {why.cure}"
        out.print(f"  {count:,} times {code}{words}", soft_wrap=True)
    for gap, count in sorted(report.gaps.items()):
        lacks = explain_gap(gap)
        out.print(f"  {gap} ({count:,}): {lacks.meaning} {lacks.cure}", soft_wrap=True)
    if report.troubles or report.gaps:
        raise typer.Exit(_INCOMPLETE)


def show_delivery(one: SeenDelivery) -> None:
    """Print a delivery with its entries, and what was wrong with it."""
    order = "" if one.order_id is None else f"  order {one.order_id}"
    out.print(
        f"{one.received_at:%Y-%m-%d %H:%M:%S} UTC  {one.provider}  {one.type or '-'}  {one.outcome}{order}",
        soft_wrap=True,
    )
    if one.trouble is not None:
        why = explain_trouble(one.trouble, one.provider)
        cure = "" if why is None else f" {why.cure}"
        out.print(f"  {one.trouble}: {say_trouble(one.trouble, one.detail)}{cure}", soft_wrap=True)
    for entry in one.entries:
        _show_entry(entry)
    if one.outcome == "recorded" and not one.entries:
        out.print("  booked nothing", soft_wrap=True)


def _show_entry(entry: DeliveredEntry) -> None:
    verb = "took back" if entry.is_reversing else "booked"
    out.print(
        f"  {verb} {entry.kind} {format_minor(entry.amount_cents, entry.currency)} {entry.currency}"
        f"  order {entry.order_id}  {entry.occurred_at:%Y-%m-%d %H:%M:%S} UTC",
        soft_wrap=True,
    )


def _list_samples(provider: EndpointProvider) -> None:
    for name, sample in SAMPLES[provider].items():
        journey = "  (takes --journey)" if sample.has_journey else ""
        out.print(f"{name:<12} {sample.meaning}{journey}", soft_wrap=True)
    if provider == "paypal":
        err.print("PayPal alone can sign these: make a payment in its sandbox instead of `send`.")


def _refuse_wishes_of_file(sample: str, wished: list[str]) -> None:
    if wished and Path(sample).is_file():
        raise InputInvalid(
            f"{sample} is a file, and is sent as it is: --{' and --'.join(wished)} would change nothing.",
            cure="Leave the options out and write the values into the file, or give the name of a sample: "
            "`skeldir webhooks send --list PROVIDER` shows them.",
        )


def _wishes_of(order: str | None, journey: str | None, amount: str, currency: str) -> Wishes:
    code = currency.upper()
    if code not in CURRENCIES:
        raise InputInvalid("The currency is not known.", cure="Give its code, such as EUR.")
    try:
        minor = minor_units(amount, code)
    except (AmountFractional, AmountInvalid):
        raise InputInvalid(
            f"The amount is none of {code}.", cure="Give it in units, such as --amount 12.50."
        ) from None
    fresh = secrets.randbelow(9 * 10**14) + 10**14
    # A number serves all providers.
    return Wishes(
        now=utc_now(),
        is_live=False,
        order=order or str(fresh // 10**5),
        minor=minor,
        currency=code,
        fresh=fresh,
        journey=journey,
    )


async def _send(
    runtime: Runtime, tenant: str, url: str, sample: str, wishes: Wishes, *, yes: bool
) -> None:
    tenant_id = await runtime.tenant_id(tenant)
    async with runtime.database(pool_size=1) as database:
        target = await find_target(database, tenant_id, url, load_sealer(runtime.settings))
        if target.endpoint.is_live and not yes:
            raise InputInvalid(
                "The endpoint is live: what is sent to it is booked in the ledger as real money.",
                cure="Add --yes if that is wanted, and take it back afterwards with `skeldir imports undo --order`; "
                "or make an endpoint of a tenant for tests with `skeldir webhooks create --test`.",
            )
        body = _read_body(sample, target, wishes)
        answer = await send_body(database, target, body, now=wishes.now)
    code = "" if answer.code is None else f" {answer.code}"
    out.print(f"The API answered {answer.status}{code}.")
    if answer.delivery is not None:
        show_delivery(answer.delivery)
    if answer.status != _OK:
        err.print("Nothing of it was recorded. `skeldir webhooks list` may show why.")
        raise typer.Exit(1)
    if answer.delivery is None:
        err.print("The API uses another database than this command: nothing of it is here.")
        raise typer.Exit(1)


def _read_body(sample: str, target: Target, wishes: Wishes) -> bytes:
    """Return the body of a file or, if there is none of this name, of a sample."""
    path = Path(sample)
    if not path.is_file():
        return make_sample(target, sample, wishes)
    with path.open("rb") as file:
        body = file.read(_LARGEST_BODY + 1)
    if len(body) > _LARGEST_BODY:
        raise InputInvalid(
            "The file is larger than a delivery may be.", cure="Send one of at most 1 MiB."
        )
    return body
