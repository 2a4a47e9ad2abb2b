"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountTenantRowsRow(TypedDict):
    table_name: str
    row_count: int

class FindApiKeyRow(TypedDict):
    tenant_id: UUID
    key_id: UUID
    scopes: list[str]
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    origins: list[str] | None
    books_orders: bool | None
    order_events: list[str] | None
    looked_up_at: dt.datetime

class HoldKeyRow(TypedDict):
    name: str
    prefix: str
    scopes: list[str]
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None

class SelectKeyIdsRow(TypedDict):
    id: UUID

class SelectKeyNameRow(TypedDict):
    prefix: str
    name: str

class SelectKeysRow(TypedDict):
    key_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    replaced_by: str | None

class SelectLeavingRow(TypedDict):
    tenant_id: UUID

class SelectProfileRow(TypedDict):
    name: str
    journey_secret: bytes
    own_channels: list[str]
    own_hosts: list[str]
    rules_version: int | None
    rules_document: str | None

class SelectRetentionRow(TypedDict):
    touch_days: int | None
    touches_forgotten_before: dt.datetime | None

class SelectTenantDeletionsRow(TypedDict):
    tenant_id: UUID
    deletion_id: UUID
    keeps_ledger: bool
    requested_by: str
    requested_at: dt.datetime
    began_at: dt.datetime | None
    ended_at: dt.datetime | None
    row_counts: str
    ledger_rows_kept: int | None
    digest: str | None

class SelectTenantIdsOfKeyRow(TypedDict):
    tenant_id: UUID

class SelectTenantsRow(TypedDict):
    tenant_id: UUID
    name: str
    created_at: dt.datetime

class SelectTenantsNamedRow(TypedDict):
    tenant_id: UUID
    name: str
    created_at: dt.datetime

class SelectTermsRow(TypedDict):
    key_id: UUID
    origins: list[str]
    books_orders: bool
    order_events: list[str]

class _Queries:
    @staticmethod
    async def count_tenant_rows(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[CountTenantRowsRow]: ...
    @staticmethod
    async def delete_tenant_rows(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> int | None: ...
    @staticmethod
    async def end_tenant_deletion(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def expire_key(
        connection: Connection, /, *, expires_at: dt.datetime | None, tenant_id: UUID, key_id: UUID
    ) -> dt.datetime | None: ...
    @staticmethod
    async def find_api_key(connection: Connection, /, *, sha256: bytes) -> FindApiKeyRow | None: ...
    @staticmethod
    async def forget_statistics(
        connection: Connection, /, *, tenant_id: UUID, place: int
    ) -> bool: ...
    @staticmethod
    async def hold_key(
        connection: Connection, /, *, tenant_id: UUID, key_id: UUID
    ) -> HoldKeyRow | None: ...
    @staticmethod
    async def insert_key(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        name: str,
        prefix: str,
        secret_sha256: bytes,
        scopes: Collection[str],
        expires_at: dt.datetime | None,
        replaces: UUID | None,
    ) -> None: ...
    @staticmethod
    async def insert_tenant(connection: Connection, /, *, tenant_id: UUID, name: str) -> None: ...
    @staticmethod
    async def is_key_in_force(
        connection: Connection, /, *, tenant_id: UUID, key_id: UUID
    ) -> bool: ...
    @staticmethod
    async def put_terms(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        key_id: UUID,
        origins: Collection[str],
        books_orders: bool,
        order_events: Collection[str],
    ) -> None: ...
    @staticmethod
    async def register_tenant(connection: Connection, /, *, tenant_id: UUID) -> None: ...
    @staticmethod
    async def request_tenant_deletion(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        keeps_ledger: bool,
        deletion_id: UUID,
        job_id: UUID,
        correlation_id: UUID,
    ) -> str: ...
    @staticmethod
    async def revoke_key(
        connection: Connection, /, *, tenant_id: UUID, key_id: UUID
    ) -> dt.datetime | None: ...
    @staticmethod
    async def select_key_ids(
        connection: Connection, /, *, tenant_id: UUID, prefix: str
    ) -> list[SelectKeyIdsRow]: ...
    @staticmethod
    async def select_key_name(
        connection: Connection, /, *, tenant_id: UUID, key_id: UUID
    ) -> SelectKeyNameRow | None: ...
    @staticmethod
    async def select_keys(connection: Connection, /, *, tenant_id: UUID) -> list[SelectKeysRow]: ...
    @staticmethod
    async def select_leaving(
        connection: Connection, /, *, tenant_ids: Collection[UUID]
    ) -> list[SelectLeavingRow]: ...
    @staticmethod
    async def select_profile(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectProfileRow | None: ...
    @staticmethod
    async def select_retention(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectRetentionRow | None: ...
    @staticmethod
    async def select_successor(
        connection: Connection, /, *, tenant_id: UUID, key_id: UUID
    ) -> str | None: ...
    @staticmethod
    async def select_tenant_deletions(
        connection: Connection, /, *, tenant_id: UUID | None, most: int
    ) -> list[SelectTenantDeletionsRow]: ...
    @staticmethod
    async def select_tenant_ids_of_key(
        connection: Connection, /, *, prefix: str
    ) -> list[SelectTenantIdsOfKeyRow]: ...
    @staticmethod
    async def select_tenants(connection: Connection, /) -> list[SelectTenantsRow]: ...
    @staticmethod
    async def select_tenants_named(
        connection: Connection, /, *, name: str
    ) -> list[SelectTenantsNamedRow]: ...
    @staticmethod
    async def select_terms(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectTermsRow]: ...
    @staticmethod
    async def set_retention(
        connection: Connection, /, *, tenant_id: UUID, touch_days: int | None
    ) -> None: ...
    @staticmethod
    async def touch_key(connection: Connection, /, *, tenant_id: UUID, key_id: UUID) -> None: ...

queries: _Queries
