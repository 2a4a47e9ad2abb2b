"""Alerts: opened once, repeated once a day at most, and closed with a notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from skeldir.db import new_id
from skeldir.jobs import enqueue
from skeldir.notices.checks import AlertKind, Figures
from skeldir.notices.kinds import SEND
from skeldir.notices.store import queries

if TYPE_CHECKING:
    from skeldir.db import Connection
    from skeldir.notices.checks import Judgement
    from skeldir.notices.store import SelectAlertsRow, SelectOpenAlertsRow

REMIND_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is, or was, wrong with a tenant's data; `figures` are of the latest check that found it."""

    id: UUID
    kind: AlertKind
    subject: str
    figures: Figures
    opened_at: datetime
    checked_at: datetime
    noticed_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """What is said of an alert when it is opened, once a day while it is open, and when it is closed."""

    event: Literal["opened", "open", "closed"]
    alert: Alert
    time_zone: str


_NOTICE: Final = TypeAdapter(AlertNotice)


def write_notice_down(notice: AlertNotice) -> str:
    """Return a notice as the JSON that is kept and sent."""
    return _NOTICE.dump_json(notice).decode()


def read_notice_back(text: str) -> AlertNotice:
    """Return the notice of such a JSON text."""
    return _NOTICE.validate_json(text)


async def list_open_alerts(connection: Connection, tenant_id: UUID) -> list[Alert]:
    """Return what is wrong now with the data of the transaction's tenant, the oldest first."""
    rows = await queries.select_open_alerts(connection, tenant_id=tenant_id)
    return [_alert(row) for row in rows]


async def list_alerts(connection: Connection, tenant_id: UUID, *, most: int = 50) -> list[Alert]:
    """Return the alerts of the transaction's tenant, open and closed, the newest first."""
    rows = await queries.select_alerts(connection, tenant_id=tenant_id, most=most)
    return [_alert(row) for row in rows]


def _alert(row: SelectAlertsRow | SelectOpenAlertsRow) -> Alert:
    return Alert(
        row["id"],
        row["kind"],
        row["subject"],
        orjson.loads(row["figures"]),
        row["opened_at"],
        row["checked_at"],
        row["noticed_at"],
        row["closed_at"],
    )


async def settle_alerts(
    connection: Connection, tenant_id: UUID, judgement: Judgement, *, now: datetime, time_zone: str
) -> list[AlertNotice]:
    """Open, keep and close alerts of the transaction's tenant as judged; make the deliveries of what is to be said.

    Each change of an alert is one statement that happens once, so of several checks at a time one makes the notice.
    What was not judged stays as it is.
    """
    notices: list[AlertNotice] = []
    opened = {(one.kind, one.subject): one for one in await list_open_alerts(connection, tenant_id)}
    for found in judgement.findings:
        known = opened.get((found.kind, found.subject))
        written = orjson.dumps(found.figures).decode()
        if known is None:
            made = await queries.open_alert(
                connection,
                tenant_id=tenant_id,
                id=new_id(),
                kind=found.kind,
                subject=found.subject,
                figures=written,
                now=now,
            )
            if made is not None:
                alert = Alert(made, found.kind, found.subject, found.figures, now, now, now, None)
                notices.append(AlertNotice("opened", alert, time_zone))
        elif await _note_check(connection, tenant_id, known, written, now):
            alert = Alert(
                known.id, known.kind, known.subject, found.figures, known.opened_at, now, now, None
            )
            notices.append(AlertNotice("open", alert, time_zone))
    for known in opened.values():
        if judgement.is_well(known.kind, known.subject) and await queries.close_alert(
            connection, tenant_id=tenant_id, id=known.id, now=now
        ):
            alert = Alert(
                known.id, known.kind, known.subject, known.figures, known.opened_at, now, now, now
            )
            notices.append(AlertNotice("closed", alert, time_zone))
    await _make_deliveries(connection, tenant_id, notices)
    return notices


async def _note_check(
    connection: Connection, tenant_id: UUID, known: Alert, figures: str, now: datetime
) -> bool:
    """Keep what the check found; return whether it is time to write of the alert again, and nobody else just did."""
    await queries.note_check(connection, tenant_id=tenant_id, id=known.id, figures=figures, now=now)
    reminded = await queries.remind_of_alert(
        connection, tenant_id=tenant_id, id=known.id, now=now, since=now - REMIND_AFTER
    )
    return reminded is not None


async def _make_deliveries(
    connection: Connection, tenant_id: UUID, notices: list[AlertNotice]
) -> None:
    if not notices:
        return
    rows = await queries.select_alert_destinations(connection, tenant_id=tenant_id)
    for row in rows:
        for notice in notices:
            made = await queries.insert_delivery(
                connection,
                tenant_id=tenant_id,
                id=new_id(),
                destination_id=row["id"],
                kind="alert",
                week=None,
                contents=write_notice_down(notice),
            )
            await enqueue(connection, tenant_id, SEND, {"delivery": str(made)})
