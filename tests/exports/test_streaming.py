"""`/v1/exports`: the bytes of the command's file, streamed; what was cut off is seen, and what is stopped ends."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from skeldir.app import create_app
from skeldir.attribution import credit_dirty_orders
from skeldir.db.pool import Database
from skeldir.exports import (
    FORMATS,
    PART_NAMES,
    Asked,
    ExportsBusy,
    ExportTurns,
    write_export,
)
from skeldir.ingest import target_of_order
from skeldir.rollups import roll_up_dirty_days
from tests.conftest import Clone
from tests.support.api import serving_on_loopback
from tests.support.make import at, make_conversion, make_touch, send_conversions, send_touches
from tests.support.reading import key_of, open_client, settle
from tests.support.taking_back import undo
from tests.support.two_tenants import fill_two_tenants

ENTRIES = "/v1/exports/entries"
SNAPSHOT = "X-Export-Snapshot"
FILL = """
    INSERT INTO attribution_events (tenant_id, id, idempotency_key, occurred_at, journey_key, channel_code,
                                    channel_rule, campaign)
    SELECT %s, gen_random_uuid(), 'touch-' || n, timestamptz '2026-03-01 00:00Z' + n * interval '1 second',
           sha256(n::text::bytea), 'email', 'given', repeat('long ', 40) || n
    FROM generate_series(1, %s) AS n"""


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def test_a_response_has_the_bytes_of_the_commands_file_and_sums_describe_it(
    client: httpx2.AsyncClient, db: Database, tmp_path: Path
) -> None:
    tenant, other = await fill_two_tenants(db)
    for one in (tenant, other):
        await send_conversions(db, one, make_conversion(order_id=f"of-{one}"))
        await send_touches(db, one, make_touch(idempotency_key="f", campaign=f"=of-{one}"))
    await settle(db)
    key = await key_of(db, tenant)
    for format_ in FORMATS:
        asked = Asked(tenant, PART_NAMES, format_, has_bom=format_ == "csv")
        async with db.tenant(tenant, is_read_only=True) as connection:
            files = await write_export(connection, tmp_path / format_, asked)
        for one in files:
            options: dict[str, Any] = {"format": format_, "excel": asked.has_bom}
            got = await client.get(f"/v1/exports/{one.part}", headers=key, params=options)
            assert got.status_code == 200, got.text
            assert got.headers["content-disposition"] == f'attachment; filename="{one.file}"'
            if format_ != "parquet":  # which says when it was read
                assert got.content == (tmp_path / format_ / one.file).read_bytes(), one.file
            if SNAPSHOT in got.headers and one.part in ("entries", "touches"):
                options["snapshot"] = got.headers[SNAPSHOT]
                path = f"/v1/exports/{one.part}/sums"
                sums = (await client.get(path, headers=key, params=options)).json()
                digest = hashlib.sha256(got.content).hexdigest()
                assert (sums["sha256"], sums["bytes"]) == (digest, len(got.content)), one.file
                assert (sums["rows"], sums["sums"]) == (one.rows, one.sums)
            assert f"of-{other}".encode() not in got.content
    touches = (await client.get("/v1/exports/touches", headers=key)).text
    assert f"'=of-{tenant}" in touches


async def test_an_earlier_snapshot_is_read_again_for_facts_only(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="a"), make_conversion(order_id="b"))
    key = await key_of(db, tenant)
    first = await client.get(ENTRIES, headers=key)
    await send_conversions(db, tenant, make_conversion(order_id="later"))
    await undo(db, tenant, target_of_order("a"))
    again = {"snapshot": first.headers[SNAPSHOT]}
    assert (await client.get(ENTRIES, headers=key, params=again)).content == first.content
    assert b"later" in (await client.get(ENTRIES, headers=key)).content
    for path, params, code in (
        ("/v1/exports/orders", again, "snapshot_invalid"),
        (ENTRIES, {"snapshot": "x"}, "snapshot_invalid"),
        (ENTRIES, {"snapshot": "WyIyMDAwLTAxLTAxVDAwOjAwOjAwWiIsMSxbXV0"}, "snapshot_invalid"),
        (ENTRIES, {"excel": "true", "format": "ndjson"}, "input_invalid"),
        (ENTRIES, {"model": "linear@1"}, "input_invalid"),
        ("/v1/exports/allocations", {"model": "linear@77"}, "model_version_unknown"),
        ("/v1/exports/people", {}, "input_invalid"),
        (ENTRIES, {"from": "2026-03-02", "to": "2026-03-02"}, "input_invalid"),
        (ENTRIES, {"colour": "red"}, "input_invalid"),
    ):
        for end in ("", "/sums"):
            refused = await client.get(path + end, headers=key, params=params)
            assert refused.json()["code"] == code, (path, params)


async def test_days_are_chosen_as_by_the_command(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    for day in (0, 1, 2):
        await send_conversions(
            db, tenant, make_conversion(order_id=f"o{day}", occurred_at=at(24 * day))
        )
    await credit_dirty_orders(db, tenant_id=tenant)
    await roll_up_dirty_days(db, tenant_id=tenant)
    first = at(24)[:10]
    params = {"from": first, "to": at(48)[:10]}
    for part in ("entries", "orders", "allocations"):
        got = await client.get(
            f"/v1/exports/{part}", headers=await key_of(db, tenant), params=params
        )
        assert ("o1" in got.text, "o0" in got.text, "o2" in got.text) == (True, False, False)


def fill(clone: Clone, tenant: UUID, touches: int) -> None:
    with psycopg.connect(clone.superuser_url, autocommit=True) as connection:
        connection.execute(FILL, (tenant, touches))


async def ask(port: int, key: dict[str, str], path: str, version: str = "1.1") -> Any:
    """Send a request, and return the reader and writer of its connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
    words = [f"GET {path} HTTP/{version}", "Host: here", f"Authorization: {key['Authorization']}"]
    writer.write(("\r\n".join(words) + "\r\n\r\n").encode())
    await writer.drain()
    return reader, writer


async def wait_until_asked(admin: psycopg.Connection, condition: str, *, is_so: bool) -> None:
    """Wait until the server has a session of the program's to which a condition applies, or none any more."""
    query = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app_user' "
        f"AND {condition})"
    )
    async with asyncio.timeout(10):
        while admin.execute(query).fetchone() != (is_so,):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.02)


async def test_a_client_that_goes_away_ends_its_query_and_one_that_is_cut_off_sees_it(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELDIR_LOCK_TIMEOUT_MS", "30000")
    fill(clone, tenant, 40_000)
    key = await key_of(db, tenant)
    app = create_app(clone.app_url)
    path = "/v1/exports/touches?format=ndjson"
    async with app.router.lifespan_context(app), serving_on_loopback(app) as port:
        # The client goes while the server's query waits for a lock.
        with psycopg.connect(clone.superuser_url) as admin:
            admin.execute("LOCK TABLE touch_withdrawals IN ACCESS EXCLUSIVE MODE")
            _, writer = await ask(port, key, path)
            await wait_until_asked(admin, "wait_event_type = 'Lock'", is_so=True)
            writer.transport.abort()
            await wait_until_asked(admin, "wait_event_type = 'Lock'", is_so=False)
        # The server's session ends while the client waits to read on.
        reader, writer = await ask(port, key, path)
        await reader.readuntil(b"touch-")
        with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND usename = 'app_user' AND xact_start IS NOT NULL"
            )
        rest = await reader.read(-1)
        assert not rest.endswith(b"0\r\n\r\n")
        writer.close()
        # By HTTP 1.0 it could not be seen.
        reader, writer = await ask(port, key, path, "1.0")
        assert b"export_needs_http_1_1" in await reader.read(-1)
        writer.close()
        # And a complete one has an end.
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as whole:
            got = await whole.get(path, headers=key)
        assert len(got.text.splitlines()) == 40_000


async def test_a_tenant_waits_for_its_other_exports_but_not_for_another_tenants() -> None:
    turns = ExportTurns(pool_size=10, patience_s=0.01)
    first, second, third = uuid4(), uuid4(), uuid4()
    async with turns.take(first):
        with pytest.raises(ExportsBusy):
            async with turns.take(first):
                pass
        async with turns.take(second):
            with pytest.raises(ExportsBusy) as busy:
                async with turns.take(third):
                    pass
        assert busy.value.status == 503
        async with turns.take(third):
            pass
    waiting = ExportTurns(pool_size=1, patience_s=10)
    order: list[str] = []

    async def hold(name: str) -> None:
        async with waiting.take(first):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(hold("a"), hold("b"), hold("c"))
    assert order == ["a", "b", "c"]
