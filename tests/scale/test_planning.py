"""`skeldir scale plan` counts what is there, and derives what ten times as much needs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from skeldir.attribution import credit_dirty_orders
from skeldir.cli import app
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.scale.planning import COSTS, Growth, Machine, Relation, Stock, plan_for
from tests.conftest import Clone
from tests.support.command import run_here
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)

pytestmark = pytest.mark.one_server("a plan is for one server that is to grow")
GIB = 2**30
MACHINE = Machine(memory_gib=64, cores=16, disk_gib=1_000)
STOCK = Stock(
    tenants=100,
    touches=10_000_000,
    orders=1_000_000,
    entries=1_100_000,
    largest_touches=1_000_000,
    largest_orders=1_000,
    growth=Growth(30, 0, 0),
    relations=(
        Relation("public.attribution_events", 2_000_000_000, 3_000_000_000),
        Relation("public.order_journeys", 100_000_000, 50_000_000),
        Relation("public.rollup_channel_day", 40_000_000, 10_000_000),
    ),
)


def with_index(bytes_: int, **changed: object) -> Stock:
    """Return a stock whose touches have an index of this size, and nothing else."""
    relations = (Relation("public.attribution_events", 0, bytes_),)
    return replace(STOCK, relations=relations, **changed)


def test_ten_times_as_much_takes_ten_times_the_bytes_that_are_there() -> None:
    needs = plan_for(STOCK, MACHINE)
    assert (needs.tenants, needs.touches, needs.orders) == (1_000, 100_000_000, 10_000_000)
    assert needs.is_own
    assert needs.touch_bytes == (200.0, 300.0)
    assert needs.disk_bytes == 10 * 5_200_000_000 * 3 // 2  # half of the data is kept free
    processes = COSTS["api_mib"].value + 2 * COSTS["worker_mib"].value + COSTS["beat_mib"].value
    assert needs.memory_bytes == 10 * 3_050_000_000 + round(processes * 2**20)


def test_a_small_database_is_planned_with_the_measured_bytes() -> None:
    needs = plan_for(replace(STOCK, touches=1_000, orders=100), MACHINE)
    assert not needs.is_own
    assert needs.touch_bytes[1] == COSTS["touch_index_bytes"].value


@pytest.mark.parametrize(("gib", "nodes"), [(1, 1), (6, 1), (7, 2), (60, 10)])
def test_the_number_of_nodes_follows_what_is_scarcest(gib: int, nodes: int) -> None:
    needs = plan_for(with_index(gib * GIB), MACHINE)
    assert (needs.nodes, needs.bound_by) == (nodes, "memory")
    small_disk = replace(MACHINE, memory_gib=10_000, disk_gib=15)
    assert plan_for(with_index(GIB), small_disk).bound_by == "disk"


def test_the_cores_follow_the_growth_of_the_last_days() -> None:
    day = 86_400
    growing = replace(STOCK, growth=Growth(30, 30 * 100 * day, 0))  # 100 touches a second
    needs = plan_for(growing, MACHINE)
    assert needs.events_per_s == pytest.approx(1_000)
    assert needs.cores == pytest.approx(1_000 * 5 * COSTS["event_cpu_ms"].value / 1_000 / 0.5)
    assert needs.bound_by == "cores"
    assert needs.months is not None
    assert needs.months == pytest.approx(9 * 10_000_000 / (100 * day) * 12 / 365)
    assert plan_for(STOCK, MACHINE).months is None


def test_a_tenant_that_no_server_can_hold_is_not_divided() -> None:
    assert plan_for(with_index(60 * GIB, largest_touches=1_000_000), MACHINE).largest_fits
    assert not plan_for(with_index(60 * GIB, largest_touches=5_000_000), MACHINE).largest_fits
    # One that imports its orders and measures no touches can be the largest, too.
    assert not plan_for(with_index(60 * GIB, largest_orders=500_000), MACHINE).largest_fits


async def test_the_plan_counts_all_tenants_and_what_was_recorded_in_30_days(
    db: Database, clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await make_tenant(db, "other")
    for tenant_id, count in ((tenant, 3), (other, 2)):
        await send_touches(db, tenant_id, *(make_touch() for _ in range(count)))
        await send_conversions(db, tenant_id, make_conversion())
        await credit_dirty_orders(db, tenant_id=tenant_id)
    await record_long_ago(clone, days=31, touches=1)

    monkeypatch.setenv("DATABASE_URL", clone.migrator_url)
    told = await asyncio.to_thread(CliRunner().invoke, app, ["scale", "plan", "--json"])
    assert told.exit_code == 0, told.output
    plan = json.loads(told.stdout)
    now = plan["now"]
    assert (now["tenants"], now["touches"], now["orders"], now["entries"]) == (2, 5, 2, 2)
    assert (now["largest_touches"], now["largest_orders"]) == (3, 1)
    assert now["growth"] == {"days": 30, "touches": 4, "entries": 2}
    names = [relation["name"] for relation in now["relations"]]
    assert {"public.attribution_events", "public.mv_realtime_revenue"} <= set(names)
    assert plan["next"]["touches"] == 50
    assert plan["costs"]["event_cpu_ms"]["bench"] == "bench_scale"
    assert (await young_growth(clone))["days"] == pytest.approx(10, abs=0.1)

    page = (await asyncio.to_thread(CliRunner().invoke, app, ["scale", "plan"])).output
    assert "2 tenants, 5 touches, 2 orders, 2 ledger entries" in page
    assert "One server with 64 GiB of memory, 16 cores and 1,000 GiB of disk is enough." in page
    assert "(bench_scale)" in page


async def young_growth(clone: Clone) -> dict[str, float]:
    """Return the growth of the same data as if all had been recorded in the last ten days."""
    await record_long_ago(clone, days=10, touches=5)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["scale", "plan", "--json"])
    growth: dict[str, float] = json.loads(result.stdout)["now"]["growth"]
    page = (await asyncio.to_thread(CliRunner().invoke, app, ["scale", "plan"])).output
    assert "Recorded in 10.0 days, as old as the data are" in page
    return growth


async def record_long_ago(clone: Clone, *, days: int, touches: int) -> None:
    """Have some touches recorded, and their ids made, days ago."""
    with psycopg.connect(clone.superuser_url) as connection:
        connection.execute(
            """UPDATE attribution_events SET recorded_at = %(at)s, id = uuidv7(-%(days)s * interval '1 day')
               WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM attribution_events LIMIT %(touches)s)""",
            {"at": utc_now() - timedelta(days=days), "days": days, "touches": touches},
        )


@pytest.mark.parametrize("option", ["--memory-gib", "--disk-gib"])
@pytest.mark.parametrize("size", ["inf", "nan", "0"])
def test_a_server_of_no_or_endless_size_is_refused(option: str, size: str) -> None:
    assert CliRunner().invoke(app, ["scale", "plan", option, size]).exit_code == 2


def test_app_user_may_not_ask_for_the_plan(clone: Clone) -> None:
    assert "operator_needed" in run_here(clone.app_url, "scale", "plan", status=1)


def test_the_plan_is_refused_where_the_sizes_are_on_other_servers(clone: Clone) -> None:
    with psycopg.connect(clone.superuser_url) as connection:
        connection.execute("UPDATE pg_extension SET extname = 'citus' WHERE extname = 'plpgsql'")
    assert "database_distributed" in run_here(clone.migrator_url, "scale", "plan", status=1)
