"""Links to one report: making, listing and revoking them, and the report that one leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.http import admit_caller, database_of
from skeldir.rollups import read_time_zone
from skeldir.tenants import KeyHolder, is_in_force, note_use, profile_from, revoke_key
from skeldir.users import note_action
from skeldir.web.access import Fields, ManagerForm, ManagerPage, Membership, Visit
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.channels import CHANNELS, send_channels
from skeldir.web.evidence import EVIDENCE, send_evidence
from skeldir.web.forms import HOME
from skeldir.web.hosts import origin_of
from skeldir.web.order_addresses import ORDERS
from skeldir.web.orders import send_orders
from skeldir.web.overview import send_overview
from skeldir.web.paths import PATHS, send_paths
from skeldir.web.report_names import name_days, name_page
from skeldir.web.shares import (
    LONGEST_DAYS,
    SHARED,
    find_share,
    list_shares,
    make_share,
    read_name,
    read_share,
    share_invalid,
)
from skeldir.web.spend import send_spend
from skeldir.web.spend_tables import SPEND

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(include_in_schema=False, route_class=PageRoute)

SHARES: Final = "/shares"
Send = Callable[[Request, Visit], Awaitable[Response]]
REPORTS: Final[Mapping[str, Send]] = MappingProxyType(
    {
        HOME: send_overview,
        CHANNELS: send_channels,
        ORDERS: send_orders,
        PATHS: send_paths,
        SPEND: send_spend,
        EVIDENCE: send_evidence,
    }
)
"""The reports that can be shared, by their paths."""

# What the reader of a shared report may choose: how it looks, a table of it as a file, and a further page of its list.
_OWN: Final = frozenset({"lang", "theme", "download", "cursor"})


@router.get(SHARES)
async def show_shares(
    request: Request, page: ManagerPage, done: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show the links in force."""
    return await _send_shares(request, page, done="revoked" if done == "revoked" else None)


@router.post(SHARES)
async def change_shares(request: Request, fields: Fields, form: ManagerForm) -> Response:
    """Make a link, and show it once; or revoke one."""
    connection, tenant_id = form.connection, form.profile.tenant_id
    revoked = read_id(fields.get("revoke", ""))
    if revoked is not None:
        shares = {key.key_id: key for key in await list_shares(connection, tenant_id)}
        if revoked in shares:
            await revoke_key(connection, tenant_id, revoked)
            await note_action(
                connection, tenant_id, form.session.email, "share.revoke", shares[revoked].name
            )
        return go_to(SHARES, done="revoked")
    report, days = fields.get("report", ""), fields.get("days", "")
    # Only a path: urlsplit also raises on some addresses of other hosts.
    is_path = report.startswith("/") and not report.startswith("//")
    is_report = is_path and urlsplit(report).path in REPORTS
    if not is_report or not (days.isascii() and days.isdigit()):
        raise InputInvalid(
            "The form names no report that can be shared.", cure="Send the form by its page."
        )
    path = await make_share(
        connection,
        form.profile,
        report,
        min(int(days[:9]), LONGEST_DAYS + 1),
        made_by=form.session.email,
    )
    await note_action(connection, tenant_id, form.session.email, "share.make", report)
    return await _send_shares(request, form, link=f"{origin_of(request)}{path}")


async def _send_shares(
    request: Request, page: Membership, *, done: str | None = None, link: str | None = None
) -> Response:
    tenant_id = page.profile.tenant_id
    zone = ZoneInfo(await read_time_zone(page.connection, tenant_id))
    frame = frame_of(request, "share.title", membership=page, zone=zone, current="settings")
    return send_page(
        "shares.html",
        frame,
        shares=[(key, *read_name(key)) for key in await list_shares(page.connection, tenant_id)],
        name_page=lambda address: name_page(frame, urlsplit(address).path),
        name_days=lambda address: name_days(frame, address),
        action=SHARES,
        done=done,
        link=link,
    )


@router.get(SHARED + "/{token}")
async def show_shared(request: Request, token: str) -> Response:
    """Show the one report that a link leads to. What it shows, the link says; the address has only how it looks."""
    share = read_share(token)
    send = REPORTS.get(share.path)
    if send is None:
        raise share_invalid()
    database = database_of(request)

    async def find() -> KeyHolder | None:
        opened = database.known_tenant(share.tenant_id, is_read_only=True)
        async with opened as (connection, known):
            profile = None if known is None else profile_from(share.tenant_id, known)
            return await find_share(connection, profile, share)

    # As for links to exports, the limits for unknown keys are by the tenant that the link names.
    caller = await admit_caller(request, f"{share.tenant_id.hex}{token}", find)
    if caller is None:
        raise share_invalid()
    opened = database.known_tenant(share.tenant_id, is_read_only=True)
    async with opened as (connection, known):
        if known is None or not await is_in_force(connection, caller.holder):
            raise share_invalid()
        visit = Visit(connection, profile_from(share.tenant_id, known))
        answer = await send(_as_shared(request, share.query), visit)
    async with database.tenant(share.tenant_id) as connection:
        await note_use(connection, caller.holder)
    return answer


def _as_shared(request: Request, query: str) -> Request:
    """Return the request with the parameters of the shared report, whatever the address asks for beside them."""
    kept = [pair for pair in parse_qsl(query) if pair[0] not in _OWN]
    own = [pair for pair in request.query_params.multi_items() if pair[0] in _OWN]
    return Request({**request.scope, "query_string": urlencode([*kept, *own]).encode()})
