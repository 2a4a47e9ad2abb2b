"""`POST /v1/touches` and `/v1/conversions`, on the real application and database."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import orjson
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.http.bodies import MAX_BODY_BYTES
from skeldir.tenants import issue_key, revoke_key
from tests.conftest import Clone
from tests.support.api import make_app
from tests.support.make import DAY_0, make_conversion, make_touch, post_plainly

pytestmark = pytest.mark.shares_clone


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    app = make_app(clone.app_url)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


async def bearer(db: Database, tenant: UUID, *scopes: str) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection, tenant, name="test", scopes=scopes or ("ingest",), expires_at=None
        )
    return {"Authorization": f"Bearer {key.secret}"}


async def count(db: Database, tenant: UUID, table: str) -> int:
    async with db.tenant(tenant) as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))


async def test_a_json_array_is_recorded(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant)
    answer = await client.post("/v1/touches", json=[make_touch(), make_touch()], headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 2, "duplicates": 0, "rejected": [], "flagged": []}
    assert await count(db, tenant, "attribution_events") == 2


async def test_ndjson_loses_only_the_line_that_is_not_json(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    body = b"\n".join([orjson.dumps(make_touch()), b'{"oops": ', b"", orjson.dumps(make_touch())])
    headers = await bearer(db, tenant) | {"Content-Type": "application/x-ndjson"}
    answer = (await client.post("/v1/touches", content=body, headers=headers)).json()
    assert (answer["accepted"], [fault["code"] for fault in answer["rejected"]]) == (
        2,
        ["json_invalid"],
    )
    assert answer["rejected"][0]["index"] == 1
    assert await count(db, tenant, "dead_events") == 1


async def test_a_gzip_body_is_decompressed(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    headers = await bearer(db, tenant) | {"Content-Encoding": "gzip"}
    body = gzip.compress(orjson.dumps([make_conversion()]))
    answer = await client.post("/v1/conversions", content=body, headers=headers)
    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"[" + b" " * MAX_BODY_BYTES + b"]", {}, 413, "body_too_large"),
        (gzip.compress(b" " * (MAX_BODY_BYTES + 1)), {"Content-Encoding": "gzip"}, 413, "body_too_large"),
        (b"[" + b",".join([b"{}"] * 10_001) + b"]", {}, 413, "body_too_large"),
        (b"not json", {}, 400, "body_unreadable"),
        (b"17", {}, 400, "body_unreadable"),
        (b"[]", {"Content-Encoding": "br"}, 415, "content_encoding_unsupported"),
        (b"[]", {"Content-Encoding": "gzip"}, 400, "body_unreadable"),
        (gzip.compress(b"[]")[:-4], {"Content-Encoding": "gzip"}, 400, "body_unreadable"),
        (gzip.compress(b"[]") * 2, {"Content-Encoding": "gzip"}, 400, "body_unreadable"),
    ],
    ids=[
        "too many bytes", "too many bytes unpacked", "too many items", "not json", "a bare value",
        "unknown encoding", "not gzip", "gzip cut short", "two gzip streams",
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_read_is_a_problem_and_writes_nothing(
    client: httpx2.AsyncClient,
    db: Database,
    tenant: UUID,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = await client.post(
        "/v1/touches", content=body, headers=await bearer(db, tenant) | headers
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["cure"].endswith(".")
    assert await count(db, tenant, "dead_events") == 0


async def test_ten_thousand_items_are_accepted_at_once(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    items = [make_touch() for _ in range(10_000)]
    answer = await client.post("/v1/touches", json=items, headers=await bearer(db, tenant))
    assert answer.json()["accepted"] == 10_000


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer "}]
)
async def test_without_a_key_nothing_is_revealed(
    client: httpx2.AsyncClient, header: dict[str, str]
) -> None:
    answer = await client.post("/v1/touches", json=[], headers=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "key_missing")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.own_clone
async def test_an_unknown_a_revoked_and_an_expired_key_look_alike(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    async with db.tenant(tenant) as connection:
        revoked = await issue_key(connection, tenant, name="r", scopes=["ingest"], expires_at=None)
        await revoke_key(connection, tenant, revoked.key_id)
        expired = await issue_key(connection, tenant, name="e", scopes=["ingest"], expires_at=None)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = %s",
            (expired.key_id,),
        )
    bodies = []
    for secret in ("skd_unknown", revoked.secret, expired.secret):
        answer = await client.post(
            "/v1/touches", json=[], headers={"Authorization": f"Bearer {secret}"}
        )
        assert answer.status_code == 401
        bodies.append({k: v for k, v in answer.json().items() if k != "correlation_id"})
    assert bodies[0] == bodies[1] == bodies[2]


async def test_a_key_without_the_scope_is_refused(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    answer = await client.post(
        "/v1/touches", json=[make_touch()], headers=await bearer(db, tenant, "read")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert await count(db, tenant, "attribution_events") == 0


async def test_a_key_writes_for_its_own_tenant_only(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    touch = make_touch()
    for owner in (tenant, other_tenant):
        answer = await client.post("/v1/touches", json=[touch], headers=await bearer(db, owner))
        assert answer.json()["accepted"] == 1
    assert await count(db, tenant, "attribution_events") == 1


@pytest.mark.own_clone
@pytest.mark.one_server("a distributed table has no triggers")
async def test_a_commit_that_fails_is_a_500(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, clone: Clone
) -> None:
    headers = await bearer(db, tenant)
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'"
        )
        admin.execute(
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON attribution_events"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    correlation = str(uuid4())
    answer = await client.post(
        "/v1/touches", json=[make_touch()], headers=headers | {"X-Correlation-ID": correlation}
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["correlation_id"] == correlation
    assert await count(db, tenant, "attribution_events") == 0


async def test_a_flagged_refund_is_reported(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    refund = make_conversion(kind="refund", order_id="early")
    answer = await client.post("/v1/conversions", json=refund, headers=await bearer(db, tenant))
    assert answer.json()["flagged"] == [
        {"order_id": "early", "currency": "USD", "state": "awaiting_capture"}
    ]


async def test_health_and_unknown_paths(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/health")).json() == {"status": "healthy"}
    for answer in (await client.get("/nowhere"), await client.get("/v1/touches")):
        assert answer.status_code in (404, 405)
        assert set(answer.json()) == {
            "type", "title", "status", "code", "detail", "cure", "correlation_id",
        }  # fmt: skip


async def test_the_description_shows_both_ways_to_send_a_batch(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path in ("/v1/touches", "/v1/conversions"):
        content = paths[path]["post"]["requestBody"]["content"]
        assert set(content) == {"application/json", "application/x-ndjson"}


async def test_an_order_whose_money_no_integer_holds_is_refused_and_nothing_is_written(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await post_plainly(db, tenant, "one", 2**63 - 1 - 10**15, DAY_0.date())
    items = [make_conversion(order_id=order, amount_cents=10**15) for order in ("one", "two")]
    headers = await bearer(db, tenant)
    answer = await client.post("/v1/conversions", json=items, headers=headers)
    assert answer.status_code == 200
    answer = await client.post(
        "/v1/conversions",
        json=[make_conversion(order_id="one"), make_conversion()],
        headers=headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "order_sum_too_large")
    assert await count(db, tenant, "revenue_ledger") == 3
