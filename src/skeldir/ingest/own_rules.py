"""Versions of a tenant's rules of channels, and which one is in force: stored once, never changed, applied by a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.db import wait_for_lock
from skeldir.errors import SkeldirError
from skeldir.ingest.channels import (
    Fault,
    OwnRules,
    check_rules,
    compile_draft,
    compiled_rules,
)
from skeldir.ingest.kinds import RESTATE_SPEND
from skeldir.ingest.own_channels import list_channels
from skeldir.ingest.store import queries
from skeldir.ingest.undo_refusals import ReasonMissing, UndoingUnderWay
from skeldir.ingest.undo_requests import LONGEST_REASON, list_undoings, request_undo
from skeldir.ingest.undo_targets import CHANNELS
from skeldir.jobs import enqueue

if TYPE_CHECKING:
    from skeldir.db import Connection

MOST_FAULTS_SHOWN: Final = 20
_LATEST: Final = 2**31 - 1


class RulesInvalid(SkeldirError):
    """A document of rules has faults."""

    code = "rules_invalid"
    status = 422
    title = "The rules have faults"


class RulesUnknown(SkeldirError):
    """The tenant has no version with this number."""

    code = "rules_unknown"
    status = 404
    title = "There is no such version of the rules"


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """A stored version of the rules: who wrote it, when and why."""

    version: int
    reason: str
    written_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class RulesText:
    """A stored version, and its rules in order as TOML."""

    about: RulesVersion
    document: str


@dataclass(frozen=True, slots=True)
class RulesTurn:
    """When a version (None: the common rules only) came into force, by whom and why, and its restating.

    `touches` of the recorded ones have moved so far.
    """

    turn: int
    version: int | None
    reason: str
    requested_by: str
    requested_at: datetime
    undoing_id: UUID
    is_done: bool
    touches: int


async def store_rules(
    connection: Connection, tenant_id: UUID, document: str, *, reason: str, written_by: str
) -> tuple[RulesVersion, list[Fault]]:
    """Store a document as the next version of the transaction's tenant; it is not in force until it is applied.

    Return it, and its rules that can never match.

    Raises:
        RulesInvalid: the document has faults; each is named with its rule and line.
        ReasonMissing: the reason is empty or too long.
    """
    _check_reason(reason)
    covered = await require_valid(connection, tenant_id, document)
    await wait_for_lock(connection, _lock(tenant_id))
    row = await queries.insert_rules(
        connection,
        tenant_id=tenant_id,
        document=document,
        reason=reason.strip(),
        written_by=written_by,
    )
    assert row is not None  # noqa: S101 - an aggregate without groups has one row
    return RulesVersion(
        row["version"], row["reason"], row["written_by"], row["written_at"]
    ), covered


async def require_valid(connection: Connection, tenant_id: UUID, document: str) -> list[Fault]:
    """Return the rules of a document that can never match.

    Raises:
        RulesInvalid: the document has faults; each is named with its rule and line.
    """
    faults, covered = check_rules(document, await list_channels(connection, tenant_id))
    if faults:
        shown = " ".join(fault.describe() for fault in faults[:MOST_FAULTS_SHOWN])
        raise RulesInvalid(
            f"{len(faults)} faults. {shown}",
            cure="Correct them; `skeldir rules check` lists all. Add channels with `skeldir channels add`.",
        )
    return covered


async def draft_rules(connection: Connection, tenant_id: UUID, document: str) -> OwnRules:
    """Return the compiled rules of a document that is not stored, as version 0. Raises RulesInvalid."""
    await require_valid(connection, tenant_id, document)
    return compile_draft(document)


async def load_rules(connection: Connection, tenant_id: UUID, version: int) -> RulesText:
    """Return a stored version. Raises RulesUnknown."""
    row = await queries.select_rules(connection, tenant_id=tenant_id, version=version)
    if row is None:
        raise RulesUnknown(
            f"The tenant has no version {version} of rules.",
            cure="`skeldir rules history TENANT` lists them.",
        )
    about = RulesVersion(row["version"], row["reason"], row["written_by"], row["written_at"])
    return RulesText(about, row["document"])


async def list_rules(
    connection: Connection, tenant_id: UUID, *, before: int = _LATEST, most: int = 100
) -> list[RulesVersion]:
    """Return the versions of the transaction's tenant before one, the latest first."""
    rows = await queries.select_rule_versions(
        connection, tenant_id=tenant_id, before=before, most=most
    )
    return [
        RulesVersion(row["version"], row["reason"], row["written_by"], row["written_at"])
        for row in rows
    ]


async def list_turns(
    connection: Connection,
    tenant_id: UUID,
    *,
    before: int = _LATEST,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 100,
) -> list[RulesTurn]:
    """Return which versions came into force before a turn, and in a span if one is given, the latest first."""
    rows = await queries.select_rule_turns(
        connection, tenant_id=tenant_id, before=before, since=since, until=until, most=most
    )
    return [
        RulesTurn(
            row["turn"],
            row["version"],
            row["reason"],
            row["requested_by"],
            row["requested_at"],
            row["undoing_id"],
            row["phase"] == "done",
            row["touches"],
        )
        for row in rows
    ]


async def rules_in_force(connection: Connection, tenant_id: UUID) -> OwnRules | None:
    """Return the compiled rules that touches follow now, None if the transaction's tenant has none of its own."""
    row = await queries.select_rules_in_force(connection, tenant_id=tenant_id)
    return None if row is None else compiled_rules(row["version"], row["document"])


async def request_rules(
    connection: Connection, tenant_id: UUID, version: int | None, *, reason: str, requested_by: str
) -> RulesTurn:
    """Put a version in force, or none with None, and enqueue that recorded touches and spend are restated by it.

    What arrives from the commit on follows it. The version that is in force is restated again; if that has not
    ended, nothing is requested, and its turn is returned.

    Raises:
        RulesUnknown: there is no such version.
        ReasonMissing: the reason is empty or too long.
        UndoingUnderWay: facts are being taken back, or restated by another version.
    """
    _check_reason(reason)
    await wait_for_lock(connection, _lock(tenant_id))
    if version is not None:
        await load_rules(connection, tenant_id, version)
    latest = await list_turns(connection, tenant_id, most=1)
    restatings = await list_undoings(connection, tenant_id, target=CHANNELS, most=1)
    is_open = bool(restatings) and restatings[0].phase != "done"
    is_same = bool(latest) and latest[0].version == version
    if is_open and is_same and not latest[0].is_done:
        return latest[0]
    if is_open:
        # What it has moved already would stay as the earlier rules have it.
        raise UndoingUnderWay(
            "The channels of recorded touches are being restated.",
            cure="Nothing was changed. Try again when that has ended; a worker does it.",
        )
    undoing_id = await request_undo(
        connection, tenant_id, CHANNELS, reason=reason, requested_by=requested_by
    )
    await queries.insert_rule_turn(
        connection,
        tenant_id=tenant_id,
        version=version,
        undoing_id=undoing_id,
        reason=reason.strip(),
        requested_by=requested_by,
    )
    await enqueue(connection, tenant_id, RESTATE_SPEND)
    (turn,) = await list_turns(connection, tenant_id, most=1)
    return turn


def _lock(tenant_id: UUID) -> str:
    return f"rules:{tenant_id}"


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise ReasonMissing(
            f"The reason is empty, or longer than {LONGEST_REASON} characters.",
            cure="Say in a sentence why.",
        )
