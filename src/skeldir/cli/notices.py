"""`skeldir notices`: where weekly digests and alerts go, what they say, and what became of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from skeldir.attribution import describe_command
from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.clock import utc_now
from skeldir.db import read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.notices import (
    DestinationKind,
    DestinationUnknown,
    Language,
    NewDestination,
    add_destination,
    find_due,
    find_mail_server,
    list_alerts,
    list_deliveries,
    list_destinations,
    make_deliveries,
    read_current_digest,
    remove_destination,
    send_delivery,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from skeldir.db import Connection, Database

notices_app = typer.Typer(
    no_args_is_help=True,
    help="Weekly digests and alerts by e-mail and webhook, with the numbers inside.",
)
destinations_app = typer.Typer(no_args_is_help=True, help="Where a tenant's notices are sent to.")
notices_app.add_typer(destinations_app, name="destinations")

TenantOption = Annotated[str, typer.Option("--tenant", help=TENANT_HELP)]
DestinationArgument = Annotated[
    str, typer.Argument(help="The destination's id, from `skeldir notices destinations list`.")
]
# A worker does what a command that died has left.
_TAKEN_OVER_S = 120.0
# An id is never cut: it is what other commands take.
_ID = 36


@destinations_app.command("add")
def add(
    tenant: TenantOption,
    email: Annotated[str | None, typer.Option(help="Send e-mails to this address.")] = None,
    webhook: Annotated[
        str | None, typer.Option(help="Post to this URL: https, or http to this machine.")
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of what is sent.")] = "en",
    gets_digest: Annotated[
        bool, typer.Option("--digest/--no-digest", help="Whether it gets the weekly digest.")
    ] = True,
    gets_alerts: Annotated[
        bool, typer.Option("--alerts/--no-alerts", help="Whether it gets alerts.")
    ] = True,
) -> None:
    """Send the weekly digest and alerts to an e-mail address or to a webhook, whose secret is shown only now.

    The first digest comes with the next Monday. `skeldir notices send --test` sends one at once.
    """
    given: list[tuple[DestinationKind, str]] = []
    given += [] if email is None else [("email", email)]
    given += [] if webhook is None else [("webhook", webhook)]
    if len(given) != 1:
        raise InputInvalid(
            "A destination is an e-mail address or a webhook.",
            cure="Give one of --email and --webhook.",
        )
    (kind, address) = given[0]

    async def work(runtime: Runtime) -> None:
        from skeldir.inbox import prepare_sealer

        tenant_id = await runtime.tenant_id(tenant)
        sealer = key_file = None
        if kind == "webhook":
            sealer, key_file = prepare_sealer(runtime.settings)
        async with _bound(runtime, tenant_id) as connection:
            made = await add_destination(
                connection,
                tenant_id,
                kind=kind,
                address=address,
                language=language,
                gets_digest=gets_digest,
                gets_alerts=gets_alerts,
                made_by=await describe_command(connection),
                sealer=sealer,
            )
        if key_file is not None:
            err.print(
                f"Secrets are stored encrypted; the key was written to {key_file}. Keep a copy: backups do not "
                "have it.",
                soft_wrap=True,
            )
        _show_new(made)
        if kind == "email":
            _warn_without_server(runtime)

    run_with_runtime(work)


@destinations_app.command("list")
def show(tenant: TenantOption) -> None:
    """List the destinations of a tenant."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with _bound(runtime, tenant_id) as connection:
            destinations = await list_destinations(connection, tenant_id)
        table = Table(
            Column("id", min_width=_ID),
            Column("address", overflow="fold"),
            "gets",
            "language",
            "since",
        )
        for one in destinations:
            gets = [
                *(["digest"] if one.gets_digest else []),
                *(["alerts"] if one.gets_alerts else []),
            ]
            since = f"{one.created_at:%Y-%m-%d}"
            table.add_row(str(one.id), one.address, ", ".join(gets), one.language, since)
        out.print(table)

    run_with_runtime(work)


@destinations_app.command("remove")
def remove(tenant: TenantOption, destination: DestinationArgument) -> None:
    """Send nothing more to a destination, and forget its address; what was sent stays recorded."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with _bound(runtime, tenant_id) as connection:
            by = await describe_command(connection)
            await remove_destination(connection, tenant_id, _read_id(destination), by=by)
        out.print("Nothing more is sent there, and the address is forgotten.")

    run_with_runtime(work)


@notices_app.command("preview")
def preview(
    tenant: TenantOption,
    language: Annotated[Language, typer.Option(help="The language of the digest.")] = "en",
    as_html: Annotated[bool, typer.Option("--html", help="Print the HTML of the e-mail.")] = False,
) -> None:
    """Print the digest of the last complete week as it would be sent now; nothing is sent or stored."""
    from skeldir.tenants import load_profile
    from skeldir.web import write_digest

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=1) as database:
            digest = await read_current_digest(database, tenant_id, utc_now())
            async with database.tenant(tenant_id, is_read_only=True) as connection:
                profile = await load_profile(connection, tenant_id)
        letter = write_digest(digest, profile.name, language)
        if as_html:
            out.print(letter.html, soft_wrap=True)
            return
        out.print(letter.subject, style="bold", soft_wrap=True)
        out.print()
        out.print(letter.text, soft_wrap=True)

    run_with_runtime(work)


@notices_app.command("send")
def send(
    tenant: TenantOption,
    is_test: Annotated[
        bool,
        typer.Option(
            "--test", help="Send it in any case, as a test that does not count as the week's."
        ),
    ] = False,
) -> None:
    """Send the digest of the last complete week now, to the destinations that wait for it.

    It exits with status 1 if a destination did not take it. Workers try again, but for a test.
    """

    async def work(runtime: Runtime) -> bool:
        tenant_id = await runtime.tenant_id(tenant)
        async with runtime.database(pool_size=2) as database:
            made = await _make(database, tenant_id, is_test=is_test)
            return await _send_all(database, tenant_id, made, is_test=is_test)

    if not run_with_runtime(work):
        raise typer.Exit(1)


@notices_app.command("alerts")
def show_alerts(
    tenant: TenantOption,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, from the newest.")] = 20,
) -> None:
    """List what is, and was, wrong with the tenant's data, as checks found it every half hour."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with _bound(runtime, tenant_id) as connection:
            alerts = await list_alerts(connection, tenant_id, most=limit)
        if not alerts:
            err.print("No check has found anything wrong.")
            return
        table = Table("alert", "of", "opened", "closed", "figures")
        for one in alerts:
            figures = ", ".join(f"{name} {value}" for name, value in one.figures.items())
            closed = "open" if one.closed_at is None else _moment(one.closed_at)
            table.add_row(one.kind, one.subject, _moment(one.opened_at), closed, figures)
        out.print(table)

    run_with_runtime(work)


@notices_app.command("deliveries")
def show_deliveries(
    tenant: TenantOption,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, from the newest.")] = 50,
) -> None:
    """List what was sent, what waits and what failed, with the reason, the newest first."""

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with _bound(runtime, tenant_id) as connection:
            records = await list_deliveries(connection, tenant_id, most=limit)
        table = Table("made", "what", "to", "state", "attempts", "ended", "latest fault")
        for one in records:
            table.add_row(
                _moment(one.made_at),
                one.kind if one.week is None else f"{one.kind} {one.week}",
                one.address or f"{one.destination_kind}, removed",
                one.state,
                f"{one.attempts:,}",
                "" if one.ended_at is None else _moment(one.ended_at),
                one.error or "",
            )
        out.print(table)

    run_with_runtime(work)


async def _make(database: Database, tenant_id: UUID, *, is_test: bool) -> list[UUID]:
    now = utc_now()
    if not is_test:
        due = await find_due(database, tenant_id, now)
        if due is None:
            return []
        digest, wanted = due
    else:
        async with database.tenant(tenant_id) as connection:
            wanted = [
                one.id for one in await list_destinations(connection, tenant_id) if one.gets_digest
            ]
        digest = await read_current_digest(database, tenant_id, now)
    async with database.tenant(tenant_id) as connection:
        return await make_deliveries(
            connection,
            tenant_id,
            digest,
            wanted,
            kind="test" if is_test else "digest",
            delay_s=_TAKEN_OVER_S,
        )


async def _send_all(
    database: Database, tenant_id: UUID, made: list[UUID], *, is_test: bool
) -> bool:
    """Send deliveries and print what became of each; return whether all were taken."""
    from skeldir.web import write_letter

    if not made:
        err.print(
            "No destination waits for a digest. `skeldir notices destinations list` shows those there are, and --test "
            "sends one in any case.",
            soft_wrap=True,
        )
        return not is_test
    for delivery_id in made:
        await send_delivery(database, tenant_id, delivery_id, write_letter, is_last=is_test)
    async with database.tenant(tenant_id) as connection:
        records = await list_deliveries(connection, tenant_id, most=1_000)
    sent = [one for one in records if one.id in made]
    for one in sent:
        out.print(f"{one.state}: {one.address} {one.error or ''}".rstrip(), soft_wrap=True)
    return all(one.state == "sent" for one in sent)


@asynccontextmanager
async def _bound(runtime: Runtime, tenant_id: UUID) -> AsyncIterator[Connection]:
    async with (
        runtime.database(pool_size=1) as database,
        database.tenant(tenant_id) as connection,
    ):
        yield connection


def _read_id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise DestinationUnknown(
            f"{text[:60]!r} is not the id of a destination.",
            cure="`skeldir notices destinations list` shows all of them.",
        )
    return found


def _show_new(made: NewDestination) -> None:
    if made.secret is None:
        out.print(f"Destination {made.id}: {made.address}", soft_wrap=True)
        return
    err.print(
        f"Destination {made.id}: {made.address}\nIt verifies by this secret of Standard Webhooks, which is shown only "
        "now:",
        soft_wrap=True,
    )
    out.print(made.secret, soft_wrap=True)


def _warn_without_server(runtime: Runtime) -> None:
    try:
        find_mail_server(runtime.settings)
    except SkeldirError as fault:
        err.print(f"{fault.code}: {fault.detail} {fault.cure}", soft_wrap=True)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
