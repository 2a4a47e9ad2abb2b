"""Whose day a credit is shown on: the entry's, the order's, or that of the touch that earned it."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from datetime import date, timedelta
from uuid import UUID

import pytest

from skeldir.attribution import Basis, OriginsAsked, report_kinds
from skeldir.attribution.credit_days import by_touch_day, day_of_code
from skeldir.attribution.models import ModelVersion
from skeldir.attribution.packing import PackedOrder, pack_entries, pack_path, unpack_path
from skeldir.attribution.splits import LedgerEntry
from skeldir.days import UTC_DAYS
from skeldir.db.pool import Database, open_database
from tests.attribution.test_kinds_of_credit import by_entry, fill
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import settle

Kinds = dict[tuple[str, str, str], list[int]]
_FIRST = DAY_0.date()
_DAY_US = 86_400_000_000
_OTHERS: tuple[Basis, ...] = ("order_day", "touch_day")


async def shown(
    db: Database, tenant: UUID, basis: Basis, first: date | None = None, end: date | None = None
) -> Kinds:
    async with db.tenant(tenant, is_read_only=True) as connection:
        report = await report_kinds(connection, tenant, OriginsAsked("kind", (first, end)), basis)
    return {
        (row.currency, row.channel, model): kinds
        for row in report.data
        for model, one in row.models.items()
        if any(kinds := [one.gross_cents, one.refunded_cents, one.disputed_cents])
    }


def add(*reports: Kinds) -> Kinds:
    total: Kinds = defaultdict(lambda: [0, 0, 0])
    for report in reports:
        for key, kinds in report.items():
            total[key] = [one + more for one, more in zip(total[key], kinds, strict=True)]
    return {key: kinds for key, kinds in total.items() if any(kinds)}


async def send_an_order_of_three_touches(db: Database, tenant: UUID) -> None:
    await send_touches(
        db,
        tenant,
        make_touch(channel="email", journey_key="a", occurred_at=at(0)),
        make_touch(channel="direct", journey_key="a", occurred_at=at(1)),
        make_touch(channel="email", journey_key="a", occurred_at=at(2)),
    )
    await send_conversions(
        db,
        tenant,
        make_conversion(order_id="o", journey_key="a", amount_cents=9_000, occurred_at=at(3)),
        make_conversion(order_id="o", kind="refund", amount_cents=3_000, occurred_at=at(5)),
        make_conversion(order_id="bare", journey_key="b", amount_cents=700, occurred_at=at(4)),
    )
    await settle(db)


async def days_of(db: Database, tenant: UUID, basis: Basis, model: str) -> dict[int, dict[str, list[int]]]:  # fmt: skip
    """Return, by the number of the day, the gross and the refunded cents of each channel by a model."""
    found = {}
    for number in range(8):
        day = _FIRST + timedelta(days=number)
        kinds = await shown(db, tenant, basis, day, day + timedelta(days=1))
        if of_day := {key[1]: cents[:2] for key, cents in kinds.items() if key[2] == model}:
            found[number] = of_day
    return found


async def test_money_is_on_the_day_of_the_entry_of_the_order_or_of_the_touch(
    db: Database, tenant: UUID
) -> None:
    await send_an_order_of_three_touches(db, tenant)
    thirds = {"direct": [3_000, 0], "email": [6_000, 0]}
    bare = {"unattributed": [700, 0]}
    assert await days_of(db, tenant, "entry_day", "linear") == {
        3: thirds,
        4: bare,
        5: {"direct": [0, -1_000], "email": [0, -2_000]},
    }
    refunded = {"direct": [3_000, -1_000], "email": [6_000, -2_000]}
    assert await days_of(db, tenant, "order_day", "linear") == {3: refunded, 4: bare}
    assert await days_of(db, tenant, "touch_day", "linear") == {
        0: {"email": [3_000, -1_000]},
        1: {"direct": [3_000, -1_000]},
        2: {"email": [3_000, -1_000]},
        4: bare,
    }
    whole = {"email": [9_000, -3_000]}
    assert await days_of(db, tenant, "touch_day", "first_touch") == {0: whole, 4: bare}
    assert await days_of(db, tenant, "touch_day", "last_non_direct") == {2: whole, 4: bare}


async def test_a_journey_of_direct_visits_only_is_on_the_day_of_its_last_one(
    db: Database, tenant: UUID
) -> None:
    for days in (-40, 0, 1):
        channel = "email" if days < 0 else "direct"
        touch = make_touch(channel=channel, journey_key="a", occurred_at=at(days))
        await send_touches(db, tenant, touch)
    await send_conversions(
        db, tenant, make_conversion(journey_key="a", amount_cents=100, occurred_at=at(3))
    )
    await settle(db)
    assert await days_of(db, tenant, "touch_day", "last_non_direct") == {1: {"direct": [100, 0]}}


@pytest.mark.parametrize(("seed", "orders"), [(3, 4), (4, 40)])
async def test_each_basis_shows_the_same_money_and_days_add_up(
    db: Database, tenant: UUID, other_tenant: UUID, seed: int, orders: int
) -> None:
    await fill(db, tenant, seed, orders)
    await fill(db, other_tenant, seed, 2)
    by_entries = await shown(db, tenant, "entry_day")
    for basis in _OTHERS:
        days = [_FIRST + timedelta(days=number) for number in range(7)]
        parts = [await shown(db, tenant, basis, day, day + timedelta(days=1)) for day in days]
        whole = await shown(db, tenant, basis)
        assert add(*parts) == whole
        assert of_currencies(whole) == of_currencies(by_entries)
    assert await shown(db, tenant, "order_day") == by_entries
    by_touches = await shown(db, tenant, "touch_day")
    apart = add(by_touches, {key: [-cents for cents in kinds] for key, kinds in by_entries.items()})
    most = 2 * len(await by_entry(db, tenant)) * orders
    assert sum(abs(cents) for kinds in apart.values() for cents in kinds) < most
    assert not {key for key in apart if key[2] in {"first_touch", "last_touch", "last_non_direct"}}


def of_currencies(report: Kinds) -> Kinds:
    """Return the money of all channels together."""
    return add(*({(currency, "", model): kinds} for (currency, _, model), kinds in report.items()))


def order_of_days(number: int, days: int) -> PackedOrder:
    """Return an order with a touch by one channel on each of the days before it."""
    entry = LedgerEntry(UUID(int=number + 1), "k", DAY_0, "capture", "USD", 1)
    path = pack_path([(number, day * _DAY_US) for day in range(days, 0, -1)])
    return PackedOrder(f"o{number}", DAY_0, None, 0, 1, path, pack_entries([entry]))


def test_orders_of_more_days_than_a_path_has_numbers_are_divided() -> None:
    version = ModelVersion("linear@1", "linear")
    orders = [order_of_days(number, 6_000) for number in range(6)]
    numbers = {f"c{number}": number for number in range(6)}
    parts = by_touch_day(orders, version, numbers, UTC_DAYS)
    assert [len(codes) for _, codes in parts] == [18_000, 18_000]
    assert day_of_code(min(parts[0][1]), _FIRST) == ("c0", _FIRST - timedelta(days=6_000))
    moved = [order for of_part, _ in parts for order in of_part]
    assert [ages_of(order) for order in moved] == [ages_of(order) for order in orders]


def ages_of(order: PackedOrder) -> list[int]:
    return [age for _, age in unpack_path(order.path)]


async def prepare(clone: Clone, tenant: UUID) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        await send_an_order_of_three_touches(db, tenant)


def test_the_command_shows_a_basis(clone: Clone, tenant: UUID) -> None:
    asyncio.run(prepare(clone, tenant))
    words = ("report", str(tenant), "--by", "kind", "--basis", "touch_day", "--ratios", "linear")
    end = _FIRST + timedelta(days=1)
    said = run_here(clone.app_url, *words, "--from", str(_FIRST), "--to", str(end))
    assert "by the day of the touch" in said
    assert "email 30.00 -10.00 0.00 20.00" in " ".join(said.replace("│", " ").split())
    report = json.loads(run_here(clone.app_url, *words, "--json"))
    assert report["basis"] == "touch_day"
    assert report["data"][0]["models"]["linear"]["not_known_cents"] is None
