"""What libraries of other analytics send is recorded at once, by whoever may send it."""

from __future__ import annotations

import asyncio
import base64
import gzip
from uuid import UUID

import orjson

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, change_terms_of_key, issue_key, revoke_key
from tests.conftest import Clone
from tests.support.api import asking

SHOP = "https://shop.example"
PAGE = {
    "type": "page",
    "anonymousId": "visitor-1",
    "context": {"page": {"url": "https://shop.example/shoes?utm_source=google&gclid=secret"}},
}


async def make_keys(db: Database, tenant: UUID) -> tuple[str, str]:
    """Return a write key for pages of SHOP, and a private key of a server."""
    async with db.tenant(tenant) as connection:
        pages = await issue_key(
            connection,
            tenant,
            name="site",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({SHOP})),
        )
        server = await issue_key(
            connection, tenant, name="server", scopes=["ingest"], expires_at=None
        )
    return pages.secret, server.secret


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def basic(key: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"}


async def read(db: Database, tenant: UUID, statement: str) -> list[tuple[object, ...]]:
    async with db.tenant(tenant) as connection:
        return [tuple(row) for row in await connection.fetch(statement)]


async def test_a_page_becomes_a_touch_once_however_often_it_is_sent(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    pages, server = await make_keys(db, tenant)
    theirs, _ = await make_keys(db, other_tenant)
    message = PAGE | {"messageId": "m-1"}
    async with asking(clone.app_url) as (_, client):
        answers = [
            await client.post("/v1/page", json=message, headers=basic(server)),
            await client.post("/v1/page", json=message, headers=bearer(server)),
            await client.post(
                "/v1/b",
                content=orjson.dumps({"batch": [message], "writeKey": pages}),
                headers={"content-type": "text/plain", "origin": SHOP},
            ),
            await client.post(
                "/v1/batch",
                content=gzip.compress(orjson.dumps({"batch": [message], "writeKey": theirs})),
                headers={"content-encoding": "gzip"},
            ),
        ]
    assert [answer.status_code for answer in answers] == [200] * 4, answers[0].text
    assert answers[2].headers["access-control-allow-origin"] == SHOP
    touches = "SELECT channel_code, source, click_id_kinds, landing_path FROM standing_touches"
    assert await read(db, tenant, touches) == [("paid_search", "google", ["gclid"], "/shoes")]
    assert await read(db, other_tenant, touches) == [("paid_search", "google", ["gclid"], "/shoes")]


async def test_a_page_of_another_site_and_a_private_key_in_a_page_are_refused(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    pages, server = await make_keys(db, tenant)
    async with asking(clone.app_url) as (_, client):
        for key, origin, cure in (
            (pages, "https://other.example", "skeldir collect terms"),
            (server, SHOP, "skeldir keys create TENANT --scope collect --origin"),
        ):
            refused = await client.post(
                "/v1/page", json=PAGE, headers=basic(key) | {"origin": origin}
            )
            assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused")
            assert cure in refused.json()["cure"]
            assert "access-control-allow-origin" not in refused.headers
            image = await client.get(
                f"/k/{key}/i?e=pv&duid=visitor",
                headers={"referer": f"{origin}/shoes?a=b", "sec-fetch-site": "cross-site"},
            )
            assert (image.status_code, image.json()["code"]) == (403, "origin_refused")
        asked = await client.options(
            "/v1/page",
            headers={
                "origin": "https://any.example",
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type",
            },
        )
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-headers"] == "authorization,content-type"
        for path in ("/v1/jobs", "/v1/dead-events", "/v1/coverage"):
            assert (await client.get(path, headers=bearer(pages))).status_code == 403, path
        ways = (
            ("/v1/touches", bearer(pages)),
            ("/v1/page", basic("skd_" + "x" * 43)),
            ("/v1/page", {}),
        )
        codes = [
            (await client.post(path, json=PAGE, headers=headers)).json()["code"]
            for path, headers in ways
        ]
    assert codes == ["scope_missing", "key_invalid", "key_missing"]
    assert await read(db, tenant, "SELECT count(*) FROM attribution_events") == [(0,)]


async def test_new_terms_hold_for_a_key_that_is_remembered_and_its_end_too(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    pages, _ = await make_keys(db, tenant)
    moved = {"origin": "https://new.example"}
    async with asking(clone.app_url) as (_, client):

        async def send(number: int, headers: dict[str, str]) -> int:
            message = PAGE | {"messageId": f"m-{number}"}
            answer = await client.post("/v1/page", json=message, headers=basic(pages) | headers)
            return answer.status_code

        async def is_soon(status: int, headers: dict[str, str]) -> bool:
            """Return whether the process hears of a change; it is notified, which takes a moment."""
            for number in range(100, 200):
                if await send(number, headers) == status:
                    return True
                await asyncio.sleep(0.05)
            return False

        assert [await send(1, {"origin": SHOP}), await send(2, moved)] == [200, 403]
        ((key_id,),) = await read(db, tenant, "SELECT key_id FROM key_terms")
        assert isinstance(key_id, UUID)
        async with db.tenant(tenant) as connection:
            terms = KeyTerms(frozenset({"https://new.example"}))
            await change_terms_of_key(connection, tenant, key_id, terms)
        assert await is_soon(200, moved)
        assert await send(3, {"origin": SHOP}) == 403
        async with db.tenant(tenant) as connection:
            await revoke_key(connection, tenant, key_id)
        assert await is_soon(401, moved)


async def test_an_image_in_a_page_is_of_the_page_that_the_browser_names(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    pages, server = await make_keys(db, tenant)
    from_browser = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    ways = (
        (pages, from_browser | {"referer": f"{SHOP}/shoes"}, 200),
        (pages, from_browser | {"referer": "https://other.example/"}, 403),
        (server, from_browser | {"referer": f"{SHOP}/"}, 403),
        (server, {"referer": "https://other.example/"}, 200),  # passed on by a server
    )
    async with asking(clone.app_url) as (_, client):
        for key, headers, status in ways:
            asked = await client.get(f"/k/{key}/i", params={"e": "pp"}, headers=headers)
            assert asked.status_code == status, (headers, asked.text)


async def test_a_name_and_password_of_the_site_are_no_key(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    pages, _ = await make_keys(db, tenant)
    async with asking(clone.app_url) as (_, client):
        sent = await client.post("/v1/page", json=PAGE | {"writeKey": pages}, headers=basic("jo"))
        without = await client.post("/v1/page", json=PAGE, headers=basic("jo"))
    assert (sent.status_code, without.json()["code"]) == (200, "key_missing")


async def test_a_trial_with_a_write_key_does_not_show_what_the_rules_of_the_tenant_say(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    pages, server = await make_keys(db, tenant)
    async with asking(clone.app_url) as (_, client):
        (shown,), (hidden,) = [
            (await client.post("/v1/page", json=PAGE, headers=basic(key) | {"skeldir-dry-run": "1"}))
            .json()["messages"]
            for key in (server, pages)
        ]  # fmt: skip
    assert (shown["channel"], shown["source"]) == ("paid_search", "google")
    assert "channel" not in hidden
    assert hidden["source"] == "google"
