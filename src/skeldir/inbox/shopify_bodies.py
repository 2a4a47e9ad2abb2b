"""Recognises the bodies of Shopify's deliveries, and lists the fields of each that may be kept. Pure.

The topic is an unsigned header, so the kind of a body comes from the body: from its `admin_graphql_api_id`, else from
its shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from skeldir.inbox.fields import (
    Json,
    Keep,
    amount_of,
    flag_of,
    id_of,
    moment_of_text,
    word_of,
)

Kind = Literal[
    "order",
    "order_transaction",
    "refund",
    "tender_transaction",
    "dispute",
    "order_edited",
    "customers_data_request",
    "customers_redact",
    "shop_redact",
    "app_uninstalled",
    "event",
]

_GID: Final = re.compile(r"gid://shopify/([A-Za-z]{1,60})/[0-9]+", re.ASCII)
_KINDS_BY_NOUN: Final[Mapping[str, Kind]] = {
    "Order": "order",
    "OrderTransaction": "order_transaction",
    "Refund": "refund",
    "TenderTransaction": "tender_transaction",
    # No dispute was seen with a global id so far (unchecked): this is its noun in the GraphQL Admin API.
    "ShopifyPaymentsDispute": "dispute",
}

# The first shape of which a body has all fields decides. Deliveries may be cut down to chosen fields, so orders,
# transactions and refunds are recognised without their global ids too. The body of shop/update is that of
# app/uninstalled; nobody who follows our instructions subscribes to it.
_SHAPES: Final[tuple[tuple[Kind, frozenset[str]], ...]] = (
    ("order_edited", frozenset({"order_edit"})),
    ("customers_redact", frozenset({"shop_domain", "orders_to_redact"})),
    ("customers_data_request", frozenset({"shop_domain", "orders_requested"})),
    ("dispute", frozenset({"id", "type", "initiated_at", "amount"})),
    ("order_transaction", frozenset({"id", "kind", "status", "gateway"})),
    ("refund", frozenset({"id", "order_id", "refund_line_items"})),
    ("tender_transaction", frozenset({"id", "order_id", "amount", "payment_method"})),
    ("order", frozenset({"id", "financial_status"})),
    ("app_uninstalled", frozenset({"id", "myshopify_domain", "plan_name"})),
    # Shopify's newer Events: a subscription chooses what the rest of the body has, so nothing can be booked from it.
    ("event", frozenset({"topic", "action", "handle"})),
)
_SHOP_REDACT: Final = frozenset({"shop_id", "shop_domain"})


def kind_of(body: Json) -> Kind | None:
    """Return the kind of a body; None if it is of a kind that says nothing here, or of none."""
    noun = noun_of(body)
    if noun is not None:
        return _KINDS_BY_NOUN.get(noun)
    # It erases a shop, so the body must have nothing else.
    if body.keys() == _SHOP_REDACT:
        return "shop_redact"
    return next((kind for kind, shape in _SHAPES if shape <= body.keys()), None)


def noun_of(body: Json) -> str | None:
    """Return the noun of a body's global id, such as "Order"; None if it has no such id."""
    value = body.get("admin_graphql_api_id")
    found = _GID.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_AT_SHOPIFY: Final = ".myshopify.com"
_STATUS_URL: Final = re.compile(
    r"https://([a-z0-9][a-z0-9-]{0,62}\.myshopify\.com)/", re.ASCII | re.IGNORECASE
)
_DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63})+", re.ASCII)


def number_of(value: object) -> str | None:
    """Return a numeric id as text; None for anything else."""
    text = id_of(value)
    return text if text is not None and _NUMBER.fullmatch(text) else None


def day_of(value: object) -> datetime | None:
    """Return a moment, or the start in UTC of a day that is given without a time; None for anything else."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        value = f"{value}T00:00:00+00:00"
    moment = moment_of_text(value)
    return moment.astimezone(UTC) if moment else None


def domain_of(value: object) -> str | None:
    """Return a shop's domain in lower case; None for anything else."""
    text = value.lower() if isinstance(value, str) and len(value) <= 253 else ""
    return text if _DOMAIN.fullmatch(text) else None


def other_shop_in(order: Json, shop: str) -> str | None:
    """Return the domain of the shop whose order it is by its address at Shopify, if that is another one than `shop`.

    None too if the address is at a domain of the merchant's own, or the endpoint's is, as that shows nothing.
    """
    address = order.get("order_status_url")
    found = _STATUS_URL.match(address) if isinstance(address, str) else None
    if found is None or not shop.lower().endswith(_AT_SHOPIFY):
        return None
    return found[1].lower() if found[1].lower() != shop.lower() else None


def gateway_of(value: object) -> str:
    """Return a gateway's name in one spelling: lower case, with underscores; "" if there is none."""
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else ""


def _numbers_of(value: object) -> list[str] | None:
    return [one for one in map(number_of, value) if one] if isinstance(value, list) else None


def _words_of(value: object) -> list[str] | None:
    return [one for one in map(word_of, value[:20]) if one] if isinstance(value, list) else None


_MONEY: Final[Keep] = {"amount": amount_of, "currency_code": word_of, "currency": word_of}
_MONEY_SET: Final[Keep] = {"shop_money": _MONEY, "presentment_money": _MONEY}

_TRANSACTION: Final[Keep] = {
    "id": number_of,
    "order_id": number_of,
    "parent_id": number_of,
    "kind": word_of,
    "status": word_of,
    "gateway": word_of,
    "manual_payment_gateway": flag_of,
    "amount": amount_of,
    "currency": word_of,
    "test": flag_of,
    "created_at": moment_of_text,
    "processed_at": moment_of_text,
    "source_name": word_of,
}
_REFUND: Final[Keep] = {
    "id": number_of,
    "order_id": number_of,
    "created_at": moment_of_text,
    "processed_at": moment_of_text,
    "transactions": _TRANSACTION,
    "refund_line_items": {
        "id": number_of,
        "line_item_id": number_of,
        "subtotal": amount_of,
        "total_tax": amount_of,
        "subtotal_set": _MONEY_SET,
        "total_tax_set": _MONEY_SET,
    },
    "order_adjustments": {
        "id": number_of,
        "kind": word_of,
        "amount": amount_of,
        "tax_amount": amount_of,
        "amount_set": _MONEY_SET,
    },
}
_PRIVACY: Final[Keep] = {
    "shop_id": number_of,
    "shop_domain": domain_of,
    "orders_requested": _numbers_of,
    "orders_to_redact": _numbers_of,
    "data_request": {"id": number_of},
}

KEEPS: Final[Mapping[Kind, Keep]] = {
    "order": {
        "id": number_of,
        "order_number": number_of,
        "financial_status": word_of,
        "currency": word_of,
        "presentment_currency": word_of,
        "total_price": amount_of,
        "current_total_price": amount_of,
        "subtotal_price": amount_of,
        "total_tax": amount_of,
        "total_discounts": amount_of,
        "total_outstanding": amount_of,
        "total_price_set": _MONEY_SET,
        "current_total_price_set": _MONEY_SET,
        "total_tax_set": _MONEY_SET,
        "total_discounts_set": _MONEY_SET,
        "total_shipping_price_set": _MONEY_SET,
        "payment_gateway_names": _words_of,
        "test": flag_of,
        "created_at": moment_of_text,
        "processed_at": moment_of_text,
        "updated_at": moment_of_text,
        "cancelled_at": moment_of_text,
        "source_name": word_of,
        "refunds": {"id": number_of, "transactions": _TRANSACTION},
    },
    "order_transaction": _TRANSACTION,
    "refund": _REFUND,
    "tender_transaction": {
        "id": number_of,
        "order_id": number_of,
        "amount": amount_of,
        "currency": word_of,
        "test": flag_of,
        "processed_at": moment_of_text,
        "payment_method": word_of,
    },
    "dispute": {
        "id": number_of,
        "order_id": number_of,
        "type": word_of,
        "status": word_of,
        "reason": word_of,
        "amount": amount_of,
        "currency": word_of,
        "initiated_at": moment_of_text,
        "finalized_on": day_of,
    },
    "order_edited": {
        "order_edit": {
            "id": number_of,
            "order_id": number_of,
            "created_at": moment_of_text,
            "committed_at": moment_of_text,
        },
    },
    "customers_data_request": _PRIVACY,
    "customers_redact": _PRIVACY,
    "shop_redact": _PRIVACY,
    "app_uninstalled": {"id": number_of, "myshopify_domain": domain_of},
    "event": {"topic": word_of, "action": word_of},
}
