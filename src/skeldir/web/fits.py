"""One fit, and two side by side: what channels earn by what journeys show, with intervals and all parameters."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from skeldir.attribution import (
    ChannelsQuery,
    OrdersMoved,
    find_orders_moved,
    models_in_force,
    read_channel_page,
)
from skeldir.fits import (
    FEWEST_OF_CHANNEL,
    MARKOV,
    Fit,
    FitSummary,
    FitUnknown,
    Part,
    compare_fits,
    find_fit,
    list_fits,
    weigh_fit,
)
from skeldir.http import database_of
from skeldir.users import Role
from skeldir.web.access import Membership, SignedIn, ViewerPage, open_membership
from skeldir.web.addresses import address
from skeldir.web.answers import PageRoute, go_to, say_in
from skeldir.web.fit_choice import days_of
from skeldir.web.fits_tables import (
    FITS,
    CreditShares,
    ShownFit,
    channels_table,
    comparison_table,
    money_tables,
    moved_tables,
    orders_table,
)
from skeldir.web.frames import Link, Option
from skeldir.web.naming import read_channel_names
from skeldir.web.periods import ShownDays
from skeldir.web.reports import open_report, send_report

if TYPE_CHECKING:
    from skeldir.web.reports import Report
    from skeldir.web.tables import Table

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MODELS: Final = "/models"
_MOST_ROWS: Final = 1_000
_PLACES_OF_PROBABILITIES: Final = 2


@router.get(FITS + "/{version}")
async def show_fit(request: Request, version: str, page: ViewerPage) -> Response:
    """Show what each channel earns by a fit, or lead to its comparison with the fit that the address asks for.

    Raises:
        FitUnknown: the tenant has no such fit.
    """
    fit = await _find(page, version)
    other = request.query_params.get("other", "").strip()
    if other:
        return go_to(f"{FITS}/{fit.fit.version}/compared-with/{quote(other, safe='@')}")
    crumbs = (Link(fit.fit.version, f"{FITS}/{fit.fit.version}", is_current=True),)
    report = await _open(request, page, fit, fit.fit.version, crumbs)
    credit = await _read_credit_shares(report, fit)
    shown = ShownFit(report, fit, await read_channel_names(report), credit)
    money = money_tables(shown)
    chosen = [orders_table(shown)] if fit.result.orders else []
    fits = await list_fits(page.connection, page.profile.tenant_id)
    in_force = await models_in_force(page.connection, page.profile.tenant_id)
    return _send(
        "fit.html",
        shown,
        [channels_table(shown), *money, *chosen],
        money=money,
        chosen=chosen,
        facts=_facts(shown),
        others=[_option(report, one) for one in fits if one.version != fit.fit.version],
        here=f"{FITS}/{fit.fit.version}",
        is_in_force=any(one.model_version == fit.fit.version for one in in_force),
        in_force=address(f"{_MODELS}/{fit.fit.model}", fit=fit.fit.version),
        has_credit=credit is not None and bool(credit.versions),
        has_lacking=any(
            part.lower is None
            for one in fit.result.channels
            for part in (one.share, *(earning.share for earning in one.earnings))
        ),
        channels_of_days=address(
            "/channels", from_=fit.fit.first_day.isoformat(), to=fit.fit.last_day.isoformat()
        ),
    )


async def read_moved(request: Request, session: SignedIn, version: str, other: str) -> OrdersMoved:
    """Return the orders that move most from one fit to the other.

    They are read page by page, each in a transaction of its own, so the page must hold none yet.
    """
    async with open_membership(request, session, Role.VIEWER, is_read_only=True) as page:
        one, two = await _find(page, version), await _find(page, other)
    return await find_orders_moved(
        database_of(request), page.profile.tenant_id, weigh_fit(one), weigh_fit(two)
    )


@router.get(FITS + "/{version}/compared-with/{other}")
async def show_comparison(
    request: Request,
    version: str,
    other: str,
    moved: Annotated[OrdersMoved, Depends(read_moved)],
    page: ViewerPage,
) -> Response:
    """Show the shares of two fits side by side, whether their intervals meet, and the orders that move most.

    Raises:
        FitUnknown: the tenant has no such fit.
    """
    fit, second = await _find(page, version), await _find(page, other)
    one, two = fit.fit, second.fit
    title = say_in(request)("fits.two", version=one.version, other=two.version)
    crumbs = (
        Link(one.version, f"{FITS}/{one.version}"),
        Link(title, f"{FITS}/{one.version}/compared-with/{two.version}", is_current=True),
    )
    report = await _open(request, page, fit, title, crumbs)
    shown = ShownFit(report, fit, await read_channel_names(report), None)
    orders = moved_tables(shown, two, moved)
    return _send(
        "fit_comparison.html",
        shown,
        [comparison_table(shown, two, compare_fits(fit, second)), *orders],
        orders=orders,
        covered=report.formats.number(moved.orders),
        in_part=moved.orders_known_in_part,
        title=title,
        links=[Link(each.version, f"{FITS}/{each.version}") for each in (one, two)],
        days=[days_of(report, each) for each in (one, two)],
        is_of_other_data=_covers(one) != _covers(two),
    )


async def _find(page: Membership, version: str) -> Fit:
    try:
        return await find_fit(page.connection, page.profile.tenant_id, version)
    except FitUnknown as fault:
        raise FitUnknown(
            "The tenant has no such fit.",
            cure="Follow a link in the list of fits on the page of models.",
        ) from fault


async def _open(
    request: Request, page: Membership, fit: Fit, title: str, crumbs: tuple[Link, ...]
) -> Report:
    """Return the report of a page of a fit; its days are those of the fit."""
    models = Link(say_in(request)("page.models"), _MODELS)
    report = await open_report(request, page, "models", title=title, breadcrumb=(models, *crumbs))
    return replace(report, days=ShownDays(fit.fit.first_day, fit.fit.last_day))


def _send(template: str, shown: ShownFit, tables: list[Table], **values: object) -> Response:
    return send_report(
        template,
        shown.report,
        tables,
        first=tables[0],
        fit=shown.fit.fit,
        level=_level(shown),
        fewest=shown.report.formats.number(FEWEST_OF_CHANNEL),
        **values,
    )


async def _read_credit_shares(report: Report, fit: Fit) -> CreditShares | None:
    """Return what the models in force credit on the days of a fit, as the page of channels shows it.

    None if that has more rows than a page shows.
    """
    query = ChannelsQuery.model_validate(
        {"from": fit.fit.first_day, "to": report.days.end, "limit": _MOST_ROWS}
    )
    page = await read_channel_page(report.page.connection, report.page.profile.tenant_id, query)
    if page.next_cursor is not None:
        return None
    shares = {
        (row.currency, row.channel, model): None if credit.share is None else Fraction(credit.share)
        for row in page.data
        for model, credit in row.models.items()
    }
    return CreditShares(page.model_versions, shares)


def _facts(shown: ShownFit) -> list[tuple[str, str]]:
    """Return the parameters of a fit and what it was made of, each with its name."""
    one, result, say = shown.fit.fit, shown.fit.result, shown.say
    formats, report = shown.report.formats, shown.report
    number = formats.number
    days = report.say.counted("fits.days", one.lookback_days, number(one.lookback_days))
    facts = [("shown_days", days_of(report, one)), ("lookback", days)]
    if one.model == MARKOV and one.chain_order is not None:
        how = say("order_chosen" if result.orders else "order_given")
        facts.append(("chain_order", f"{number(one.chain_order)}, {how}"))
        facts.append(("repeats", say("collapsed" if one.collapse_repeats else "kept")))
    facts += [
        ("level", _level(shown)),
        ("draws", number(one.draws)),
        ("seed", str(one.seed)),
        (
            "made_of",
            say("made_of_counts", journeys=number(one.journeys), touches=number(one.touches)),
        ),
        ("converted", number(one.conversions)),
    ]
    if result.conversion_probability is not None:
        facts.append(("probability", _in_words(shown, result.conversion_probability)))
    facts += [
        ("without_touch", number(result.without_touch)),
        ("without_key", number(result.without_key)),
    ]
    if result.over_refunded:
        facts.append(("over_refunded", number(result.over_refunded)))
    if result.largest_difference is not None:
        difference = formats.fixed(Fraction(result.largest_difference), 9)
        facts.append(("largest_difference", difference))
    return [(say(name), text) for name, text in facts]


def _level(shown: ShownFit) -> str:
    return shown.report.formats.percent(Fraction(shown.fit.fit.level_percent, 100), 0)


def _in_words(shown: ShownFit, part: Part) -> str:
    formats, places = shown.report.formats, _PLACES_OF_PROBABILITIES
    value = formats.percent(Fraction(part.value), places)
    if part.lower is None or part.upper is None:
        return value
    lower, upper = (formats.percent(Fraction(end), places) for end in (part.lower, part.upper))
    return shown.say("with_interval", value=value, lower=lower, upper=upper)


def _option(report: Report, one: FitSummary) -> Option:
    return Option(one.version, f"{one.version} ({days_of(report, one)})")


def _covers(one: FitSummary) -> tuple[object, ...]:
    return (one.first_day, one.last_day, one.lookback_days)
