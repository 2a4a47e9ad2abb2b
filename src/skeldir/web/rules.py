"""Rules: the tenant's rules of channels in an editor, what they would move, and putting a version in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from skeldir.errors import InputInvalid, ReportTooLarge, SkeldirError
from skeldir.ingest import (
    ReasonMissing,
    RulesInvalid,
    RulesTurn,
    RulesUnknown,
    RulesVersion,
    UndoingUnderWay,
    check_rules,
    draft_rules,
    list_channels,
    list_rules,
    list_turns,
    request_rules,
    store_rules,
)
from skeldir.spend import MOST_ORDERS_TRIED, MOST_TOUCHES_TRIED, dry_run_rules
from skeldir.users import Role, note_action
from skeldir.web.access import ManagerForm, SignedInByForm, ViewerPage, ViewerTrial
from skeldir.web.addresses import address
from skeldir.web.answers import PageRoute, go_to, send_values
from skeldir.web.downloads import send_csv
from skeldir.web.forms import read_fields
from skeldir.web.naming import ChannelNames, read_channel_names
from skeldir.web.reports import Report, TableUnknown, open_report, send_report
from skeldir.web.rules_editor import (
    MADE_OF,
    NO_RULES,
    channels_of_rules,
    lay_out_faults,
    lay_out_rules,
    read_making,
    read_text,
    read_version,
)
from skeldir.web.rules_moves import Moves, lay_out_moves
from skeldir.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from skeldir.ingest import Fault
    from skeldir.web.access import Membership

router = APIRouter(include_in_schema=False, route_class=PageRoute)

RULES: Final = "/rules"
TRY: Final = f"{RULES}/try"
STORE: Final = f"{RULES}/store"
APPLY: Final = f"{RULES}/apply"
_DONE: Final = frozenset({"stored", "applied", "stored_only"})
_SHOWN: Final = 50
# A document of 32,768 characters has up to 12 bytes for each in a form.
_MOST_FORM_BYTES: Final = 448 * 1024


async def read_document_form(request: Request, session: SignedInByForm) -> Mapping[str, str]:  # noqa: ARG001 - it refuses who is not signed in, before the form is read
    """Return the fields of the editor's form, which is longer than others. Raises as `read_form` does."""
    return await read_fields(request, _MOST_FORM_BYTES)


DocumentFields = Annotated[Mapping[str, str], Depends(read_document_form)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a form led to: a text that was checked or tried, or a fault."""

    document: str | None = None
    was_checked: bool = False
    faults: Sequence[Fault] = field(default=())
    never_match: Sequence[Fault] = field(default=())
    moves: Moves | None = None
    fault: SkeldirError | None = None
    reason: str = ""


@router.get(RULES)
@router.get(TRY)
@router.get(STORE)
@router.get(APPLY)
async def show_rules(request: Request, page: ViewerPage) -> Response:
    """Show the rules in force, the editor, and the versions. The addresses of forms show it as well."""
    report = await open_report(request, page, "rules")
    return await _send(report, page, Outcome())


@router.post(TRY)
async def try_rules(request: Request, fields: DocumentFields, page: ViewerTrial) -> Response:
    """Check the text of the editor, or show what it would move. Nothing is stored."""
    document = _document_of(fields)
    report = await open_report(request, page, "rules")
    own = await list_channels(page.connection, page.profile.tenant_id)
    faults, covered = check_rules(document, own)
    outcome = Outcome(document, was_checked=True, faults=faults, never_match=covered)
    if faults or fields.get("do") == "check":
        return await _send(report, page, outcome)
    names = ChannelNames(report.say, own)
    try:
        moves = await _dry_run(report, names, document)
    except ReportTooLarge as fault:
        return await _send(report, page, Outcome(document, fault=fault), fault.status)
    asked = fields.get("download")
    if asked is None:
        return await _send(report, page, Outcome(document, never_match=covered, moves=moves))
    table = next((table for table in moves.tables() if table.key == asked), None)
    if table is None:
        raise TableUnknown(
            "The dry run has no table of this name.", cure="Go back and run it again."
        )
    return send_csv(table, page.profile.name, "dry-run")


async def _dry_run(report: Report, names: ChannelNames, document: str) -> Moves:
    connection, tenant_id = report.page.connection, report.page.profile.tenant_id
    rules = await draft_rules(connection, tenant_id, document)
    found = await dry_run_rules(
        connection,
        tenant_id,
        rules,
        most_touches=MOST_TOUCHES_TRIED,
        most_orders=MOST_ORDERS_TRIED,
    )
    return lay_out_moves(report.say, names, found)


@router.post(STORE)
async def store(request: Request, fields: DocumentFields, form: ManagerForm) -> Response:
    """Store the text of the editor as the next version, and put it in force if that was asked for."""
    document, reason = _document_of(fields), fields.get("reason", "")
    tenant_id, by = form.profile.tenant_id, form.session.email
    try:
        stored, _ = await store_rules(
            form.connection, tenant_id, document, reason=reason, written_by=by
        )
    except RulesInvalid as fault:
        own = await list_channels(form.connection, tenant_id)
        faults, covered = check_rules(document, own)
        outcome = Outcome(
            document, was_checked=True, faults=faults, never_match=covered, reason=reason
        )
        return await _send(await open_report(request, form, "rules"), form, outcome, fault.status)
    except ReasonMissing as fault:
        outcome = Outcome(document, fault=fault, reason=reason)
        return await _send(await open_report(request, form, "rules"), form, outcome, fault.status)
    number = str(stored.version)
    await note_action(form.connection, tenant_id, by, "rules.store", _note(number, reason))
    if fields.get("do") != "apply":
        return go_to(RULES, version=number, done="stored")
    try:
        await request_rules(
            form.connection, tenant_id, stored.version, reason=reason, requested_by=by
        )
    except UndoingUnderWay:
        # Nothing follows a stored version, so it may stay until it can be put in force.
        return go_to(RULES, version=number, done="stored_only")
    await note_action(form.connection, tenant_id, by, "rules.apply", _note(number, reason))
    return go_to(RULES, done="applied")


@router.post(APPLY)
async def apply(request: Request, fields: DocumentFields, form: ManagerForm) -> Response:
    """Put a version in force, an earlier one too, or none; jobs restate what is recorded."""
    tenant_id, by = form.profile.tenant_id, form.session.email
    asked, reason = fields.get("version", ""), fields.get("reason", "")
    if not asked:
        raise InputInvalid("No version was named.", cure="Choose one on the page of rules.")
    version = read_version(asked)
    try:
        await request_rules(form.connection, tenant_id, version, reason=reason, requested_by=by)
    except (ReasonMissing, UndoingUnderWay, RulesUnknown) as fault:
        report = await open_report(request, form, "rules")
        return await _send(report, form, Outcome(fault=fault, reason=reason), fault.status)
    await note_action(form.connection, tenant_id, by, "rules.apply", _note(asked, reason))
    return go_to(RULES, done="applied")


def _document_of(fields: Mapping[str, str]) -> str:
    return fields.get("document", "").replace("\r\n", "\n")


def _note(version: str, reason: str) -> str:
    return f"version {version}: {reason.strip()}"


async def _send(report: Report, page: Membership, outcome: Outcome, status: int = 200) -> Response:
    connection, profile = page.connection, page.profile
    say = report.say
    names = await read_channel_names(report)
    channels = channels_of_rules(names)
    making = read_making(report, dict(channels))
    asked = report.parameter("version")
    versions = await list_rules(connection, profile.tenant_id, most=_SHOWN)
    turns = await list_turns(connection, profile.tenant_id, most=_SHOWN)
    tables = [
        await lay_out_rules(report, names),
        _lay_out_versions(report, versions, profile.rules_version),
        _lay_out_turns(report, turns),
    ]
    document = outcome.document
    if document is None:
        document = await read_text(report, making, asked)
    done = report.parameter("done")
    values = {
        "outcome": outcome,
        "faults": lay_out_faults(say, "faults", document, outcome.faults),
        "never_match": lay_out_faults(say, "never_match", document, outcome.never_match),
        "document": document,
        "making": making,
        "made_of": MADE_OF,
        "channels": channels,
        "opened": asked,
        "in_force": profile.rules_version,
        "turn": turns[0] if turns else None,
        "versions": [str(one.version) for one in versions],
        "no_rules": NO_RULES,
        "may_manage": page.role.covers(Role.MANAGER),
        "done": done if done in _DONE and report.request.method == "GET" else None,
        "paths": {"rules": RULES, "try": TRY, "store": STORE, "apply": APPLY},
        "tenant_id": str(profile.tenant_id),
    }
    if report.request.method == "GET":
        return send_report("rules.html", report, tables, **values)
    by_key = {table.key: table for table in tables}
    return send_values(
        "rules.html", report.frame, {"report": report, "tables": by_key, **values}, status
    )


def _lay_out_versions(
    report: Report, versions: Sequence[RulesVersion], in_force: int | None
) -> Table:
    say = report.say
    return Table(
        "versions",
        say("rules.versions"),
        (
            Column(say("rules.version")),
            Column(say("rules.written"), "moment"),
            Column(say("rules.by")),
            Column(say("rules.reason")),
        ),
        tuple(
            (
                Cell(
                    str(one.version),
                    href=address(RULES, version=str(one.version)),
                    note=say("rules.is_in_force") if one.version == in_force else None,
                ),
                Cell(one.written_at),
                Cell(one.written_by),
                Cell(one.reason),
            )
            for one in versions
        ),
        say("rules.no_versions"),
        download=report.download_of("versions"),
    )


def _lay_out_turns(report: Report, turns: Sequence[RulesTurn]) -> Table:
    say = report.say
    return Table(
        "turns",
        say("rules.turns"),
        (
            Column(say("rules.version")),
            Column(say("rules.since"), "moment"),
            Column(say("rules.by")),
            Column(say("rules.reason")),
            Column(say("rules.touches_moved"), "number"),
        ),
        tuple(
            (
                Cell(say("rules.common_only") if one.version is None else str(one.version)),
                Cell(one.requested_at),
                Cell(one.requested_by),
                Cell(one.reason),
                Cell(one.touches, note=None if one.is_done else say("rules.so_far")),
            )
            for one in turns
        ),
        say("rules.no_turns"),
        download=report.download_of("turns"),
    )
