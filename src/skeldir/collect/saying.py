"""What the inbox reads of an order that a message states. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skeldir.inbox import SdkOrder, SdkProvider, say_order

if TYPE_CHECKING:
    from datetime import datetime

    from skeldir.collect.mapped import OrderEvent
    from skeldir.inbox import Said


def say_event(provider: SdkProvider, order: OrderEvent, now: datetime) -> Said:
    """Return what an order's message says; what is unreadable becomes the Said's `trouble`."""
    return say_order(
        SdkOrder(
            provider=provider,
            kind=order.kind,
            message_id=order.message_id,
            order_id=order.order_id,
            currency=order.currency,
            at=order.at,
            total=order.total,
            revenue=order.revenue,
            tax=order.tax,
            shipping=order.shipping,
            discount=order.discount,
            journey=order.journey,
        ),
        now,
    )
