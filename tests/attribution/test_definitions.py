"""Versions of the models: created, put in force, and never summed with one another."""

from __future__ import annotations

from uuid import UUID

import pytest

from skeldir.attribution import (
    RULE_MODELS,
    CompleteParameters,
    ModelParameters,
    channel_totals,
    define_models,
    models_in_force,
    preview_model,
    set_models,
)
from skeldir.attribution.models import ModelVersionInvalid
from skeldir.db.pool import Database
from skeldir.revenue import ledger_totals
from skeldir.rollups import roll_up_dirty_days
from tests.support.credit import (
    assert_ledger_is_credited,
    count_dirty,
    credit_until_complete,
    sum_by_channel,
)
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

pytestmark = pytest.mark.shares_clone


async def redefine(db: Database, tenant: UUID, lookback_days: int) -> list[str]:
    async with db.tenant(tenant) as connection:
        versions = await define_models(connection, tenant, lookback_days=lookback_days)
        return [version.model_version for version in versions]


async def test_other_parameters_make_a_version_whose_credit_is_never_added_to_the_previous_ones(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch(), make_touch(occurred_at=at(20), channel="sms"))
    await send_conversions(db, tenant, make_conversion(occurred_at=at(25)))
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    assert await rolled_up(db, tenant) == {"linear@1": {"email": 5_000, "sms": 5_000}}

    assert await redefine(db, tenant, 10) == sorted(f"{model}@2" for model in RULE_MODELS)
    assert await count_dirty(db, tenant) == 1
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"sms": 10_000}
    await roll_up_dirty_days(db, tenant_id=tenant)
    assert await rolled_up(db, tenant) == {"linear@2": {"sms": 10_000}}
    async with db.tenant(tenant) as connection:
        (total,) = [t for t in await channel_totals(connection, tenant) if t.model == "linear"]
        (ledger,) = await ledger_totals(connection, tenant)
    assert (total.channel_code, total.credited_cents, total.conversions) == ("sms", 10_000, 1)
    assert ledger.net_cents == 10_000


async def test_going_back_puts_the_first_version_in_force_again_with_the_facts_that_arrived_in_between(
    db: Database, tenant: UUID
) -> None:
    await send_touches(db, tenant, make_touch())
    await send_conversions(db, tenant, make_conversion(order_id="X", occurred_at=at(25)))
    await credit_until_complete(db, tenant)
    await redefine(db, tenant, 10)
    await send_conversions(
        db, tenant, make_conversion(order_id="X", kind="refund", amount_cents=1, occurred_at=at(26))
    )
    await credit_until_complete(db, tenant)
    assert await sum_by_channel(db, tenant) == {"unattributed": 9_999}

    assert await redefine(db, tenant, 30) == sorted(f"{model}@1" for model in RULE_MODELS)
    await credit_until_complete(db, tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    assert await sum_by_channel(db, tenant) == {"email": 9_999}
    assert await rolled_up(db, tenant) == {"linear@1": {"email": 9_999}}
    await assert_ledger_is_credited(db, tenant)
    assert await redefine(db, tenant, 31) == sorted(f"{model}@3" for model in RULE_MODELS)


async def test_a_late_touch_marks_orders_within_the_longest_lookback_that_any_version_ever_had(
    db: Database, tenant: UUID
) -> None:
    await redefine(db, tenant, 60)
    await send_conversions(
        db, tenant, make_conversion(occurred_at=at(60)), make_conversion(occurred_at=at(60.01))
    )
    await credit_until_complete(db, tenant)
    await send_touches(db, tenant, make_touch())
    assert await count_dirty(db, tenant) == 1
    await redefine(db, tenant, 10)
    await credit_until_complete(db, tenant)
    await send_touches(db, tenant, make_touch())
    assert await count_dirty(db, tenant) == 1


async def test_the_same_parameters_again_change_nothing(db: Database, tenant: UUID) -> None:
    await send_conversions(db, tenant, make_conversion())
    await credit_until_complete(db, tenant)
    assert await redefine(db, tenant, 30) == sorted(f"{model}@1" for model in RULE_MODELS)
    assert await count_dirty(db, tenant) == 0


@pytest.mark.parametrize("days", [0, -1, 3_651])
async def test_days_out_of_range_are_refused(db: Database, tenant: UUID, days: int) -> None:
    for wanted in ({"lookback_days": days}, {"half_life_days": days}):
        with pytest.raises(ModelVersionInvalid):
            async with db.tenant(tenant) as connection:
                await define_models(connection, tenant, **wanted)


async def rolled_up(db: Database, tenant: UUID) -> dict[str, dict[str, int]]:
    """Return cents by channel of every version of the linear model that the rollups hold."""
    found: dict[str, dict[str, int]] = {}
    async with db.tenant(tenant) as connection:
        for row in await connection.fetch(
            "SELECT model_version, channel_code, sum(credited_cents)::bigint AS cents FROM rollup_channel_day"
            " WHERE basis = 'entry' AND model_version LIKE 'linear%' GROUP BY 1, 2"
        ):
            found.setdefault(row["model_version"], {})[row["channel_code"]] = row["cents"]
    return found


async def test_a_model_that_never_was_in_force_gets_the_defaults(db: Database) -> None:
    tenant = await make_tenant(db, "Shop", has_models=False)
    wanted = ModelParameters(lookback_days=5)
    coming = await preview_model(db, tenant, "linear", wanted)
    assert (coming.last_version, coming.wanted) == (None, CompleteParameters(5, "keep", 7))
    async with db.tenant(tenant) as connection:
        await set_models(connection, tenant, {"linear": wanted}, changed_by="test")
        in_force = await models_in_force(connection, tenant)
    assert [(m.model_version, m.lookback_days, m.half_life_days) for m in in_force] == [
        ("linear@1", 5, 7)
    ]
