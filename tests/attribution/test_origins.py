"""The credit of a channel divided by source or campaign: parts, others and the rest add up to the channel's credit."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from uuid import UUID

import pytest

from skeldir.attribution import (
    ModelParameters,
    OriginCredit,
    OriginRow,
    OriginsAsked,
    OriginsReport,
    active_versions,
    channel_totals,
    origins,
    report_origins,
    set_models,
)
from skeldir.attribution.models import JourneyTouch, ModelVersion
from skeldir.attribution.origins import ReportTooLarge
from skeldir.attribution.parameters import ModelNotInForce
from skeldir.attribution.splits import LedgerEntry, allocate_order
from skeldir.clock import utc_now
from skeldir.db.ids import new_id
from skeldir.db.pool import Database
from skeldir.ingest import forget_now
from skeldir.tenants import set_retention
from tests.support.audited import settle
from tests.support.make import (
    DAY_0,
    at,
    make_conversion,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.zones import set_zone

pytestmark = pytest.mark.shares_clone

SOURCES = ("google", "bing", "news, letter", None)
CHANNELS = ("email", "paid_search", "direct")
MOST_ROUNDED = 3


async def report(db: Database, tenant: UUID, asked: OriginsAsked, most: int = 50) -> OriginsReport:
    async with db.tenant(tenant, is_read_only=True) as connection:
        return await report_origins(connection, tenant, asked, most_orders=most)


def cents(models: dict[str, OriginCredit], model: str = "linear") -> int:
    return models[model].credited_cents


def parts_of(row: OriginRow, model: str = "linear") -> dict[str | None, int]:
    return {part.value: cents(part.models, model) for part in row.parts}


def assert_adds_up(rows: Iterable[OriginRow]) -> None:
    for row in rows:
        for model, total in row.models.items():
            some = [part.models for part in row.parts] + [row.others.models, row.not_known]
            assert sum(cents(models, model) for models in some) == total.credited_cents


async def test_a_channel_is_divided_by_source_and_by_campaign_and_the_least_are_summed_up(
    db: Database, tenant: UUID
) -> None:
    touches = [("google", "spring"), ("google", None), ("bing", "spring"), (None, "autumn")]
    await send_touches(
        db,
        tenant,
        *(
            make_touch(
                channel="paid_search", source=source, campaign=campaign, occurred_at=at(n / 9)
            )
            for n, (source, campaign) in enumerate(touches)
        ),
        make_touch(channel="direct", source="google", occurred_at=at(0.9)),
    )
    await send_conversions(db, tenant, make_conversion(amount_cents=1_000))
    await settle(db, tenant)
    by_source = await report(db, tenant, OriginsAsked("source", models=["linear"], top=2))
    assert by_source.orders == 1
    assert list(by_source.model_versions) == ["linear"]
    direct, search = by_source.data
    assert parts_of(direct) == {None: 200}
    assert parts_of(search) == {"google": 400, None: 200}
    assert (search.others.values, cents(search.others.models)) == (1, 200)
    assert search.parts[0].models["linear"].conversions == "0.4"
    by_campaign = await report(db, tenant, OriginsAsked("campaign", channel="paid_search"))
    (row,) = by_campaign.data
    assert parts_of(row) == {"spring": 400, "autumn": 200, None: 200}
    assert_adds_up([direct, search, row])


async def test_the_days_are_those_of_the_tenants_zone(db: Database, tenant: UUID) -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    for name, moment in (("late", late), ("early", late - timedelta(hours=1))):
        await send_touches(
            db,
            tenant,
            make_touch(
                channel="email",
                source=name,
                journey_key=name,
                occurred_at=(moment - timedelta(hours=1)).isoformat(),
            ),
        )
        await send_conversions(
            db,
            tenant,
            make_conversion(amount_cents=700, journey_key=name, occurred_at=moment.isoformat()),
        )
    await set_zone(db, tenant, "Europe/Berlin")
    await settle(db, tenant)
    second = OriginsAsked("source", days=(date(2026, 3, 2), date(2026, 3, 3)), models=["linear"])
    found = await report(db, tenant, second)
    assert (found.time_zone, found.orders) == ("Europe/Berlin", 1)
    (row,) = found.data
    assert parts_of(row) == {"late": 700}
    assert_adds_up(found.data)


Visit = tuple[str, str | None, float]
"""Channel, source, and the days after the first one."""
Expected = dict[tuple[str, str, str | None, str], int]
"""By currency, channel, source and model: the minor units of captures."""


def add_expected(
    expected: Expected,
    visits: Iterable[Visit],
    currency: str,
    amount: int,
    versions: Iterable[ModelVersion],
) -> None:
    """Credit a capture on the day after the first one, by the reference, to pairs of channel and source."""
    converted_at = DAY_0 + timedelta(days=1)
    entry = LedgerEntry(new_id(), "capture", converted_at, "capture", currency, amount)
    for version in versions:
        journey = [
            JourneyTouch(
                DAY_0 + timedelta(days=days),
                channel if channel == "direct" else f"{channel}|{source or ''}",
                str(place),
            )
            for place, (channel, source, days) in enumerate(sorted(visits, key=itemgetter(2)))
            if DAY_0 + timedelta(days=days) >= converted_at - version.lookback
        ]
        for part in allocate_order([entry], journey, version):
            channel, _, source = part.channel_code.partition("|")
            expected[currency, channel, source or None, version.model] += part.allocated_cents


def credit_of(rows: Iterable[OriginRow]) -> Expected:
    return {
        (row.currency, row.channel, part.value, model): credit.credited_cents
        for row in rows
        for part in row.parts
        for model, credit in part.models.items()
        if credit.credited_cents
    }


async def make_random_shop(db: Database, tenant: UUID) -> Expected:
    """Fill the tenant with 40 orders, some refunded in part; return the credit of their captures."""
    chance = random.Random(20)
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(20, None, None)}, changed_by="test"
        )
        versions = await active_versions(connection, tenant)
    expected: Expected = defaultdict(int)
    for n in range(40):
        visits = [
            (chance.choice(CHANNELS), chance.choice(SOURCES), chance.uniform(-25, 1))
            for _ in range(chance.randrange(6))
        ]
        order = {
            "order_id": f"o{n}",
            "journey_key": f"visitor-{n}",
            "currency": chance.choice(("USD", "JPY")),
        }
        amount = chance.randrange(2, 10_000)
        add_expected(expected, visits, order["currency"], amount, versions)
        orders = [make_conversion(**order, amount_cents=amount)]
        if n % 3 == 0:
            back = {"kind": "refund", "amount_cents": 1, "occurred_at": at(2)}
            orders.append(make_conversion(**order) | back)
        await send_touches(
            db,
            tenant,
            *(
                make_touch(
                    journey_key=f"visitor-{n}", channel=channel, source=source, occurred_at=at(days)
                )
                for channel, source, days in visits
            ),
        )
        await send_conversions(db, tenant, *orders)
    return expected


async def test_parts_are_those_of_the_reference_and_add_up_to_the_report_of_channels(
    db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await make_random_shop(db, tenant)
    await settle(db, tenant)
    days = (DAY_0.date() + timedelta(days=1), DAY_0.date() + timedelta(days=2))
    captured = await report(db, tenant, OriginsAsked("source", days, top=25))
    found = credit_of(captured.data)
    # The reference rounds each order over pairs of channel and source, not within its channels.
    for key in found.keys() | expected.keys():
        assert abs(found.get(key, 0) - expected.get(key, 0)) <= MOST_ROUNDED, key
    everything = await report(db, tenant, OriginsAsked("source"))
    assert everything.orders == 40
    monkeypatch.setattr(origins, "ENTRIES_READ_AT_ONCE", 1)
    assert await report(db, tenant, OriginsAsked("source")) == everything
    assert await report(db, tenant, OriginsAsked("source", days, top=25)) == captured
    async with db.tenant(tenant) as connection:
        totals = await channel_totals(connection, tenant)
    credited = {
        (row.currency, row.channel, model): credit.credited_cents
        for row in everything.data
        for model, credit in row.models.items()
    }
    assert {key: amount for key, amount in credited.items() if amount} == {
        (one.currency, one.channel_code, one.model): one.credited_cents
        for one in totals
        if one.credited_cents
    }
    for result in (captured, everything):
        assert_adds_up(result.data)
        rests = [credit for row in result.data for credit in row.not_known.values()]
        assert {(credit.credited_cents, credit.conversions) for credit in rests} == {(0, "0")}


async def test_the_credit_of_forgotten_touches_is_not_known_by_source(
    db: Database, tenant: UUID
) -> None:
    def ago(days: int) -> str:
        return (now - timedelta(days=days)).isoformat()

    now = utc_now()
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(60, None, None)}, changed_by="test"
        )
    await send_touches(db, tenant, make_touch(source="old", occurred_at=ago(65)))
    await send_touches(db, tenant, make_touch(source="new", occurred_at=ago(20)))
    await send_conversions(db, tenant, make_conversion(occurred_at=ago(10)))
    await settle(db, tenant)
    asked = OriginsAsked("source", models=["linear"])
    (before,) = (await report(db, tenant, asked)).data
    assert parts_of(before) == {"new": 5_000, "old": 5_000}
    async with db.tenant(tenant) as connection:
        await set_retention(connection, tenant, 60)
    assert (await forget_now(db, tenant)).touches == 1
    (after,) = (await report(db, tenant, asked)).data
    assert parts_of(after) == {"new": 5_000}
    assert after.not_known["linear"] == OriginCredit(5_000, "0.5", share="0.500000")
    assert_adds_up([before, after])


async def test_more_orders_than_may_be_read_and_models_not_in_force_are_refused(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(source="news"))
    await send_conversions(db, tenant, make_conversion(), make_conversion(occurred_at=at(2)))
    await settle(db, tenant)
    with pytest.raises(ReportTooLarge, match="More than 1 orders"):
        await report(db, tenant, OriginsAsked("source"), most=1)
    day = DAY_0.date() + timedelta(days=2)
    one_day = OriginsAsked("source", (day, day + timedelta(days=1)))
    assert (await report(db, tenant, one_day, most=1)).orders == 1
    assert (await report(db, other_tenant, OriginsAsked("source"))).data == []
    assert (await report(db, tenant, OriginsAsked("source", (date(1, 1, 1), day)))).orders == 1
    with pytest.raises(ModelNotInForce):
        await report(db, tenant, OriginsAsked("source", models=["linear", "unheard_of"]))
