"""Lift tests beside models: revisions that stay, each tenant's own, and the figures of the reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from skeldir.attribution import ChannelsQuery, read_channel_page
from skeldir.db.pool import Database
from skeldir.fits import SHAPLEY, find_fit, fit_model
from skeldir.lifts import LiftTest
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.credit import credit_until_complete
from tests.support.fitted import ASKED, FIRST_DAY, LAST_DAY, send_journeys
from tests.support.lift_files import listed, record, write_tests
from tests.support.reading import key_of, open_client

pytestmark = pytest.mark.shares_clone

PATH = "/v1/lift-tests"
ROWS = (
    f"spring,email,{FIRST_DAY},{LAST_DAY},10,,,5,15,90",
    f"spring,email,{FIRST_DAY},{LAST_DAY},,100.00,EUR,50,150,90",
    "later,email,2026-03-15,2026-03-15,,0,USD,0,0,95",
    "later,email,2026-03-15,2026-03-15,0,,,0,0,95",
    f"huge,paid_search,{FIRST_DAY},{LAST_DAY},,5000000,EUR,4000000,6000000,80",
)


async def test_other_figures_are_a_revision_and_the_same_again_are_not(
    db: Database, tenant: UUID, other_tenant: UUID, clone: Clone, tmp_path: Path
) -> None:
    path = write_tests(tmp_path / "lift.csv", *ROWS)
    first = await record(db, tenant, path)
    assert (first.new, first.revised, first.unchanged) == (5, 0, 0)
    again = await record(db, tenant, path)
    assert (again.new, again.revised, again.unchanged) == (0, 0, 5)
    changed = (
        ROWS[0].replace(",10,", ",11,"),
        *ROWS[1:4],
        "new,display,2026-03-01,2026-03-01,1,,,1,1,90",
    )
    third = await record(db, tenant, write_tests(tmp_path / "other.csv", *changed))
    assert (third.new, third.revised, third.unchanged) == (1, 1, 3)
    found = await listed(db, tenant)
    assert len(found) == 6
    (spring,) = [one for one in found if (one.experiment, one.measure) == ("spring", "conversions")]
    assert (spring.incremental, spring.revision, spring.source) == ("11", 2, "other.csv")
    assert [one.last_day for one in found] == sorted((one.last_day for one in found), reverse=True)
    assert await listed(db, other_tenant) == []
    async with db.tenant(tenant) as connection:
        kept = await connection.fetch(
            "SELECT incremental FROM lift_tests WHERE experiment = 'spring' AND measure = 'conversions'"
            " ORDER BY revision"
        )
        assert [row[0] for row in kept] == [10_000_000, 11_000_000]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE lift_tests SET incremental = lower_end")
    async with db.tenant(tenant) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM lift_tests")


async def credit(db: Database, tenant: UUID) -> None:
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)


async def expected(db: Database, tenant: UUID, test: LiftTest) -> dict[str, Decimal]:
    """Return what the channel report of the test's days says, by version."""
    query = ChannelsQuery.model_validate(
        {"from": test.first_day, "to": test.last_day + timedelta(days=1), "limit": 1_000}
    )
    async with db.tenant(tenant, is_read_only=True) as connection:
        page = await read_channel_page(connection, tenant, query)
    found = dict.fromkeys(page.model_versions.values(), Decimal(0))
    for row in page.data:
        if row.channel != test.channel or test.currency not in (None, row.currency):
            continue
        for model, said in row.models.items():
            amount = Decimal(said.conversions)
            if test.currency is not None:
                amount = Decimal(said.credited_cents) / 100
            found[page.model_versions[model]] += amount
    return found


async def test_each_test_stands_beside_what_the_reports_of_its_days_credit(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await send_journeys(db, tenant)
    await credit(db, tenant)
    await record(db, tenant, write_tests(tmp_path / "lift.csv", *ROWS))
    tests = await listed(db, tenant)
    assert len(tests) == 5
    for test in tests:
        by_report = await expected(db, tenant, test)
        assert {one.version for one in test.models} == set(by_report)
        assert len(by_report) == 6
        for one in test.models:
            assert not one.is_fit
            assert abs(Decimal(one.credited) - by_report[one.version]) < Decimal("0.000001")
            lower, upper = Decimal(test.lower), Decimal(test.upper)
            where = "below" if Decimal(one.credited) < lower else "inside"
            assert one.position == ("above" if Decimal(one.credited) > upper else where)
    # The last day of a test counts.
    assert (
        sum(Decimal(m.credited) for one in tests if one.experiment == "later" for m in one.models)
        > 0
    )
    by_name = {(one.experiment, one.measure): one for one in tests}
    for name, position in ((("huge", "value"), "below"), (("spring", "conversions"), "above")):
        assert {one.position for one in by_name[name].models} == {position}


async def test_the_latest_fits_of_just_the_days_of_a_test_stand_beside_it(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    await send_journeys(db, tenant)
    shapley = replace(ASKED, model=SHAPLEY, chain_order=None, collapse_repeats=None)
    other_days = replace(shapley, last_day=LAST_DAY - timedelta(days=1))
    for asked in (ASKED, shapley, shapley, other_days):
        await fit_model(db, tenant, asked, made_by="test")
    await record(db, tenant, write_tests(tmp_path / "lift.csv", *ROWS))
    async with db.tenant(tenant, is_read_only=True) as connection:
        fits = [await find_fit(connection, tenant, name) for name in ("markov@1", "shapley@2")]
    for test in await listed(db, tenant):
        shown = [one for one in test.models if one.is_fit]
        if test.experiment == "later":
            assert shown == []
            continue
        assert [one.version for one in shown] == ["markov@1", "shapley@2"]
        for one, fit in zip(shown, fits, strict=True):
            (channel,) = [c for c in fit.result.channels if c.channel == test.channel]
            if test.currency is None:
                assert float(one.credited) == pytest.approx(channel.conversions.value, abs=1e-6)
            else:
                (earned,) = [e.cents for e in channel.earnings if e.currency == test.currency]
                assert Decimal(one.credited) * 100 == earned


async def test_the_api_returns_the_same_to_its_own_tenant_only(
    db: Database, clone: Clone, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    await record(db, tenant, write_tests(tmp_path / "lift.csv", *ROWS))
    async with open_client(clone) as client:
        mine = await client.get(PATH, headers=await key_of(db, tenant))
        theirs = await client.get(PATH, headers=await key_of(db, other_tenant))
        refused = await client.get(PATH, params={"limit": 5}, headers=await key_of(db, tenant))
    assert mine.status_code == 200
    assert theirs.json() == {"data": []}
    assert refused.status_code == 422
    tests = await listed(db, tenant)
    assert [one["experiment"] for one in mine.json()["data"]] == [one.experiment for one in tests]
    (one,) = [one for one in mine.json()["data"] if one["experiment"] == "huge"]
    assert (one["lower"], one["currency"]) == ("4000000.00", "EUR")
    model = one["models"][0]
    assert (model["credited"], model["position"], model["beyond"]) == (
        "0.00",
        "below",
        "4000000.00",
    )
    assert model["difference"] == "-5000000.00"
