"""A shop with right facts, and a delivery of wrong ones that touches its orders, journeys and days."""

from __future__ import annotations

from uuid import UUID

from skeldir.attribution import RULE_MODELS, ModelParameters, set_models
from skeldir.db.pool import Database
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

MISTAKE = "api:mistake"
RIGHT_TOUCHES = (
    make_touch(idempotency_key="t1", channel="email"),
    make_touch(idempotency_key="t2", channel="sms", occurred_at=at(0.5)),
)
RIGHT_ORDERS = (
    make_conversion(idempotency_key="c1", order_id="A", amount_cents=101),
    make_conversion(idempotency_key="c2", order_id="B", amount_cents=700, occurred_at=at(3)),
)
WRONG_TOUCHES = (
    make_touch(idempotency_key="t3", channel="display", occurred_at=at(0.7)),
    make_touch(idempotency_key="t4", channel="display", journey_key="visitor-2"),
    make_touch(idempotency_key="t5", channel="referral", occurred_at=at(2.5)),
)
WRONG_ORDERS = (
    make_conversion(idempotency_key="c3", order_id="C", occurred_at=at(2)),
    make_conversion(
        idempotency_key="c4", order_id="C", kind="refund", amount_cents=500, occurred_at=at(4)
    ),
    make_conversion(
        idempotency_key="c5", order_id="B", kind="refund", amount_cents=300, occurred_at=at(5)
    ),
    make_conversion(
        idempotency_key="c6",
        order_id="D",
        journey_key="visitor-2",
        currency="JPY",
        occurred_at=at(9),
    ),
)


async def make_shop(db: Database, name: str) -> UUID:
    """A tenant with right facts only; its models cut journeys, so that an order matters to the next one."""
    tenant = await make_tenant(db, name)
    async with db.tenant(tenant) as connection:
        await set_models(
            connection,
            tenant,
            {"linear": ModelParameters(None, "reset", None)},
            changed_by="command:tester",
        )
    await send_touches(db, tenant, *RIGHT_TOUCHES, origin="api:right-touches")
    await send_conversions(db, tenant, *RIGHT_ORDERS, origin="api:right-orders")
    return tenant


async def set_lookback(db: Database, tenant: UUID, days: int) -> None:
    async with db.tenant(tenant) as connection:
        await set_models(
            connection,
            tenant,
            dict.fromkeys(RULE_MODELS, ModelParameters(days, None, None)),
            changed_by="command:tester",
        )


async def send_mistake(db: Database, tenant: UUID, *, origin: str = MISTAKE) -> None:
    assert (await send_touches(db, tenant, *WRONG_TOUCHES, origin=origin)).accepted == 3
    assert (await send_conversions(db, tenant, *WRONG_ORDERS, origin=origin)).accepted == 4
