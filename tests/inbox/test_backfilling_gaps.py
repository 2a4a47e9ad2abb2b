"""A file that closes no gap says so: it is another provider's, has no money, or is for an endpoint that has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.inbox import EndpointOptions, NewEndpoint, end_endpoint
from skeldir.inbox.backfilling import BackfillReport, backfill
from skeldir.inbox.export_files import ExportForeign
from skeldir.inbox.export_shapes import find_other_provider
from skeldir.inbox.saying import ENDPOINT_PROVIDERS, EndpointProvider
from tests.conftest import Clone
from tests.support.inbox import SHOP, make_endpoint
from tests.support.webhook_commands import standing
from tests.support.webhooks import SECRETS

OBJECTS: dict[EndpointProvider, list[dict[str, object]]] = {
    "stripe": [
        {"object": "event", "id": "evt_1", "type": "charge.succeeded", "data": {}},
        {"object": "charge", "id": "ch_1", "status": "succeeded"},
        {"object": "dispute", "id": "du_1", "status": "won", "amount": 5, "reason": "general"},
    ],
    "shopify": [
        {"id": 1, "financial_status": "paid", "line_items": [], "refunds": [], "currency": "EUR"},
        {"id": 2, "kind": "sale", "status": "success", "gateway": "cash", "amount": "1.00"},
        {"id": 3, "type": "chargeback", "initiated_at": "2026-11-02T10:00:00Z", "amount": "1.00"},
    ],
    "woocommerce": [
        {"id": 1, "status": "processing", "total": "1.00", "date_paid_gmt": None, "refunds": []},
    ],
    "paypal": [
        {"event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {}},
        {"id": "ORD1", "purchase_units": []},
        {"id": "CAP1", "links": [{"href": "https://api.paypal.com/v2/payments/captures/CAP1"}]},
    ],
    "standard": [
        {"type": "payment.captured", "timestamp": "2026-11-02T10:00:00Z", "data": {}},
    ],
}
ORDER: dict[str, object] = {
    "id": 5,
    "financial_status": "paid",
    "currency": "EUR",
    "total_price": "20.00",
    "updated_at": "2026-11-02T10:00:00Z",
}
SALE: dict[str, object] = {
    "id": 11,
    "order_id": 5,
    "kind": "sale",
    "status": "success",
    "gateway": "shopify_payments",
    "amount": "20.00",
    "currency": "EUR",
    "processed_at": "2026-11-02T10:00:00Z",
}


@pytest.mark.parametrize("provider", ENDPOINT_PROVIDERS)
@pytest.mark.parametrize("owner", ENDPOINT_PROVIDERS)
def test_whose_an_object_is_shows_in_its_fields(
    provider: EndpointProvider, owner: EndpointProvider
) -> None:
    found = {find_other_provider(one, provider) for one in OBJECTS[owner]}
    assert found == {None if provider == owner else owner}


def test_an_object_of_nobody_is_not_refused() -> None:
    assert {find_other_provider({"id": 1, "name": "Ada"}, one) for one in ENDPOINT_PROVIDERS} == {
        None
    }


async def make(db: Database, tenant: UUID, provider: EndpointProvider) -> NewEndpoint:
    account = SHOP if provider == "shopify" else ""
    options = EndpointOptions(provider, True, account)
    return await make_endpoint(db, tenant, options, SECRETS[provider][0])


async def fill(
    db: Database,
    tenant: UUID,
    endpoint: NewEndpoint,
    folder: Path,
    *objects: Mapping[str, object],
) -> BackfillReport:
    path = folder / "export.json"
    path.write_text(json.dumps(objects), encoding="utf-8")
    return await backfill(db, tenant, str(endpoint.id), path)


async def test_a_file_of_another_provider_is_refused_with_its_name(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "woocommerce")
    with pytest.raises(ExportForeign, match="Object 1 of the file is of shopify") as refused:
        await fill(db, tenant, endpoint, tmp_path, {**ORDER, "transactions": [SALE]})
    assert "webhooks list" in str(refused.value.cure)
    assert standing(clone, tenant) == []


async def test_paid_orders_without_transactions_are_counted_until_these_come(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "shopify")
    others = await make(db, other_tenant, "shopify")
    orders = (
        ORDER,
        {**ORDER, "id": 6},
        {**ORDER, "id": 7, "financial_status": "pending"},
        {**ORDER, "id": 8, "total_price": "0.00"},
    )
    assert (await fill(db, tenant, endpoint, tmp_path, *orders)).gaps == {"transactions_missing": 2}
    await fill(db, other_tenant, others, tmp_path, *orders, SALE, {**SALE, "id": 12, "order_id": 6})
    await fill(db, tenant, endpoint, tmp_path, SALE)
    assert (await fill(db, tenant, endpoint, tmp_path, *orders)).gaps == {"transactions_missing": 1}
    both = await fill(
        db, tenant, endpoint, tmp_path, *orders, {**SALE, "id": 12, "order_id": 6, "amount": "1.00"}
    )
    assert both.gaps == {}
    assert standing(clone, tenant) == [("5", "capture", 2000, "EUR"), ("6", "capture", 100, "EUR")]


@pytest.mark.parametrize("objects", [(), ({"object": "customer", "id": "cus_1"},)])
async def test_a_file_that_says_nothing_of_money_is_not_passed_over_in_silence(
    db: Database, tenant: UUID, tmp_path: Path, objects: tuple[dict[str, object], ...]
) -> None:
    endpoint = await make(db, tenant, "stripe")
    assert (await fill(db, tenant, endpoint, tmp_path, *objects)).gaps == {"nothing_of_use": 1}


async def test_a_file_for_an_endpoint_that_has_ended_is_refused(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "shopify")
    async with db.tenant(tenant) as connection:
        await end_endpoint(connection, tenant, endpoint.id)
    with pytest.raises(InputInvalid, match="has ended"):
        await fill(db, tenant, endpoint, tmp_path, SALE)
    assert standing(clone, tenant) == []
