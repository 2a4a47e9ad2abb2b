"""Choosing a fit of a model on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from skeldir.attribution import FITTED_MODELS, FittedVersion
from skeldir.fits import find_fit, list_fits, weigh_fit
from skeldir.web.frames import Option

if TYPE_CHECKING:
    from skeldir.fits import FitSummary
    from skeldir.web.access import Membership
    from skeldir.web.reports import Report

FIT: Final = "fit"


async def read_fits(
    page: Membership, name: str, values: Mapping[str, str]
) -> dict[str, FittedVersion]:
    """Return the fit that is asked for, by its version, if the model has it."""
    asked = values.get(FIT, "")
    fits = await list_fits(page.connection, page.profile.tenant_id) if asked else []
    if not any(one.model == name and one.version == asked for one in fits):
        return {}
    return {asked: weigh_fit(await find_fit(page.connection, page.profile.tenant_id, asked))}


async def fits_of(report: Report, page: Membership, name: str) -> list[Option]:
    """Return the fits of a model, the newest first."""
    if name not in FITTED_MODELS:
        return []
    fits = await list_fits(page.connection, page.profile.tenant_id)
    return [
        Option(one.version, f"{one.version} ({days_of(report, one)})")
        for one in fits
        if one.model == name
    ]


def days_of(report: Report, one: FitSummary) -> str:
    """Return the days of a fit in words."""
    first, last = report.formats.day(one.first_day), report.formats.day(one.last_day)
    return report.say("fits.from_to", first=first, last=last)
