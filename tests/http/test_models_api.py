"""`/v1/models`: keys with the scope set, retire and preview models, and the API reports who did it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.attribution import RULE_MODELS, retain_touches
from skeldir.db.pool import Database
from skeldir.http.bodies import MAX_BODY_BYTES
from tests.conftest import Clone
from tests.support.make import (
    at,
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import get, key_of, open_client, settle

pytestmark = pytest.mark.shares_clone

PATH = "/v1/models"
REPORT = "/v1/attribution/channels"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def sell(db: Database, tenant: UUID) -> None:
    await send_touches(db, tenant, make_touch(), make_touch(occurred_at=at(20), channel="sms"))
    await send_conversions(db, tenant, make_conversion(occurred_at=at(25)))
    await settle(db)


async def credited(client: httpx2.AsyncClient, key: dict[str, str], model: str) -> dict[str, int]:
    rows = (await get(client, REPORT, key, model=model))["data"]
    found = {row["channel"]: row["models"][model]["credited_cents"] for row in rows}
    return {channel: cents for channel, cents in found.items() if cents}


async def test_a_model_is_set_by_a_key_that_may_manage_and_the_report_follows(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sell(db, tenant)
    await sell(db, other_tenant)
    manage, read = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    theirs = await key_of(db, other_tenant)
    body = {"lookback_days": 10}
    seen = await client.post(f"{PATH}/linear/preview", headers=read, json=body)
    assert seen.status_code == 200
    assert seen.json() == {
        "model": "linear",
        "version_now": "linear@1",
        "parameters_now": {"lookback_days": 30, "after_conversion": "keep", "half_life_days": 7},
        "last_version": "linear@1",
        "wanted": {"lookback_days": 10, "after_conversion": "keep", "half_life_days": 7},
        "orders": 1,
        "orders_in_all": 1,
        "fit": None,
        "orders_known_in_part": 0,
        "orders_left_out": 0,
        "channels": [
            {
                "currency": "USD",
                "channel": channel,
                "credited_cents_now": 5_000,
                "credited_cents_then": 5_000 + moved,
                "difference_cents": moved,
            }
            for channel, moved in (("email", -5_000), ("sms", 5_000))
        ],
    }
    answer = await client.put(f"{PATH}/linear", headers=manage, json=body)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["model_version"], made["lookback_days"]) == ("linear@2", 10)
    secret = manage["Authorization"].removeprefix("Bearer ")
    assert made["changed_by"] == f"key:{secret[:12]} (test)"
    assert secret not in answer.text
    await settle(db)
    assert await credited(client, read, "linear") == {"sms": 10_000}
    assert await credited(client, read, "first_touch") == {"email": 10_000}
    assert await credited(client, theirs, "linear") == {"email": 5_000, "sms": 5_000}

    listed = await get(client, PATH, read)
    assert [one["model"] for one in listed["data"]] == list(RULE_MODELS)
    assert made in listed["data"]
    assert listed["changes"][0] == {
        "changed_at": made["in_force_since"],
        "changed_by": made["changed_by"],
        "model": "linear",
        "from_version": "linear@1",
        "to_version": "linear@2",
        "parameters_before": seen.json()["parameters_now"],
        "parameters_after": seen.json()["wanted"],
    }
    assert len((await get(client, PATH, theirs))["changes"]) == 6


async def test_a_retired_model_is_not_reported_until_it_is_set_again(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await sell(db, tenant)
    manage, read = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    before = await credited(client, read, "linear")
    answer = await client.delete(f"{PATH}/linear", headers=manage)
    assert answer.status_code == 200
    assert "linear" not in {one["model"] for one in answer.json()["data"]}
    assert answer.json()["changes"][0]["to_version"] is None
    report = await get(client, REPORT, read)
    assert "linear" not in report["model_versions"]
    assert all("linear" not in row["models"] for row in report["data"])
    again = await client.delete(f"{PATH}/linear", headers=manage)
    assert (again.status_code, again.json()["code"]) == (404, "model_not_in_force")
    seen = await client.post(f"{PATH}/linear/preview", headers=read, json={})
    assert (seen.json()["version_now"], seen.json()["last_version"]) == (None, "linear@1")
    assert (await client.put(f"{PATH}/linear", headers=manage, json={})).status_code == 200
    await settle(db)
    assert await credited(client, read, "linear") == before


@pytest.mark.parametrize("asked", ["linear", "last_touch,linear", "linear&model=last_touch"])
async def test_a_report_of_a_retired_model_is_refused_with_the_cure(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, other_tenant: UUID, asked: str
) -> None:
    await sell(db, tenant)
    await sell(db, other_tenant)
    manage, read = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    assert (await client.delete(f"{PATH}/linear", headers=manage)).status_code == 200
    refused = await client.get(f"{REPORT}?model={asked}", headers=read)
    assert (refused.status_code, refused.json()["code"]) == (404, "model_not_in_force")
    assert refused.json()["detail"] == "linear is not in force."
    assert "PUT /v1/models/linear" in refused.json()["cure"]
    assert (await client.get(f"{REPORT}?model=last_touch", headers=read)).status_code == 200
    theirs = await key_of(db, other_tenant)
    assert (await client.get(f"{REPORT}?model={asked}", headers=theirs)).status_code == 200


async def test_a_report_of_an_unknown_model_names_the_known_ones(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    refused = await client.get(f"{REPORT}?model=u_shaped", headers=await key_of(db, tenant))
    assert (refused.status_code, refused.json()["code"]) == (422, "input_invalid")
    assert all(model in refused.json()["detail"] for model in RULE_MODELS)


async def test_a_tenant_without_models_is_shown_an_empty_report_of_any(
    client: httpx2.AsyncClient, db: Database
) -> None:
    tenant = await make_tenant(db, "Shop", has_models=False)
    report = await get(client, REPORT, await key_of(db, tenant), model="linear")
    assert (report["model_versions"], report["data"]) == ({}, [])


async def test_a_model_that_is_set_to_its_own_parameters_does_not_change(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    manage, read = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    before = await get(client, PATH, read)
    answer = await client.put(f"{PATH}/linear", headers=manage, json={"lookback_days": 30})
    assert answer.json() in before["data"]
    assert await get(client, PATH, read) == before


async def test_the_last_model_is_not_retired(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    manage = await key_of(db, tenant, "manage")
    for model in RULE_MODELS[1:]:
        assert (await client.delete(f"{PATH}/{model}", headers=manage)).status_code == 200
    refused = await client.delete(f"{PATH}/{RULE_MODELS[0]}", headers=manage)
    assert (refused.status_code, refused.json()["code"]) == (409, "last_model_in_force")
    assert "another model first" in refused.json()["cure"]


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("GET", PATH, {"read"}),
        ("PUT", f"{PATH}/linear", {"manage"}),
        ("DELETE", f"{PATH}/linear", {"manage"}),
        ("POST", f"{PATH}/linear/preview", {"read", "manage"}),
    ],
)
async def test_each_route_requires_its_scope(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, method: str, path: str, may: set[str]
) -> None:
    body = b"{}" if method in ("PUT", "POST") else None
    assert (await client.request(method, path, content=body)).json()["code"] == "key_missing"
    for scope in ("ingest", "read", "manage"):
        key = await key_of(db, tenant, scope)
        answer = await client.request(method, path, headers=key, content=body)
        if scope in may:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("linear", b'{"lookback_days": 0}', "body.lookback_days: "),
        ("linear", b'{"lookback_days": 3651}', "body.lookback_days: "),
        ("linear", b'{"lookback_days": "10"}', "body.lookback_days: "),
        ("linear", b'{"half_life_days": 1.5}', "body.half_life_days: "),
        ("linear", b'{"after_conversion": "forget"}', "body.after_conversion: "),
        ("linear", b'{"lookback": 10}', "body.lookback: Extra inputs are not permitted"),
        ("linear", b"[]", "body: "),
        ("linear", b"", "body: "),
        ("linear?model=linear", b"{}", "query.model: "),
        ("markov", b"{}", "path.model: "),
    ],
)
async def test_an_invalid_value_is_named_and_changes_nothing(
    client: httpx2.AsyncClient, db: Database, tenant: UUID, path: str, body: bytes, named: str
) -> None:
    manage, read = await key_of(db, tenant, "manage"), await key_of(db, tenant)
    before = await get(client, PATH, read)
    model, _, query = path.partition("?")
    for method, asked in (("PUT", model), ("POST", f"{model}/preview")):
        answer = await client.request(
            method, f"{PATH}/{asked}?{query}", headers=manage, content=body
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "input_invalid")
        assert named in answer.json()["detail"]
        assert answer.json()["cure"]
    assert await get(client, PATH, read) == before


async def test_a_body_is_bounded_before_it_is_read(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    large = b" " * (MAX_BODY_BYTES + 1)
    manage = await key_of(db, tenant, "manage")
    answer = await client.put(f"{PATH}/linear", headers=manage, content=large)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_model_looks_back_no_further_than_touches_are_kept(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        await retain_touches(connection, tenant, 40)
    manage = await key_of(db, tenant, "manage")
    for method, path in (("PUT", "linear"), ("POST", "linear/preview")):
        answer = await client.request(
            method, f"{PATH}/{path}", headers=manage, json={"lookback_days": 41}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "model_version_invalid")
        assert "keep touches longer" in answer.json()["cure"]


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    key = await key_of(db, tenant, "manage")
    for path, allowed in ((f"{PATH}/linear", "DELETE, PUT"), (PATH, "GET")):
        answer = await client.request("OPTIONS", path, headers=key)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
