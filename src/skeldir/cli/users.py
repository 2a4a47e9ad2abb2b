"""`skeldir users`: who may sign in to the pages, and what members of a tenant did there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from skeldir.attribution import describe_command
from skeldir.cli.addresses import PAGES_AT, find_announced
from skeldir.cli.console import err, out
from skeldir.cli.keys import TENANT_HELP, TenantArgument
from skeldir.cli.runtime import Runtime, run_with_runtime
from skeldir.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from skeldir.users import UserFound

users_app = typer.Typer(
    no_args_is_help=True,
    help="Let people sign in to the pages, and show who may and what they did.",
)

EmailArgument = Annotated[str, typer.Argument(help="The user's e-mail address.")]


@users_app.command("link")
def link(
    email: EmailArgument,
    tenant: Annotated[
        str | None, typer.Option(help=f"Make the user a member. {TENANT_HELP}")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(help="With --tenant, the user's role there: viewer, manager or admin."),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            help="Where the pages are reached, such as https://skeldir.example. Default: SKELDIR_PUBLIC_URL, or where "
            f"`skeldir up` or `serve` runs with the same SKELDIR_HOME, or {PAGES_AT}.",
        ),
    ] = None,
) -> None:
    """Print a link by which a user signs in once, within 15 minutes; a new user is made, a disabled one let in again.

    With DATABASE_URL this needs a role that may act as skeldir_owner. Whoever has the link is the user. The first link
    for somebody who came by an invitation ends the password and the sessions of that user.
    """
    from skeldir.users import make_sign_in_link, read_role

    if (tenant is None) != (role is None):
        raise InputInvalid(
            "A tenant needs a role, and a role a tenant.",
            cure="Give both, such as --tenant Shop --role admin, or neither for a user who is a member already.",
        )
    if base is not None and not base.startswith(("https://", "http://")):
        raise InputInvalid(
            f"{base[:80]} is no address of pages.", cure="Write it as https://skeldir.example."
        )
    as_role = None if role is None else read_role(role)

    async def work(runtime: Runtime) -> None:
        tenant_id = None if tenant is None else await runtime.tenant_id(tenant)
        async with runtime.operator(must_see_all=True) as operator:
            made = await make_sign_in_link(operator, email, tenant_id=tenant_id, role=as_role)
        settings = runtime.settings
        at = base or settings.skeldir_public_url or find_announced(settings)
        if at is None:
            at = PAGES_AT
            err.print(
                "No running API is known here, so the link begins with the usual address; --base names another.",
                soft_wrap=True,
            )
        out.print(f"{at.rstrip('/')}/sign-in/{made.token}", soft_wrap=True, highlight=False)
        err.print(
            f"{made.email} signs in by it once, until {made.expires_at:%Y-%m-%d %H:%M:%S} UTC.",
            soft_wrap=True,
            highlight=False,
        )

    run_with_runtime(work)


@users_app.command("list")
def show() -> None:
    """List all users. With DATABASE_URL this needs a role that may act as skeldir_owner."""
    from skeldir.users import list_users

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as operator:
            users = await list_users(operator)
        table = Table("e-mail", "signs in by", "since", "last seen")
        for user in users:
            by = "password" if user.has_password else "link"
            table.add_row(
                user.email,
                by if user.disabled_at is None else "nothing: disabled",
                _moment(user.created_at),
                _moment(user.seen_at),
            )
        out.print(table)

    run_with_runtime(work)


@users_app.command("disable")
def disable(email: EmailArgument) -> None:
    """End a user's sessions and links at once; a new link lets the user in again.

    With DATABASE_URL this needs a role that may act as skeldir_owner.
    """
    from skeldir.users import disable_user

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as operator:
            out.print(
                f"{await disable_user(operator, email)} can no longer sign in.", soft_wrap=True
            )

    run_with_runtime(work)


@users_app.command("passkeys")
def passkeys(
    email: EmailArgument,
    remove: Annotated[
        str | None,
        typer.Option("--remove", help="Remove the passkey with this id, or `all` of them."),
    ] = None,
) -> None:
    """List a user's passkeys; with --remove, those of a lost device no longer let anybody in.

    The user's sessions that began by a passkey end with it. With DATABASE_URL this needs a role that may act as
    skeldir_owner.
    """
    from skeldir.db import read_id
    from skeldir.users import drop_passkeys, list_passkeys_of

    passkey_id = None if remove is None else read_id(remove)
    if remove not in (None, "all") and passkey_id is None:
        raise InputInvalid(
            f"{remove[:80]!r} is no id of a passkey.",
            cure="Take one from the list that the command prints without --remove, or `all`.",
        )

    async def work(runtime: Runtime) -> None:
        async with runtime.operator(must_see_all=True) as operator:
            if remove is not None:
                for name in await drop_passkeys(operator, email, passkey_id):
                    out.print(f"{name} is removed.", soft_wrap=True, highlight=False, markup=False)
            found = await list_passkeys_of(operator, email)
        table = Table("id", "name", "added", "last used")
        for each in found:
            table.add_row(
                str(each.passkey_id),
                Text(each.name),
                _moment(each.added_at),
                _moment(each.used_at),
            )
        out.print(table)

    run_with_runtime(work)


@users_app.command("delete")
def delete(
    email: EmailArgument,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete the user; without it, only show what would end.")
    ] = False,
) -> None:
    """Show what a user has or, with --yes, delete the user: memberships, invitations, sessions, links and identities.

    The logs of tenants keep what the user did, with the address. A tenant may be left without an admin; the preview
    says which. With DATABASE_URL this needs a role that may act as skeldir_owner.
    """
    from skeldir.tenants import TenantUnknown, list_tenants
    from skeldir.users import delete_user, end_belonging, find_user

    async def work(runtime: Runtime) -> None:
        async with (
            runtime.database(pool_size=1) as database,
            runtime.operator(must_see_all=True) as operator,
        ):
            user = await find_user(operator, email)
            if not yes:
                names = {one.tenant_id: one.name for one in await list_tenants(operator)}
                _show_belongings(user, names)
                return
            is_deleted = False
            while not is_deleted:
                for each in user.belongings:
                    try:
                        async with database.tenant(each.tenant_id) as connection:
                            by = await describe_command(connection)
                            await end_belonging(
                                connection, each.tenant_id, user.user_id, user.email, by=by
                            )
                    except TenantUnknown:
                        # Its deletion has begun since, and takes the membership with it.
                        continue
                # Not if somebody has made the user a member of another tenant since.
                is_deleted = await delete_user(operator, user.user_id)
                if not is_deleted:
                    user = await find_user(operator, email)
        out.print(f"{user.email} is deleted.", soft_wrap=True)

    run_with_runtime(work)


@users_app.command("members")
def show_members(tenant: TenantArgument) -> None:
    """List the members of a tenant and their roles, and the invitations that can be accepted."""
    from skeldir.users import list_invitations, list_members

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            members = await list_members(connection, tenant_id)
            invitations = await list_invitations(connection, tenant_id)
        table = Table("e-mail", "role", "since", "by")
        for member in members:
            table.add_row(member.email, member.role, _moment(member.added_at), member.added_by)
        for invitation in invitations:
            until = f"invited until {_moment(invitation.expires_at)}"
            table.add_row(invitation.email, invitation.role, until, invitation.invited_by)
        out.print(table)

    run_with_runtime(work)


@users_app.command("remove")
def remove(tenant: TenantArgument, email: EmailArgument) -> None:
    """Remove a member from a tenant; the user's next request sees nothing of it."""
    from skeldir.users import MemberUnknown, list_members, read_email, remove_member

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        known_as = read_email(email)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            found = [m for m in await list_members(connection, tenant_id) if m.email == known_as]
            if not found:
                raise MemberUnknown(
                    f"The tenant has no member {known_as}.",
                    cure="`skeldir users members TENANT` shows all of them.",
                )
            by = await describe_command(connection)
            await remove_member(connection, tenant_id, found[0].user_id, by=by)
        out.print(f"{known_as} is no longer a member.", soft_wrap=True)

    run_with_runtime(work)


@users_app.command("log")
def show_log(
    tenant: TenantArgument,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, from the newest.")] = 50,
) -> None:
    """Show what people did in a tenant by pages and commands, the newest first."""
    from skeldir.users import list_actions

    async def work(runtime: Runtime) -> None:
        tenant_id = await runtime.tenant_id(tenant)
        async with (
            runtime.database(pool_size=1) as database,
            database.tenant(tenant_id) as connection,
        ):
            actions = await list_actions(connection, tenant_id, most=limit)
        table = Table("at", "who", "did", "to what")
        for action in actions:
            table.add_row(_moment(action.at), action.actor, action.action, action.subject)
        out.print(table)

    run_with_runtime(work)


def _show_belongings(user: UserFound, names: Mapping[UUID, str]) -> None:
    table = Table("tenant", "name", "role")
    for each in user.belongings:
        role = "invited" if each.role is None else str(each.role)
        table.add_row(
            str(each.tenant_id),
            names.get(each.tenant_id, ""),
            f"{role}, the only admin" if each.is_only_admin else role,
        )
    out.print(table)
    out.print(
        f"{user.email} has {user.sessions} sessions in force. Nothing was deleted: --yes deletes the user.",
        soft_wrap=True,
    )


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"
