"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class SelectLastSuccessRow(TypedDict):
    started_at: dt.datetime
    is_current: bool

class SelectLatestOutcomesRow(TypedDict):
    view_name: str
    outcome: Literal["success", "skipped_already_running", "skipped_unchanged", "failed"]
    started_at: dt.datetime
    error: str | None

class SelectPaceRow(TypedDict):
    took_s: float | None
    ended_ago_s: float | None

class SelectViewAgesRow(TypedDict):
    view_name: str
    age_s: float | None

class SelectViewStatusesRow(TypedDict):
    view_name: str
    last_success_at: dt.datetime | None
    last_outcome: (
        Literal["success", "skipped_already_running", "skipped_unchanged", "failed"] | None
    )
    last_error: str | None

class StartRefreshRow(TypedDict):
    started_at: dt.datetime
    seen: str

class _Queries:
    @staticmethod
    async def delete_old_refreshes(connection: Connection, /) -> None: ...
    @staticmethod
    async def insert_refresh(
        connection: Connection,
        /,
        *,
        id: UUID,
        view_name: str,
        outcome: str,
        requested_at: dt.datetime,
        started_at: dt.datetime,
        seen: str | None,
        error: str | None,
    ) -> None: ...
    @staticmethod
    async def prune_rollup_changes(
        connection: Connection, /, *, view_names: Collection[str]
    ) -> None: ...
    @staticmethod
    async def select_last_success(
        connection: Connection, /, *, view_name: str
    ) -> SelectLastSuccessRow | None: ...
    @staticmethod
    async def select_latest_outcomes(
        connection: Connection, /, *, view_names: Collection[str]
    ) -> list[SelectLatestOutcomesRow]: ...
    @staticmethod
    async def select_pace(
        connection: Connection, /, *, view_names: Collection[str]
    ) -> SelectPaceRow: ...
    @staticmethod
    async def select_view_ages(
        connection: Connection, /, *, view_names: Collection[str]
    ) -> list[SelectViewAgesRow]: ...
    @staticmethod
    async def select_view_statuses(
        connection: Connection, /, *, view_names: Collection[str]
    ) -> list[SelectViewStatusesRow]: ...
    @staticmethod
    async def start_refresh(connection: Connection, /) -> StartRefreshRow: ...

queries: _Queries
