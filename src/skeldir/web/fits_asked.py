"""Fits that are asked for by a page: the form, and what becomes of a request until its fit is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response

from skeldir.attribution import FITTED_MODELS, LONGEST_ORDER
from skeldir.db import read_id
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.fits import (
    DEFAULT_DRAWS,
    DEFAULT_LEVEL_PERCENT,
    DEFAULT_LOOKBACK_DAYS,
    MARKOV,
    FitAsked,
    FitRequest,
    FitRequestUnknown,
    find_latest_request,
    read_fit_request,
    request_fit,
)
from skeldir.rollups import revenue_span
from skeldir.users import Role, note_action
from skeldir.web.access import Fields, ManagerForm, ManagerPage, Membership, ViewerPage
from skeldir.web.answers import PageRoute, go_to, say_in, send_values
from skeldir.web.fits_tables import FITS
from skeldir.web.forms import read_day
from skeldir.web.frames import Link, Option
from skeldir.web.reports import Report, open_report, send_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skeldir.fits import FitSummary

router = APIRouter(include_in_schema=False, route_class=PageRoute)

REQUESTS: Final = f"{FITS}/requests"
_MODELS: Final = "/models"
_NAMES: Final = (
    "model", "first", "last", "lookback_days", "chain_order", "collapse_repeats", "level_percent", "draws", "seed",
)  # fmt: skip
_DAYS: Final = 90
_YES: Final = "yes"
_Usual = TypeVar("_Usual", int, None)
_NUMBER: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FitForm:
    """The form that asks for a fit: what its fields show, and what they offer."""

    action: str
    shown: Mapping[str, str]
    models: tuple[Option, ...]
    orders: tuple[Option, ...]
    repeats: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """What the page of models shows of asking for fits: the form, for those who may, and what became of the latest.

    `waiting` is the address of a request whose fit is not made yet; `refused` that of the latest one if it was refused.
    """

    form: FitForm | None
    waiting: str | None
    refused: str | None


async def read_asking(report: Report, page: Membership, fits: Sequence[FitSummary]) -> Asking:
    """Return what the page of models shows; a refusal only until a later fit is made."""
    latest = await find_latest_request(page.connection, page.profile.tenant_id)
    is_waiting = latest is not None and latest.state in ("waiting", "running")
    is_refused = latest is not None and latest.state == "refused"
    if latest is not None and fits and fits[0].made_at > latest.asked_at:
        is_refused = False
    address = None if latest is None else f"{REQUESTS}/{latest.id}"
    may_ask = page.role.covers(Role.MANAGER) and not is_waiting
    return Asking(
        await _form_of(report, None) if may_ask else None,
        address if is_waiting else None,
        address if is_refused else None,
    )


@router.get(REQUESTS)
async def show_form(request: Request, page: ManagerPage) -> Response:
    """Show the form that asks for a fit."""
    return await _send(request, page, None, None)


@router.post(REQUESTS)
async def ask_for_fit(request: Request, fields: Fields, form: ManagerForm) -> Response:
    """Ask for a fit, which a worker makes."""
    tenant_id, by = form.profile.tenant_id, form.session.email
    try:
        asked = _read_asked(fields)
        made = await request_fit(form.connection, tenant_id, asked, asked_by=by)
    except SkeldirError as fault:
        if fault.status >= 500:
            raise
        given = {name: fields[name][:20] for name in _NAMES if name in fields}
        return await _send(request, form, None, given, fault=fault)
    what = f"{asked.model}, {asked.first_day} to {asked.last_day}"
    await note_action(form.connection, tenant_id, by, "fits.request", what)
    return go_to(f"{REQUESTS}/{made}")


@router.get(REQUESTS + "/{request_id}")
async def show_request(request: Request, request_id: str, page: ViewerPage) -> Response:
    """Show that a fit is waited for or why it is refused, or lead to it.

    Raises:
        FitRequestUnknown: the tenant has no such request.
    """
    known_id = read_id(request_id)
    found = await _find(page, known_id)
    if found.version is not None:
        fit = f"{FITS}/{found.version}"
        # A script that looks again would put the fit into this page, under this page's address.
        if "hx-request" in request.headers:
            return Response(headers={"HX-Redirect": fit})
        return go_to(fit)
    return await _send(request, page, found, _values_of(found.asked))


async def _find(page: Membership, request_id: UUID | None) -> FitRequest:
    unknown = FitRequestUnknown(
        "The tenant has not asked for this fit.",
        cure="Follow a link in the list of fits on the page of models.",
    )
    if request_id is None:
        raise unknown
    try:
        return await read_fit_request(page.connection, page.profile.tenant_id, request_id)
    except FitRequestUnknown as fault:
        raise unknown from fault


async def _send(
    request: Request,
    page: Membership,
    found: FitRequest | None,
    given: Mapping[str, str] | None,
    *,
    fault: SkeldirError | None = None,
) -> Response:
    say = say_in(request)
    title = say("fits.ask")
    here = REQUESTS if found is None else f"{REQUESTS}/{found.id}"
    crumbs = (Link(say("page.models"), _MODELS), Link(title, here, is_current=True))
    report = await open_report(request, page, "models", title=title, breadcrumb=crumbs)
    is_waiting = found is not None and found.refusal is None
    may_ask = page.role.covers(Role.MANAGER) and not is_waiting
    values = {
        "found": found,
        "facts": [] if found is None else _facts_of(report, found),
        "form": await _form_of(report, given) if may_ask else None,
        "fault": fault or (None if found is None else found.refusal),
        "is_waiting": is_waiting,
        "here": here,
    }
    if fault is None:
        return send_report("fit_request.html", report, [], **values)
    return send_values("fit_request.html", report.frame, {"report": report, **values}, fault.status)


async def _form_of(report: Report, given: Mapping[str, str] | None) -> FitForm:
    say, number = report.say, report.formats.number
    first, last = await _usual_days(report)
    orders = [Option(str(each), number(each)) for each in range(1, LONGEST_ORDER + 1)]
    return FitForm(
        REQUESTS,
        _values_of(FitAsked(MARKOV, first, last)) | dict(given or {}),
        tuple(Option(each, say(f"fits.model_{each}")) for each in FITTED_MODELS),
        (Option("", say("fits.order_automatic")), *orders),
        (Option("", say("fits.kept")), Option(_YES, say("fits.collapsed"))),
    )


async def _usual_days(report: Report) -> tuple[date, date]:
    """Return the last 90 whole days; if they have no money, those that end with the last day that has any."""
    today = report.freshness.as_of.astimezone(report.formats.zone).date()
    last = today - timedelta(days=1)
    span = await revenue_span(report.page.connection, report.page.profile.tenant_id, None, None)
    if span is not None and span[1] <= last - timedelta(days=_DAYS):
        last = span[1]
    return last - timedelta(days=_DAYS - 1), last


def _values_of(asked: FitAsked) -> dict[str, str]:
    """Return the fields of the form that asks for this fit."""
    return {
        "model": asked.model,
        "first": asked.first_day.isoformat(),
        "last": asked.last_day.isoformat(),
        "lookback_days": str(asked.lookback_days),
        "chain_order": "" if asked.chain_order is None else str(asked.chain_order),
        "collapse_repeats": _YES if asked.collapse_repeats else "",
        "level_percent": str(asked.level_percent),
        "draws": str(asked.draws),
        "seed": str(asked.seed),
    }


def _read_asked(fields: Mapping[str, str]) -> FitAsked:
    collapses = fields.get("collapse_repeats") == _YES
    text = fields.get("model", "")
    model = next((each for each in FITTED_MODELS if each == text), None)
    if model is None:
        raise InputInvalid(f"{text!r:.20} is no model that is fitted.", cure="Choose one that is.")
    return FitAsked(
        model,
        read_day(fields, "first"),
        read_day(fields, "last"),
        _read_number(fields, "lookback_days", DEFAULT_LOOKBACK_DAYS),
        _read_number(fields, "chain_order", None),
        collapses if model == MARKOV or collapses else None,
        _read_number(fields, "level_percent", DEFAULT_LEVEL_PERCENT),
        _read_number(fields, "draws", DEFAULT_DRAWS),
        _read_number(fields, "seed", 0),
    )


def _read_number(fields: Mapping[str, str], name: str, usual: _Usual) -> int | _Usual:
    text = fields.get(name, "").strip()
    if not text:
        return usual
    if not _NUMBER.fullmatch(text):
        raise InputInvalid(f"{text!r:.20} is no whole number.", cure="Write it in digits.")
    return int(text)


def _facts_of(report: Report, found: FitRequest) -> list[tuple[str, str]]:
    """Return what was asked for, each with its name."""
    say, formats, asked = report.say, report.formats, found.asked
    days = say("fits.from_to", first=formats.day(asked.first_day), last=formats.day(asked.last_day))
    lookback = formats.number(asked.lookback_days)
    facts = [
        (say("fits.ask_model"), say(f"fits.model_{asked.model}")),
        (say("fits.shown_days"), days),
        (say("fits.lookback"), say.counted("fits.days", asked.lookback_days, lookback)),
    ]
    if asked.model == MARKOV:
        order = asked.chain_order
        shown = say("fits.order_automatic") if order is None else formats.number(order)
        facts.append((say("fits.chain_order"), shown))
    return facts
