"""Importing a file by a page: it is sent, tried, and imported once somebody has seen what it would do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.http import BodyTooLarge
from skeldir.ingest import has_facts
from skeldir.ingest.files import HOW_TO_ANSWER
from skeldir.web.access import (
    Fields,
    ManagerAlone,
    ManagerPage,
    ManagerSending,
    Membership,
)
from skeldir.web.answers import PageRoute, go_to, say_in
from skeldir.web.frames import Option
from skeldir.web.hosts import origin_of
from skeldir.web.import_tables import (
    IMPORTS,
    NEW_IMPORT,
    MonthRow,
    address_of,
    money_by_month,
    refused_examples,
)
from skeldir.web.importing import KINDS, Answers, Imports, Tried
from skeldir.web.imports import END_OF_EVENTS, stream_events, trail
from skeldir.web.reports import Report, open_report, send_report
from skeldir.web.tables import Cell, Column, Table
from skeldir.web.uploads import FileMissing, UploadsBusy

if TYPE_CHECKING:
    from skeldir.web.uploads import Upload

router = APIRouter(include_in_schema=False, route_class=PageRoute)

UPLOADS: Final = f"{IMPORTS}/uploads"
# A small file is tried while its sender waits.
_PATIENCE_S: Final = 0.7
_PATIENCE_AFTER_SENDING_S: Final = 3.0
_BEGINS_IN_S: Final = 5.0
_STREAM_S: Final = 20.0


class Meaning(NamedTuple):
    """One line of what was recognised: of what, and what it is."""

    of: str
    what: str


@router.get(NEW_IMPORT)
async def show_new(request: Request, page: ManagerPage) -> Response:
    """Show the form that takes a file, and the other ways in."""
    return await _send_new(request, page)


@router.post(NEW_IMPORT)
async def receive_file(request: Request, sender: ManagerSending) -> Response:
    """Take a file, begin to try it, and lead to what it would do."""
    imports = _imports_of(request)
    try:
        upload, fields = await imports.uploads.receive(request, sender)
    except (BodyTooLarge, FileMissing, UploadsBusy) as fault:
        return go_to(NEW_IMPORT, fault=fault.code)
    answers = Answers.read(fields)
    trial = imports.try_file(upload, sender, answers)
    await asyncio.wait([trial.task], timeout=_PATIENCE_AFTER_SENDING_S)
    return go_to(f"{UPLOADS}/{upload.token}", **answers.given())


@router.get(UPLOADS + "/{token}")
async def show_upload(request: Request, page: ManagerPage, token: str) -> Response:
    """Show what an import of the file would do, what must be answered first, or that it is still being tried."""
    imports = _imports_of(request)
    upload = imports.uploads.find(token, page)
    answers = Answers.read(request.query_params)
    trial = imports.try_file(upload, page, answers)
    await asyncio.wait([trial.task], timeout=_PATIENCE_S)
    return await _send_upload(request, page, upload, answers, trial.found)


@router.post(UPLOADS + "/{token}")
async def use_upload(
    request: Request, sender: ManagerSending, fields: Fields, token: str
) -> Response:
    """Import the file as it was tried, try its refused rows again, or drop it."""
    imports = _imports_of(request)
    upload = imports.uploads.find(token, sender)
    answers = Answers.read(fields)
    if fields.get("do") == "drop":
        imports.drop(upload)
        return go_to(NEW_IMPORT)
    trial = imports.try_file(upload, sender, answers)
    await asyncio.wait([trial.task], timeout=_BEGINS_IN_S)
    tried = trial.found
    if not isinstance(tried, Tried):
        return go_to(f"{UPLOADS}/{token}", **answers.given())
    run = imports.begin_import(upload, sender, tried, replays=fields.get("do") == "replay")
    try:
        async with asyncio.timeout(_BEGINS_IN_S):
            await run.begun.wait()
    except TimeoutError:
        # Others have their turn first: the page of the upload leads on when this one has begun.
        return go_to(f"{UPLOADS}/{token}", **answers.given())
    if run.fault is not None:
        raise run.fault
    return go_to(address_of(run.fingerprint))


@router.get(UPLOADS + "/{token}/progress")
async def stream_trial(request: Request, member: ManagerAlone, token: str) -> Response:
    """Stream when the file has been tried."""
    imports = _imports_of(request)
    upload = imports.uploads.find(token, member)
    trial = imports.try_file(upload, member, Answers.read(request.query_params))

    async def report() -> AsyncIterator[str]:
        yield "retry: 500\n\n"
        until = monotonic() + _STREAM_S
        await asyncio.wait([trial.task], timeout=until - monotonic())
        if trial.task.done():
            yield END_OF_EVENTS

    return stream_events(report())


async def _send_new(request: Request, page: Membership) -> Response:
    say = say_in(request)
    title = say("imports.new")
    report = await open_report(request, page, "health", title=title, breadcrumb=trail(say, title))
    tenant_id = page.profile.tenant_id
    fault = request.query_params.get("fault", "")
    imports = _imports_of(request)
    return send_report(
        "import_new.html",
        report,
        is_first=not await has_facts(page.connection, tenant_id),
        tenant=str(tenant_id),
        origin=origin_of(request),
        now=utc_now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        action=NEW_IMPORT,
        kinds=_kinds(report),
        units=_units(report),
        answers=Answers(),
        most_mib=imports.uploads.most_bytes // 1_048_576,
        fault=fault if fault in _FAULTS else None,
    )


async def _send_upload(
    request: Request,
    page: Membership,
    upload: Upload,
    answers: Answers,
    found: Tried | SkeldirError | None,
) -> Response:
    say = say_in(request)
    report = await open_report(
        request, page, "health", title=upload.name, breadcrumb=trail(say, upload.name)
    )
    tried = found if isinstance(found, Tried) else None
    run = None
    if tried is not None:
        run = _imports_of(request).find_run(
            page.profile.tenant_id, tried.preview.report.fingerprint
        )
        if run is not None and run.is_running and run.begun.is_set():
            return go_to(address_of(run.fingerprint))
    tables = () if tried is None else _tables_of(report, tried)
    query = urlencode(answers.given())
    return send_report(
        "import_upload.html",
        report,
        tables,
        shown=tables,
        upload=upload,
        answers=answers,
        given=answers.given(),
        kinds=_kinds(report),
        units=_units(report),
        action=f"{UPLOADS}/{upload.token}",
        progress=f"{UPLOADS}/{upload.token}/progress" + (f"?{query}" if query else ""),
        how_to_answer=HOW_TO_ANSWER,
        question=found if isinstance(found, SkeldirError) else None,
        tried=tried,
        run=run,
        known_at=None
        if tried is None or tried.known is None
        else address_of(tried.known.fingerprint),
    )


_FAULTS: Final = frozenset(each.code for each in (BodyTooLarge, FileMissing, UploadsBusy))


def _tables_of(report: Report, tried: Tried) -> tuple[Table, ...]:
    say, preview = report.say, tried.preview
    months = [
        MonthRow(one.currency, one.month, one.kind, one.amount_cents, one.entries)
        for one in preview.months
    ]
    lines = [*tried.chosen.choices, *preview.columns, *preview.states]
    meanings = [Meaning(*_split(line)) for line in lines]
    recognised = Table(
        "recognised",
        say("imports.recognised"),
        (Column(say("imports.of")), Column(say("imports.meaning"))),
        tuple((Cell(one.of), Cell(one.what)) for one in meanings),
        say("table.empty"),
        download=report.download_of("recognised"),
    )
    return (
        *money_by_month(report, months, "imports.money_in"),
        refused_examples(report, preview.report),
        _rows_of(report, tried),
        recognised,
    )


def _rows_of(report: Report, tried: Tried) -> Table:
    say, done = report.say, tried.preview.report.done
    counts: Mapping[str, int] = {
        "rows_read": done.rows_done,
        "new_touches": done.touches_accepted,
        "new_entries": done.conversions_accepted,
        "known_touches": done.touches_duplicate,
        "known_entries": done.conversions_duplicate,
        "refused_items": done.rejected,
        "skipped": done.skipped,
    }
    return Table(
        "rows",
        say("imports.did" if tried.preview.report.was_complete else "imports.would_do"),
        (Column(say("imports.what")), Column(say("imports.count"), "number")),
        tuple((Cell(say(f"imports.{name}")), Cell(count)) for name, count in counts.items()),
        say("table.empty"),
        download=report.download_of("rows"),
    )


def _split(line: str) -> tuple[str, str]:
    of, separator, what = line.partition(": ")
    return (of, what) if separator else ("", line)


def _kinds(report: Report) -> list[Option]:
    return [
        Option("", report.say("imports.kind_of_file_any")),
        *(Option(kind, report.say(f"imports.kind_of_file_{kind}")) for kind in KINDS),
    ]


def _units(report: Report) -> list[Option]:
    return [
        Option(unit, report.say(f"imports.unit_{unit or 'any'}")) for unit in ("", "major", "minor")
    ]


def _imports_of(request: Request) -> Imports:
    imports: Imports = request.app.state.imports
    return imports
