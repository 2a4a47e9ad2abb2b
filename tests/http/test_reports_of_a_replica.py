"""Reports are read from a hot standby with their lag, and from the primary as soon as the standby will not do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from math import inf
from pathlib import Path
from time import monotonic

import httpx2
import pytest
from prometheus_client import REGISTRY

from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Connection, open_database
from skeldir.db.replica import ReplicaUnfit
from skeldir.http.access import ReadKey, TenantTransaction
from skeldir.http.reading import Reading, ReportReading
from skeldir.rollups import roll_up_dirty_days
from skeldir.tenants import revoke_key
from tests.conftest import Clone
from tests.support.api import OwnServer, asking, bearer, own_server
from tests.support.command import run_here
from tests.support.embedded import short_place
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.standby import (
    MOST_LAG_S,
    REALTIME,
    Reader,
    as_superuser,
    lag_ms_of,
    reading,
    replay_paused,
    source_of,
    standby_of,
    stop,
)

REPORTS = ("/v1/attribution/channels", "/v1/revenue/daily", REALTIME, "/v1/views")
# What decides a write, or is looked at right after one.
OTHERS = ("/v1/models", "/v1/jobs", "/v1/dead-events")
# One worker, so that most share one pair of servers.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replica")]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with short_place() as folder:
        yield folder


@pytest.fixture(scope="module")
def primary(place: Path) -> Iterator[OwnServer]:
    with own_server(place / "a") as server:
        yield server


@pytest.fixture(scope="module")
def standby(place: Path, primary: OwnServer) -> Iterator[OwnServer]:
    with standby_of(primary, place / "b") as server:
        yield server


@pytest.fixture
async def reader(
    monkeypatch: pytest.MonkeyPatch, primary: OwnServer, standby: OwnServer
) -> AsyncIterator[Reader]:
    async with reading(monkeypatch, primary, standby.url) as made:
        yield made


def count(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


def fallbacks(reason: str) -> float:
    return count("skeldir_http_read_fallbacks_total", reason=reason)


async def roll_up(server: OwnServer) -> None:
    async with open_database(server.url, pool_size=2, statement_timeout_ms=30_000) as database:
        await credit_dirty_orders(database)
        await roll_up_dirty_days(database)


async def test_each_report_states_where_it_was_read_and_how_old_it_is(reader: Reader) -> None:
    await reader.capture(order_id="o-1")
    await roll_up(reader.primary)
    await reader.until(
        lambda answer: source_of(answer) == "replica" and bool(answer.json()["data"])
    )
    read_before = count("skeldir_http_reads_total", source="replica")
    for path in (*REPORTS, "/v1/attribution/orders/o-1"):
        answer = await reader.get(path)
        assert source_of(answer) == "replica", path
        assert 0 < lag_ms_of(answer) <= MOST_LAG_S * 1_000
    assert count("skeldir_http_reads_total", source="replica") == read_before + len(REPORTS) + 1
    for path in OTHERS:
        assert "X-Read-From" not in (await reader.get(path)).headers


async def test_a_tag_is_of_the_content_and_not_of_the_server(reader: Reader) -> None:
    tag = (await reader.until_read_from("replica")).headers["ETag"]
    for sent, source in (({}, "replica"), ({"Cache-Control": "no-cache"}, "primary")):
        answer = await reader.client.get(
            REALTIME, headers=reader.headers | sent | {"If-None-Match": tag}
        )
        assert (answer.status_code, source_of(answer)) == (304, source)


async def test_a_limit_counts_in_whichever_of_several_headers_it_is(reader: Reader) -> None:
    await reader.until_read_from("replica")
    for limit, source in (("no-cache", "primary"), ("max-age=60", "replica")):
        fields = [
            *reader.headers.items(),
            ("Cache-Control", "no-transform"),
            ("Cache-Control", limit),
        ]
        answer = await reader.client.get(REALTIME, headers=fields)
        assert (answer.status_code, source_of(answer)) == (200, source)


async def test_old_data_are_read_until_they_are_too_old(reader: Reader, standby: OwnServer) -> None:
    await reader.until_read_from("replica")
    with replay_paused(standby):
        await reader.capture()
        await roll_up(reader.primary)
        captured_at = monotonic()
        old = await reader.get()
        assert (source_of(old), old.json()["data"]) == ("replica", [])
        # The age on the answer covers what is missing in it.
        assert lag_ms_of(old) >= (monotonic() - captured_at) * 1_000

        asked_before = fallbacks("requested")
        for wanted in ("no-cache", "max-age=0", "private, max-age=0"):
            new = await reader.get(**{"Cache-Control": wanted})
            assert (source_of(new), lag_ms_of(new)) == ("primary", 0)
            assert new.json()["data"][0]["captured_cents"] == 10_000
        assert fallbacks("requested") == asked_before + 3

        await reader.until(lambda answer: lag_ms_of(answer) > 1_000)
        assert source_of(await reader.get(**{"Cache-Control": "max-age=1"})) == "primary"

        late_before = fallbacks("late")
        new = await reader.until_read_from("primary")
        assert new.json()["data"][0]["captured_cents"] == 10_000
        assert fallbacks("late") > late_before
        assert count("skeldir_database_replica_lag_seconds") > 1
        ready = (await reader.client.get("/health/ready")).json()
        assert ready["status"] == "ready"
        assert "SKELDIR_READ_LAG_S" in ready["replica"]
    again = await reader.until_read_from("replica")
    assert again.json() == new.json()
    assert count("skeldir_database_replica_state", state="used") == 1


async def test_an_idle_primary_does_not_make_the_standby_look_late(reader: Reader) -> None:
    await reader.until_read_from("replica")
    end = monotonic() + MOST_LAG_S + 1

    def is_used_for_long_enough(answer: httpx2.Response) -> bool:
        assert (source_of(answer), lag_ms_of(answer) < MOST_LAG_S * 1_000) == ("replica", True)
        return monotonic() > end

    await reader.until(is_used_for_long_enough)


async def test_an_order_that_is_not_replayed_yet_is_found_on_the_primary(
    reader: Reader, standby: OwnServer
) -> None:
    await reader.until_read_from("replica")
    with replay_paused(standby):
        await reader.capture(order_id="just-sent")
        before = fallbacks("refused")
        answer = await reader.get("/v1/attribution/orders/just-sent")
        assert (source_of(answer), fallbacks("refused")) == ("primary", before + 1)
    unknown = await reader.client.get("/v1/attribution/orders/none", headers=reader.headers)
    assert (unknown.status_code, source_of(unknown)) == (404, "primary")


async def test_a_key_that_ended_while_its_request_waited_is_refused(
    reader: Reader, standby: OwnServer
) -> None:
    await reader.until_read_from("replica")

    @reader.app.post("/v1/views")  # a route that the metrics know
    async def end(caller: ReadKey, reading: ReportReading) -> str:
        async with reader.app.state.database.tenant(caller.tenant_id) as connection:
            await revoke_key(connection, caller.tenant_id, caller.holder.key_id)
        waited = Reading(reading.request, type(caller)(caller.holder, -inf))
        return await waited.run(lambda opened: is_in_recovery(opened.connection))

    with replay_paused(standby):
        answer = await reader.client.post("/v1/views", headers=reader.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")


async def is_in_recovery(connection: Connection) -> str:
    return str(await connection.fetchval("SELECT pg_is_in_recovery()"))


async def test_a_statement_that_replay_cancels_is_repeated_on_the_primary(
    reader: Reader, standby: OwnServer
) -> None:
    as_superuser(standby, "ALTER SYSTEM SET max_standby_streaming_delay = 0")
    as_superuser(standby, "SELECT pg_reload_conf()")
    own = reader.primary.superuser_url.replace("/postgres?", "/own?")
    rows = OwnServer(reader.primary.home, reader.primary.stack)
    rows.superuser_url = own
    as_superuser(
        rows, "CREATE TABLE vacuumed AS SELECT 1 AS a", "GRANT SELECT ON vacuumed TO app_user"
    )
    snapshot = asyncio.Event()

    @reader.app.post("/v1/jobs")
    async def read_long(reading: ReportReading) -> str:
        async def read(opened: TenantTransaction) -> str:
            where = await is_in_recovery(opened.connection)
            if where == "True":
                snapshot.set()
                await opened.connection.execute("SELECT pg_sleep(20)")
            return where

        return await reading.run(read)

    await reader.until_read_from("replica")
    before = fallbacks("conflict")
    asked = asyncio.create_task(reader.client.post("/v1/jobs", headers=reader.headers))
    await snapshot.wait()
    await asyncio.to_thread(as_superuser, rows, "DELETE FROM vacuumed", "VACUUM vacuumed")
    answer = await asyncio.wait_for(asked, 10)
    assert (answer.json(), source_of(answer)) == ("False", "primary")
    assert fallbacks("conflict") == before + 1


async def test_the_standby_stops_under_traffic_and_no_request_fails(
    reader: Reader, standby: OwnServer
) -> None:
    await reader.until_read_from("replica")
    is_over = asyncio.Event()

    async def ask() -> int:
        answered = 0
        while not is_over.is_set():
            await reader.get()  # it checks the status
            answered += 1
        return answered

    traffic = [asyncio.create_task(ask()) for _ in range(4)]
    try:
        for end in (stop, OwnServer.kill):
            await asyncio.to_thread(end, standby)
            await reader.until_read_from("primary")
            ready = await reader.client.get("/health/ready")
            assert (ready.status_code, ready.json()["replica"]) == (
                200,
                "It does not answer, or refuses the role.",
            )
            standby.stack.close()
            await asyncio.to_thread(standby.start)
            await reader.until_read_from("replica")
        assert (await reader.client.get("/health/ready")).json()["replica"] == "ok"
    finally:
        is_over.set()
        answered = await asyncio.gather(*traffic)
    assert min(answered) > 10


@pytest.mark.slow
async def test_the_standby_hangs_and_its_reports_are_read_from_the_primary_within_seconds(
    reader: Reader, standby: OwnServer
) -> None:
    await reader.until_read_from("replica")
    # Connections that are open already, and would wait for as long as a statement may take.
    await asyncio.gather(*(reader.get() for _ in range(4)))
    with standby.frozen():
        began = monotonic()
        answers = await asyncio.gather(*(reader.get() for _ in range(3)))
        assert [source_of(answer) for answer in answers] == ["primary"] * 3
        assert monotonic() - began < 10
    await reader.until_read_from("replica", most_s=20)


async def test_a_standby_that_is_down_at_first_is_used_when_it_comes(
    monkeypatch: pytest.MonkeyPatch, primary: OwnServer, standby: OwnServer
) -> None:
    stop(standby)
    try:
        async with reading(monkeypatch, primary, standby.url) as reader:
            assert source_of(await reader.get()) == "primary"
            standby.start()
            await reader.until_read_from("replica")
    finally:
        standby.stack.close()
        standby.start()


async def test_a_promoted_standby_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: Path,
    primary: OwnServer,
    standby: OwnServer,
) -> None:
    with standby_of(primary, place / "c") as promoted:
        async with reading(monkeypatch, primary, promoted.url) as reader:
            await reader.until_read_from("replica")
            as_superuser(promoted, "SELECT pg_promote()")
            await reader.until_read_from("primary")
            assert "It is no standby: it was promoted" in caplog.text
            assert count("skeldir_database_replica_state", state="not_standby") == 1
            assert source_of(await reader.get()) == "primary"
        # The new primary has a timeline of its own, which the other standby does not follow.
        async with reading(monkeypatch, promoted, standby.url) as reader:
            await reader.until(lambda _: reader.app.state.replica.state == "other_timeline")
            assert source_of(await reader.get()) == "primary"


async def test_the_primary_itself_is_no_replica(
    monkeypatch: pytest.MonkeyPatch, primary: OwnServer
) -> None:
    async with reading(monkeypatch, primary, primary.url) as reader:
        await reader.until(lambda _: reader.app.state.replica.state == "not_standby")
        assert source_of(await reader.get()) == "primary"


async def test_another_cluster_database_or_role_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, clone: Clone, primary: OwnServer, standby: OwnServer
) -> None:
    for read_url, of_it in (
        (clone.app_url, "SKELDIR_READ_URL leads to the database"),
        (standby.url.replace("/own?", "/postgres?"), "SKELDIR_READ_URL leads to the database"),
        (standby.superuser_url.replace("/postgres?", "/own?"), "bypasses row-level security"),
    ):
        monkeypatch.setenv("SKELDIR_READ_URL", read_url)
        with pytest.raises(ReplicaUnfit, match=of_it):
            async with asking(primary.url):
                pass


def test_serve_reports_an_unfit_replica_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, clone: Clone, primary: OwnServer
) -> None:
    monkeypatch.setenv("SKELDIR_READ_URL", clone.app_url)
    output = run_here(primary.url, "serve", "--port", "0", status=1)
    assert "SKELDIR_READ_URL leads to" in output
    assert "Traceback" not in output


async def test_a_tenant_sees_only_its_own_rows_on_the_standby(
    reader: Reader, standby: OwnServer
) -> None:
    async with open_database(
        reader.primary.url, pool_size=2, statement_timeout_ms=30_000
    ) as database:
        other = await make_tenant(database, "B")
        of_other = await bearer(database, other, "read")
        await send_conversions(database, other, make_conversion(amount_cents=777, order_id="of-b"))
    await reader.capture(order_id="of-a")
    await roll_up(reader.primary)
    mine = await reader.until(
        lambda answer: source_of(answer) == "replica" and bool(answer.json()["data"])
    )
    theirs = await reader.client.get(REALTIME, headers=of_other)
    assert source_of(theirs) == "replica"
    assert [row["captured_cents"] for row in mine.json()["data"]] == [10_000]
    assert [row["captured_cents"] for row in theirs.json()["data"]] == [777]

    entries = "SELECT order_id FROM revenue_ledger ORDER BY order_id"
    async with open_database(standby.url, pool_size=2, statement_timeout_ms=30_000) as there:
        for tenant, order in ((reader.tenant, "of-a"), (other, "of-b")):
            async with there.tenant(tenant, is_read_only=True) as connection:
                assert [row["order_id"] for row in await connection.fetch(entries)] == [order]
        async with there.statement() as connection:
            assert await connection.fetch(entries) == []


async def test_without_a_replica_reports_are_the_primarys(
    monkeypatch: pytest.MonkeyPatch, primary: OwnServer, standby: OwnServer
) -> None:
    async with reading(monkeypatch, primary, standby.url) as reader:
        monkeypatch.delenv("SKELDIR_READ_URL")
        async with asking(primary.url) as (_, client):
            answer = await client.get(REALTIME, headers=reader.headers)
            assert (source_of(answer), lag_ms_of(answer)) == ("primary", 0)
            assert "replica" not in (await client.get("/health/ready")).json()
    # The metrics of a replica end with its watch.
    assert REGISTRY.get_sample_value("skeldir_database_replica_state", {"state": "used"}) is None
    assert count("skeldir_database_replica_lag_seconds") == 0
