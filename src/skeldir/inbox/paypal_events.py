"""The events of PayPal's that are read, their vocabulary, and which of their fields are read and kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from skeldir.inbox.fields import (
    Json,
    Keep,
    amount_of,
    flag_of,
    id_of,
    list_of,
    mapping_of,
    moment_of_text,
    reference_of,
    token_of,
    word_of,
)
from skeldir.inbox.saying import NoticeKind

FAMILIES: Final[tuple[str, ...]] = (
    "PAYMENT.AUTHORIZATION.",
    "CHECKOUT.ORDER.",
    "CUSTOMER.DISPUTE.",
)
"""Beginnings of the types that at least connect names. All others are listed one by one, or are ignored."""

COMPLETED: Final = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
"""Statuses of a capture or sale that was completed, whatever came later. An open dispute shows as a refund, too."""
PENDING: Final = "PENDING"
UNSUCCESSFUL: Final = frozenset({"DECLINED", "DENIED", "FAILED", "CANCELLED", "CANCELED"})
"""Both spellings occur: v1 and v2 differ."""

OUTCOMES: Final[Mapping[str, NoticeKind]] = {
    "RESOLVED_BUYER_FAVOUR": "dispute_lost",
    "RESOLVED_SELLER_FAVOUR": "dispute_won",
    "RESOLVED_WITH_PAYOUT": "dispute_won",
    "CANCELED_BY_BUYER": "dispute_won",
    "ACCEPTED": "dispute_lost",
    "DENIED": "dispute_won",
}
"""How a dispute ended for the seller, by its outcome.

With a payout, PayPal pays the buyer itself. ACCEPTED and DENIED are about the buyer's claim (unchecked). NONE, after
which another dispute goes on, is no end.
"""

# The nouns by the segment of a link's path that is followed by the id: v1 says `capture`, v2 `captures`. A sale of v1
# is a capture: some payments are reported as both, under one id.
_NOUNS: Final[Mapping[str, str]] = {
    "captures": "capture",
    "capture": "capture",
    "authorizations": "authorization",
    "authorization": "authorization",
    "refunds": "refund",
    "refund": "refund",
    "orders": "order",
    "sale": "capture",
    "payment": "payment",
    "disputes": "dispute",
}
_LINK: Final = re.compile(
    r"https://([a-z0-9.-]{1,253})(?:/v[0-9]/(?:payments|checkout|customer)/([a-z]+)/([^/?#]+))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_LIVE_HOSTS: Final = frozenset({"api.paypal.com", "api-m.paypal.com"})
_SANDBOX: Final = ".sandbox.paypal.com"


def linked_of(link: Json) -> tuple[str, str] | None:
    """Return the noun and the id that a link leads to, such as ("capture", "2GG2"); None if to nothing known."""
    href = link.get("href")
    found = _LINK.fullmatch(href) if isinstance(href, str) else None
    noun = _NOUNS.get(found[2]) if found and found[2] else None
    id_ = id_of(found[3]) if found and noun else None
    return (noun, id_) if noun and id_ else None


def find_mode(body: Json) -> bool | None:
    """Return whether a body is of live money, by the hosts of its links; None if no link shows it.

    The body has no flag, and that all links agree is unchecked: one of the sandbox makes it a test.
    """
    links = [*list_of(body, "links"), *list_of(mapping_of(body, "resource"), "links")]
    found = (_LINK.fullmatch(href) for link in links if isinstance(href := link.get("href"), str))
    hosts = {one[1].lower() for one in found if one}
    if any(host.endswith(_SANDBOX) for host in hosts):
        return False
    return True if hosts & _LIVE_HOSTS else None


_MONEY: Final[Keep] = {
    "value": amount_of,
    "currency_code": word_of,
    "total": amount_of,
    "currency": word_of,
}
_JOIN: Final[Keep] = {"invoice_id": reference_of, "invoice_number": reference_of}
"""The merchant's reference. `custom_id` and `custom` are the journey's token, which is never kept."""

_PAYMENT: Final[Keep] = {
    **_JOIN,
    "id": id_of,
    "status": word_of,
    "state": word_of,
    "status_details": {"reason": word_of},
    "reason_code": word_of,
    "refund_reason_code": word_of,
    "payment_mode": word_of,
    "create_time": moment_of_text,
    "update_time": moment_of_text,
    "expiration_time": moment_of_text,
    "final_capture": flag_of,
    "is_final_capture": flag_of,
    "sale_id": id_of,
    "capture_id": id_of,
    "parent_payment": id_of,
    "billing_agreement_id": id_of,
    "supplementary_data": {
        "related_ids": {"order_id": id_of, "authorization_id": id_of, "capture_id": id_of}
    },
    "amount": {
        **_MONEY,
        "details": dict.fromkeys(
            [
                "subtotal",
                "tax",
                "shipping",
                "handling_fee",
                "insurance",
                "shipping_discount",
                "discount",
            ],
            amount_of,
        ),
    },
    "seller_receivable_breakdown": {
        "gross_amount": _MONEY,
        "paypal_fee": _MONEY,
        "net_amount": _MONEY,
        "receivable_amount": _MONEY,
        "exchange_rate": {
            "source_currency": word_of,
            "target_currency": word_of,
            "value": amount_of,
        },
    },
    "seller_payable_breakdown": {
        "gross_amount": _MONEY,
        "paypal_fee": _MONEY,
        "net_amount": _MONEY,
        "total_refunded_amount": _MONEY,
    },
    "transaction_fee": _MONEY,
    "refund_to_payer": _MONEY,
    "refund_from_transaction_fee": _MONEY,
    "refund_from_received_amount": _MONEY,
    "total_refunded_amount": _MONEY,
}
_MADE: Final[Keep] = {"id": id_of, "status": word_of, "amount": _MONEY}
_ORDER: Final[Keep] = {
    "id": id_of,
    "intent": word_of,
    "status": word_of,
    "create_time": moment_of_text,
    "update_time": moment_of_text,
    "purchase_units": {
        **_JOIN,
        "amount": {
            **_MONEY,
            "breakdown": dict.fromkeys(
                [
                    "item_total",
                    "shipping",
                    "handling",
                    "tax_total",
                    "insurance",
                    "shipping_discount",
                    "discount",
                ],
                _MONEY,
            ),
        },
        "payments": {"authorizations": _MADE, "captures": _MADE, "refunds": _MADE},
    },
}
_DISPUTE: Final[Keep] = {
    "dispute_id": id_of,
    "create_time": moment_of_text,
    "update_time": moment_of_text,
    "reason": word_of,
    "status": word_of,
    "dispute_state": word_of,
    "dispute_amount": _MONEY,
    "dispute_life_cycle_stage": word_of,
    "dispute_channel": word_of,
    "dispute_outcome": {"outcome_code": word_of, "amount_refunded": _MONEY},
    "disputed_transactions": {
        "seller_transaction_id": id_of,
        "create_time": moment_of_text,
        "transaction_status": word_of,
        "gross_amount": _MONEY,
        "invoice_number": reference_of,
    },
    "money_movements": {
        "affected_party": word_of,
        "amount": _MONEY,
        "initiated_time": moment_of_text,
        "type": word_of,
        "reason": word_of,
    },
}
_ENVELOPE: Final[Keep] = {
    "id": id_of,
    "event_type": word_of,
    "event_version": amount_of,
    "resource_type": word_of,
    "resource_version": amount_of,
    "create_time": moment_of_text,
}


def allowed_of(type_: str, *, is_known: bool) -> Keep:
    """Return which fields of an event of a type may be kept: of an unknown one, those of the envelope only."""
    if not is_known:
        return _ENVELOPE
    resource: Keep = _PAYMENT
    if type_.startswith("CHECKOUT.ORDER."):
        resource = _ORDER
    elif type_.startswith("CUSTOMER.DISPUTE."):
        resource = _DISPUTE
    return {**_ENVELOPE, "resource": resource}


def orders_of(type_: str, resource: Json) -> list[Json]:
    """Return the objects of a resource that have the merchant's reference and the journey's token."""
    if type_.startswith("CHECKOUT.ORDER."):
        return [resource, *list_of(resource, "purchase_units")]
    if type_.startswith("CUSTOMER.DISPUTE."):
        return list(disputed_of(resource))
    return [resource]


def disputed_of(resource: Json) -> list[Json]:
    """Return the disputed transactions if they are of one order, else none.

    A dispute about several orders belongs to none of them: its names would make one order of them.
    """
    transactions = list_of(resource, "disputed_transactions")
    ids = {id_of(one.get("seller_transaction_id")) for one in transactions}
    references = {reference_of(one.get("invoice_number")) for one in transactions}
    is_one = len(ids) <= 1 or (len(references) == 1 and None not in references)
    return list(transactions) if is_one else []


def related_ids_of(resource: Json) -> Json:
    """Return the ids of the order, the authorization and the capture that a v2 resource names, if any."""
    return mapping_of(mapping_of(resource, "supplementary_data"), "related_ids")


def reference_in(type_: str, resource: Json) -> str | None:
    """Return the merchant's reference of the order; None if there is none, or the units of an order have several."""
    found = {
        reference
        for one in orders_of(type_, resource)
        for name in ("invoice_id", "invoice_number")
        if (reference := reference_of(one.get(name))) is not None
    }
    return found.pop() if len(found) == 1 else None


def journey_of(type_: str, resource: Json) -> str | None:
    """Return the journey's token, as given: v2 has it in `custom_id`, v1 in `custom`."""
    tokens = (
        token_of(one.get(name))
        for one in orders_of(type_, resource)
        for name in ("custom_id", "custom")
    )
    return next((token for token in tokens if token is not None), None)


def paid_for_units(resource: Json) -> list[tuple[str, object]]:
    """Return the nouns and ids of what was authorized, captured and refunded of an order, as it lists them."""
    nouns = {"captures": "capture", "authorizations": "authorization", "refunds": "refund"}
    return [
        (noun, one.get("id"))
        for unit in list_of(resource, "purchase_units")
        for name, noun in nouns.items()
        for one in list_of(mapping_of(unit, "payments"), name)
    ]
