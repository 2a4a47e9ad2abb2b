"""Exports: every part of a tenant's data as a file of the days shown, streamed to whoever may read it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from skeldir.exports import (
    FORMATS,
    PART_NAMES,
    PARTS,
    ExportQuery,
    PartName,
    PartStream,
    answer_part,
    open_stream,
    turns_of,
)
from skeldir.users import Role
from skeldir.web.access import ViewerPage, open_membership
from skeldir.web.addresses import address
from skeldir.web.answers import PageRoute
from skeldir.web.frames import Link
from skeldir.web.reports import open_report, send_report

router = APIRouter(include_in_schema=False, route_class=PageRoute)

EXPORTS: Final = "/exports"


@router.get(EXPORTS)
async def show_exports(request: Request, page: ViewerPage) -> Response:
    """Show what can be taken out, with a link for each format; without days, all of it."""
    report = await open_report(request, page, "exports")
    has_all = report.parameter("all") is not None
    first = None if has_all else report.days.first.isoformat()
    end = None if has_all else report.days.end.isoformat()
    parts = [
        (
            name,
            [column.name for column in PARTS[name].columns],
            [
                Link(each, address(f"{EXPORTS}/{name}", from_=first, to=end, format=each))
                for each in FORMATS
            ],
        )
        for name in PART_NAMES
    ]
    return send_report(
        "exports.html",
        report,
        parts=parts,
        has_all=has_all,
        spans=(
            Link(report.say("exports.of_days"), report.link(all=None), not has_all),
            Link(report.say("exports.of_all"), report.link(all="1"), has_all),
        ),
    )


@router.get(EXPORTS + "/{part}")
async def send_export(
    request: Request, part: PartName, query: Annotated[ExportQuery, Query()], page: ViewerPage
) -> Response:
    """Send a part as `/v1/exports/{part}` does; `to` is the day after the last one, as there.

    The role is looked up again in the transaction that reads, and every few seconds while the part is sent; not the
    session, whose token changes when another tab changes the tenant.
    """
    asked = query.asked(page.profile.tenant_id, part)
    session = page.session

    @asynccontextmanager
    async def open_() -> AsyncIterator[PartStream]:
        async with (
            turns_of(request).take(asked.tenant_id),
            open_membership(request, session, Role.VIEWER, is_read_only=True) as membership,
        ):
            yield await open_stream(membership.connection, asked, query.snapshot)

    async def admit() -> None:
        async with open_membership(
            request, session, Role.VIEWER, is_read_only=True, tenant_id=asked.tenant_id
        ):
            pass

    return answer_part(request, asked, open_, admit)
