"""GA4, Plausible, Snowplow, Matomo and Umami over HTTP: keys in paths, pixels, and requests that only ask."""

from __future__ import annotations

from uuid import UUID

from skeldir.db.pool import Database
from skeldir.tenants import issue_key
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.mapping import LANDING, SEARCH

TOUCHES = "SELECT count(*), count(DISTINCT delivery) FROM standing_touches"
DEAD = "SELECT code FROM dead_events ORDER BY code"
PAGE = {"name": "page_view", "params": {"page_location": LANDING, "page_referrer": SEARCH}}
ORDER = {"name": "purchase", "params": {"transaction_id": "T-1", "value": 20, "currency": "EUR"}}


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def make_key(db: Database, tenant: UUID) -> str:
    async with db.tenant(tenant) as connection:
        key = await issue_key(connection, tenant, name="s", scopes=["ingest"], expires_at=None)
    return key.secret


async def test_each_pixel_is_a_delivery_of_its_own(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    async with asking(clone.app_url) as (_, client):
        for number in range(2):
            visit = {"url": LANDING, "_id": f"visitor-{number}", "idsite": key}
            answer = await client.get("/matomo.php", params=visit)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
            event = {"e": "pv", "url": LANDING, "duid": f"visitor-{number}", "eid": f"e-{number}"}
            answer = await client.get(f"/k/{key}/i", params=event)
            assert (answer.status_code, answer.content[:6]) == (200, b"GIF89a")
        assert (await client.head(f"/k/{key}/i", params={"e": "pp"})).status_code == 200
        silent = await client.get(f"/k/{key}/piwik.php", params={"ping": "1", "send_image": "0"})
        assert (silent.status_code, silent.content) == (204, b"")
    assert await read(db, tenant, TOUCHES) == [(4, 4)]


async def test_the_debugging_endpoint_of_ga4_records_nothing(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    body = {"client_id": "1.2", "events": [PAGE, ORDER, {"name": "scroll"}, 5]}
    async with asking(clone.app_url) as (_, client):
        asked = await client.post("/debug/mp/collect", params={"api_secret": key}, json=body)
        assert [one["becomes"] for one in asked.json()["events"]] == [["touch"], ["order"], [], []]
        assert await read(db, tenant, TOUCHES) == [(0, 0)]
        assert await read(db, tenant, "SELECT count(*) FROM webhook_deliveries") == [(0,)]
        sent = await client.post("/mp/collect", params={"api_secret": key}, json=body)
        assert (sent.status_code, sent.content) == (204, b"")
    assert await read(db, tenant, TOUCHES) == [(1, 1)]
    assert await read(db, tenant, "SELECT count(*) FROM webhook_deliveries") == [(1,)]
    assert await read(db, tenant, DEAD) == [("item_not_an_object",)]


async def test_a_visitor_who_is_not_to_be_known_leaves_no_touch(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    body = {"data": [{"e": "pv", "url": LANDING, "duid": "d", "eid": "e", "aid": key}]}
    async with asking(clone.app_url) as (_, client):
        path = "/com.snowplowanalytics.snowplow/tp2"
        hidden = await client.post(path, json=body, headers={"SP-Anonymous": "*"})
        assert (hidden.status_code, hidden.text) == (200, "ok")
        assert await read(db, tenant, TOUCHES) == [(0, 0)]
        await client.post(path, json=body)
    assert await read(db, tenant, TOUCHES) == [(1, 1)]


async def test_plausible_and_umami_say_in_their_answers_what_was_made(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    key = await make_key(db, tenant)
    view = {"n": "pageview", "u": LANDING, "r": SEARCH, "p": {"journey": "j"}}
    visit = {"type": "event", "payload": {"url": LANDING, "referrer": SEARCH, "id": "i"}}
    async with asking(clone.app_url) as (_, client):
        made = await client.post(f"/k/{key}/api/event", json=view)
        dropped = await client.post(f"/k/{key}/api/event", json=view | {"p": {}})
        batch = await client.post(
            f"/k/{key}/api/batch", json=[visit, 5], headers={"authorization": "Bearer None"}
        )
    assert (made.status_code, made.text) == (202, "ok")
    assert "x-plausible-dropped" not in made.headers
    assert dropped.headers["x-plausible-dropped"] == "1"
    assert (batch.json()["size"], batch.json()["errors"]) == (2, 1)
    assert await read(db, tenant, TOUCHES) == [(2, 2)]
    assert await read(db, tenant, DEAD) == [("item_not_an_object",)]
