"""The bodies of which samples are made, in the form of each provider's. Pure.

The ids of a payment follow from its order's reference, so that a refund or a dispute of an order joins its capture.
Ids of events and of single refunds are new in each body.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from skeldir.inbox.wire_money import write_decimal, write_stripe_integer

Body: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a sample is to say. `minor` > 0 in minor units of `currency`; `fresh` is a number that no other sample has.

    `journey_name` and `order_name` are the names of the endpoint's fields, `account` is its shop.
    """

    now: datetime
    is_live: bool
    order: str
    minor: int
    currency: str
    fresh: int
    journey: str | None = None
    journey_name: str = "skeldir_journey"
    order_name: str = "order_id"
    account: str = ""

    @property
    def part(self) -> int:
        """A quarter of the amount, at least one unit: what a partial refund gives back."""
        return max(self.minor // 4, 1)


# Stripe


def stripe(wishes: Wishes, type_: str, about: Body) -> Body:
    """Return a snapshot event about an object."""
    return {
        "id": f"evt_{wishes.fresh}",
        "object": "event",
        "type": type_,
        "api_version": "2025-03-31.basil",
        "created": int(wishes.now.timestamp()),
        "livemode": wishes.is_live,
        "data": {"object": about},
    }


def stripe_charge(wishes: Wishes, *, is_captured: bool = True) -> Body:
    """Return a charge of the whole amount."""
    amount = write_stripe_integer(wishes.minor, wishes.currency)
    metadata = {wishes.order_name: wishes.order}
    if wishes.journey is not None:
        metadata[wishes.journey_name] = wishes.journey
    return {
        "id": f"ch_{wishes.order}",
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if is_captured else 0,
        "amount_refunded": 0,
        "captured": is_captured,
        "created": int(wishes.now.timestamp()),
        "currency": wishes.currency.lower(),
        "livemode": wishes.is_live,
        "metadata": metadata,
        "paid": True,
        "payment_intent": f"pi_{wishes.order}",
        "status": "succeeded",
    }


def stripe_refund(wishes: Wishes) -> Body:
    """Return the event of a refund of a part."""
    about = {
        "id": f"re_{wishes.fresh}",
        "object": "refund",
        "amount": write_stripe_integer(wishes.part, wishes.currency),
        "charge": f"ch_{wishes.order}",
        "created": int(wishes.now.timestamp()),
        "currency": wishes.currency.lower(),
        "payment_intent": f"pi_{wishes.order}",
        "status": "succeeded",
    }
    return stripe(wishes, "refund.created", about)


def stripe_dispute(wishes: Wishes, type_: str, status: str) -> Body:
    """Return the event of a dispute of the whole amount."""
    about = {
        "id": f"du_{wishes.order}",
        "object": "dispute",
        "amount": write_stripe_integer(wishes.minor, wishes.currency),
        "charge": f"ch_{wishes.order}",
        "currency": wishes.currency.lower(),
        "livemode": wishes.is_live,
        "payment_intent": f"pi_{wishes.order}",
        "status": status,
    }
    return stripe(wishes, f"charge.dispute.{type_}", about)


def stripe_thin(wishes: Wishes) -> Body:
    """Return a thin event, which has no object."""
    return {
        "id": f"evt_{wishes.fresh}",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "created": wishes.now.isoformat(),
        "livemode": wishes.is_live,
        "related_object": {"id": f"mtr_{wishes.fresh}", "type": "billing.meter"},
    }


# Shopify


def shopify_order(wishes: Wishes) -> Body:
    """Return a paid order."""
    amount = write_decimal(wishes.minor, wishes.currency)
    note = (
        [] if wishes.journey is None else [{"name": wishes.journey_name, "value": wishes.journey}]
    )
    return {
        "id": int(wishes.order),
        "admin_graphql_api_id": f"gid://shopify/Order/{wishes.order}",
        "created_at": wishes.now.isoformat(),
        "updated_at": wishes.now.isoformat(),
        "currency": wishes.currency,
        "financial_status": "paid",
        "note_attributes": note,
        "payment_gateway_names": ["shopify_payments"],
        "source_name": "web",
        "test": not wishes.is_live,
        "total_price": amount,
        "current_total_price": amount,
    }


def shopify_transaction(wishes: Wishes, place: int, kind: str, minor: int) -> Body:
    """Return a transaction that succeeded; `place` is the last digit of its id."""
    id_ = f"{wishes.order}{place}" if kind != "refund" else f"{wishes.fresh % 10**15}"
    parent = None if kind in ("sale", "authorization") else int(f"{wishes.order}1")
    return {
        "id": int(id_),
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{id_}",
        "order_id": int(wishes.order),
        "parent_id": parent,
        "kind": kind,
        "status": "success",
        "gateway": "shopify_payments",
        "amount": write_decimal(minor, wishes.currency),
        "currency": wishes.currency,
        "created_at": wishes.now.isoformat(),
        "processed_at": wishes.now.isoformat(),
        "test": not wishes.is_live,
    }


def shopify_dispute(wishes: Wishes, status: str) -> Body:
    """Return a chargeback of the whole amount."""
    return {
        "id": int(f"{wishes.order}9"),
        "order_id": int(wishes.order),
        "type": "chargeback",
        "amount": write_decimal(wishes.minor, wishes.currency),
        "currency": wishes.currency,
        "reason": "fraudulent",
        "status": status,
        "initiated_at": wishes.now.isoformat(),
        "finalized_on": wishes.now.date().isoformat() if status == "won" else None,
    }


# WooCommerce


def woo_order(
    wishes: Wishes, *, status: str = "processing", is_paid: bool = True, refunded: int = 0
) -> Body:
    """Return an order, of which `refunded` minor units were refunded."""
    at = wishes.now.strftime("%Y-%m-%dT%H:%M:%S")
    meta = [] if wishes.journey is None else [{"key": wishes.journey_name, "value": wishes.journey}]
    # One refund of an order: the list of an order has all that there are, and one that is missing was taken back.
    back = write_decimal(-refunded, wishes.currency)
    refunds = [{"id": int(f"{wishes.order}1"), "reason": "", "total": back}] if refunded else []
    return {
        "id": int(wishes.order),
        "status": status,
        "currency": wishes.currency,
        "total": write_decimal(wishes.minor, wishes.currency),
        "total_tax": "0.00",
        "date_created_gmt": at,
        "date_modified_gmt": at,
        "date_paid_gmt": at if is_paid else None,
        "payment_method": "bacs",
        "transaction_id": "",
        "meta_data": meta,
        "line_items": [],
        "refunds": refunds,
    }


def woo_rights_lost(_: Wishes) -> Body:
    """Return the error of a shop whose webhook's user may no longer read orders."""
    return {
        "code": "woocommerce_rest_cannot_view",
        "message": "Sorry, you cannot view this resource.",
        "data": {"status": 401},
    }


# PayPal


def _paypal(wishes: Wishes, type_: str, resource: Body) -> Body:
    resource = {"create_time": wishes.now.isoformat(), "invoice_id": wishes.order, **resource}
    if wishes.journey is not None:
        resource["custom_id"] = wishes.journey
    return {
        "id": f"WH-{wishes.fresh}",
        "create_time": wishes.now.isoformat(),
        "event_type": type_,
        "resource": resource,
        "links": [{"rel": "self", "href": f"{_host(wishes)}/v1/notifications/webhooks-events/WH"}],
    }


def _host(wishes: Wishes) -> str:
    return "https://api.paypal.com" if wishes.is_live else "https://api.sandbox.paypal.com"


def _paypal_money(minor: int, currency: str) -> Body:
    return {"value": write_decimal(minor, currency), "currency_code": currency}


def paypal_back(wishes: Wishes, type_: str, minor: int, id_: str) -> Body:
    """Return the event of money that went back of the capture."""
    up = f"{_host(wishes)}/v2/payments/captures/CAP{wishes.order}"
    resource: Body = {
        "id": id_,
        "amount": _paypal_money(minor, wishes.currency),
        "status": "COMPLETED",
        "links": [{"rel": "up", "href": up}],
    }
    return _paypal(wishes, type_, resource)


def paypal_capture(wishes: Wishes, type_: str, status: str) -> Body:
    """Return an event about the capture."""
    resource: Body = {
        "id": f"CAP{wishes.order}",
        "amount": _paypal_money(wishes.minor, wishes.currency),
        "status": status,
    }
    return _paypal(wishes, type_, resource)


def paypal_error(wishes: Wishes) -> Body:
    """Return an error of PayPal's API."""
    return {"name": "INTERNAL_SERVICE_ERROR", "message": "x", "debug_id": str(wishes.fresh)}


# Standard Webhooks


def standard(wishes: Wishes, type_: str, minor: int | None, **ids: str) -> Body:
    """Return a delivery of Standard Webhooks."""
    data: Body = {
        "payment_id": f"pay_{wishes.order}",
        wishes.order_name: wishes.order,
        "livemode": wishes.is_live,
        **ids,
    }
    if minor is not None:
        data |= {"amount": write_decimal(minor, wishes.currency), "currency": wishes.currency}
    if wishes.journey is not None:
        data[wishes.journey_name] = wishes.journey
    return {"type": f"payment.{type_}", "timestamp": wishes.now.isoformat(), "data": data}
