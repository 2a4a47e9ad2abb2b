"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountDeadEventsRow(TypedDict):
    source: str
    item_kind: Literal["touch", "conversion"]
    code: str
    items: int
    last_at: dt.datetime

class DeleteHostRow(TypedDict):
    host: str

class InsertHostsRow(TypedDict):
    host: str

class InsertRulesRow(TypedDict):
    version: int
    document: str
    reason: str
    written_by: str
    written_at: dt.datetime

class InsertTouchesRow(TypedDict):
    arrived: int
    arrived_keys: str | None
    journey_keys: list[bytes]
    moments: list[dt.datetime]

class LockImportToUndoRow(TypedDict):
    started_at: dt.datetime
    undone_by: UUID | None

class LockUndoingRow(TypedDict):
    target_kind: Literal["import", "order", "delivery", "channels", "correction"]
    target: str
    deliveries: list[UUID]
    redoes: UUID | None
    phase: Literal["entries", "touches", "done"]
    first_id: UUID
    after_id: UUID
    until_id: UUID
    entries: int
    touches: int

class RecordTouchesAgainRow(TypedDict):
    generation: int

class RestoreTouchesRow(TypedDict):
    generation: int

class SelectAdDaysToScanRow(TypedDict):
    row_id: UUID
    account: str
    campaign: str
    campaign_name: str | None
    claim_type: str | None
    attribution_setting: str | None

class SelectAdLoadsToScanRow(TypedDict):
    row_id: UUID
    source: str
    recorded_by: str

class SelectChannelsRow(TypedDict):
    code: str
    label: str

class SelectChannelsToScanRow(TypedDict):
    row_id: UUID
    row_key: str
    code: str
    label: str

class SelectCorrectedTouchesRow(TypedDict):
    id: UUID
    channel_code: str | None
    touch_id: UUID | None
    touch_channel: str | None
    touch_rule: str | None

class SelectCorrectionsRow(TypedDict):
    id: UUID
    touch_key: str
    channel_code: str | None
    reason: str
    requested_by: str
    requested_at: dt.datetime
    is_in_force: bool

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

class SelectImportsRow(TypedDict):
    fingerprint: str
    file_name: str
    rows_done: int
    touches_accepted: int
    touches_duplicate: int
    conversions_accepted: int
    conversions_duplicate: int
    rejected: int
    is_complete: bool
    started_at: dt.datetime
    updated_at: dt.datetime
    undone_by: UUID | None
    replays: int
    repeats_undone: bool

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

class SelectOpenUndoingsRow(TypedDict):
    target_kind: Literal["import", "order", "delivery", "channels", "correction"]
    target: str
    deliveries: list[UUID]
    until_id: UUID

class SelectRefusedRowsRow(TypedDict):
    number: int

class SelectRepeatingImportsRow(TypedDict):
    fingerprint: str
    file_name: str
    rows_done: int
    touches_accepted: int
    touches_duplicate: int
    conversions_accepted: int
    conversions_duplicate: int
    rejected: int
    is_complete: bool
    started_at: dt.datetime
    updated_at: dt.datetime
    undone_by: UUID | None
    replays: int
    repeats_undone: bool

class SelectRuleTurnsRow(TypedDict):
    turn: int
    version: int | None
    reason: str
    requested_by: str
    requested_at: dt.datetime
    undoing_id: UUID
    phase: str
    touches: int

class SelectRuleVersionsRow(TypedDict):
    version: int
    reason: str
    written_by: str
    written_at: dt.datetime

class SelectRulesRow(TypedDict):
    version: int
    document: str
    reason: str
    written_by: str
    written_at: dt.datetime

class SelectRulesInForceRow(TypedDict):
    version: int
    document: str

class SelectTouchToCorrectRow(TypedDict):
    id: UUID
    journey_key: bytes | None
    occurred_at: dt.datetime
    channel_code: str
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    landing_path: str | None
    click_id_kinds: list[str] | None
    channel_rule: str
    is_standing: bool
    is_corrected: bool

class SelectTouchesToDeriveRow(TypedDict):
    id: UUID
    journey_key: bytes | None
    occurred_at: dt.datetime
    channel_code: str
    source: str | None
    medium: str | None
    campaign: str | None
    referrer_host: str | None
    landing_path: str | None
    click_id_kinds: list[str] | None
    channel_rule: str
    is_standing: bool
    is_corrected: bool

class SelectTouchesToRestoreRow(TypedDict):
    id: UUID
    journey_key: bytes | None
    occurred_at: dt.datetime

class SelectTouchesToWithdrawRow(TypedDict):
    id: UUID
    journey_key: bytes | None
    occurred_at: dt.datetime

class SelectUndoingsRow(TypedDict):
    id: UUID
    target_kind: Literal["import", "order", "delivery", "channels", "correction"]
    target: str
    deliveries: list[UUID]
    redoes: UUID | None
    reason: str
    requested_by: str
    requested_at: dt.datetime
    phase: Literal["entries", "touches", "done"]
    first_id: UUID
    entries: int
    touches: int
    ended_at: dt.datetime | None

class SelectUndoingsToScanRow(TypedDict):
    row_id: UUID
    target: str
    reason: str
    requested_by: str

class SelectUnknownClickIdsRow(TypedDict):
    kind: str
    touches: int
    last_at: dt.datetime

class SelectUnknownSourcesRow(TypedDict):
    source: str | None
    medium: str | None
    touches: int
    last_at: dt.datetime

class SelectVisitsRow(TypedDict):
    id: UUID
    journey_key: bytes
    occurred_at: dt.datetime
    other_host: str | None
    is_standing: bool

class WithdrawTouchesRow(TypedDict):
    generation: int

class _Queries:
    @staticmethod
    async def advance_undoing(
        connection: Connection,
        /,
        *,
        phase: str,
        after_id: UUID,
        entries: int,
        touches: int,
        ended_at: dt.datetime,
        tenant_id: UUID,
        id: UUID,
    ) -> None: ...
    @staticmethod
    async def count_dead_events(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[CountDeadEventsRow]: ...
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
    async def find_beginning_of_touches(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> UUID: ...
    @staticmethod
    async def find_delivery_of_touch(
        connection: Connection, /, *, tenant_id: UUID, key: str
    ) -> UUID | None: ...
    @staticmethod
    async def find_end_of_touches(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, until: UUID | None, most: int
    ) -> UUID: ...
    @staticmethod
    async def forget_claims(connection: Connection, /, *, most: int) -> int: ...
    @staticmethod
    async def forget_dead_events(connection: Connection, /, *, most: int) -> int: ...
    @staticmethod
    async def forget_touches(connection: Connection, /, *, most: int) -> int: ...
    @staticmethod
    async def has_other_undoings(
        connection: Connection, /, *, tenant_id: UUID, restates_channels: bool
    ) -> bool: ...
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
    async def insert_correction(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        touch_key: str,
        id: UUID,
        channel_code: str | None,
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
    async def insert_rule_turn(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        version: int | None,
        undoing_id: UUID,
        reason: str,
        requested_by: str,
    ) -> None: ...
    @staticmethod
    async def insert_rules(
        connection: Connection, /, *, tenant_id: UUID, document: str, reason: str, written_by: str
    ) -> InsertRulesRow | None: ...
    @staticmethod
    async def insert_touches(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        delivery: UUID | None,
        ids: str,
        keys: str,
        microseconds: str,
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
        deliveries: str,
        tells_keys: bool,
    ) -> InsertTouchesRow: ...
    @staticmethod
    async def insert_undoing(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        target_kind: str,
        target: str,
        deliveries: Collection[UUID],
        redoes: UUID | None,
        reason: str,
        requested_by: str,
        first_id: UUID,
        until_id: UUID,
    ) -> None: ...
    @staticmethod
    async def lock_import_to_undo(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str
    ) -> LockImportToUndoRow | None: ...
    @staticmethod
    async def lock_undoing(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> LockUndoingRow | None: ...
    @staticmethod
    async def mark_repeating_imports(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str, since: dt.datetime
    ) -> None: ...
    @staticmethod
    async def may_be_placed_otherwise(connection: Connection, /, *, tenant_id: UUID) -> bool: ...
    @staticmethod
    async def note_import_redone(
        connection: Connection, /, *, tenant_id: UUID, fingerprint: str, undoing_id: UUID
    ) -> None: ...
    @staticmethod
    async def note_import_undone(
        connection: Connection, /, *, undoing_id: UUID | None, tenant_id: UUID, fingerprint: str
    ) -> None: ...
    @staticmethod
    async def record_touches_again(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        ids: Collection[UUID],
        new_ids: Collection[UUID],
        channel_codes: Collection[str],
        channel_rules: Collection[str],
        first_id: UUID,
        last_id: UUID,
    ) -> list[RecordTouchesAgainRow]: ...
    @staticmethod
    async def repeats_touches(
        connection: Connection,
        /,
        *,
        keys: str,
        tenant_id: UUID,
        deliveries: Collection[UUID],
        until_id: UUID,
    ) -> bool: ...
    @staticmethod
    async def restore_touches(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        new_ids: Collection[UUID],
        first_id: UUID,
        last_id: UUID,
        ids: Collection[UUID],
    ) -> list[RestoreTouchesRow]: ...
    @staticmethod
    async def select_ad_days_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectAdDaysToScanRow]: ...
    @staticmethod
    async def select_ad_loads_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectAdLoadsToScanRow]: ...
    @staticmethod
    async def select_channels(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectChannelsRow]: ...
    @staticmethod
    async def select_channels_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectChannelsToScanRow]: ...
    @staticmethod
    async def select_corrected_touches(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectCorrectedTouchesRow]: ...
    @staticmethod
    async def select_corrections(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        before: UUID | None,
        touch_key: str | None,
        id: UUID | None,
        most: int,
    ) -> list[SelectCorrectionsRow]: ...
    @staticmethod
    async def select_dead_events(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        sources: Collection[str] | None,
        code: str | None,
        most: int,
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
    async def select_imports(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        fingerprint: str,
        since: dt.datetime | None,
        until: dt.datetime | None,
        most: int,
    ) -> list[SelectImportsRow]: ...
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
    async def select_last_touch(connection: Connection, /, *, tenant_id: UUID) -> UUID: ...
    @staticmethod
    async def select_open_undoings(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectOpenUndoingsRow]: ...
    @staticmethod
    async def select_refused_rows(
        connection: Connection, /, *, tenant_id: UUID, origin: str
    ) -> list[SelectRefusedRowsRow]: ...
    @staticmethod
    async def select_repeating_imports(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        fingerprint: str,
        since: dt.datetime,
        most: int,
    ) -> list[SelectRepeatingImportsRow]: ...
    @staticmethod
    async def select_rule_turns(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        before: int,
        since: dt.datetime | None,
        until: dt.datetime | None,
        most: int,
    ) -> list[SelectRuleTurnsRow]: ...
    @staticmethod
    async def select_rule_versions(
        connection: Connection, /, *, tenant_id: UUID, before: int, most: int
    ) -> list[SelectRuleVersionsRow]: ...
    @staticmethod
    async def select_rules(
        connection: Connection, /, *, tenant_id: UUID, version: int
    ) -> SelectRulesRow | None: ...
    @staticmethod
    async def select_rules_in_force(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectRulesInForceRow | None: ...
    @staticmethod
    async def select_touch_to_correct(
        connection: Connection, /, *, tenant_id: UUID, touch_key: str
    ) -> SelectTouchToCorrectRow | None: ...
    @staticmethod
    async def select_touches_to_derive(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, until: UUID, most: int
    ) -> list[SelectTouchesToDeriveRow]: ...
    @staticmethod
    async def select_touches_to_restore(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        until: UUID,
        undoing_id: UUID,
        most: int,
    ) -> list[SelectTouchesToRestoreRow]: ...
    @staticmethod
    async def select_touches_to_withdraw(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        until: UUID,
        deliveries: Collection[UUID],
        most: int,
    ) -> list[SelectTouchesToWithdrawRow]: ...
    @staticmethod
    async def select_undoings(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        target_kind: str | None,
        target: str | None,
        most: int,
    ) -> list[SelectUndoingsRow]: ...
    @staticmethod
    async def select_undoings_to_scan(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectUndoingsToScanRow]: ...
    @staticmethod
    async def select_unknown_click_ids(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        until: UUID,
        known: Collection[str],
    ) -> list[SelectUnknownClickIdsRow]: ...
    @staticmethod
    async def select_unknown_sources(
        connection: Connection, /, *, tenant_id: UUID, after: UUID, most: int
    ) -> list[SelectUnknownSourcesRow]: ...
    @staticmethod
    async def select_visits(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after_key: bytes,
        after_moment: dt.datetime,
        after_id: UUID,
        most: int,
    ) -> list[SelectVisitsRow]: ...
    @staticmethod
    async def withdraw_touches(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        undoing_id: UUID,
        first_id: UUID,
        last_id: UUID,
        ids: Collection[UUID],
    ) -> list[WithdrawTouchesRow]: ...

queries: _Queries
