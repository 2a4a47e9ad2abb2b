"""Single models are set, retired and put in force again, each by itself; a preview shows the result first."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from skeldir.attribution import (
    RULE_MODELS,
    CompleteParameters,
    ModelParameters,
    ModelPreview,
    channel_totals,
    count_dirty_orders,
    define_models,
    latest_changes,
    models_in_force,
    preview_model,
    retain_touches,
    retire_model,
    set_models,
)
from skeldir.attribution.bounds import BOUNDS
from skeldir.attribution.models import ModelUnknown, ModelVersionInvalid
from skeldir.attribution.parameters import LastModelInForce, ModelFitted, ModelNotInForce
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from tests.support.credit import (
    assert_ledger_is_credited,
    assert_sums_are_of_credits,
    credit_until_complete,
)
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

pytestmark = pytest.mark.shares_clone

Sums = dict[str, dict[str, int]]


async def sell(db: Database, tenant: UUID, orders: int = 3) -> None:
    """Touches of two channels 25 and 5 days before each order; every order is refunded in part."""
    for number in range(orders):
        journey = {"journey_key": f"visitor-{number}"}
        order = {"order_id": f"order-{number}", **journey}
        await send_touches(
            db,
            tenant,
            make_touch(occurred_at=at(), **journey),
            make_touch(occurred_at=at(20), channel="sms", **journey),
        )
        await send_conversions(
            db,
            tenant,
            make_conversion(occurred_at=at(25), **order),
            make_conversion(occurred_at=at(26), kind="refund", amount_cents=1_001, **order),
        )


async def settle(db: Database, tenant: UUID) -> Sums:
    """Credit, roll up, and return cents by channel of every version that the sums hold."""
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    return await sums_of(db, tenant)


async def sums_of(db: Database, tenant: UUID) -> Sums:
    found: Sums = {}
    async with db.tenant(tenant) as connection:
        for row in await connection.fetch(
            """SELECT model_version, channel_code, sum(credited_cents)::bigint AS cents FROM rollup_channel_day
               WHERE basis = 'entry' AND allocations <> 0 GROUP BY 1, 2"""
        ):
            found.setdefault(row["model_version"], {})[row["channel_code"]] = row["cents"]
    return found


async def set_one(
    db: Database, tenant: UUID, model: str, by: str = "test", **parameters: object
) -> None:
    async with db.tenant(tenant) as connection:
        await set_models(
            connection,
            tenant,
            {model: ModelParameters(**parameters)},  # type: ignore[arg-type]  # plain values
            changed_by=by,
        )


async def retire(db: Database, tenant: UUID, model: str) -> None:
    async with db.tenant(tenant) as connection:
        await retire_model(connection, tenant, model, changed_by="test")


async def versions(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        return {m.model: m.model_version for m in await models_in_force(connection, tenant)}


def cents_in(preview: ModelPreview) -> dict[str, int]:
    return {
        row.channel: row.credited_cents_then for row in preview.channels if row.credited_cents_then
    }


async def test_setting_a_model_changes_only_that_model(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for owner in (tenant, other_tenant):
        await sell(db, owner)
        before = await settle(db, owner)
    await set_one(db, tenant, "linear", lookback_days=10)
    gone = await sums_of(db, tenant)
    assert gone == {version: cents for version, cents in before.items() if version != "linear@1"}
    async with db.tenant(tenant) as connection:
        assert await count_dirty_orders(connection, tenant) == 3
    after = await settle(db, tenant)
    assert after == gone | {"linear@2": {"sms": 3 * 8_999}}
    assert before["linear@1"] != after["linear@2"]
    assert await settle(db, other_tenant) == before
    await assert_ledger_is_credited(db, tenant)


async def test_a_parameter_that_is_left_out_keeps_its_value(db: Database, tenant: UUID) -> None:
    await set_one(db, tenant, "time_decay", lookback_days=20, half_life_days=3)
    await set_one(db, tenant, "time_decay", after_conversion="reset")
    async with db.tenant(tenant) as connection:
        (found,) = [m for m in await models_in_force(connection, tenant) if m.model == "time_decay"]
    assert (found.model_version, found.lookback_days) == ("time_decay@3", 20)
    assert (found.after_conversion, found.half_life_days) == ("reset", 3)
    await set_one(db, tenant, "time_decay")
    assert (await versions(db, tenant))["time_decay"] == "time_decay@3"


async def test_a_retired_model_returns_with_its_last_parameters(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for days in (20, 10):
        await set_one(db, tenant, "linear", lookback_days=days, half_life_days=3)
    await set_one(db, tenant, "linear", lookback_days=20)
    await retire(db, tenant, "linear")
    coming = await preview_model(db, tenant, "linear", ModelParameters())
    assert (coming.version_now, coming.parameters_now) == (None, None)
    assert (coming.last_version, coming.wanted) == ("linear@2", CompleteParameters(20, "keep", 3))
    assert not coming.changes_nothing
    await set_one(db, tenant, "linear")
    assert (await versions(db, tenant))["linear"] == "linear@2"
    await retire(db, tenant, "linear")
    await set_one(db, tenant, "linear", lookback_days=5)
    async with db.tenant(tenant) as connection:
        (found,) = [m for m in await models_in_force(connection, tenant) if m.model == "linear"]
    assert (found.lookback_days, found.half_life_days) == (5, 3)
    assert (await versions(db, other_tenant))["linear"] == "linear@1"


async def test_a_retired_model_leaves_the_reports_and_the_journal_and_can_return(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell(db, tenant)
    await sell(db, other_tenant)
    theirs = await settle(db, other_tenant)
    before = await settle(db, tenant)
    await retire(db, tenant, "linear")
    left = {version: cents for version, cents in before.items() if version != "linear@1"}
    assert await sums_of(db, tenant) == left
    async with db.tenant(tenant) as connection:
        assert await count_dirty_orders(connection, tenant) == 0
        assert {t.model for t in await channel_totals(connection, tenant)} == {*RULE_MODELS} - {
            "linear"
        }
        journal = await connection.fetch(
            """SELECT channel_code, sum(credited_cents)::bigint AS cents, count(*) AS changes FROM credit_journal
               WHERE model_version = 'linear@1' GROUP BY 1"""
        )
    assert {row["cents"] for row in journal} == {0}
    assert all(row["changes"] > 1 for row in journal)
    await send_conversions(
        db, tenant, make_conversion(order_id="late", journey_key="visitor-0", occurred_at=at(27))
    )
    assert "linear@1" not in await settle(db, tenant)
    await assert_sums_are_of_credits(db, tenant)

    await set_one(db, tenant, "linear")
    assert (await versions(db, tenant))["linear"] == "linear@1"
    back = await settle(db, tenant)
    assert back["linear@1"] == {
        channel: cents + 5_000 for channel, cents in before["linear@1"].items()
    }
    await assert_ledger_is_credited(db, tenant)
    assert await settle(db, other_tenant) == theirs


async def test_a_model_retired_during_its_restatement_leaves_nothing(
    db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    before = await settle(db, tenant)
    await set_one(db, tenant, "linear", lookback_days=10)
    await retire(db, tenant, "linear")
    assert await settle(db, tenant) == {
        version: cents for version, cents in before.items() if version != "linear@1"
    }
    await assert_sums_are_of_credits(db, tenant)


async def test_the_last_model_cannot_be_retired(db: Database, tenant: UUID) -> None:
    for model in RULE_MODELS[:-1]:
        await retire(db, tenant, model)
    with pytest.raises(LastModelInForce) as refusal:
        await retire(db, tenant, RULE_MODELS[-1])
    assert "another model first" in refusal.value.cure
    with pytest.raises(ModelNotInForce):
        await retire(db, tenant, RULE_MODELS[0])
    assert await versions(db, tenant) == {RULE_MODELS[-1]: f"{RULE_MODELS[-1]}@1"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"lookback_days": 0},
        {"lookback_days": 3_651},
        {"half_life_days": 0},
        {"after_conversion": "forget"},
    ],
)
async def test_invalid_parameters_are_refused_by_change_and_preview(
    db: Database, tenant: UUID, parameters: dict[str, object]
) -> None:
    with pytest.raises(ModelVersionInvalid):
        await set_one(db, tenant, "linear", **parameters)
    with pytest.raises(ModelVersionInvalid):
        await preview_model(db, tenant, "linear", ModelParameters(**parameters))  # type: ignore[arg-type]
    assert (await versions(db, tenant))["linear"] == "linear@1"


async def test_a_model_that_nobody_knows_and_one_that_is_fitted_are_not_set(
    db: Database, tenant: UUID
) -> None:
    for model, error in (("u_shaped", ModelUnknown), ("markov", ModelFitted)):
        with pytest.raises(error):
            await set_one(db, tenant, model)
        with pytest.raises(error):
            await preview_model(db, tenant, model, ModelParameters())
    assert set(await versions(db, tenant)) == set(RULE_MODELS)


async def test_no_model_looks_back_further_than_touches_are_kept(
    db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    with pytest.raises(ModelVersionInvalid, match="kept for 40 days"):
        await set_one(db, tenant, "linear", lookback_days=41)
    with pytest.raises(ModelVersionInvalid, match="kept for 40 days"):
        await preview_model(db, tenant, "linear", ModelParameters(lookback_days=41))
    await set_one(db, tenant, "linear", lookback_days=40)


async def test_concurrent_changes_are_serialized(db: Database, tenant: UUID) -> None:
    await sell(db, tenant)
    await settle(db, tenant)
    days = (5, 10, 15)
    await asyncio.gather(
        *(set_one(db, tenant, "linear", by=f"{day}", lookback_days=day) for day in days),
        set_one(db, tenant, "last_touch", by="other", lookback_days=3),
    )
    after = await settle(db, tenant)
    assert (await versions(db, tenant))["last_touch"] == "last_touch@2"
    assert [version for version in after if version.startswith("linear")] == ["linear@4"]
    async with db.tenant(tenant) as connection:
        changes = [c for c in await latest_changes(connection, tenant) if c.model == "linear"]
        (linear,) = [m for m in await models_in_force(connection, tenant) if m.model == "linear"]
    assert [(c.from_version, c.to_version) for c in changes] == [
        ("linear@3", "linear@4"),
        ("linear@2", "linear@3"),
        ("linear@1", "linear@2"),
        (None, "linear@1"),
    ]
    assert str(linear.lookback_days) == changes[0].changed_by == linear.changed_by
    await assert_ledger_is_credited(db, tenant)


async def test_who_changed_a_model_and_when_is_recorded(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await set_one(db, tenant, "linear", by="key:skd_x (boss)", lookback_days=10)
    await retire(db, tenant, "first_touch")
    async with db.tenant(tenant) as connection:
        await define_models(connection, tenant, changed_by="import")
        changes = await latest_changes(connection, tenant)
        in_force = {m.model: m for m in await models_in_force(connection, tenant)}
    parameters = {
        (c.model, c.to_version): (c.parameters_before, c.parameters_after) for c in changes
    }
    usual, short = CompleteParameters(30, "keep", 7), CompleteParameters(10, "keep", 7)
    assert parameters["linear", "linear@2"] == (usual, short)
    assert parameters["first_touch", None] == (usual, None)
    assert parameters["last_touch", "last_touch@1"] == (None, usual)
    recorded = [(c.changed_by, c.model, c.from_version, c.to_version) for c in changes]
    assert sorted(recorded[:2]) == [
        ("import", "first_touch", None, "first_touch@1"),
        ("import", "linear", "linear@2", "linear@1"),
    ]
    assert recorded[2:4] == [
        ("test", "first_touch", "first_touch@1", None),
        ("key:skd_x (boss)", "linear", "linear@1", "linear@2"),
    ]
    assert {row[0] for row in recorded[4:]} == {"program"}
    assert len(recorded) == 10
    assert in_force["linear"].in_force_since == changes[0].changed_at
    assert in_force["linear"].changed_by == "import"
    assert in_force["last_touch"].changed_by == "program"
    async with db.tenant(other_tenant) as connection:
        assert len(await latest_changes(connection, other_tenant)) == 6


@pytest.mark.parametrize("orders_of_page", [1, 2, 100])
async def test_a_preview_equals_the_result_of_the_change(
    db: Database, tenant: UUID, other_tenant: UUID, orders_of_page: int
) -> None:
    await sell(db, tenant)
    await sell(db, other_tenant, orders=1)
    before = await settle(db, tenant)
    for model, parameters in (
        ("linear", ModelParameters(lookback_days=10)),
        ("time_decay", ModelParameters(half_life_days=1)),
    ):
        preview = await preview_model(db, tenant, model, parameters, orders_of_page=orders_of_page)
        assert (preview.orders, preview.orders_in_all) == (3, 3)
        assert (preview.orders_known_in_part, preview.orders_left_out) == (0, 0)
        assert await sums_of(db, tenant) == before, "a preview writes nothing"
        now = {row.channel: row.credited_cents_now for row in preview.channels}
        assert {c: cents for c, cents in now.items() if cents} == before[f"{model}@1"]
        assert sum(row.difference_cents for row in preview.channels) == 0
        async with db.tenant(tenant) as connection:
            await set_models(connection, tenant, {model: parameters}, changed_by="test")
        before = await settle(db, tenant)
        assert cents_in(preview) == {c: cents for c, cents in before[f"{model}@2"].items() if cents}


@pytest.mark.parametrize("orders_of_page", [1, 100])
async def test_a_preview_that_needs_more_than_is_stored_reads_the_facts_as_the_change_will(
    db: Database, tenant: UUID, orders_of_page: int
) -> None:
    await sell(db, tenant)
    journey = {"journey_key": "visitor-0"}
    await send_touches(db, tenant, make_touch(channel="display", occurred_at=at(-20), **journey))
    await send_conversions(
        db, tenant, make_conversion(order_id="again", occurred_at=at(30), **journey)
    )
    before = await settle(db, tenant)
    for parameters in (
        ModelParameters(lookback_days=60),
        ModelParameters(after_conversion="reset"),
        ModelParameters(lookback_days=90, after_conversion="keep"),
    ):
        preview = await preview_model(
            db, tenant, "first_touch", parameters, orders_of_page=orders_of_page
        )
        assert (preview.orders, preview.orders_known_in_part) == (4, 0)
        assert await sums_of(db, tenant) == before, "a preview writes nothing"
        async with db.tenant(tenant) as connection:
            await set_models(connection, tenant, {"first_touch": parameters}, changed_by="test")
        before = await settle(db, tenant)
        after = before[(await versions(db, tenant))["first_touch"]]
        assert cents_in(preview) == {c: cents for c, cents in after.items() if cents}
        assert "display" in after or parameters.after_conversion == "reset"


async def test_a_preview_reports_what_it_does_not_know(db: Database, tenant: UUID) -> None:
    await sell(db, tenant)
    await settle(db, tenant)
    old = [
        make_touch(occurred_at=at(-10), journey_key="visitor-1")
        for _ in range(1 + BOUNDS.touches_of_light_journey)
    ]
    await send_touches(db, tenant, *old)
    longer = await preview_model(db, tenant, "linear", ModelParameters(lookback_days=60))
    assert (longer.orders, longer.orders_known_in_part) == (3, 1)
    part = await preview_model(db, tenant, "linear", ModelParameters(), most=2, orders_of_page=1)
    assert (part.orders, part.orders_in_all) == (2, 3)


async def test_a_preview_of_a_retired_or_retiring_model_has_one_side(
    db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    before = await settle(db, tenant)
    going = await preview_model(db, tenant, "linear", None)
    assert cents_in(going) == {}
    assert {c.channel: -c.difference_cents for c in going.channels} == before["linear@1"]
    await retire(db, tenant, "linear")
    coming = await preview_model(db, tenant, "linear", ModelParameters())
    assert coming.version_now is None
    assert cents_in(coming) == before["linear@1"]
    with pytest.raises(ModelNotInForce):
        await preview_model(db, tenant, "linear", None)
