"""What the statements of the room take and give. `make stubs` writes this."""

from typing import TypedDict
from uuid import UUID

from skeldir.db import Connection

class LockImportRow(TypedDict):
    rows_done: int
    touches_accepted: int
    touches_duplicate: int
    conversions_accepted: int
    conversions_duplicate: int
    rejected: int
    skipped: int
    is_complete: bool
    undone_by: UUID | None
    repeats_undone: bool

class RestartImportRow(TypedDict):
    rows_done: int

class _Queries:
    @staticmethod
    async def advance_import(
        connection: Connection,
        /,
        *,
        rows_done: int,
        touches_accepted: int,
        touches_duplicate: int,
        conversions_accepted: int,
        conversions_duplicate: int,
        rejected: int,
        skipped: int,
        is_complete: bool,
        tenant_id: UUID,
        fingerprint: str,
    ) -> None: ...
    @staticmethod
    async def begin_import(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str, file_name: str
    ) -> None: ...
    @staticmethod
    async def count_replay(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str
    ) -> int | None: ...
    @staticmethod
    async def is_taking_back(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def lock_import(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str
    ) -> LockImportRow: ...
    @staticmethod
    async def restart_import(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str
    ) -> list[RestartImportRow]: ...

queries: _Queries
