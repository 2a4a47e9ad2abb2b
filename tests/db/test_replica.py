"""What a replica's answers mean: how old its data are at most, and whether it is one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from skeldir.db.pool import Connection, Database, DatabaseUnreachable, Prove, open_database
from skeldir.db.replica import Replica, ReplicaUnused, fault_of, open_replica
from skeldir.db.store import queries
from tests.conftest import Clone
from tests.support.api import OwnServer, asking, key_of_new_tenant, own_server
from tests.support.embedded import short_place
from tests.support.make import make_conversion
from tests.support.standby import standby_of

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from skeldir.db.store import SelectReplayedRow, SelectWrittenRow


OF_BOTH = {"database_oid": 5, "role_name": "app_user"}


def written(position: int, *, timeline: int = 1, cluster: int = 7) -> SelectWrittenRow:
    return {"position": position, "timeline": timeline, "cluster": cluster} | OF_BOTH


def replayed(
    position: int | None,
    *,
    timeline: int = 1,
    database_oid: int = 5,
    role_name: str = "app_user",
    is_in_recovery: bool = True,
) -> SelectReplayedRow:
    own = {"position": position, "timeline": timeline, "cluster": 7}
    of_it = {"database_oid": database_oid, "role_name": role_name}
    return own | of_it | {"is_in_recovery": is_in_recovery, "started_at": datetime.now(UTC)}


def is_old(replica: Replica, seconds: float) -> bool:
    return seconds <= replica.lag_s < seconds + 1


async def test_the_age_counts_from_the_question_whose_answer_has_been_replayed(
    db: Database,
) -> None:
    replica, now = Replica(most_lag_s=25), monotonic()
    for ago, position in ((30, 100), (20, 200), (10, 300)):
        replica.note_written(now - ago, written(position))
    replica.note_replayed(db, replayed(None))
    assert replica.state == "late"
    replica.note_replayed(db, replayed(199))
    assert is_old(replica, 30)
    assert (replica.state, "SKELDIR_READ_LAG_S" in replica.describe()) == ("late", True)
    replica.note_replayed(db, replayed(200))
    assert is_old(replica, 20)
    assert (replica.state, replica.describe()) == ("used", "ok")
    # Nothing more was replayed, and time goes on.
    replica.note_replayed(db, replayed(299))
    assert is_old(replica, 20)
    replica.note_replayed(db, replayed(1_000))
    assert is_old(replica, 10)


async def test_positions_of_another_timeline_say_nothing(db: Database) -> None:
    replica, now = Replica(most_lag_s=25), monotonic()
    replica.note_written(now - 20, written(100))
    replica.note_written(now - 10, written(200, timeline=2))
    replica.note_replayed(db, replayed(150))
    assert replica.state == "other_timeline"
    replica.note_replayed(db, replayed(150, timeline=2))
    assert replica.state == "late"
    replica.note_replayed(db, replayed(200, timeline=2))
    assert (replica.state, is_old(replica, 10)) == ("used", True)


async def test_a_replica_that_is_lost_is_not_used_before_it_answers(
    db: Database, tenant: UUID
) -> None:
    replica = Replica(most_lag_s=25)
    replica.note_written(monotonic(), written(100))
    replica.note_replayed(db, replayed(100))
    replica.mark_lost()
    with pytest.raises(ReplicaUnused) as unused:
        async with replica.known_tenant(tenant, most_lag_s=25):
            pass
    assert unused.value.reason == replica.state == "unreachable"
    # It may have come back with less than it has shown.
    replica.note_replayed(db, replayed(100))
    assert replica.state == "late"
    replica.note_written(monotonic(), written(100))
    replica.note_replayed(db, replayed(100))
    async with replica.known_tenant(tenant, most_lag_s=25) as (_, known, lag_s):
        assert known is not None
        assert 0 < lag_s < 1


async def test_data_that_got_too_old_while_a_request_waited_are_not_read(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    replica = Replica(most_lag_s=0.2)
    async with open_database(clone.app_url, pool_size=1, statement_timeout_ms=30_000) as alone:
        async with alone.statement():
            replica.note_written(monotonic(), written(100))
            replica.note_replayed(alone, replayed(100))
            waiting = asyncio.create_task(read(replica, tenant))
            while replica.state == "used":  # noqa: ASYNC110 - time alone changes it
                await asyncio.sleep(0.01)
            assert not waiting.done()
        assert await waiting == "late"


async def test_a_new_connection_to_another_server_is_not_read(clone: Clone, tenant: UUID) -> None:
    replica = Replica(most_lag_s=25)
    async with open_database(
        clone.app_url, pool_size=2, statement_timeout_ms=30_000, prove=replica.prove
    ) as server:
        replica.note_written(monotonic(), written(100))
        replica.note_replayed(server, replayed(100))
        assert await read(replica, tenant) == ""
        # The only connection is in use, and the next one leads to what is no standby.
        async with server.statement():
            assert await read(replica, tenant) == "late"
        assert replica.state == "unreachable"


async def read(replica: Replica, tenant: UUID) -> str:
    """Return why the replica is not read, or an empty text."""
    try:
        async with replica.known_tenant(tenant, most_lag_s=25):
            return ""
    except ReplicaUnused as unused:
        return unused.reason


@asynccontextmanager
async def a_pair() -> AsyncIterator[tuple[OwnServer, OwnServer]]:
    with (
        short_place() as place,
        own_server(place / "a") as primary,
        standby_of(primary, place / "b") as standby,
    ):
        yield primary, standby


async def test_a_standby_that_comes_back_with_less_than_it_has_shown_is_not_read() -> None:
    replica = Replica(most_lag_s=25)
    async with (
        a_pair() as (primary, standby),
        open_database(primary.url, pool_size=1, statement_timeout_ms=30_000) as here,
        open_database(
            standby.url, pool_size=4, statement_timeout_ms=30_000, prove=replica.prove
        ) as there,
        AsyncExitStack() as held,
    ):
        async with here.statement() as one, there.statement() as other:
            replayed = dict(await queries.select_replayed(other))
            written = dict(await queries.select_written(one)) | {"position": replayed["position"]}

        async def read_by_new_connection() -> str:
            await held.enter_async_context(there.statement())
            try:
                async with replica.known_tenant(uuid4(), most_lag_s=25):
                    return "read"
            except ReplicaUnused as unused:
                return unused.reason

        replica.note_written(monotonic(), written)
        replica.note_replayed(there, replayed)
        assert await read_by_new_connection() == "read"
        # The primary has been promoted, and this one does not follow.
        replica.note_written(monotonic(), written | {"timeline": 2})
        assert await read_by_new_connection() == "late"
        assert replica.state == "unreachable"
        further = {"position": replayed["position"] + 10**9}
        replica.note_written(monotonic(), written | further)
        replica.note_replayed(there, replayed | further)
        assert replica.state == "used"
        assert await read_by_new_connection() == "late"


async def test_of_several_standbys_behind_one_address_only_the_one_that_is_asked_is_read() -> None:
    replica = Replica(most_lag_s=25)
    async with (
        a_pair() as (primary, standby),
        open_database(primary.url, pool_size=1, statement_timeout_ms=30_000) as here,
        # The primary stands for the other standby.
        open_database(
            standby.url, pool_size=2, statement_timeout_ms=30_000, prove=replica.prove
        ) as there,
        here.statement() as other,
    ):
        with pytest.raises(DatabaseUnreachable, match="another server") as refused:
            await replica.prove(other)
        assert "SKELDIR_READ_URL" in refused.value.cure
        async with there.statement(), there.statement() as second:
            await replica.prove(second)
        replica.expect_any_server()
        await replica.prove(other)


async def test_a_report_whose_connection_leads_to_another_server_is_read_from_the_primary(
    clone: Clone, tenant: UUID
) -> None:
    replica = Replica(most_lag_s=25)
    connections = 0

    async def prove(connection: Connection) -> None:
        nonlocal connections
        connections += 1
        if connections > 1:
            # As if the servers had changed.
            replica._server_started_at = datetime.now(UTC)  # noqa: SLF001
        await replica.prove(connection)

    async with open_database(
        clone.app_url, pool_size=2, statement_timeout_ms=30_000, prove=prove
    ) as server:
        replica.note_written(monotonic(), written(100))
        replica.note_replayed(server, replayed(100))
        async with server.statement():
            assert await read(replica, tenant) == "unreachable"
        assert replica.state == "unreachable"


@pytest.mark.parametrize(
    ("of_standby", "fault"),
    [
        (replayed(1), None),
        (replayed(1, database_oid=6), "other_database"),
        (replayed(1, role_name="reports"), "other_database"),
        (replayed(1, is_in_recovery=False), "not_standby"),
        (replayed(1, timeline=2), "other_timeline"),
        (replayed(1, database_oid=6, is_in_recovery=False), "other_database"),
    ],
)
def test_what_is_wrong_with_a_standby(of_standby: SelectReplayedRow, fault: str | None) -> None:
    assert fault_of(written(1), of_standby) == fault
    assert fault_of(written(1, cluster=8), of_standby) == "other_database"


async def test_an_api_that_writes_to_a_standby_is_not_ready_and_answers_that_it_is_away() -> None:
    async with a_pair() as (primary, standby):
        headers = await key_of_new_tenant(primary.url)
        async with asking(standby.url) as (_, client), asyncio.timeout(20):
            sending = {"headers": headers, "json": [make_conversion()]}
            # Until the standby has the key.
            while (answer := await client.post("/v1/conversions", **sending)).status_code == 401:
                pass
            ready = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    assert ready.status_code == 503
    assert "takes no writes" in ready.text


async def test_a_standby_that_does_not_answer_is_not_blamed_on_database_url(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def opening(*, prove: Prove | None = None) -> AbstractAsyncContextManager[Database]:
        url = "postgresql://x@127.0.0.1:1/x"
        return open_database(url, pool_size=1, statement_timeout_ms=1_000, prove=prove)

    async with open_replica(opening, db, most_lag_s=2), asyncio.timeout(10):
        while "db.replica_unreachable" not in caplog.text:  # noqa: ASYNC110 - only the log knows
            await asyncio.sleep(0.01)
    for event in ("db.replica_unchecked", "db.replica_unreachable"):
        assert re.search(f"{event}.* SKELDIR_READ_URL: DatabaseUnreachable: No conn", caplog.text)
    assert "DATABASE_URL" not in caplog.text
