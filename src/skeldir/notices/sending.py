"""Sends one delivery, and records what became of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from uuid import UUID

import orjson

from skeldir.clock import utc_now
from skeldir.errors import SkeldirError
from skeldir.inbox import load_sealer
from skeldir.jobs import describe_fault, enqueue
from skeldir.notices.alerts import read_notice_back
from skeldir.notices.destinations import list_destinations
from skeldir.notices.digest import read_digest_back
from skeldir.notices.kinds import SEND
from skeldir.notices.mail import find_mail_server, make_message, send_mail
from skeldir.notices.refusals import NoticeNotDelivered
from skeldir.notices.store import queries
from skeldir.notices.webhooks import send_webhook
from skeldir.settings import load_settings
from skeldir.tenants import load_profile

if TYPE_CHECKING:
    from skeldir.db import Connection, Database
    from skeldir.notices.alerts import AlertNotice
    from skeldir.notices.destinations import Destination
    from skeldir.notices.digest import Digest
    from skeldir.notices.letters import Letter, Writer
    from skeldir.notices.store import FindDeliveryRow

logger = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 15
"""How often a delivery is tried. The pauses grow from 2 minutes to 2 hours: the last is 18 hours after the first."""

_FIRST_PAUSE_S: Final = 120.0
_LONGEST_PAUSE_S: Final = 7_200.0

DeliveryState: TypeAlias = Literal["waiting", "sent", "failed"]
TYPE_OF: Final = {"digest": "digest.weekly", "test": "digest.test"}
"""The `type` in the body of a webhook by kind of delivery; of an alert, its event follows: `alert.opened`."""

Fence: TypeAlias = "Callable[[Connection], Awaitable[None]]"


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery, and what became of it; `address` is None if the destination was removed."""

    id: UUID
    destination_id: UUID
    destination_kind: Literal["email", "webhook"]
    address: str | None
    kind: Literal["digest", "test", "alert"]
    week: date | None
    state: DeliveryState
    attempts: int
    error: str | None
    made_at: datetime
    ended_at: datetime | None


async def list_deliveries(
    connection: Connection, tenant_id: UUID, *, most: int = 50
) -> list[DeliveryRecord]:
    """Return the deliveries of the transaction's tenant, the newest first."""
    rows = await queries.select_deliveries(connection, tenant_id=tenant_id, most=most)
    return [DeliveryRecord(**row) for row in rows]


async def send_delivery(
    database: Database,
    tenant_id: UUID,
    delivery_id: UUID,
    write: Writer,
    *,
    is_last: bool = False,
    fence: Fence | None = None,
) -> DeliveryState:
    """Make an attempt to send a delivery that waits, and return its state after that.

    A fault is recorded with the delivery. It then waits for the next attempt, unless this one `is_last`, it is a test,
    the fault is final, or there were MOST_ATTEMPTS. For a job, whose end is the `fence`, the next attempt is enqueued
    with it: a receiver that is away is a matter of the tenant, and no failed job.

    A delivery is recorded as sent after the receiver has taken it. If the process dies between the two, it is sent
    again, with the same id and the same numbers: at least once, and never lost.
    """
    async with database.tenant(tenant_id, is_read_only=True) as connection:
        row = await queries.find_delivery(connection, tenant_id=tenant_id, id=delivery_id)
        destinations = await list_destinations(connection, tenant_id)
        profile = await load_profile(connection, tenant_id)
    if row is None or row["state"] != "waiting":
        await _note_end(database, tenant_id, fence)
        return "failed" if row is None else row["state"]
    found = [one for one in destinations if one.id == row["destination_id"]]
    try:
        if not found:
            raise NoticeNotDelivered(
                "The destination was removed.", cure="Add it again.", is_final=True
            )
        await _send(tenant_id, profile.name, row, found[0], write)
    except SkeldirError as fault:
        is_over = (
            is_last
            or row["kind"] == "test"
            or row["attempts"] + 1 >= MOST_ATTEMPTS
            or (isinstance(fault, NoticeNotDelivered) and fault.is_final)
        )
        return await _note_fault(database, tenant_id, row, fault, is_over=is_over, fence=fence)
    await _note_end(database, tenant_id, fence, sent=delivery_id)
    return "sent"


async def _note_fault(
    database: Database,
    tenant_id: UUID,
    row: FindDeliveryRow,
    fault: SkeldirError,
    *,
    is_over: bool,
    fence: Fence | None,
) -> DeliveryState:
    state: DeliveryState = "failed" if is_over else "waiting"
    logger.warning("notices.not_delivered %s %s is_over=%s", row["id"], fault.code, is_over)
    async with database.tenant(tenant_id) as connection:
        await queries.note_attempt(
            connection, tenant_id=tenant_id, id=row["id"], state=state, error=describe_fault(fault)
        )
        if fence is not None:
            if not is_over:
                pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** row["attempts"])
                arguments = {"delivery": str(row["id"])}
                await enqueue(connection, tenant_id, SEND, arguments, delay_s=pause_s)
            await fence(connection)
    return state


async def _note_end(
    database: Database, tenant_id: UUID, fence: Fence | None, *, sent: UUID | None = None
) -> None:
    async with database.tenant(tenant_id) as connection:
        if sent is not None:
            await queries.note_attempt(
                connection, tenant_id=tenant_id, id=sent, state="sent", error=None
            )
        if fence is not None:
            await fence(connection)


async def _send(
    tenant_id: UUID,
    tenant_name: str,
    row: FindDeliveryRow,
    destination: Destination,
    write: Writer,
) -> None:
    """Make one attempt. Raises a SkeldirError."""
    settings = load_settings()
    letter = write(_contents(row), tenant_name, destination.language)
    if destination.kind == "email":
        server = find_mail_server(settings)
        message = make_message(
            server, destination.address, letter, notice_id=row["id"], made_at=row["made_at"]
        )
        await send_mail(server, destination.address, message)
    elif destination.sealed is not None:
        await send_webhook(
            destination.address,
            make_body(tenant_id, tenant_name, row, letter),
            load_sealer(settings).open(destination.sealed),
            notice_id=row["id"],
            now=utc_now(),
            allows_private=settings.skeldir_notices_to_private_addresses,
        )


def _contents(row: FindDeliveryRow) -> Digest | AlertNotice:
    is_alert = row["kind"] == "alert"
    return read_notice_back(row["contents"]) if is_alert else read_digest_back(row["contents"])


def make_body(tenant_id: UUID, tenant_name: str, row: FindDeliveryRow, letter: Letter) -> bytes:
    """Return the body of a webhook: type, time, the numbers as data, and the letter's plain text."""
    data = orjson.loads(row["contents"])
    return orjson.dumps(
        {
            "type": TYPE_OF.get(row["kind"]) or f"alert.{data['event']}",
            "timestamp": row["made_at"].isoformat(),
            "tenant_id": str(tenant_id),
            "tenant": tenant_name,
            "data": data,
            "text": f"{letter.subject}\n\n{letter.text}",
        }
    )
