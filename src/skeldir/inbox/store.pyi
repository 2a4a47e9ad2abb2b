"""What the statements of the room take and give. `make stubs` writes this."""

import datetime as dt
from collections.abc import Collection
from decimal import Decimal
from typing import Literal, TypedDict
from uuid import UUID

from skeldir.db import Connection

class CountDeadDeliveriesRow(TypedDict):
    provider: str
    trouble: str
    deliveries: int
    last_at: dt.datetime

class CountFlagsRow(TypedDict):
    flag: str
    payments: int

class FindWebhookEndpointRow(TypedDict):
    tenant_id: UUID
    endpoint_id: UUID
    provider: Literal["stripe", "shopify", "woocommerce", "paypal", "standard"]
    is_live: bool
    account: str
    order_prefix: str
    journey_name: str
    order_name: str
    books_totals: bool
    sealing_keys: list[str] | None
    sealed: list[bytes] | None

class SelectChangedRenewalsRow(TypedDict):
    order_id: str
    is_renewal: bool

class SelectCoverageRow(TypedDict):
    day: dt.date
    provider: str
    currency: str
    touches: int
    has_token: bool
    is_derived: bool
    has_first: bool
    has_renewal: bool
    orders: int
    cents: Decimal
    first_cents: Decimal
    renewal_cents: Decimal

class SelectDeliveriesRow(TypedDict):
    id: UUID
    received_at: dt.datetime
    provider: str
    event_id: str
    type: str
    trouble: str | None
    detail: str | None
    is_ignored: bool
    payment_id: UUID | None
    order_id: str | None
    kept: str

class SelectDeliveriesSinceRow(TypedDict):
    id: UUID
    received_at: dt.datetime
    provider: str
    type: str
    trouble: str | None
    detail: str | None
    is_ignored: bool
    payment_id: UUID | None
    order_id: str | None

class SelectDeliveryRow(TypedDict):
    id: UUID
    received_at: dt.datetime
    provider: str
    type: str
    trouble: str | None
    detail: str | None
    is_ignored: bool
    payment_id: UUID | None
    order_id: str | None

class SelectEndpointsRow(TypedDict):
    id: UUID
    provider: Literal["stripe", "shopify", "woocommerce", "paypal", "standard"]
    is_live: bool
    token_start: str
    account: str
    order_prefix: str
    journey_name: str
    order_name: str
    books_totals: bool
    created_at: dt.datetime
    ended_at: dt.datetime | None
    has_secret: bool

class SelectEndpointsOfShopRow(TypedDict):
    id: UUID
    order_prefix: str

class SelectErasuresRow(TypedDict):
    id: UUID
    request_id: UUID | None
    target_kind: Literal["order", "journey", "customer", "shop"]
    target_digest: str
    reason: str
    requested_by: str
    erased_at: dt.datetime
    counts: str
    digest: str

class SelectHeardEndpointsRow(TypedDict):
    endpoint_id: UUID

class SelectHeldFactsRow(TypedDict):
    entries: str
    touches: str

class SelectHeldPaymentsRow(TypedDict):
    payments: str
    deliveries: str

class SelectKnownRow(TypedDict):
    digest: bytes | None
    ref: str | None
    payment_id: UUID | None
    order_id: str | None
    reports: int
    is_erased: bool
    precedence: Literal["gateway", "shop"] | None
    basis: Literal["gross", "without_tax", "without_tax_and_shipping", "without_fee"] | None
    sdk_basis: Literal["total", "revenue"] | None

class SelectOrderIdsRow(TypedDict):
    id: UUID
    order_id: str | None
    is_erased: bool

class SelectOrdersOfRefsRow(TypedDict):
    ref: str
    order_id: str

class SelectPaymentsRow(TypedDict):
    id: UUID
    order_id: str | None
    state: Literal[
        "pending",
        "authorized",
        "captured",
        "partially_refunded",
        "refunded",
        "disputed",
        "dispute_lost",
        "voided",
        "awaiting_capture",
    ]
    flags: list[str]
    is_renewal: bool | None
    journey: Literal["token", "derived", "erased"] | None
    providers: list[str]
    changed_at: dt.datetime
    waiting: str
    evidence: str

class SelectPaymentsOfOrdersRow(TypedDict):
    id: UUID

class SelectPaymentsPageRow(TypedDict):
    id: UUID
    order_id: str | None
    state: Literal[
        "pending",
        "authorized",
        "captured",
        "partially_refunded",
        "refunded",
        "disputed",
        "dispute_lost",
        "voided",
        "awaiting_capture",
    ]
    flags: list[str]
    is_renewal: bool | None
    journey: Literal["token", "derived", "erased"] | None
    providers: list[str]
    reports: int
    waiting: str
    evidence: str
    parts: str
    changed_at: dt.datetime

class SelectPaymentsToEraseRow(TypedDict):
    id: UUID

class SelectPaymentsToRebookRow(TypedDict):
    id: UUID

class SelectPrivacyRequestRow(TypedDict):
    endpoint_id: UUID
    kind: Literal["data_request", "redact_customer", "redact_shop"]
    order_refs: list[str]
    answered_at: dt.datetime | None

class SelectPrivacyRequestsRow(TypedDict):
    id: UUID
    kind: Literal["data_request", "redact_customer", "redact_shop"]
    orders: int
    received_at: dt.datetime
    due_at: dt.datetime
    answered_at: dt.datetime | None

class SelectRefsWithoutCaptureRow(TypedDict):
    ref: str

class SelectRefusalsRow(TypedDict):
    endpoint_id: UUID
    outcome: str
    refusals: int
    first_at: dt.datetime
    last_at: dt.datetime

class SelectReportsRow(TypedDict):
    id: UUID
    payment_id: UUID | None
    report: str

class SelectRhythmsRow(TypedDict):
    endpoint_id: UUID
    days: int
    longest_gap_s: float
    last_at: dt.datetime

class SelectRulesRow(TypedDict):
    precedence: Literal["gateway", "shop"]
    basis: Literal["gross", "without_tax", "without_tax_and_shipping", "without_fee"]
    sdk_basis: Literal["total", "revenue"] | None

class SelectSecretsRow(TypedDict):
    id: UUID
    endpoint_id: UUID
    sealing_key: str
    sealed: bytes
    created_at: dt.datetime
    ends_at: dt.datetime | None

class SelectTrafficRow(TypedDict):
    endpoint_id: UUID
    deliveries: int
    troubles: int
    last_at: dt.datetime

class _Queries:
    @staticmethod
    async def answer_privacy_request(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def count_dead_deliveries(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime
    ) -> list[CountDeadDeliveriesRow]: ...
    @staticmethod
    async def count_flags(connection: Connection, /, *, tenant_id: UUID) -> list[CountFlagsRow]: ...
    @staticmethod
    async def delete_payments(
        connection: Connection, /, *, tenant_id: UUID, payment_ids: Collection[UUID]
    ) -> None: ...
    @staticmethod
    async def end_endpoint(
        connection: Connection, /, *, tenant_id: UUID, endpoint_id: UUID
    ) -> dt.datetime | None: ...
    @staticmethod
    async def end_secret(
        connection: Connection, /, *, ends_at: dt.datetime | None, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def erase_traces(
        connection: Connection,
        /,
        *,
        erasure: UUID,
        request: UUID | None,
        target_kind: str,
        target_digest: str,
        reason: str,
        requested_by: str,
        order_ids: Collection[str],
        payment_ids: Collection[UUID],
        journey_key: bytes | None,
    ) -> str: ...
    @staticmethod
    async def find_webhook_endpoint(
        connection: Connection, /, *, token_digest: bytes
    ) -> FindWebhookEndpointRow | None: ...
    @staticmethod
    async def insert_endpoint(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        provider: str,
        is_live: bool,
        token_start: str,
        token_sha256: bytes,
        account: str,
        order_prefix: str,
        journey_name: str,
        order_name: str,
        books_totals: bool,
    ) -> None: ...
    @staticmethod
    async def insert_privacy_requests(
        connection: Connection, /, *, tenant_id: UUID, due_at: dt.datetime, requests: str
    ) -> None: ...
    @staticmethod
    async def insert_secret(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        id: UUID,
        endpoint_id: UUID,
        sealing_key: str,
        sealed: bytes,
    ) -> None: ...
    @staticmethod
    async def may_be_kept(connection: Connection, /, *, name: str) -> bool | None: ...
    @staticmethod
    async def merge_deliveries(
        connection: Connection,
        /,
        *,
        merged: Collection[UUID],
        survivors: Collection[UUID],
        tenant_id: UUID,
    ) -> None: ...
    @staticmethod
    async def merge_refs(
        connection: Connection,
        /,
        *,
        merged: Collection[UUID],
        survivors: Collection[UUID],
        tenant_id: UUID,
    ) -> None: ...
    @staticmethod
    async def note_refusal(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        endpoint_id: UUID,
        outcome: str,
        refusals: int,
    ) -> None: ...
    @staticmethod
    async def reseal_secret(
        connection: Connection, /, *, sealing_key: str, sealed: bytes, tenant_id: UUID, id: UUID
    ) -> None: ...
    @staticmethod
    async def select_changed_renewals(
        connection: Connection,
        /,
        *,
        renewals: Collection[str],
        tenant_id: UUID,
        payment_ids: Collection[UUID],
        order_ids: Collection[str],
    ) -> list[SelectChangedRenewalsRow]: ...
    @staticmethod
    async def select_coverage(
        connection: Connection,
        /,
        *,
        touch_bytes: int,
        tenant_id: UUID,
        source: str,
        first_moment: dt.datetime,
        end_moment: dt.datetime,
        first_day: dt.date,
        end_day: dt.date,
    ) -> list[SelectCoverageRow]: ...
    @staticmethod
    async def select_deliveries(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime, is_dead: bool, most: int
    ) -> list[SelectDeliveriesRow]: ...
    @staticmethod
    async def select_deliveries_since(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after_at: dt.datetime,
        after_id: UUID,
        provider: str | None,
        most: int,
    ) -> list[SelectDeliveriesSinceRow]: ...
    @staticmethod
    async def select_delivery(
        connection: Connection, /, *, tenant_id: UUID, digest: bytes
    ) -> SelectDeliveryRow | None: ...
    @staticmethod
    async def select_endpoints(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectEndpointsRow]: ...
    @staticmethod
    async def select_endpoints_of_shop(
        connection: Connection, /, *, tenant_id: UUID, endpoint_id: UUID
    ) -> list[SelectEndpointsOfShopRow]: ...
    @staticmethod
    async def select_erasures(
        connection: Connection, /, *, tenant_id: UUID, id: UUID | None, most: int
    ) -> list[SelectErasuresRow]: ...
    @staticmethod
    async def select_heard_endpoints(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime
    ) -> list[SelectHeardEndpointsRow]: ...
    @staticmethod
    async def select_held_facts(
        connection: Connection, /, *, tenant_id: UUID, order_ids: Collection[str]
    ) -> SelectHeldFactsRow: ...
    @staticmethod
    async def select_held_payments(
        connection: Connection, /, *, tenant_id: UUID, payment_ids: Collection[UUID]
    ) -> SelectHeldPaymentsRow: ...
    @staticmethod
    async def select_known(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        digests: Collection[bytes],
        refs: Collection[str],
    ) -> list[SelectKnownRow]: ...
    @staticmethod
    async def select_moment(connection: Connection, /) -> dt.datetime: ...
    @staticmethod
    async def select_order_ids(
        connection: Connection, /, *, tenant_id: UUID, payment_ids: Collection[UUID]
    ) -> list[SelectOrderIdsRow]: ...
    @staticmethod
    async def select_orders_of_refs(
        connection: Connection, /, *, tenant_id: UUID, refs: Collection[str]
    ) -> list[SelectOrdersOfRefsRow]: ...
    @staticmethod
    async def select_payments(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        state: str | None,
        is_flagged: bool,
        most: int,
    ) -> list[SelectPaymentsRow]: ...
    @staticmethod
    async def select_payments_of_orders(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        order_ids: Collection[str],
        refs: Collection[str],
    ) -> list[SelectPaymentsOfOrdersRow]: ...
    @staticmethod
    async def select_payments_page(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        before_id: UUID | None,
        state: str | None,
        flag: str | None,
        order_id: str | None,
        most: int,
    ) -> list[SelectPaymentsPageRow]: ...
    @staticmethod
    async def select_payments_to_erase(
        connection: Connection, /, *, tenant_id: UUID, endpoint_ids: Collection[UUID], most: int
    ) -> list[SelectPaymentsToEraseRow]: ...
    @staticmethod
    async def select_payments_to_rebook(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        after: UUID,
        is_of_both: bool,
        shops: Collection[str],
        providers: Collection[str] | None,
        most: int,
    ) -> list[SelectPaymentsToRebookRow]: ...
    @staticmethod
    async def select_privacy_request(
        connection: Connection, /, *, tenant_id: UUID, id: UUID
    ) -> SelectPrivacyRequestRow | None: ...
    @staticmethod
    async def select_privacy_requests(
        connection: Connection, /, *, tenant_id: UUID, most: int
    ) -> list[SelectPrivacyRequestsRow]: ...
    @staticmethod
    async def select_refs_without_capture(
        connection: Connection, /, *, tenant_id: UUID, refs: Collection[str]
    ) -> list[SelectRefsWithoutCaptureRow]: ...
    @staticmethod
    async def select_refusals(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectRefusalsRow]: ...
    @staticmethod
    async def select_reports(
        connection: Connection, /, *, tenant_id: UUID, payment_ids: Collection[UUID]
    ) -> list[SelectReportsRow]: ...
    @staticmethod
    async def select_rhythms(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        endpoints: Collection[UUID],
        since: dt.datetime,
    ) -> list[SelectRhythmsRow]: ...
    @staticmethod
    async def select_rules(
        connection: Connection, /, *, tenant_id: UUID
    ) -> SelectRulesRow | None: ...
    @staticmethod
    async def select_secrets(
        connection: Connection, /, *, tenant_id: UUID
    ) -> list[SelectSecretsRow]: ...
    @staticmethod
    async def select_traffic(
        connection: Connection, /, *, tenant_id: UUID, since: dt.datetime
    ) -> list[SelectTrafficRow]: ...
    @staticmethod
    async def set_basis(connection: Connection, /, *, tenant_id: UUID, basis: str) -> None: ...
    @staticmethod
    async def set_precedence(
        connection: Connection, /, *, tenant_id: UUID, precedence: str
    ) -> None: ...
    @staticmethod
    async def set_sdk_basis(
        connection: Connection, /, *, tenant_id: UUID, sdk_basis: str | None
    ) -> None: ...
    @staticmethod
    async def store_deliveries(
        connection: Connection,
        /,
        *,
        tenant_id: UUID,
        refs: Collection[str],
        payment_ids: Collection[UUID],
        payments: str,
        deliveries: str,
    ) -> None: ...

queries: _Queries
