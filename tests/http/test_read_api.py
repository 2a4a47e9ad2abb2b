"""The reading endpoints: who may read, what is refused, and the lists of money, views, dead events and jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import astuple
from datetime import datetime, timedelta
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.attribution import channel_totals
from skeldir.attribution.kinds import CREDIT
from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.jobs import enqueue
from skeldir.matviews import CANONICAL_VIEWS, refresh_view
from skeldir.revenue.reports import read_realtime_revenue
from tests.conftest import Clone
from tests.support.make import (
    at,
    make_conversion,
    make_touch,
    post_plainly,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client, read_all, settle
from tests.support.two_tenants import fill_two_tenants, refresh_all

pytestmark = pytest.mark.shares_clone

LISTS = (
    "/v1/attribution/channels",
    "/v1/attribution/kinds",
    "/v1/attribution/origins",
    "/v1/rates",
    "/v1/revenue/daily",
    "/v1/revenue/realtime",
    "/v1/views",
    "/v1/dead-events",
    "/v1/jobs",
)
ENDPOINTS = (*LISTS, "/v1/attribution/orders/order-1")


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_reading_needs_a_key_with_the_scope_read(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str
) -> None:
    assert (await client.get(path)).json()["code"] == "key_missing"
    answer = await client.get(path, headers=await key_of(db, tenant, "ingest"))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize("path", LISTS)
async def test_an_empty_result_is_an_empty_list(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str
) -> None:
    data = (await get(client, path, await key_of(db, tenant)))["data"]
    # The views are there for everybody.
    assert data == [] or path == "/v1/views"


async def test_two_tenants_with_the_same_facts_read_the_same_and_nothing_of_each_other(
    client: httpx2.AsyncClient, db: Database
) -> None:
    tenants = await fill_two_tenants(db)
    keys = [await key_of(db, tenant) for tenant in tenants]
    for path in ENDPOINTS:
        if path in ("/v1/views", "/v1/jobs", "/v1/dead-events"):
            continue
        mine, theirs = [await get(client, path, key) for key in keys]
        for body in (mine, theirs):
            for entry in body.get("entries", []):
                entry.pop("recorded_at")
        assert mine == theirs
        assert mine.get("data") != []
    for path in ("/v1/jobs", "/v1/dead-events"):
        mine_ids, their_ids = [
            {row["id"] for row in await read_all(client, path, key)} for key in keys
        ]
        assert mine_ids
        assert not mine_ids & their_ids


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("/v1/attribution/channels", "model=u_shaped", "query.model.0"),
        ("/v1/attribution/channels", "model=linear,", "query.model.1"),
        ("/v1/attribution/channels", "from=2026-02-30", "query.from"),
        ("/v1/attribution/channels", "from=1770000000", "query.from"),
        ("/v1/attribution/channels", "to=2026-06-01T00:00:00Z", "query.to"),
        ("/v1/attribution/channels", "from=2026-06-01&to=2026-06-01", "query.to"),
        ("/v1/attribution/channels", "currency=usd", "query.currency"),
        ("/v1/attribution/channels", "granularity=hour", "query.granularity"),
        ("/v1/attribution/channels", "limit=0", "query.limit"),
        ("/v1/attribution/origins", "by=medium", "query.by"),
        ("/v1/attribution/origins", "top=26", "query.top"),
        ("/v1/attribution/origins", "limit=10", "query.limit"),
        ("/v1/attribution/channels", "limit=1001", "query.limit"),
        ("/v1/revenue/daily", "state=paid", "query.state"),
        ("/v1/revenue/daily", "form=2026-06-01", "query.form"),
        ("/v1/revenue/daily", "from_=2026-06-01", "query.from_"),
        ("/v1/revenue/realtime", "currency=usd", "query.currency"),
        ("/v1/views", "x=1", "query.x"),
        ("/v1/dead-events", "item_kind=spend", "query.item_kind"),
        ("/v1/dead-events", "code=a%00b", "query.code"),
        ("/v1/dead-events", "from=2026-06-01", "query.from"),
        ("/v1/dead-events", "from=2026-06-01T00:00:00", "query.from"),
        ("/v1/dead-events", "to=0001-01-01T00:00:00%2B14:00", "query.to"),
        ("/v1/jobs", "kind=unknown.kind", "query.kind"),
        ("/v1/jobs", "state=lost", "query.state"),
        ("/v1/attribution/orders/order-1", "model=linear", "query.model"),
        ("/v1/attribution/orders/" + "x" * 201, "", "path.order_id"),
        ("/v1/attribution/orders/", "", "path.order_id"),
    ],
)
async def test_an_invalid_parameter_is_named(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str, query: str, named: str
) -> None:
    answer = await client.get(f"{path}?{query}", headers=await key_of(db, tenant))
    assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
    assert f"{named}: " in answer.json()["detail"]


async def test_a_cursor_of_another_query_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    for day in range(3):
        await send_conversions(db, tenant, make_conversion(occurred_at=at(day)))
    await settle(db)
    key = await key_of(db, tenant)
    cursor = (await get(client, "/v1/revenue/daily", key, limit=1))["next_cursor"]
    assert len((await get(client, "/v1/revenue/daily", key, cursor=cursor))["data"]) == 2
    for path, filters in (
        ("/v1/revenue/daily", {"currency": "USD"}),
        ("/v1/attribution/channels", {"granularity": "day"}),
        ("/v1/jobs", {}),
    ):
        answer = await client.get(path, headers=key, params={"cursor": cursor, **filters})
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


# ---------------------------------------------------------------- money


async def test_the_daily_summary_has_amounts_by_state(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    order = {"order_id": "o", "occurred_at": at()}
    await send_conversions(
        db,
        tenant,
        make_conversion(**order),
        make_conversion(**order, kind="refund", amount_cents=1),
        make_conversion(order_id="p", amount_cents=500, currency="JPY", occurred_at=at(1)),
    )
    await settle(db)
    key = await key_of(db, tenant)
    rows = await read_all(client, "/v1/revenue/daily", key)
    assert [tuple(row.values()) for row in rows] == [
        ("2026-03-01", "USD", "captured", 10_000, 1),
        ("2026-03-01", "USD", "refunded", -1, 1),
        ("2026-03-02", "JPY", "captured", 500, 1),
    ]
    assert await read_all(client, "/v1/revenue/daily", key, limit=1) == rows
    for filters, expected in (
        ({"state": "refunded"}, rows[1:2]),
        ({"currency": "JPY"}, rows[2:]),
        ({"from_": "2026-03-02"}, rows[2:]),
        ({"to": "2026-03-02"}, rows[:2]),
        ({"from_": "2026-03-01", "to": "2026-03-02", "state": "captured"}, rows[:1]),
    ):
        assert await read_all(client, "/v1/revenue/daily", key, **filters) == expected  # type: ignore[arg-type]  # plain values


async def test_totals_that_exceed_the_databases_integers_are_reported_exactly(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    day = datetime.fromisoformat(at()).date()
    for cents in (6 * 10**18, 6 * 10**18 + 1):
        await post_plainly(db, tenant, str(cents), cents, day)
        day += timedelta(days=1)
    await send_conversions(db, other_tenant, make_conversion())
    await settle(db)
    totals = {}
    for owner in (tenant, other_tenant):
        answer = await client.get("/v1/revenue/realtime", headers=await key_of(db, owner))
        (totals[owner],) = answer.json()["data"]
    assert totals[tenant]["captured_cents"] == totals[tenant]["net_cents"] == 12 * 10**18 + 1
    assert totals[tenant]["refunded_cents"] == totals[tenant]["disputed_cents"] == 0
    assert totals[other_tenant]["net_cents"] == 10_000
    async with db.tenant(tenant) as connection:
        (read,) = (await read_realtime_revenue(connection, tenant)).data
    assert {type(value) for value in astuple(read)[1:6]} == {int}


async def test_the_totals_are_sent_again_only_when_they_changed(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    path, key = "/v1/revenue/realtime", await key_of(db, tenant)
    await send_conversions(db, tenant, make_conversion(occurred_at=at()))
    await settle(db)
    first = await client.get(path, headers=key)
    assert first.json()["data"] == [
        {
            "currency": "USD",
            "captured_cents": 10_000,
            "refunded_cents": 0,
            "disputed_cents": 0,
            "net_cents": 10_000,
            "orders": 1,
            "last_entry_at": "2026-03-01T12:00:00Z",
        }
    ]
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert first.headers["cache-control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"x", {tag}', f'"a,b" , W/{tag},"c"', "*"):
        answer = await client.get(path, headers=key | {"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "private, no-cache"
    for unknown in ('"x"', tag.strip('"'), "", "W/"):
        assert (await client.get(path, headers=key | {"If-None-Match": unknown})).status_code == 200
    await send_conversions(db, tenant, make_conversion(occurred_at=at()))
    await settle(db)
    changed = await client.get(path, headers=key | {"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


# ---------------------------------------------------------------- views


@pytest.mark.own_clone
async def test_reports_wait_for_no_refresh(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    """The views stay as published; the reports, and the sums of channels, follow the facts."""
    key = await key_of(db, tenant)

    async def shown() -> tuple[int, int, int, int]:
        (money,) = (await get(client, "/v1/revenue/realtime", key))["data"]
        days = (await get(client, "/v1/revenue/daily", key))["data"]
        channels = await get(client, "/v1/attribution/channels", key, model="linear")
        async with db.tenant(tenant) as connection:
            totals = await channel_totals(connection, tenant)
        return (
            money["net_cents"],
            sum(row["amount_cents"] for row in days),
            sum(row["models"]["linear"]["credited_cents"] for row in channels["data"]),
            sum(total.credited_cents for total in totals if total.model == "linear"),
        )

    async def published() -> int:
        async with db.tenant(tenant) as connection:
            return int(await connection.fetchval("SELECT net_cents FROM realtime_revenue"))

    await send_conversions(db, tenant, make_conversion(amount_cents=700, occurred_at=at()))
    await settle(db)
    await refresh_all(db)
    await send_conversions(db, tenant, make_conversion(amount_cents=11, occurred_at=at()))
    await settle(db)
    assert (await shown(), await published()) == ((711,) * 4, 700)
    await refresh_all(db)
    assert (await shown(), await published()) == ((711,) * 4, 711)


@pytest.mark.own_clone
async def test_the_age_of_a_view_is_computed_when_it_is_read(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    key = await key_of(db, tenant)
    before = (await get(client, "/v1/views", key))["data"]
    assert [view["name"] for view in before] == [view.name for view in CANONICAL_VIEWS]
    assert {view["age_seconds"] for view in before} == {None}
    await refresh_all(db)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("UPDATE matview_refreshes SET started_at = started_at - interval '1 hour'")
    view = (await get(client, "/v1/views", key))["data"][0]
    assert 3_600 <= view["age_seconds"] < 3_660
    assert (view["last_outcome"], view["last_result"]) == ("success", "success")


@pytest.mark.own_clone
async def test_a_view_shows_its_last_outcome_and_the_last_that_was_not_a_skip(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    name, key = "mv_realtime_revenue", await key_of(db, tenant)
    await refresh_all(db)
    await refresh_view(db, name, requested_at=utc_now(), only_if_changed=True)

    async def report() -> dict[str, object]:
        views = (await get(client, "/v1/views", key))["data"]
        return next(view for view in views if view["name"] == name)

    skipped = await report()
    assert (skipped["last_outcome"], skipped["last_result"]) == ("skipped_unchanged", "success")
    assert skipped["error_kind"] is None
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("REVOKE MAINTAIN ON mv_realtime_revenue FROM app_user")
    result = await refresh_view(db, name, requested_at=utc_now())
    assert result.outcome == "failed"
    failed = await report()
    assert (failed["last_outcome"], failed["last_result"]) == ("failed", "failed")
    assert failed["error_kind"] == "InsufficientPrivilegeError"
    assert failed["last_success_at"] == skipped["last_success_at"]


# ---------------------------------------------------------------- dead events and jobs


async def test_dead_events_are_listed_with_their_reasons_newest_first(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    path, key = "/v1/dead-events", await key_of(db, tenant)
    await send_touches(db, tenant, make_touch(occurred_at="yesterday"), origin="first")
    halfway = utc_now().isoformat()
    await send_conversions(
        db, tenant, make_conversion(currency="usd"), make_conversion(kind="gift"), origin="second"
    )
    rows = await read_all(client, path, key)
    assert [row["item_kind"] for row in rows] == ["conversion", "conversion", "touch"]
    touch = rows[2]
    assert (touch["code"], touch["origin"]) == ("occurred_at_invalid", "first:0")
    assert touch["item"]["occurred_at"] == "yesterday"
    assert touch["item"]["journey_key"] == "[hidden]"
    assert await read_all(client, path, key, limit=1) == rows
    for filters, expected in (
        ({"item_kind": "touch"}, {"first:0"}),
        ({"code": "kind_unknown"}, {"second:1"}),
        ({"code": "no_such_code"}, set()),
        ({"from_": halfway}, {"second:0", "second:1"}),
        ({"to": halfway}, {"first:0"}),
    ):
        found = await read_all(client, path, key, **filters)  # type: ignore[arg-type]  # plain values
        assert {row["origin"] for row in found} == expected


@pytest.mark.own_clone
async def test_jobs_are_listed_with_only_the_kind_of_their_error(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    key = await key_of(db, tenant)
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT)
    async with db.tenant(tenant) as connection:
        await enqueue(connection, tenant, CREDIT, {"part": 1}, delay_s=60)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE jobs SET state = 'dead', finished_at = now(), error = 'some_fault: of db.internal.'"
            " WHERE arguments = '{}'"
        )
    waiting, dead = await read_all(client, "/v1/jobs", key, kind=CREDIT)
    assert (waiting["state"], waiting["arguments"]) == ("ready", {"part": 1})
    assert datetime.fromisoformat(waiting["run_at"]) > datetime.fromisoformat(waiting["created_at"])
    assert (dead["state"], dead["error_kind"]) == ("dead", "some_fault")
    assert await read_all(client, "/v1/jobs", key, state="dead") == [dead]
    assert await read_all(client, "/v1/jobs", key, limit=1) == [waiting, dead]
    assert (
        await read_all(client, "/v1/jobs", key, state="ready", kind="ingest.forget_touches") == []
    )
