"""Corrections of single touches: who gave a touch its channel, when and why, whatever rules say. Rows are only added.

A corrected touch is recorded again under its key with the next generation, as a restated one is, in the same
transaction. It keeps the correction as its rule, and the channel that was sent with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from skeldir.clock import utc_now
from skeldir.db import new_id, wait_for_lock
from skeldir.errors import SkeldirError
from skeldir.ingest.channels import COMMON_CHANNELS, RESERVED_CHANNELS, ChannelChoice
from skeldir.ingest.own_channels import list_channels
from skeldir.ingest.restating import (
    derive_again,
    given_channel,
    move_touches,
    read_standards,
    rule_of_correction,
)
from skeldir.ingest.store import queries
from skeldir.ingest.undo_refusals import UndoingUnderWay
from skeldir.ingest.undo_requests import require_reason
from skeldir.rollups import ingest_lock

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.ingest.store import SelectTouchToCorrectRow

MOST_SHOWN: Final = 100


class TouchUnknown(SkeldirError):
    """No touch that stands has this key."""

    code = "touch_unknown"
    status = 404
    title = "There is no such touch"


class CorrectionUnknown(SkeldirError):
    """The tenant has no correction with this id."""

    code = "correction_unknown"
    status = 404
    title = "There is no such correction"


class CorrectionNotInForce(SkeldirError):
    """The correction was revoked, or a later one of its touch is in force."""

    code = "correction_not_in_force"
    status = 409
    title = "The correction is not in force"


class CorrectionInvalid(SkeldirError):
    """A touch cannot be given this channel."""

    code = "correction_invalid"
    status = 422
    title = "The channel cannot be given"


@dataclass(frozen=True, slots=True)
class Correction:
    """Who gave a touch, by its idempotency key, a channel, when and why; without a channel, who revoked that."""

    id: UUID
    touch: str
    channel: str | None
    reason: str
    requested_by: str
    requested_at: datetime
    is_in_force: bool


async def correct_touch(
    connection: Connection,
    tenant_id: UUID,
    touch: str,
    channel: str,
    *,
    reason: str,
    requested_by: str,
) -> Correction:
    """Give the touch with this key a channel, which outranks all rules until the correction is revoked.

    It also holds for a touch with the key that comes later, after the one that stands was taken back. An earlier
    correction of the touch ends. If one with this channel and reason is in force, nothing is done, and it is returned.

    Raises:
        TouchUnknown: no touch that stands has the key.
        CorrectionInvalid: the tenant has no such channel, or it is never given to a touch.
        ReasonMissing: the reason is empty or too long.
        UndoingUnderWay: facts are being taken back or put back.
    """
    require_reason(reason)
    await _hold(connection, tenant_id)
    await require_channel(connection, tenant_id, channel)
    row = await find_touch(connection, tenant_id, touch)
    latest = await list_corrections(connection, tenant_id, touch=touch, most=1)
    if latest and (latest[0].channel, latest[0].reason) == (channel, reason.strip()):
        return latest[0]
    correction_id = new_id()
    choice = ChannelChoice(channel, rule_of_correction(correction_id, given_channel(row)))
    await _insert(connection, tenant_id, correction_id, touch, channel, reason, requested_by, row)
    await move_touches(connection, tenant_id, correction_id, [(row, choice)])
    return await _load(connection, tenant_id, correction_id)


async def revoke_correction(
    connection: Connection, tenant_id: UUID, correction_id: UUID, *, reason: str, requested_by: str
) -> Correction:
    """End a correction: its touch gets the channel that was sent with it, or that rules give it now.

    Return the revocation, which is a row of its own. An earlier correction of the touch does not come back.

    Raises:
        CorrectionUnknown: there is none with the id, or its touch was forgotten.
        CorrectionNotInForce: it was revoked, or replaced by a later one.
        ReasonMissing: the reason is empty or too long.
        UndoingUnderWay: facts are being taken back or put back.
    """
    require_reason(reason)
    await _hold(connection, tenant_id)
    correction = await require_in_force(connection, tenant_id, correction_id)
    row = await queries.select_touch_to_correct(
        connection, tenant_id=tenant_id, touch_key=correction.touch
    )
    revocation_id = new_id()
    await _insert(
        connection, tenant_id, revocation_id, correction.touch, None, reason, requested_by, row
    )
    # A touch that was taken back follows if it comes back.
    if row is not None:
        choice = derive_again(row, await read_standards(connection, tenant_id))
        await move_touches(connection, tenant_id, revocation_id, [(row, choice)])
    return await _load(connection, tenant_id, revocation_id)


async def list_corrections(
    connection: Connection,
    tenant_id: UUID,
    *,
    touch: str | None = None,
    before: UUID | None = None,
    most: int = MOST_SHOWN,
) -> list[Correction]:
    """Return the corrections and revocations of the transaction's tenant, or of one touch, the latest first."""
    return await _select(connection, tenant_id, touch=touch, before=before, most=most)


async def require_in_force(
    connection: Connection, tenant_id: UUID, correction_id: UUID
) -> Correction:
    """Return a correction that is in force. Raises CorrectionUnknown, CorrectionNotInForce."""
    correction = await _load(connection, tenant_id, correction_id)
    if not correction.is_in_force:
        raise CorrectionNotInForce(
            "It is not in force: it was revoked, is a revocation, or a later correction of its touch replaced it.",
            cure="Nothing was changed. `skeldir corrections list TENANT` shows which are in force.",
        )
    return correction


async def require_channel(connection: Connection, tenant_id: UUID, channel: str) -> None:
    """Raise CorrectionInvalid unless a touch of the transaction's tenant can have this channel."""
    if channel in RESERVED_CHANNELS:
        raise CorrectionInvalid(
            f"The channel {channel} is never given to a touch.", cure="Choose another one."
        )
    if channel not in COMMON_CHANNELS and channel not in await list_channels(connection, tenant_id):
        raise CorrectionInvalid(
            f"The tenant has no channel {channel!r:.80}.",
            cure="`skeldir channels list` lists them, and `skeldir channels add` adds one.",
        )


async def find_touch(
    connection: Connection, tenant_id: UUID, touch: str
) -> SelectTouchToCorrectRow:
    """Return the touch that stands under a key. Raises TouchUnknown."""
    row = None
    # PostgreSQL texts cannot contain NUL, and it rejects a parameter that does.
    if "\0" not in touch:
        row = await queries.select_touch_to_correct(
            connection, tenant_id=tenant_id, touch_key=touch
        )
    if row is None:
        raise TouchUnknown(
            f"No touch with the key {touch!r:.80} stands.",
            cure="Check the key: `GET /v1/attribution/orders/{order_id}` shows those of an order. A touch that was "
            "taken back or forgotten cannot be corrected.",
        )
    return row


async def _hold(connection: Connection, tenant_id: UUID) -> None:
    """Wait until no facts are being recorded, taken back or restated; they begin after this transaction."""
    await wait_for_lock(connection, f"undoings:{tenant_id}")
    await wait_for_lock(connection, ingest_lock(tenant_id))
    # A touch that is recorded again has a new id, beyond those that an undoing which is under way visits.
    if await queries.has_other_undoings(connection, tenant_id=tenant_id, restates_channels=True):
        raise UndoingUnderWay(
            "Facts are being taken back or put back.",
            cure="Nothing was changed. Try again when that has ended.",
        )


async def _insert(
    connection: Connection,
    tenant_id: UUID,
    correction_id: UUID,
    touch: str,
    channel: str | None,
    reason: str,
    requested_by: str,
    row: SelectTouchToCorrectRow | None,
) -> None:
    moves = 0 if row is None else 1
    touch_id = correction_id if row is None else row["id"]
    await queries.insert_undoing(
        connection,
        tenant_id=tenant_id,
        id=correction_id,
        target_kind="correction",
        target=str(correction_id),
        deliveries=[],
        redoes=None,
        reason=reason.strip(),
        requested_by=requested_by,
        first_id=touch_id,
        until_id=touch_id,
    )
    await queries.advance_undoing(
        connection,
        tenant_id=tenant_id,
        id=correction_id,
        phase="done",
        after_id=touch_id,
        entries=0,
        touches=moves,
        ended_at=utc_now(),
    )
    await queries.insert_correction(
        connection, tenant_id=tenant_id, touch_key=touch, id=correction_id, channel_code=channel
    )


async def _load(connection: Connection, tenant_id: UUID, correction_id: UUID) -> Correction:
    found = await _select(connection, tenant_id, correction_id=correction_id, most=1)
    if not found:
        raise CorrectionUnknown(
            "There is no correction with this id, or its touch was forgotten.",
            cure="`skeldir corrections list TENANT` lists them.",
        )
    return found[0]


async def _select(
    connection: Connection,
    tenant_id: UUID,
    *,
    correction_id: UUID | None = None,
    touch: str | None = None,
    before: UUID | None = None,
    most: int,
) -> list[Correction]:
    rows = await queries.select_corrections(
        connection,
        tenant_id=tenant_id,
        before=before,
        touch_key=touch,
        id=correction_id,
        most=most,
    )
    return [
        Correction(
            row["id"],
            row["touch_key"],
            row["channel_code"],
            row["reason"],
            row["requested_by"],
            row["requested_at"],
            row["is_in_force"],
        )
        for row in rows
    ]
