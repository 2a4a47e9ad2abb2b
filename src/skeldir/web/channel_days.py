"""Channels by day: the credit of one model in one currency, as a chart that can be zoomed, and its table."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from skeldir.attribution import models_in_force
from skeldir.errors import ReportTooLarge
from skeldir.money import decimals
from skeldir.rollups import read_revenue_totals
from skeldir.web.access import ViewerPage
from skeldir.web.addresses import across_pages
from skeldir.web.annotations import read_annotations
from skeldir.web.answers import PageRoute, say_in
from skeldir.web.channel_charts import credit_by_period, require_drawable
from skeldir.web.channel_tables import Shown
from skeldir.web.channels_asked import read_choice
from skeldir.web.channels_reading import read_points
from skeldir.web.frames import Link
from skeldir.web.naming import read_channel_names
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.sending import work_aside

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from skeldir.web.channel_charts import Picture
    from skeldir.web.channels_asked import ChannelsChoice

router = APIRouter(include_in_schema=False, route_class=PageRoute)

CHANNEL_DAYS: Final = "/channels/days"
_MOST_DAYS: Final = 750
"""More would be a page of several megabytes: each day is also a row of the table."""


@router.get(CHANNEL_DAYS)
async def show_channel_days(request: Request, page: ViewerPage) -> Response:
    """Show the credit of channels by day, in the currency that the address names or the first one."""
    say = say_in(request)
    crumbs = (
        Link(say("page.channels"), across_pages(request, "/channels")),
        Link(say("channels.by_day"), request.url.path, is_current=True),
    )
    report = await open_report(
        request, page, "channels", title=say("channels.by_day"), breadcrumb=crumbs
    )
    connection, tenant_id = page.connection, page.profile.tenant_id
    currencies = [row["currency"] for row in await read_revenue_totals(connection, tenant_id)]
    choice = replace(
        read_choice(report), grain="day", form="lines", known_at=None, comparison=None, convert=None
    )
    currency = choice.currency or next(iter(currencies), None)
    in_force = await models_in_force(connection, tenant_id)
    models: dict[str, str] = {row.model: row.model_version for row in in_force}
    annotations = await read_annotations(report)
    marked = tuple(sorted({each.day for each in annotations}))
    picture, is_too_long = None, False
    if currency is not None and models:
        try:
            require_drawable(report.days, "day", most=_MOST_DAYS)
            picture = await _read_picture(
                report, replace(choice, currency=currency), models, marked
            )
        except ReportTooLarge:
            is_too_long = True
    return send_report(
        "channel_days.html",
        report,
        [] if picture is None else [picture.table],
        picture=picture,
        currency=currency,
        currencies=_links(report, "currency", currencies, currency),
        models=[
            replace(link, text=report.say(f"model.{link.text}"))
            for link in _links(report, "model", list(models), choice.model_of(list(models)))
        ],
        is_too_long=is_too_long,
        data=None
        if picture is None or currency is None
        else _write(report, picture, currency, marked),
        annotations=annotations,
        # The script puts the first and the last day of what is zoomed in at the end.
        zoomed=report.link(from_=None, to=None),
    )


async def _read_picture(
    report: Report, choice: ChannelsChoice, models: dict[str, str], marked: tuple[date, ...]
) -> Picture | None:
    model, currency = choice.model_of(list(models)), choice.currency
    if model is None or currency is None:
        return None
    points = (await read_points(report, choice, model)).get(currency)
    if not points:
        return None
    shown = Shown(report, choice, await read_channel_names(report), models, model)
    return await work_aside(partial(credit_by_period, shown, currency, points, marked))


def _links(
    report: Report, name: str, values: Sequence[str], current: str | None
) -> tuple[Link, ...]:
    if len(values) < 2:
        return ()
    return tuple(Link(each, report.link(**{name: each}), each == current) for each in values)


def _write(report: Report, picture: Picture, currency: str, marked: tuple[date, ...]) -> str:
    """Return what the script draws: days, those that are marked, and values in minor units."""
    days = report.days.all()
    return json.dumps(
        {
            "places": decimals(currency),
            "unit": currency,
            "days": [day.isoformat() for day in days],
            "marked": [day.isoformat() for day in marked],
            "series": [
                {"name": each.name, "tone": each.tone, "values": each.values}
                for each in picture.legend
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
