"""How a tenant's own events name orders: as text, as JSON, and applied to an event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skeldir.collect.mapped import OrderEvent, OrderMap
from skeldir.collect.order_maps import (
    MOST_ORDER_MAPS,
    apply_order_map,
    read_order_maps,
)
from skeldir.errors import InputInvalid

WRITTEN = [
    "purchase=completed:order_id=$order,total=amount,currency=cur",
    "Order: back = refunded : order_id = order id, total = amount, currency = cur",
    "gone=cancelled:order_id=order",
]
MAPS = {
    "purchase": OrderMap("completed", {"order_id": "$order", "total": "amount", "currency": "cur"}),
    "Order: back": OrderMap(
        "refunded", {"order_id": "order id", "total": "amount", "currency": "cur"}
    ),
    "gone": OrderMap("cancelled", {"order_id": "order"}),
}
AT = datetime(2026, 11, 30, tzinfo=UTC)


def test_maps_are_read_as_they_are_written() -> None:
    assert read_order_maps(WRITTEN) == MAPS


def test_an_event_gives_its_values_as_sent() -> None:
    properties = {"$order": 17, "amount": 12.5, "cur": "eur", "tax": "1"}
    found = apply_order_map(MAPS["purchase"], properties, message_id="m", at=AT, journey="visitor")
    assert found == OrderEvent("completed", "m", 17, AT, "visitor", currency="eur", total=12.5)
    empty = apply_order_map(MAPS["purchase"], {}, message_id="m", at=AT, journey=None)
    assert empty == OrderEvent("completed", "m", None, AT)


@pytest.mark.parametrize(
    "texts",
    [
        ["purchase"],
        ["purchase=completed"],
        ["=completed:order_id=order,total=amount,currency=cur"],
        ["purchase=paid:order_id=order,total=amount,currency=cur"],
        ["purchase=completed:order_id=order,total,currency=cur"],
        ["purchase=completed:order_id=order,total=,currency=cur"],
        ["purchase=completed:order_id=order,sum=amount,currency=cur"],
        ["purchase=completed:order_id=a,order_id=b,total=amount,currency=cur"],
        ["purchase=completed:total=amount,currency=cur"],
        ["purchase=completed:order_id=order,currency=cur"],
        ["purchase=completed:order_id=order,tax=tax,currency=cur"],
        ["purchase=completed:order_id=order,total=amount"],
        ["purchase=refunded:order_id=order,total=amount"],
        ["p\nq=cancelled:order_id=order"],
        ["p=cancelled:order_id=order"] * 2,
        [f"p{number}=cancelled:order_id=order" for number in range(MOST_ORDER_MAPS + 1)],
    ],
)
def test_a_map_that_would_need_a_guess_is_refused_with_a_cure(texts: list[str]) -> None:
    with pytest.raises(InputInvalid) as refused:
        read_order_maps(texts)
    assert refused.value.cure
