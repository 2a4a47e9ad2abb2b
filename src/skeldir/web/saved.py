"""Saved reports: an address of a report under a name, which members open from the report's page and managers keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from skeldir.db import read_id
from skeldir.errors import InputInvalid
from skeldir.rollups import read_time_zone
from skeldir.users import (
    LONGEST_REPORT_NAME,
    Role,
    list_saved_reports,
    remove_saved_report,
    rename_saved_report,
    save_report,
    saved_report_unknown,
)
from skeldir.web.access import Fields, ManagerForm, ViewerPage
from skeldir.web.answers import PageRoute, frame_of, go_to, send_page
from skeldir.web.report_names import name_days, name_page
from skeldir.web.reports import SAVED
from skeldir.web.settings import note
from skeldir.web.sharing import REPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_DONE: Final = frozenset({"renamed", "removed"})
_LONGEST_QUERY: Final = 1_000
_DAYS: Final = frozenset({"from", "to"})
# What belongs to whoever looks, or to one answer, is not part of a saved report.
_LEFT_OUT: Final = frozenset({"lang", "theme", "cursor", "download", "done"})
_PARAMETERS: Final = _DAYS | {
    "basis", "by", "campaign", "channel", "chart", "compare", "compare_from", "compare_known_at", "compare_to",
    "convert", "currency", "granularity", "kind", "known_at", "match", "model", "path", "q", "rate_source", "renewals",
    "sort", "source", "without",
}  # fmt: skip


@router.get(SAVED)
async def show_saved(
    request: Request, page: ViewerPage, done: Annotated[str | None, Query(max_length=20)] = None
) -> Response:
    """Show all saved reports; managers rename and remove them."""
    tenant_id = page.profile.tenant_id
    zone = ZoneInfo(await read_time_zone(page.connection, tenant_id))
    frame = frame_of(request, "saved.title", membership=page, zone=zone)
    reports = await list_saved_reports(page.connection, tenant_id)
    return send_page(
        "saved.html",
        frame,
        reports=reports,
        pages={path: name_page(frame, path) for path in REPORTS},
        days={saved.report_id: name_days(frame, saved.address) for saved in reports},
        action=SAVED,
        done=done if done in _DONE else None,
        may_change=page.role.covers(Role.MANAGER),
        longest=LONGEST_REPORT_NAME,
    )


@router.post(SAVED)
async def make_saved(fields: Fields, form: ManagerForm) -> Response:
    """Save a report under a name, and show it."""
    path, parameters = _read_report(fields)
    query = urlencode(parameters)
    name = await save_report(
        form.connection, form.profile.tenant_id, fields.get("name", ""), path, query
    )
    await note(form, "report.save", f"{name}: {path}?{query}")
    return go_to(path, **parameters)


@router.post(SAVED + "/{report_id}")
async def change_saved(report_id: str, fields: Fields, form: ManagerForm) -> Response:
    """Rename a saved report, or remove it."""
    connection, tenant_id = form.connection, form.profile.tenant_id
    found, do = read_id(report_id), fields.get("do")
    if found is None:
        raise saved_report_unknown()
    if do == "remove":
        name = await remove_saved_report(connection, tenant_id, found)
        await note(form, "report.remove", name)
        return go_to(SAVED, done="removed")
    if do != "rename":
        raise InputInvalid("The form says nothing to do.", cure="Send the form by its page.")
    new = fields.get("name", "")
    old = await rename_saved_report(connection, tenant_id, found, new)
    await note(form, "report.rename", f"{old}: {new.strip()}")
    return go_to(SAVED, done="renamed")


def _read_report(fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the report that a form names: its path, and the parameters that are kept. Raises `InputInvalid`."""
    report = fields.get("report", "")
    # Only a path: urlsplit also raises on some addresses of other hosts.
    is_path = report.startswith("/") and not report.startswith("//")
    split = urlsplit(report) if is_path else None
    if split is None or split.path not in REPORTS or fields.get("days") not in ("shown", "latest"):
        raise _not_saveable("The form names no report of this site that can be saved.")
    given = dict(parse_qsl(split.query))
    unknown = given.keys() - _PARAMETERS - _LEFT_OUT
    if unknown:
        raise _not_saveable("The form names a report with parameters that cannot be saved.")
    left_out = _LEFT_OUT if fields.get("days") == "shown" else _LEFT_OUT | _DAYS
    parameters = {name: value for name, value in given.items() if name not in left_out}
    if len(urlencode(parameters)) > _LONGEST_QUERY:
        raise _not_saveable(f"The form names a report with more than {_LONGEST_QUERY} characters.")
    return split.path, parameters


def _not_saveable(what: str) -> InputInvalid:
    return InputInvalid(what, cure="Open the report, and send the form by its page.")
