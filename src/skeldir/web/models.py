"""Models: those in force and what they do, their changes, what a change would move, and setting and retiring them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, get_args

from fastapi import APIRouter, Depends, Request, Response

from skeldir.attribution import (
    FITTED_MODELS,
    LONGEST_DAYS,
    MODEL_NAMES,
    AfterConversion,
    CompleteParameters,
    FittedVersion,
    ModelChange,
    ModelInForce,
    ModelParameters,
    ModelPreview,
    count_dirty_orders,
    latest_changes,
    models_in_force,
    preview_model,
    require_model,
    retire_model,
    set_models,
)
from skeldir.errors import InputInvalid, SkeldirError
from skeldir.fits import FitUnknown, activate_fit, list_fits
from skeldir.http import database_of
from skeldir.lifts import list_lift_tests
from skeldir.users import Role, note_action
from skeldir.web.access import (
    Fields,
    ManagerForm,
    Membership,
    SignedIn,
    ViewerPage,
    open_membership,
)
from skeldir.web.answers import PageRoute, go_to, say_in, send_values
from skeldir.web.fit_choice import FIT, fits_of, read_fits
from skeldir.web.fits_asked import read_asking
from skeldir.web.fits_tables import fits_table
from skeldir.web.formats import Unknown
from skeldir.web.frames import Link, Option
from skeldir.web.lifts import MOST_SHOWN, lift_tables
from skeldir.web.moved import Moved, MovedSums, lay_out_moved, sum_moved
from skeldir.web.naming import read_channel_names
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.web.phrases import Phrases

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MODELS: Final = "/models"
RETIRE: Final = "retire"
_PARAMETERS: Final = ("lookback_days", "after_conversion", "half_life_days")
_DONE: Final = frozenset({"set", "retired", "nothing"})
_NOBODY: Final = {"tenant created": "by_creation", "import": "by_import", "program": "by_program"}
_DECAYS: Final = "time_decay"
_AFTER: Final[tuple[AfterConversion, ...]] = get_args(AfterConversion)


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that the address asks to preview, and what it would move or why it cannot be made."""

    values: Mapping[str, str]
    retires: bool
    preview: ModelPreview | None = None
    fault: SkeldirError | None = None


async def read_preview(request: Request, session: SignedIn, model: str) -> Asked | None:
    """Return the preview that the address asks for; None if it asks for none.

    A preview reads pages of orders, each in a transaction of its own, so the page must hold none yet.
    """
    retires = request.query_params.get("do") == RETIRE
    async with open_membership(request, session, Role.VIEWER, is_read_only=True) as page:
        name = require_model(model)
        values = _values_in(request.query_params, name)
        if not values and not retires:
            return None
        tenant_id = page.profile.tenant_id
        fits = {} if retires else await read_fits(page, name, values)
    try:
        change = None if retires else _read_change(name, values, fits)
        preview = await preview_model(database_of(request), tenant_id, name, change)
    except SkeldirError as fault:
        if fault.status >= 500:
            raise
        return Asked(values, retires, fault=fault)
    return Asked(values, retires, preview)


def _values_in(fields: Mapping[str, str], name: str) -> dict[str, str]:
    """Return what is asked of a model: the fit of one that is fitted, the parameters of another."""
    keys = (FIT,) if name in FITTED_MODELS else _PARAMETERS
    return {key: fields[key].strip() for key in keys if fields.get(key, "").strip()}


def _read_change(
    name: str, values: Mapping[str, str], fits: Mapping[str, FittedVersion]
) -> ModelParameters | FittedVersion:
    if name not in FITTED_MODELS:
        return _read_parameters(values)
    fitted = fits.get(values.get(FIT, ""))
    if fitted is None:
        raise FitUnknown(
            "The tenant has no such fit.",
            cure="Follow a link in the list of fits on the page of models.",
        )
    return fitted


def _read_parameters(values: Mapping[str, str]) -> ModelParameters:
    after = values.get("after_conversion")
    return ModelParameters(
        _read_days(values, "lookback_days"),
        next((one for one in _AFTER if one == after), None),
        _read_days(values, "half_life_days"),
    )


def _read_days(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputInvalid(
            f"{name} is no whole number of days.", cure=f"Give one from 1 to {LONGEST_DAYS}."
        )
    return int(text)


@router.get(MODELS)
async def show_models(request: Request, page: ViewerPage) -> Response:
    """Show all models with what they do, those in force with their parameters, the fits, and the latest changes."""
    report = await open_report(request, page, "models")
    connection, tenant_id = page.connection, page.profile.tenant_id
    in_force = await models_in_force(connection, tenant_id)
    fits = await list_fits(connection, tenant_id)
    asking = await read_asking(report, page, fits)
    tests = await list_lift_tests(connection, tenant_id, most=MOST_SHOWN + 1)
    lifts = lift_tables(report, await read_channel_names(report), tests[:MOST_SHOWN])
    done = report.parameter("done")
    return send_report(
        "models.html",
        report,
        [
            _lay_out_models(report, in_force),
            fits_table(report, fits),
            *lifts,
            _lay_out_changes(report, await latest_changes(connection, tenant_id)),
        ],
        lifts=lifts,
        shown_lifts=report.formats.number(MOST_SHOWN) if len(tests) > MOST_SHOWN else None,
        awaiting=await count_dirty_orders(connection, tenant_id),
        done=done if done in _DONE else None,
        tenant_id=str(tenant_id),
        asking=asking,
    )


@router.get(MODELS + "/{model}")
async def show_model(
    request: Request,
    model: str,
    asked: Annotated[Asked | None, Depends(read_preview)],
    page: ViewerPage,
) -> Response:
    """Show a model, and what the change that the address asks for would move."""
    return await _send_model(request, page, model, asked)


@router.post(MODELS + "/{model}")
async def change_model(request: Request, model: str, fields: Fields, form: ManagerForm) -> Response:
    """Set a model's parameters, and put it in force if it is not; or retire it."""
    connection, tenant_id, by = form.connection, form.profile.tenant_id, form.session.email
    name = require_model(model)
    retires = fields.get("do") == RETIRE
    values = _values_in(fields, name)
    before = await models_in_force(connection, tenant_id)
    try:
        if retires:
            await retire_model(connection, tenant_id, name, changed_by=by)
        else:
            wanted = _read_change(name, values, await read_fits(form, name, values))
            if isinstance(wanted, ModelParameters):
                await set_models(connection, tenant_id, {name: wanted}, changed_by=by)
            else:
                await activate_fit(connection, tenant_id, wanted.name, changed_by=by)
    except SkeldirError as fault:
        if fault.status >= 500:
            raise
        asked = Asked(values, retires, fault=fault)
        return await _send_model(request, form, model, asked, fault.status)
    after = await models_in_force(connection, tenant_id)
    if after == before:
        return go_to(MODELS, done="nothing")
    version = next((one.model_version for one in after if one.model == name), name)
    await note_action(
        connection, tenant_id, by, "models.retire" if retires else "models.set", version
    )
    return go_to(MODELS, done="retired" if retires else "set")


async def _send_model(
    request: Request, page: Membership, model: str, asked: Asked | None, status: int = 200
) -> Response:
    name = require_model(model)
    say = say_in(request)
    title = say(f"model.{name}")
    here = f"{MODELS}/{name}"
    crumbs = (Link(say("page.models"), MODELS), Link(title, here, is_current=True))
    report = await open_report(request, page, "models", title=title, breadcrumb=crumbs)
    in_force = await models_in_force(page.connection, page.profile.tenant_id)
    present = next((one for one in in_force if one.model == name), None)
    preview = None if asked is None else asked.preview
    tables, sums = ([], []) if preview is None else await _lay_out_preview(report, preview)
    shown = _shown_values(name, present, asked)
    values = {
        "model": name,
        "present": present,
        "changed_by": None
        if present is None or present.changed_by is None
        else _say_who(say, present.changed_by),
        "words": _in_words(say, report, name, present),
        "asked": asked,
        "preview": preview,
        "previews": list(zip(tables, sums, strict=True)),
        "wanted": None
        if preview is None or preview.wanted is None
        else _in_words(say, report, name, preview.wanted),
        "shown": shown,
        "fits": await fits_of(report, page, name),
        "is_fitted": name in FITTED_MODELS,
        "decays": name == _DECAYS,
        "choices": _choices(say, present),
        "here": here,
        "retire": RETIRE,
        "may_manage": page.role.covers(Role.MANAGER),
        "can_retire": present is not None and len(in_force) > 1,
    }
    if request.method == "GET":
        return send_report("model.html", report, tables, **values)
    by_key = {table.key: table for table in tables}
    return send_values(
        "model.html", report.frame, {"report": report, "tables": by_key, **values}, status
    )


def _shown_values(name: str, present: ModelInForce | None, asked: Asked | None) -> dict[str, str]:
    """Return what the form shows: what was asked for, else what is in force."""
    if name in FITTED_MODELS:
        shown = {FIT: "" if present is None else present.model_version}
    elif asked is not None and asked.preview is not None and asked.preview.wanted is not None:
        shown = {name: str(getattr(asked.preview.wanted, name)) for name in _PARAMETERS}
    elif present is not None:
        shown = {name: str(getattr(present, name)) for name in _PARAMETERS}
    else:
        shown = dict.fromkeys(_PARAMETERS, "")
    return shown | dict(asked.values if asked is not None else {})


def _choices(say: Phrases, present: ModelInForce | None) -> list[Option]:
    choices = [Option(value, say(f"models.after_{value}")) for value in _AFTER]
    # A model that is put in force again keeps what it had.
    return choices if present else [Option("", say("models.as_before")), *choices]


async def _lay_out_preview(
    report: Report, preview: ModelPreview
) -> tuple[list[Table], list[MovedSums]]:
    """Return a table for each currency, and its sums."""
    names = await read_channel_names(report)
    by_currency: dict[str, list[Moved]] = {}
    for row in preview.channels:
        moved = Moved(row.channel, row.credited_cents_now, row.credited_cents_then)
        by_currency.setdefault(row.currency, []).append(moved)
    tables = [
        lay_out_moved(
            report.say,
            names,
            rows,
            key=f"preview-{currency}",
            caption=report.say("models.preview_of", currency=currency),
            currency=currency,
            download=report.download_of(f"preview-{currency}"),
        )
        for currency, rows in by_currency.items()
    ]
    return tables, [sum_moved(rows) for rows in by_currency.values()]


def _in_words(
    say: Phrases, report: Report, model: str, one: ModelInForce | CompleteParameters | None
) -> str:
    """Return the parameters of a version in a sentence."""
    if one is None:
        return say("models.not_in_force")
    number = report.formats.number
    words = say.counted("models.lookback", one.lookback_days, number(one.lookback_days))
    words += f" {say(f'models.words_{one.after_conversion}')}"
    if model == _DECAYS:
        words += (
            f" {say.counted('models.half_life', one.half_life_days, number(one.half_life_days))}"
        )
    return words


def _say_who(say: Phrases, changed_by: str) -> str:
    """Return who changed a model: a member, a key or a command by its name, else what did it."""
    text = _NOBODY.get(changed_by)
    return changed_by if text is None else say(f"models.{text}")


def _lay_out_models(report: Report, in_force: Sequence[ModelInForce]) -> Table:
    say = report.say
    present = {one.model: one for one in in_force}
    not_recorded = Unknown(say("models.not_recorded"))

    def row(name: str, one: ModelInForce | None) -> tuple[Cell, ...]:
        since = None if one is None else one.in_force_since
        by = None if one is None or one.changed_by is None else _say_who(say, one.changed_by)
        none = Unknown(say("models.not_in_force")) if one is None else not_recorded
        return (
            Cell(say(f"model.{name}"), href=f"{MODELS}/{name}", note=say(f"models.does_{name}")),
            Cell(none if one is None else one.model_version),
            Cell(_in_words(say, report, name, one)),
            Cell(since or none),
            Cell(by or none),
        )

    return Table(
        "models",
        say("models.all"),
        (
            Column(say("models.model")),
            Column(say("models.version")),
            Column(say("models.parameters")),
            Column(say("models.since"), "moment"),
            Column(say("models.by")),
        ),
        tuple(row(name, present.get(name)) for name in MODEL_NAMES),
        say("table.empty"),
        download=report.download_of("models"),
    )


def _lay_out_changes(report: Report, changes: Sequence[ModelChange]) -> Table:
    say = report.say

    def side(
        model: str, version: str | None, parameters: CompleteParameters | None, none: str
    ) -> Cell:
        if version is None or parameters is None:
            return Cell(say(none))
        return Cell(version, note=_in_words(say, report, model, parameters))

    return Table(
        "changes",
        say("models.changes"),
        (
            Column(say("models.model")),
            Column(say("models.at"), "moment"),
            Column(say("models.by")),
            Column(say("models.from")),
            Column(say("models.to")),
        ),
        tuple(
            (
                Cell(say(f"model.{one.model}"), href=f"{MODELS}/{one.model}"),
                Cell(one.changed_at),
                Cell(_say_who(say, one.changed_by)),
                side(one.model, one.from_version, one.parameters_before, "models.not_in_force"),
                side(one.model, one.to_version, one.parameters_after, "models.retired"),
            )
            for one in changes
        ),
        say("models.no_changes"),
        download=report.download_of("changes"),
    )
