"""Portfolio: the tenants of one user side by side, each read in a transaction of its own, and none added to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from skeldir.attribution import ChannelsQuery, read_channel_page
from skeldir.clock import utc_now
from skeldir.http import database_of
from skeldir.rollups import Freshness, read_freshness
from skeldir.users import Role, list_own_memberships
from skeldir.web.access import SignedIn, TenantNeeded, open_membership
from skeldir.web.addresses import with_parameters
from skeldir.web.answers import TENANTS, PageRoute, frame_of, send_page
from skeldir.web.balances import Balance, read_balances
from skeldir.web.formats import Unknown
from skeldir.web.periods import read_days, usual_spans
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.users import OwnMembership, Session
    from skeldir.web.frames import Frame

router = APIRouter(include_in_schema=False, route_class=PageRoute)

PORTFOLIO: Final = "/portfolio"
_UTC: Final = ZoneInfo("UTC")
_AT_ONCE: Final = 20  # tenants; each is a transaction
_MOST_PAGES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Holding:
    """What the page shows of a tenant: its money of the days by currency, and how fresh that is."""

    tenant_id: UUID
    name: str
    role: Role
    freshness: Freshness
    balances: Sequence[Balance]
    awaiting: int


@router.get(PORTFOLIO)
async def show_portfolio(request: Request, session: SignedIn) -> Response:
    """Show 20 of the user's tenants, the oldest membership first. The days are those of each tenant's zone."""
    async with database_of(request).statement() as connection:
        memberships = await list_own_memberships(connection, session)
    number = _read_number(request)
    some = memberships[(number - 1) * _AT_ONCE : number * _AT_ONCE]
    holdings = [
        holding
        for membership in some
        if (holding := await _read(request, session, membership)) is not None
    ]
    frame = frame_of(request, "page.portfolio", session=session)
    days = read_days(request.query_params, utc_now(), _UTC)
    currencies = sorted({b.currency for h in holdings for b in h.balances if b.entries})
    today = utc_now().date()
    return send_page(
        "portfolio.html",
        frame,
        holdings=holdings,
        current=session.tenant_id,
        action=TENANTS,
        days=days,
        spans=usual_spans(request, frame.phrases, days, today),
        tables_of_money=[_money(frame, holdings, currency) for currency in currencies],
        first=(number - 1) * _AT_ONCE + 1,
        count=len(memberships),
        next_page=with_parameters(request, page=str(number + 1))
        if number * _AT_ONCE < len(memberships)
        else None,
        first_page=with_parameters(request, page=None) if number > 1 else None,
    )


def _read_number(request: Request) -> int:
    typed = request.query_params.get("page", "")
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= len(str(_MOST_PAGES))
    return max(int(typed), 1) if is_number else 1


async def _read(request: Request, session: Session, membership: OwnMembership) -> Holding | None:
    """Return what is shown of a tenant; None if it, or the membership, has ended in between."""
    try:
        async with open_membership(
            request, session, Role.VIEWER, is_read_only=True, tenant_id=membership.tenant_id
        ) as opened:
            connection, tenant_id = opened.connection, membership.tenant_id
            freshness = await read_freshness(connection, tenant_id)
            days = read_days(request.query_params, freshness.as_of, ZoneInfo(freshness.time_zone))
            balances = await read_balances(connection, tenant_id, days.first, days.end)
            query = ChannelsQuery.model_validate({"from": days.end, "limit": 1})
            standing = await read_channel_page(connection, tenant_id, query)
            return Holding(
                tenant_id,
                opened.profile.name,
                opened.role,
                freshness,
                balances,
                standing.orders_awaiting_credit or 0,
            )
    except TenantNeeded:
        return None


def _money(frame: Frame, holdings: Sequence[Holding], currency: str) -> Table:
    say = frame.phrases
    columns = (
        Column(say("portfolio.tenant")),
        Column(say("overview.captured"), "money", currency),
        Column(say("overview.given_back"), "money", currency),
        Column(say("overview.net"), "money", currency),
        Column(say("portfolio.given_back_part"), "percent"),
    )
    nothing = Unknown(say("overview.nothing_captured"))
    rows = []
    for holding in holdings:
        for balance in holding.balances:
            if balance.currency != currency or not balance.entries:
                continue
            captured = balance.steps["captured"].cents
            given_back = balance.net_cents - captured
            part = Fraction(-given_back, captured) if captured > 0 else nothing
            rows.append(
                (
                    Cell(holding.name),
                    Cell(captured),
                    Cell(given_back),
                    Cell(balance.net_cents),
                    Cell(part),
                )
            )
    rows.sort(key=lambda row: -_cents(row[3]))
    caption = say("portfolio.money", currency=currency)
    return Table(f"money-{currency}", caption, columns, tuple(rows), say("table.empty"))


def _cents(cell: Cell) -> int:
    return cell.value if isinstance(cell.value, int) else 0
