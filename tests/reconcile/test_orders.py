"""A file's orders against a real ledger: which orders are expected, and of which days they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.errors import SkeldirError
from skeldir.reconcile import ClaimedRow, OrdersAsked, OrdersComparison, compare_order_rows
from tests.support.make import at, make_conversion, send_conversions, send_touches
from tests.support.reconciling import DAY, ad

pytestmark = pytest.mark.shares_clone


def row(order_id: str, cents: int = 10_000, moment: str | None = None, **fields: Any) -> ClaimedRow:
    when = datetime.fromisoformat(moment or at(1))
    return ClaimedRow(fields.pop("row", 1), order_id, cents, fields.pop("currency", "USD"), when)


async def compared(
    db: Database, tenant: UUID, *rows: ClaimedRow, platform: str = "shopify", **asked: Any
) -> OrdersComparison:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await compare_order_rows(connection, tenant, OrdersAsked(platform, **asked), rows)


def reasons(found: OrdersComparison) -> dict[str, str]:
    return {line.order_id: line.reason for line in found.lines if line.reason != "none"}


async def test_each_planted_difference_of_a_shop_is_found_and_none_else(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    orders = ("same", "silent", "twice", "dollars", "more", "late", "refunded", "edge")
    for whose in (tenant, other_tenant):
        await send_conversions(
            db,
            whose,
            *(make_conversion(order_id=order) for order in orders),
            make_conversion(
                order_id="refunded", kind="refund", amount_cents=400, occurred_at=at(2)
            ),
            make_conversion(order_id="before", occurred_at=at(-9)),
        )
    await send_conversions(db, other_tenant, make_conversion(order_id="ghost"))
    found = await compared(
        db,
        tenant,
        row("same"),
        row("refunded"),
        row("ghost", 700),
        row("twice", row=4),
        row("twice", row=5),
        row("dollars", currency="EUR"),
        row("more", 10_001),
        row("late", moment=at(2)),
        row("edge", moment=at(3)),
        days=(DAY, date(2026, 3, 4)),
    )
    assert reasons(found) == {
        "ghost": "missing_in_ledger",
        "silent": "missing_at_platform",
        "twice": "duplicate",
        "dollars": "currency",
        "more": "amount",
        "late": "timing",
        "edge": "timing",
    }
    differences = {(one.currency, one.reason): one.difference_cents for one in found.sums}
    assert differences == {
        ("EUR", "currency"): 10_000,
        ("USD", "missing_in_ledger"): 700,
        ("USD", "missing_at_platform"): -10_000,
        ("USD", "duplicate"): 10_000,
        ("USD", "currency"): -10_000,
        ("USD", "amount"): 1,
        ("USD", "timing"): 0,
        ("USD", "none"): 0,
    }
    in_dollars = found.bridges[1]
    assert (in_dollars.days_cents, in_dollars.others_cents) == (80_000, 0)
    assert in_dollars.claimed_cents - in_dollars.days_cents == in_dollars.difference_cents == -9_299
    (taken,) = [line.ledger for line in found.lines if line.order_id == "refunded"]
    assert taken is not None
    assert (taken.captured, taken.taken) == ({"USD": 10_000}, {"USD": 400})


async def test_a_claimed_order_of_another_day_is_timing_and_bridges_the_days(
    db: Database, tenant: UUID
) -> None:
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="before", occurred_at=at(-1)),
        make_conversion(order_id="outside", occurred_at=at(-1)),
    )
    found = await compared(db, tenant, row("before", moment=at(0)))
    assert reasons(found) == {"before": "timing"}
    (bridge,) = found.bridges
    assert (bridge.days_cents, bridge.others_cents, bridge.difference_cents) == (0, 10_000, 0)


async def test_of_an_ad_platform_only_orders_with_a_touch_of_it_are_expected(
    db: Database, tenant: UUID
) -> None:
    await send_touches(
        db,
        tenant,
        ad("google", "1042", journey_key="brought"),
        ad("facebook", "7", journey_key="theirs"),
        ad("google", "1042", journey_key="long ago", occurred_at=at(-300)),
    )
    await send_conversions(
        db,
        tenant,
        *(
            make_conversion(order_id=who, journey_key=who)
            for who in ("brought", "theirs", "long ago")
        ),
        make_conversion(order_id="claimed", journey_key="theirs"),
    )
    asked = {"platform": "google_ads", "model": "last_touch"}
    found = await compared(db, tenant, row("claimed", 10_500), **asked)
    assert reasons(found) == {"brought": "missing_at_platform", "claimed": "amount"}
    assert (found.expects, found.untouched, found.left_out) == ("touched", ["claimed"], 0)
    everything = await compared(db, tenant, row("claimed"), **asked, expects="all")
    assert len(reasons(everything)) == 3
    with pytest.raises(SkeldirError) as refused:
        await compared(db, tenant, row("claimed"), platform="google_ads")
    assert refused.value.code == "model_not_chosen"


async def test_days_are_those_of_the_files_zone(db: Database, tenant: UUID) -> None:
    # In Berlin it is the 3rd already.
    await send_conversions(
        db, tenant, make_conversion(order_id="night", occurred_at="2026-03-02T23:30:00Z")
    )
    midnight = datetime(2026, 3, 2, 23, tzinfo=UTC).isoformat()
    found = await compared(db, tenant, row("night", moment=midnight), time_zone="Europe/Berlin")
    assert (reasons(found), found.first) == ({}, date(2026, 3, 3))
    claimed = row("night", moment="2026-03-03T06:00:00+01:00")
    assert reasons(await compared(db, tenant, claimed, time_zone="Europe/Berlin")) == {}
    assert reasons(await compared(db, tenant, claimed)) == {"night": "timing"}


@pytest.mark.parametrize(
    ("rows", "asked", "code"),
    [
        ((), {}, "input_invalid"),
        ((row("a"),), {"platform": "googel"}, "expectation_open"),
        ((row("a"),), {"days": (date(2026, 3, 3), None)}, "input_invalid"),
        ((row("a"),), {"days": (date(2024, 3, 3), None)}, "input_invalid"),
        ((row("a"),), {"time_zone": "Mars/Base"}, "time_zone_unknown"),
    ],
)
async def test_what_cannot_be_compared_is_refused(
    db: Database, tenant: UUID, rows: tuple[ClaimedRow, ...], asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(SkeldirError) as refused:
        await compared(db, tenant, *rows, **asked)
    assert refused.value.code == code
