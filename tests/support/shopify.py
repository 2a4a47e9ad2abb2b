"""Deliveries of Shopify as its webhooks send them, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from skeldir.inbox.fields import Json, read_json
from skeldir.inbox.saying import Context, Movement, Notice, Said
from skeldir.inbox.shopify import translate

SAMPLES = [
    folder
    for above in Path(__file__).parents
    if (folder := above / "shared" / "data" / "webhooks").is_dir()
]
SHOP = "sample-shop.myshopify.com"
CONTEXT = Context(
    is_live=True, now=datetime(2026, 12, 1, tzinfo=UTC), account=SHOP, journey_name="journey_key"
)
PAID_AT = datetime(2026, 11, 2, 9, 59, 58, tzinfo=UTC)
OPENED_AT = datetime(2026, 11, 10, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)

Body = dict[str, object]


def make_transaction(**fields: object) -> Body:
    """Return a successful sale of 49.99 USD for order 59."""
    return {
        "id": 60,
        "admin_graphql_api_id": "gid://shopify/OrderTransaction/60",
        "order_id": 59,
        "parent_id": None,
        "kind": "sale",
        "status": "success",
        "gateway": "shopify_payments",
        "amount": "49.99",
        "currency": "USD",
        "processed_at": "2026-11-02T04:59:58-05:00",
        "test": False,
        **fields,
    }


def make_order(**fields: object) -> Body:
    """Return a paid order of 49.99 USD."""
    return {
        "id": 59,
        "admin_graphql_api_id": "gid://shopify/Order/59",
        "financial_status": "paid",
        "currency": "USD",
        "total_price": "49.99",
        "updated_at": "2026-11-02T05:00:05-05:00",
        "payment_gateway_names": ["shopify_payments"],
        "test": False,
        **fields,
    }


def make_refund(**fields: object) -> Body:
    return {
        "id": 93,
        "admin_graphql_api_id": "gid://shopify/Refund/93",
        "order_id": 59,
        "processed_at": "2026-11-03T09:00:00-05:00",
        "refund_line_items": [{"id": 48, "subtotal": Decimal("20.0"), "total_tax": Decimal("0.0")}],
        "transactions": [make_transaction(id=66, kind="refund", parent_id=60, amount="20.00")],
        **fields,
    }


def make_dispute(**fields: object) -> Body:
    """Return a chargeback of 49.99 USD for order 59 that waits for the shop's answer."""
    return {
        "id": 28,
        "order_id": 59,
        "type": "chargeback",
        "amount": "49.99",
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "finalized_on": None,
        "initiated_at": "2026-11-09T19:00:00-05:00",
        **fields,
    }


def make_tender(**fields: object) -> Body:
    return {
        "id": 10,
        "order_id": 59,
        "amount": "49.99",
        "currency": "USD",
        "test": False,
        "processed_at": "2026-11-02T04:59:58-05:00",
        "payment_method": "credit_card",
        **fields,
    }


MAKERS: list[Callable[..., Body]] = [
    make_transaction,
    make_order,
    make_refund,
    make_dispute,
    make_tender,
]


def say(body: Json, context: Context = CONTEXT) -> Said:
    return translate(body, context)


def money(said: Said) -> set[tuple[str, int, str, str]]:
    return {
        (fact.kind, fact.minor, fact.currency, fact.id)
        for fact in said.facts
        if isinstance(fact, Movement)
    }


def notices(said: Said) -> set[str]:
    return {fact.kind for fact in said.facts if isinstance(fact, Notice)}


def trouble_of(said: Said) -> str | None:
    return said.trouble.code if said.trouble else None


def read_sample(name: str) -> Json:
    return read_json((SAMPLES[0] / "shopify" / f"{name}.json").read_bytes())
