"""What campaigns cost beside the credit of their touches: matched by id or name, and the rest shown, so it adds up."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from fractions import Fraction
from random import Random
from uuid import UUID

import pytest

from skeldir.attribution import OriginRow, OriginsAsked, report_origins
from skeldir.attribution.origin_schemas import Dimension
from skeldir.db.pool import Database, open_database
from skeldir.rollups import mark_days
from skeldir.spend import AdDay, AdKey, Load, campaign_key, record_days
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

DAY = DAY_0.date()


async def visit(
    db: Database, tenant: UUID, *touches: tuple[str, str, str | None, str | None]
) -> None:
    """Send touches (channel, journey, source, campaign) a minute apart, and an order of 90.00 USD for each journey."""
    await send_touches(
        db,
        tenant,
        *(
            make_touch(
                channel=channel,
                journey_key=journey,
                source=source,
                campaign=campaign,
                occurred_at=at(number / 1440),
            )
            for number, (channel, journey, source, campaign) in enumerate(touches)
        ),
    )
    await send_conversions(
        db,
        tenant,
        *(
            make_conversion(journey_key=journey, amount_cents=9_000, occurred_at=at(0.4))
            for journey in sorted({touch[1] for touch in touches})
        ),
    )


async def pay(
    db: Database,
    tenant: UUID,
    cents: int | None,
    *,
    id_: str | None = None,
    name: str | None = None,
    channel: str = "paid_search",
    day: date = DAY,
) -> None:
    campaign = campaign_key(id_, name)
    assert campaign is not None
    key = AdKey("google_ads", "1", campaign, day, "USD")
    load = Load("api", "/v1/spend", "0" * 64, "test", 1)
    async with db.tenant(tenant) as connection:
        days = [AdDay(key, name, {"cost_cents": cents}, channel, "given")]
        await record_days(connection, tenant, load, days)


async def pay_without_campaign(db: Database, tenant: UUID, cents: int) -> None:
    async with db.tenant(tenant) as connection:
        await connection.execute(
            """INSERT INTO spend (tenant_id, id, business_key, spend_date, channel_code, currency, amount_cents)
               VALUES ($1, gen_random_uuid(), gen_random_uuid()::text, $2, 'paid_search', 'USD', $3)""",
            tenant, DAY, cents,
        )  # fmt: skip
        await mark_days(connection, tenant, [DAY])


async def rows_of(
    db: Database, tenant: UUID, by: Dimension = "campaign", top: int = 10
) -> dict[str, OriginRow]:
    await settle(db)
    async with db.tenant(tenant, is_read_only=True) as connection:
        report = await report_origins(connection, tenant, OriginsAsked(by, top=top))
    return {row.channel: row for row in report.data}


def spend_of(row: OriginRow) -> dict[str | None, int | None]:
    return {part.value: part.spend_cents for part in row.parts}


async def test_campaigns_are_matched_by_id_or_name_and_the_rest_is_a_row_of_its_own(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await visit(
        db,
        tenant,
        ("paid_search", "a", "google", "Brand  Autumn"),
        ("paid_search", "b", "google", "1042"),
        ("paid_search", "c", "google", "twice"),
        ("paid_search", "d", "google", "Twice"),
        ("paid_search", "e", "google", None),
        ("display", "f", "google", "elsewhere"),
    )
    await pay(db, tenant, 3_000, id_="77", name="brand autumn")
    await pay(db, tenant, 500, id_="78", name="Brand Autumn")
    await pay(db, tenant, 1_000, id_="1042", name="Generic")
    await pay(db, tenant, 40, name="TWICE")
    await pay(db, tenant, 7, id_="9", name="elsewhere")
    await pay(db, tenant, None, id_="10", name="nobody knows")
    await pay_without_campaign(db, tenant, 2)
    await pay(db, other_tenant, 9_999, id_="1042", name="Generic")
    rows = await rows_of(db, tenant)
    search = rows["paid_search"]
    assert spend_of(search) == {
        "Brand  Autumn": 3_500,
        "1042": 1_000,
        "twice": None,
        "Twice": None,
        None: None,
    }
    assert (search.spend_cents, search.unmatched_spend_cents) == (4_549, 49)
    assert spend_of(rows["display"]) == {"elsewhere": None}
    brand = next(part for part in search.parts if part.value == "Brand  Autumn").models["linear"]
    assert (brand.roas, brand.cpa_cents, brand.share) == ("2.571429", "3500.000000", "0.200000")
    unknown = next(part for part in search.parts if part.value is None).models["linear"]
    assert (unknown.roas, unknown.cpa_cents) == (None, None)
    whole = search.models["linear"]
    assert (whole.roas, whole.share) == ("9.892284", "0.833333")


async def test_a_source_costs_what_its_campaigns_cost_if_no_other_source_has_them(
    db: Database, tenant: UUID
) -> None:
    await visit(
        db,
        tenant,
        ("paid_search", "a", "google", "Brand"),
        ("paid_search", "b", "google", "Generic"),
        ("paid_search", "c", "bing", "Shared"),
        ("paid_search", "d", "google", "shared"),
        ("paid_search", "e", None, "Nameless"),
    )
    for name, cents in (("Brand", 1_000), ("Generic", 200), ("Shared", 30), ("Nameless", 4)):
        await pay(db, tenant, cents, name=name)
    (search,) = (await rows_of(db, tenant, "source")).values()
    assert spend_of(search) == {"google": 1_200, "bing": None, None: 4}
    assert (search.spend_cents, search.unmatched_spend_cents) == (1_234, 30)
    assert {part.value: part.models["linear"].credited_cents for part in search.parts} == {
        "google": 27_000,
        "bing": 9_000,
        None: 9_000,
    }


async def test_a_channel_that_only_costs_has_a_row(db: Database, tenant: UUID) -> None:
    await visit(db, tenant, ("email", "a", "news", "May"))
    await pay(db, tenant, 800, name="May")
    rows = await rows_of(db, tenant)
    assert (rows["email"].spend_cents, spend_of(rows["email"])) == (0, {"May": None})
    search = rows["paid_search"]
    assert (search.parts, search.spend_cents, search.unmatched_spend_cents) == ([], 800, 800)
    assert search.models["linear"].roas == "0.000000"
    assert search.models["linear"].cpa_cents is None


@pytest.mark.parametrize("seed", [1, 2])
async def test_spend_of_parts_others_and_unmatched_is_that_of_the_channel(
    db: Database, tenant: UUID, seed: int
) -> None:
    chance = Random(seed)
    names = ["Brand", "brand", "Generic", "7", "Summer", None]
    channels = ["paid_search", "display", "email"]
    journeys = [f"j{number}" for number in range(20)]
    await visit(
        db,
        tenant,
        *(
            (
                chance.choice(channels),
                chance.choice(journeys),
                chance.choice(["google", "x", None]),
                name,
            )
            for name in chance.choices(names, k=60)
        ),
    )
    for number, name in enumerate(["BRAND", "Generic", "Summer", "Winter", "Other"]):
        for days in range(2):
            await pay(
                db,
                tenant,
                chance.randrange(-5, 500),
                id_=str(5 + number),
                name=name,
                channel=chance.choice(channels[:2]),
                day=date(2026, 3, 1 + days),
            )
    for by in ("campaign", "source"):
        for top in (1, 25):
            rows = await rows_of(db, tenant, by, top)  # type: ignore[arg-type]  # both are dimensions
            async with db.tenant(tenant) as connection:
                spent = await connection.fetch(
                    "SELECT channel_code, sum(amount_cents)::bigint FROM spend GROUP BY 1"
                )
            expected = {channel: cents for channel, cents in spent if cents}
            assert {
                row.channel: row.spend_cents for row in rows.values() if row.spend_cents
            } == expected
            for row in rows.values():
                parts = [part.spend_cents for part in row.parts] + [row.others.spend_cents]
                matched = sum(cents for cents in parts if cents is not None)
                assert matched + row.unmatched_spend_cents == row.spend_cents
                credit = [part.models["linear"] for part in row.parts]
                credit += [row.others.models["linear"], row.not_known["linear"]]
                assert (
                    sum(one.credited_cents for one in credit) == row.models["linear"].credited_cents
                )
                for part in row.parts:
                    one = part.models["linear"]
                    if part.spend_cents:
                        exact = Fraction(one.credited_cents, part.spend_cents)
                        assert one.roas is not None
                        assert abs(Fraction(one.roas) - exact) <= Fraction(1, 2_000_000)


async def prepare(clone: Clone, tenant: UUID) -> None:
    async with open_database(clone.app_url, pool_size=2, statement_timeout_ms=30_000) as db:
        await visit(db, tenant, ("paid_search", "a", "google", "Brand"), ("email", "b", None, None))
        await pay(db, tenant, 3_000, name="brand")
        await pay(db, tenant, 20, name="Winter")
        await settle(db)


def test_the_command_shows_spend_and_ratios(clone: Clone, tenant: UUID) -> None:
    asyncio.run(prepare(clone, tenant))

    def report(*words: str, status: int = 0) -> str:
        said = run_here(clone.app_url, "report", str(tenant), *words, status=status)
        return (
            said
            if "--json" in words
            else " ".join(said.replace("│", " ").replace("\u2013", "?").split())
        )

    assert "(unmatched) ? ? ? ? ? ? 0.20" in report("--by", "campaign")
    said = report("--by", "campaign", "--ratios", "linear")
    assert "Brand 90.00 100.0 % 1 30.00 3.00 30.00" in said
    assert "(unmatched) ? ? ? 0.20 ? ?" in said
    assert "total 90.00 50.0 % 1 30.20 2.98 30.20" in said
    said = report("--ratios", "linear")
    assert "paid_search 90.00 50.0 % 1 30.20 2.98 30.20" in said
    assert "email 90.00 50.0 % 1 ? ? ?" in said
    assert "total 180.00 100.0 % 2 30.20 5.96 15.10" in said
    rows = json.loads(report("--ratios", "last_touch", "--json"))["channels"]
    assert {row["channel"]: row["roas"] for row in rows} == {
        "paid_search": "2.980132",
        "email": None,
    }
    assert (
        json.loads(report("--ratios", "linear", "--json", "--from", "2026-04-01"))["channels"] == []
    )
    report("--ratios", "linear", "--convert", "EUR", status=2)
