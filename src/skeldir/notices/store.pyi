"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class FindDeliveryRow(TypedDict):
    id: UUID
    destination_id: UUID
    kind: Literal["digest", "test", "alert"]
    contents: str
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    made_at: dt.datetime

class SelectAlertDestinationsRow(TypedDict):
    id: UUID

class SelectAlertsRow(TypedDict):
    id: UUID
    kind: Literal[
        "reports_late",
        "views_late",
        "credit_differs",
        "audit_differs",
        "match_rate_fell",
        "webhook_silent",
    ]
    subject: str
    figures: str
    opened_at: dt.datetime
    checked_at: dt.datetime
    noticed_at: dt.datetime
    closed_at: dt.datetime | None

class SelectDeliveriesRow(TypedDict):
    id: UUID
    destination_id: UUID
    destination_kind: Literal["email", "webhook"]
    address: str | None
    kind: Literal["digest", "test", "alert"]
    week: dt.date | None
    state: Literal["waiting", "sent", "failed"]
    attempts: int
    error: str | None
    made_at: dt.datetime
    ended_at: dt.datetime | None

class SelectDestinationsRow(TypedDict):
    id: UUID
    kind: Literal["email", "webhook"]
    address: str
    language: Literal["en", "de", "fr"]
    gets_digest: bool
    gets_alerts: bool
    sealing_key: str | None
    sealed: bytes | None
    made_by: str
    created_at: dt.datetime

class SelectOpenAlertsRow(TypedDict):
    id: UUID
    kind: Literal[
        "reports_late",
        "views_late",
        "credit_differs",
        "audit_differs",
        "match_rate_fell",
        "webhook_silent",
    ]
    subject: str
    figures: str
    opened_at: dt.datetime
    checked_at: dt.datetime
    noticed_at: dt.datetime
    closed_at: dt.datetime | None

class SelectStrandedRow(TypedDict):
    id: UUID

class SelectWithoutDigestRow(TypedDict):
    id: UUID

class _Queries:
    @staticmethod
    async def close_alert(
        connection: Connection, /, *, now: dt.datetime | None, tenant_id: UUID, id: UUID
    ) -> UUID | None: ...
    @staticmethod
    async def find_delivery(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> FindDeliveryRow | None: ...
    @staticmethod
    async def has_destinations(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def insert_delivery(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        destination_id: UUID,
        kind: str,
        week: dt.date | None,
        contents: str,
    ) -> UUID | None: ...
    @staticmethod
    async def insert_destination(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        kind: str,
        address: str | None,
        language: str,
        gets_digest: bool,
        gets_alerts: bool,
        sealing_key: str | None,
        sealed: bytes | None,
        made_by: str,
    ) -> UUID | None: ...
    @staticmethod
    async def note_attempt(
        connection: Connection, /, *, error: str | None, state: str, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def note_check(
        connection: Connection, /, *, figures: str, now: dt.datetime, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def open_alert(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        kind: str,
        subject: str,
        figures: str,
        now: dt.datetime,
    ) -> UUID | None: ...
    @staticmethod
    async def remind_of_alert(
        connection: Connection,
        /,
        *,
        now: dt.datetime,
        tenant_id: UUID,
        id: UUID,
        since: dt.datetime,
    ) -> UUID | None: ...
    @staticmethod
    async def remove_destination(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> Literal["email", "webhook"] | None: ...
    @staticmethod
    async def reseal_destination(
        connection: Connection,
        /,
        *,
        sealing_key: str | None,
        sealed: bytes | None,
        tenant_id: UUID,
        id: UUID,
    ) -> None: ...
    @staticmethod
    async def select_alert_destinations(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectAlertDestinationsRow]: ...
    @staticmethod
    async def select_alerts(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectAlertsRow]: ...
    @staticmethod
    async def select_deliveries(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectDeliveriesRow]: ...
    @staticmethod
    async def select_destinations(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectDestinationsRow]: ...
    @staticmethod
    async def select_open_alerts(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectOpenAlertsRow]: ...
    @staticmethod
    async def select_stranded(
        connection: Connection, /, *, tenant_id: UUID, before: dt.datetime
    ) -> list[SelectStrandedRow]: ...
    @staticmethod
    async def select_without_digest(
        connection: Connection, /, *, tenant_id: UUID, due_at: dt.datetime, week: dt.date
    ) -> list[SelectWithoutDigestRow]: ...

queries: _Queries
