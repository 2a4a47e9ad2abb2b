"""Loading facts in bulk: the server makes them, in the form that the program writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from bench.support import make_tenant
from skeldir.attribution import credit_dirty_orders, mark_all_orders
from skeldir.clock import utc_now
from skeldir.ingest.canonical import read_touch
from skeldir.rollups import mark_all_revenue, roll_up_dirty_days

if TYPE_CHECKING:
    from bench.support import Superuser
    from skeldir.db.pool import Database

# Kinds of visits, as frequent as in this list; the program's own rules derive the channel.
VISITS: tuple[dict[str, object], ...] = (
    {"source": "google", "medium": "cpc", "campaign": "brand", "click_ids": ["gclid"]},
    {"source": "google", "medium": "cpc", "campaign": "generic"},
    {
        "source": "facebook",
        "medium": "paid_social",
        "campaign": "retarget",
        "click_ids": ["fbclid"],
    },
    {"source": "youtube", "medium": "cpv", "campaign": "launch"},
    {"source": "newsletter", "medium": "email", "campaign": "weekly"},
    {"source": "partner-blog", "medium": "affiliate"},
    {"referrer_host": "www.google.com"},
    {"referrer_host": "www.google.com"},
    {"referrer_host": "l.instagram.com"},
    {"referrer_host": "a-blog.example"},
    {},
    {},
    {},
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much to load: orders and touches of all tenants, spread evenly over the days up to yesterday.

    `orders_of_first` are those of the tenant with the first id, if it has not as many as the others. An order has up to
    `touches_an_order` touches; what is then missing is visits of those who bought nothing.
    """

    tenants: int
    orders: int
    touches: int
    days: int
    orders_of_first: int | None = None
    touches_an_order: int = 15


async def load_facts(database: Database, admin: Superuser, size: Size) -> list[UUID]:
    """Create the tenants with the default models, load their touches and ledgers; return their ids."""
    tenants = [await make_tenant(database, f"tenant {number}") for number in range(size.tenants)]
    now = utc_now()
    await admin.execute(read_sql("prepare.sql"))
    await admin.execute(
        "INSERT INTO bench.sizes VALUES ($1, $2, $3, $4, $5, $6)",
        size.orders // size.tenants,
        size.touches,
        size.days,
        now.date() - timedelta(days=1),
        size.orders_of_first,
        size.touches_an_order,
    )
    for number, visit in enumerate(VISITS):
        item = visit | {"idempotency_key": "t", "journey_key": "j", "occurred_at": now}
        touch = read_touch(item, now=now, own_channels=frozenset())
        await admin.execute(
            "INSERT INTO bench.visits VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            number,
            touch.channel_code,
            touch.channel_rule,
            touch.source,
            touch.medium,
            touch.campaign,
            touch.referrer_host,
            list(touch.click_id_kinds) or None,
        )
    await admin.execute(read_sql("facts.sql"))
    await admin.execute("VACUUM ANALYZE")
    return tenants


async def credit_and_sum(database: Database, tenant_id: UUID) -> None:
    """Credit all orders and sum all days of a tenant: loading leaves no marks."""
    async with database.tenant(tenant_id) as connection:
        await mark_all_orders(connection, tenant_id)
        await mark_all_revenue(connection, tenant_id)
    await credit_dirty_orders(database, tenant_id=tenant_id)
    await roll_up_dirty_days(database, tenant_id=tenant_id)


def read_sql(name: str) -> str:
    """Return the text of `bench/sql/<name>`."""
    return (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")
