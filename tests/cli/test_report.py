"""`skeldir report` on orders that are set aside: a row of its own counts the money that has no credit."""

from __future__ import annotations

import asyncio
import json
import re
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.attribution import ModelParameters, credit_dirty_orders, set_models
from skeldir.attribution.bounds import Bounds
from skeldir.cli import app
from skeldir.db.pool import Database
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches

ONE_TOUCH = Bounds(touches_of_order=1, touches_at_once=6, touches_of_light_journey=1)


async def test_the_money_of_a_too_long_journey_is_unattributed_and_no_part_of_what_is_uncredited(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_touches(db, tenant, *(make_touch(occurred_at=at(n)) for n in (0, 0.1)))
    await send_conversions(db, tenant, make_conversion(order_id="long", amount_cents=100_000))
    assert (await credit_dirty_orders(db, tenant_id=tenant, bounds=ONE_TOUCH)).set_aside == 1
    await roll_up_dirty_days(db, tenant_id=tenant)
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant)])
    assert result.exit_code == 0, result.output
    assert re.search(r"unattributed +│ +1,000\.00", result.output)
    assert re.search(r"\(uncredited\) +│ +0\.00", result.output)
    assert "1 order is set aside" in result.output
    assert "whose journey is too long has its money under unattributed" in result.output


async def test_a_report_between_a_change_of_a_model_and_its_credit_says_what_is_missing(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_touches(db, tenant, make_touch(occurred_at=at(0)))
    await send_conversions(db, tenant, make_conversion(amount_cents=100_000))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        await set_models(
            connection, tenant, {"linear": ModelParameters(lookback_days=14)}, changed_by="test"
        )
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    between = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant)])
    assert between.exit_code == 1
    assert "1 order awaits credit" in between.output
    as_json = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant), "--json"])
    assert json.loads(as_json.stdout)["orders_awaiting_credit"] == 1
    await credit_dirty_orders(db, tenant_id=tenant)
    whole = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant)])
    assert (whole.exit_code, "await" in whole.output) == (0, False)


async def test_a_report_that_no_waiting_order_explains_names_the_rebuild(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send_conversions(db, tenant, make_conversion(amount_cents=100_000))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    async with db.tenant(tenant) as connection:
        await connection.execute(
            "UPDATE rollup_channel_day SET credited_cents = credited_cents + 1"
        )
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant)])
    assert result.exit_code == 1
    assert "--rebuild" in result.output
    rebuilt = await asyncio.to_thread(
        CliRunner().invoke, app, ["credit", "--tenant", str(tenant), "--rebuild"]
    )
    assert rebuilt.exit_code == 0, rebuilt.output
    result = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant)])
    assert result.exit_code == 0, result.output


async def test_a_report_by_source_divides_each_channel_and_its_rows_add_up(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, source in enumerate(("spring [news]", "autumn", None)):
        await send_touches(db, tenant, make_touch(source=source, occurred_at=at(n / 10)))
    await send_conversions(db, tenant, make_conversion(amount_cents=10_000))
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    monkeypatch.setenv("DATABASE_URL", clone.app_url)

    async def show(*words: str) -> str:
        ended = await asyncio.to_thread(CliRunner().invoke, app, ["report", str(tenant), *words])
        assert ended.exit_code == (2 if "--from" in words and "--by" not in words else 0)
        return ended.output

    shown = await show("--by", "source", "--top", "2")
    assert "email, USD" in shown
    assert "(1 others)" in shown
    assert re.search(r"total +│ +100\.00", shown)
    (row,) = json.loads(await show("--by", "source", "--json"))["data"]
    linear = {part["value"]: part["models"]["linear"]["credited_cents"] for part in row["parts"]}
    assert set(linear) == {"spring [news]", "autumn", None}
    assert sum(linear.values()) + row["not_known"]["linear"]["credited_cents"] == 10_000
    assert "No channel has credit" in await show("--by", "campaign", "--from", "2030-01-01")
    await show("--from", "2026-01-01")
