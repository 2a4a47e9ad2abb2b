"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class DeleteHostRow(TypedDict):
    host: str

class InsertHostsRow(TypedDict):
    host: str

class InsertTouchesRow(TypedDict):
    arrived: int
    arrived_keys: str | None
    journey_keys: list[bytes]
    moments: list[dt.datetime]

class SelectChannelsRow(TypedDict):
    code: str
    label: str

class SelectChannelsToScanRow(TypedDict):
    row_id: UUID
    row_key: str
    code: str
    label: str

class SelectDeadEventsRow(TypedDict):
    recorded_at: dt.datetime
    item_kind: Literal["touch", "conversion"]
    origin: str
    code: str
    detail: str
    cure: str
    item: str

class SelectDeadEventsPageRow(TypedDict):
    id: UUID
    recorded_at: dt.datetime
    item_kind: Literal["touch", "conversion"]
    origin: str
    code: str
    detail: str
    cure: str
    item: str

class SelectDeadEventsToScanRow(TypedDict):
    row_id: UUID
    origin: str
    code: str
    detail: str
    cure: str
    item: str | None

class SelectEntriesToScanRow(TypedDict):
    row_id: UUID
    business_key: str
    order_id: str
    source: str

class SelectEventsToScanRow(TypedDict):
    row_id: UUID
    idempotency_key: str
    session_id: str | None
    channel_code: str | None
    channel_rule: str | None
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    landing_path: str | None
    click_id_kinds: list[str] | None
    raw_payload: str | None

class SelectFindingsRow(TypedDict):
    relation: str
    column_name: str
    row_id: UUID
    path: str
    shape: Literal["e_mail", "phone", "card", "ip"]
    found_at: dt.datetime

class SelectHostsRow(TypedDict):
    host: str
    kind: Literal["own", "payment"]

class SelectHostsMetMidwayRow(TypedDict):
    host: str
    touches: int
    midway: int

class SelectImportsToScanRow(TypedDict):
    row_id: UUID
    row_key: str
    fingerprint: str
    file_name: str

class SelectJobsToScanRow(TypedDict):
    row_id: UUID
    error: str | None
    arguments: str | None

class SelectKeysToScanRow(TypedDict):
    row_id: UUID
    name: str

class SelectUnknownClickIdsRow(TypedDict):
    kind: str
    touches: int
    last_at: dt.datetime

class _Queries:
    @staticmethod
    async def delete_cleared_findings(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        relation: str,
        after: UUID,
        until: UUID,
        columns: Collection[str],
        row_ids: Collection[UUID],
        paths: Collection[str],
        shapes: Collection[str],
    ) -> int: ...
    @staticmethod
    async def delete_host(
        connection: Connection, /, *, tenant_id: UUID, host: str
    ) -> DeleteHostRow | None: ...
    @staticmethod
    async def forget_dead_events(connection: Connection, /, *, most: int) -> int: ...
    @staticmethod
    async def forget_touches(connection: Connection, /, *, most: int) -> int: ...
    @staticmethod
    async def insert_channels(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        codes: Collection[str],
        labels: Collection[str],
    ) -> None: ...
    @staticmethod
    async def insert_dead_events(
        connection: Connection, /, *, tenant_id: UUID, origin: str, item_kind: str, dead_events: str
    ) -> None: ...
    @staticmethod
    async def insert_findings(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        relation: str,
        ids: Collection[UUID],
        columns: Collection[str],
        row_ids: Collection[UUID],
        paths: Collection[str],
        shapes: Collection[str],
    ) -> int: ...
    @staticmethod
    async def insert_hosts(
        connection: Connection, /, *, tenant_id: UUID, kind: str, hosts: Collection[str]
    ) -> list[InsertHostsRow]: ...
    @staticmethod
    async def insert_touches(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        ids: str,
        keys: str,
        moments: str,
        journey_keys: str,
        session_ids: str,
        channel_codes: str,
        channel_rules: str,
        sources: str,
        mediums: str,
        campaigns: str,
        referrer_hosts: str,
        landing_paths: str,
        click_id_kinds: str,
        tells_keys: bool,
    ) -> InsertTouchesRow: ...
    @staticmethod
    async def select_channels(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectChannelsRow]: ...
    @staticmethod
    async def select_channels_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectChannelsToScanRow]: ...
    @staticmethod
    async def select_dead_events(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectDeadEventsRow]: ...
    @staticmethod
    async def select_dead_events_page(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        before_id: UUID | None,
        item_kind: str | None,
        code: str | None,
        first_moment: dt.datetime | None,
        end_moment: dt.datetime | None,
        most: int,
    ) -> list[SelectDeadEventsPageRow]: ...
    @staticmethod
    async def select_dead_events_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectDeadEventsToScanRow]: ...
    @staticmethod
    async def select_entries_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectEntriesToScanRow]: ...
    @staticmethod
    async def select_events_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectEventsToScanRow]: ...
    @staticmethod
    async def select_findings(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectFindingsRow]: ...
    @staticmethod
    async def select_hosts(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectHostsRow]: ...
    @staticmethod
    async def select_hosts_met_midway(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime, fewest: int, most: int
    ) -> list[SelectHostsMetMidwayRow]: ...
    @staticmethod
    async def select_imports_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectImportsToScanRow]: ...
    @staticmethod
    async def select_jobs_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectJobsToScanRow]: ...
    @staticmethod
    async def select_keys_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectKeysToScanRow]: ...
    @staticmethod
    async def select_unknown_click_ids(
        connection: Connection, /, *, tenant_id: UUID, known: Collection[str], most: int
    ) -> list[SelectUnknownClickIdsRow]: ...

queries: _Queries
