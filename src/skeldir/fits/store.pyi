"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class SelectConversionsOfKeysRow(TypedDict):
    conversions: bytes | None
    money: bytes | None

class SelectConversionsOfNamedKeysRow(TypedDict):
    conversions: bytes | None
    money: bytes | None

class SelectFitRequestsRow(TypedDict):
    id: UUID
    state: Literal["waiting", "done", "refused"]
    model: Literal["markov", "shapley"]
    first_day: dt.date
    last_day: dt.date
    lookback_days: int
    chain_order: int | None
    collapse_repeats: bool | None
    level_percent: int
    draws: int
    seed: int
    asked_by: str
    asked_at: dt.datetime
    ended_at: dt.datetime | None
    version: str | None
    code: str | None
    detail: str | None
    cure: str | None

class SelectFitsRow(TypedDict):
    version: str
    model: Literal["markov", "shapley"]
    made_at: dt.datetime
    made_by: str
    first_day: dt.date
    last_day: dt.date
    lookback_days: int
    chain_order: int | None
    collapse_repeats: bool | None
    level_percent: int
    draws: int
    seed: int
    journeys: int
    conversions: int
    touches: int
    data_sha256: str

class SelectKeptDaysRow(TypedDict):
    day: dt.date

class SelectKeptJourneysRow(TypedDict):
    day: dt.date
    journeys: bytes

class SelectKeptKeysRow(TypedDict):
    day: dt.date
    keys: bytes

class SelectLookbackRow(TypedDict):
    number: int
    first_day: dt.date
    facts_until: dt.datetime | None
    zone_sha256: bytes | None
    channels: list[str]

class SelectLookbacksRow(TypedDict):
    lookback_days: int

class SelectNamedFitsRow(TypedDict):
    version: str
    model: Literal["markov", "shapley"]
    made_at: dt.datetime
    made_by: str
    first_day: dt.date
    last_day: dt.date
    lookback_days: int
    chain_order: int | None
    collapse_repeats: bool | None
    level_percent: int
    draws: int
    seed: int
    journeys: int
    conversions: int
    touches: int
    data_sha256: str

class SelectResultsRow(TypedDict):
    version: str
    result: str

class SelectTouchesOfKeysRow(TypedDict):
    touches: bytes | None
    others: list[str] | None

class SelectTouchesOfNamedKeysRow(TypedDict):
    touches: bytes | None
    others: list[str] | None

class _Queries:
    @staticmethod
    async def ask_lookback(
        connection: Connection, /, *, tenant_id: UUID, lookback_days: int, first_day: dt.date
    ) -> None: ...
    @staticmethod
    async def count_conversions_without_key(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> int: ...
    @staticmethod
    async def count_touches_of_keys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        end_key: bytes,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> int: ...
    @staticmethod
    async def delete_kept_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        lookback_days: int,
        first_day: dt.date,
        days: Collection[dt.date],
    ) -> None: ...
    @staticmethod
    async def delete_lookbacks(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime, most: int
    ) -> None: ...
    @staticmethod
    async def end_fit_request(
        connection: Connection, /, *, version: int | None, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def insert_fit(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        model: str,
        version: int,
        made_by: str,
        first_day: dt.date,
        last_day: dt.date,
        lookback_days: int,
        chain_order: int | None,
        collapse_repeats: bool | None,
        level_percent: int,
        draws: int,
        seed: int,
        journeys: int,
        conversions: int,
        touches: int,
        data_sha256: bytes,
        result: str,
    ) -> None: ...
    @staticmethod
    async def insert_fit_request(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        model: str,
        first_day: dt.date,
        last_day: dt.date,
        lookback_days: int,
        chain_order: int | None,
        collapse_repeats: bool | None,
        level_percent: int,
        draws: int,
        seed: int,
        asked_by: str,
    ) -> UUID | None: ...
    @staticmethod
    async def put_kept_days(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        lookback_days: int,
        days: Collection[dt.date],
        keys: Collection[bytes],
        journeys: Collection[bytes],
    ) -> None: ...
    @staticmethod
    async def refuse_fit_request(
        connection: Connection,
        /,
        *,
        code: str | None,
        detail: str | None,
        cure: str | None,
        tenant_id: UUID,
        id: UUID,
    ) -> None: ...
    @staticmethod
    async def select_changed_keys(
        connection: Connection, /, *, tenant_id: UUID, since_id: UUID, since: dt.datetime, most: int
    ) -> bytes | None: ...
    @staticmethod
    async def select_conversions_of_keys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        first_key: bytes,
        end_key: bytes,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> SelectConversionsOfKeysRow: ...
    @staticmethod
    async def select_conversions_of_named_keys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        keys: Collection[bytes],
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> SelectConversionsOfNamedKeysRow: ...
    @staticmethod
    async def select_fit_requests(
        connection: Connection, /, *, tenant_id: UUID, id: UUID | None, only_waiting: bool
    ) -> list[SelectFitRequestsRow]: ...
    @staticmethod
    async def select_fits(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectFitsRow]: ...
    @staticmethod
    async def select_kept_days(
        connection: Connection, /, *, tenant_id: UUID, lookback_days: int
    ) -> list[SelectKeptDaysRow]: ...
    @staticmethod
    async def select_kept_journeys(
        connection: Connection, /, *, tenant_id: UUID, lookback_days: int, days: Collection[dt.date]
    ) -> list[SelectKeptJourneysRow]: ...
    @staticmethod
    async def select_kept_keys(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        lookback_days: int,
        first_day: dt.date,
        last_day: dt.date,
    ) -> list[SelectKeptKeysRow]: ...
    @staticmethod
    async def select_last_version(
        connection: Connection, /, *, tenant_id: UUID, model: str
    ) -> int: ...
    @staticmethod
    async def select_lookback(
        connection: Connection, /, *, tenant_id: UUID, lookback_days: int
    ) -> SelectLookbackRow | None: ...
    @staticmethod
    async def select_lookbacks(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectLookbacksRow]: ...
    @staticmethod
    async def select_moment(connection: Connection, /) -> dt.datetime: ...
    @staticmethod
    async def select_named_fits(
        connection: Connection,
        /,
        *,
        models: Collection[str],
        numbers: Collection[int],
        tenant_id: UUID,
    ) -> list[SelectNamedFitsRow]: ...
    @staticmethod
    async def select_results(
        connection: Connection,
        /,
        *,
        models: Collection[str],
        numbers: Collection[int],
        tenant_id: UUID,
    ) -> list[SelectResultsRow]: ...
    @staticmethod
    async def select_touches_of_keys(
        connection: Connection,
        /,
        *,
        channels: Collection[str],
        tenant_id: UUID,
        first_key: bytes,
        end_key: bytes,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> SelectTouchesOfKeysRow: ...
    @staticmethod
    async def select_touches_of_named_keys(
        connection: Connection,
        /,
        *,
        channels: Collection[str],
        tenant_id: UUID,
        keys: Collection[bytes],
        first_moment: dt.datetime,
        end_moment: dt.datetime,
    ) -> SelectTouchesOfNamedKeysRow: ...
    @staticmethod
    async def take_lookback(
        connection: Connection,
        /,
        *,
        first_day: dt.date,
        facts_until: dt.datetime | None,
        zone_sha256: bytes | None,
        channels: Collection[str],
        tenant_id: UUID,
        lookback_days: int,
        number: int,
    ) -> int | None: ...

queries: _Queries
