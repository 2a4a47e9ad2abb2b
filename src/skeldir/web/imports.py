"""Imports: the files that were imported, what was refused of them, taking one back, and putting it back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from skeldir.clock import utc_now
from skeldir.http import database_of
from skeldir.ingest import (
    KnownImport,
    NothingToRedo,
    NothingToUndo,
    ReasonMissing,
    Undoing,
    UndoingUnderWay,
    UndoPreview,
    list_dead_events,
    list_imports,
    list_undoings,
    origins_of_file,
    request_redo,
    request_undo,
    target_of_import,
)
from skeldir.ingest.files import ImportUnknown
from skeldir.users import Role, list_actors, note_action
from skeldir.web.access import (
    Fields,
    ManagerAlone,
    ManagerForm,
    Membership,
    RoleMissing,
    SignInNeeded,
    TenantNeeded,
    ViewerAlone,
    ViewerPage,
    open_membership,
    require_session,
)
from skeldir.web.answers import PageRoute, frame_of, go_to, say_in
from skeldir.web.frames import PAGE_HEADERS, Link
from skeldir.web.import_tables import (
    HEALTH,
    IMPORTS,
    NEW_IMPORT,
    MonthRow,
    State,
    address_of,
    history_of,
    list_of_imports,
    money_by_month,
    refused_items,
    state_of,
)
from skeldir.web.importing import IMPORTED, Imports
from skeldir.web.rendering import render
from skeldir.web.reports import Report, open_report, send_report

if TYPE_CHECKING:
    from uuid import UUID

    from skeldir.db import Connection
    from skeldir.errors import SkeldirError
    from skeldir.web.phrases import Phrases
    from skeldir.web.tables import Table
    from skeldir.web.undo_previews import Previewing

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_MOST_LISTED: Final = 100
_MOST_REFUSED: Final = 100
_STREAM_S: Final = 20.0
# A small import is looked through while somebody waits.
_PATIENCE_S: Final = 2.0
TICK_S: Final = 0.5
END_OF_EVENTS: Final = "event: end\ndata: end\n\n"
"""The event after which a browser loads its page again."""

_CHANGING: Final = frozenset({"running", "undoing", "redoing"})
_DONE: Final = frozenset({"undo", "redo"})


@dataclass(frozen=True, slots=True)
class Standing:
    """An import, what was done about it, and how it stands; `share` of the file is read, if this process reads it."""

    known: KnownImport
    undoings: list[Undoing]
    state: State
    share: float | None
    fault: SkeldirError | None

    @property
    def is_changing(self) -> bool:
        """Whether it moves on by itself."""
        return self.state in _CHANGING


@router.get(IMPORTS)
async def show_imports(request: Request, page: ViewerPage) -> Response:
    """List the imported files, the latest first."""
    say = say_in(request)
    report = await open_report(
        request, page, "health", title=say("imports.title"), breadcrumb=trail(say)
    )
    connection, tenant_id = page.connection, page.profile.tenant_id
    imports = await list_imports(connection, tenant_id, most=_MOST_LISTED)
    undoings = {one.id: one for one in await list_undoings(connection, tenant_id)}
    fingerprints = [one.fingerprint for one in imports]
    actors = await list_actors(connection, tenant_id, actions=[IMPORTED], subjects=fingerprints)
    states = {
        one.fingerprint: state_of(
            one, undoings, utc_now(), is_running=_is_running(request, tenant_id, one.fingerprint)
        )
        for one in imports
    }
    table = list_of_imports(report, imports, states, actors)
    return send_report(
        "imports.html",
        report,
        [table],
        may_import=page.role.covers(Role.MANAGER),
        new=NEW_IMPORT,
        most=_MOST_LISTED,
    )


@router.get(IMPORTS + "/{fingerprint}")
async def show_import(
    request: Request,
    page: ViewerPage,
    fingerprint: str,
    preview: Annotated[str | None, Query(max_length=10)] = None,
    done: Annotated[str | None, Query(max_length=10)] = None,
) -> Response:
    """Show an import: what became of its rows, what was refused, who took it back, and what that would move now."""
    return await _send_import(
        request,
        page,
        fingerprint,
        asks_to_undo=preview == "undo",
        done=done if done in _DONE else None,
    )


@router.post(IMPORTS + "/{fingerprint}")
async def change_import(
    request: Request, fields: Fields, form: ManagerForm, fingerprint: str
) -> Response:
    """Take an import back, or put it back; a worker does it."""
    connection, tenant_id, by = form.connection, form.profile.tenant_id, form.session.email
    await _find(request, connection, tenant_id, fingerprint)
    target = await target_of_import(connection, tenant_id, fingerprint)
    reason, redoes = fields.get("reason", ""), fields.get("do") == "redo"
    try:
        act = request_redo if redoes else request_undo
        await act(connection, tenant_id, target, reason=reason, requested_by=by)
    except (NothingToRedo, NothingToUndo, ReasonMissing, UndoingUnderWay) as fault:
        return await _send_import(
            request, form, fingerprint, asks_to_undo=not redoes, reason=reason, fault=fault
        )
    _imports_of(request).previews.forget(tenant_id, fingerprint)
    action = "import.put_back" if redoes else "import.taken_back"
    await note_action(connection, tenant_id, by, action, fingerprint)
    return go_to(address_of(fingerprint), done="redo" if redoes else "undo")


@router.get(IMPORTS + "/{fingerprint}/progress")
async def stream_progress(request: Request, member: ViewerAlone, fingerprint: str) -> Response:
    """Stream how far an import, or its taking back, is; the browser asks again when the stream ends before that."""
    frame = frame_of(request, "imports.title", session=member.session)
    database, tenant_id = database_of(request), member.profile.tenant_id

    async def report() -> AsyncIterator[str]:
        until, last = monotonic() + _STREAM_S, ""
        yield "retry: 500\n\n"
        while monotonic() < until:
            try:
                # Whoever was removed or signed out since the last look sees nothing more.
                async with open_membership(
                    request,
                    await require_session(request),
                    Role.VIEWER,
                    is_read_only=True,
                    tenant_id=tenant_id,
                ) as membership:
                    standing = await _find(request, membership.connection, tenant_id, fingerprint)
            except (SignInNeeded, TenantNeeded, ImportUnknown):
                # The page, loaded again, says why.
                yield END_OF_EVENTS
                return
            if not standing.is_changing:
                yield END_OF_EVENTS
                return
            shown = render("import_progress.html", frame, standing=standing)
            if shown != last:
                yield event_of(shown)
            last = shown
            await asyncio.sleep(TICK_S)

    # What is wrong with the address is answered before the stream begins.
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        await _find(request, connection, tenant_id, fingerprint)
    return stream_events(report())


@router.get(IMPORTS + "/{fingerprint}/undo-progress")
async def stream_preview(request: Request, member: ManagerAlone, fingerprint: str) -> Response:
    """Stream how far the preview of taking an import back is, until its page can show it."""
    frame = frame_of(request, "imports.title", session=member.session)
    tenant_id = member.profile.tenant_id
    async with database_of(request).tenant(tenant_id, is_read_only=True) as connection:
        known = (await _find(request, connection, tenant_id, fingerprint)).known
    begun = _imports_of(request).previews.start(tenant_id, known)

    async def report() -> AsyncIterator[str]:
        until, last = monotonic() + _STREAM_S, ""
        yield "retry: 500\n\n"
        while begun.ended_at is None and monotonic() < until:
            # Whoever was removed or signed out since the last look sees nothing more.
            if not await _is_still_manager(request, tenant_id):
                break
            shown = render("undo_progress.html", frame, previewing=begun)
            if shown != last:
                yield event_of(shown)
            last = shown
            await asyncio.sleep(TICK_S)
        else:
            if begun.ended_at is None:
                return
        # The page, loaded again, shows what was found, or why nothing is shown.
        yield END_OF_EVENTS

    return stream_events(report())


async def _is_still_manager(request: Request, tenant_id: UUID) -> bool:
    try:
        async with open_membership(
            request,
            await require_session(request),
            Role.MANAGER,
            is_read_only=True,
            tenant_id=tenant_id,
        ):
            return True
    except (SignInNeeded, TenantNeeded, RoleMissing):
        return False


def _imports_of(request: Request) -> Imports:
    imports: Imports = request.app.state.imports
    return imports


def trail(say: Phrases, last: str | None = None) -> tuple[Link, ...]:
    """Return where a page about imports is: below the health of the data, and below the list if it is `last`."""
    above = Link(say("page.health"), HEALTH)
    here = Link(say("imports.title"), IMPORTS, is_current=last is None)
    return (above, here) if last is None else (above, here, Link(last, "", is_current=True))


def event_of(text: str) -> str:
    """Return a server-sent event with a text of any lines."""
    return "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


def stream_events(events: AsyncIterator[str]) -> Response:
    """Return server-sent events as a response that no proxy holds back."""
    headers = {"Cache-Control": PAGE_HEADERS["Cache-Control"], "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _send_import(
    request: Request,
    page: Membership,
    fingerprint: str,
    *,
    asks_to_undo: bool = False,
    reason: str = "",
    done: str | None = None,
    fault: NothingToRedo | NothingToUndo | ReasonMissing | UndoingUnderWay | None = None,
) -> Response:
    connection, tenant_id = page.connection, page.profile.tenant_id
    standing = await _find(request, connection, tenant_id, fingerprint)
    known = standing.known
    report = await open_report(
        request,
        page,
        "health",
        title=known.file_name,
        breadcrumb=trail(say_in(request), known.file_name),
    )
    may_change = page.role.covers(Role.MANAGER)
    events = []
    if known.rejected:
        source = origins_of_file(fingerprint)[0]
        events = await list_dead_events(connection, tenant_id, sources=[source], most=_MOST_REFUSED)
    preview = previewing = None
    may_undo = may_change and known.undone_by is None
    if may_undo and asks_to_undo:
        preview, previewing = await _preview(request, tenant_id, known)
    actors = await list_actors(connection, tenant_id, actions=[IMPORTED], subjects=[fingerprint])
    money = () if preview is None else _money(report, preview)
    tables = [refused_items(report, events), history_of(report, standing.undoings), *money]
    page_sent = send_report(
        "import.html",
        report,
        tables,
        standing=standing,
        actor=actors.get(fingerprint),
        action=address_of(fingerprint),
        new=NEW_IMPORT,
        may_undo=may_undo,
        may_redo=may_change and standing.state == "undone",
        preview=preview,
        # The answer to a form is not loaded again by itself: that would send the form again.
        previewing=previewing if request.method == "GET" else None,
        money=money,
        reason=reason,
        done=done,
        fault=fault,
        most=_MOST_REFUSED,
    )
    page_sent.status_code = page_sent.status_code if fault is None else fault.status
    return page_sent


async def _preview(
    request: Request, tenant_id: UUID, known: KnownImport
) -> tuple[UndoPreview | None, Previewing | None]:
    """Return what taking an import back would move or, if that takes longer, the search for it.

    A file of what is seen waits until there is something to see.
    """
    previews = _imports_of(request).previews
    begun = previews.start(tenant_id, known)
    patience_s = None if "download" in request.query_params else _PATIENCE_S
    try:
        found = await begun.wait(patience_s)
    finally:
        if begun.ended_at is not None:
            previews.forget(tenant_id, known.fingerprint)
    return found, begun if found is None else None


def _money(report: Report, preview: UndoPreview) -> tuple[Table, ...]:
    months = [
        MonthRow(currency, month, kind, cents)
        for (currency, month, kind), cents in preview.money.items()
    ]
    return money_by_month(report, months, "imports.money_back")


async def _find(
    request: Request, connection: Connection, tenant_id: UUID, fingerprint: str
) -> Standing:
    """Return an import of the transaction's tenant. Raises `ImportUnknown`."""
    found = (
        await list_imports(connection, tenant_id, fingerprint=fingerprint, most=1)
        if _FINGERPRINT.fullmatch(fingerprint)
        else []
    )
    if not found:
        raise ImportUnknown(
            "The tenant has no import with this fingerprint.",
            cure="The list of imports shows all of them.",
        )
    target = await target_of_import(connection, tenant_id, fingerprint)
    undoings = await list_undoings(connection, tenant_id, target=target)
    run = _imports_of(request).find_run(tenant_id, fingerprint)
    is_running = run is not None and run.is_running
    by_id = {one.id: one for one in undoings}
    return Standing(
        found[0],
        undoings,
        state_of(found[0], by_id, utc_now(), is_running=is_running),
        run.share_read if run is not None and is_running else None,
        None if run is None else run.fault,
    )


def _is_running(request: Request, tenant_id: UUID, fingerprint: str) -> bool:
    run = _imports_of(request).find_run(tenant_id, fingerprint)
    return run is not None and run.is_running
