"""Settings: write keys for pages. They are made and changed on the page, and what was refused keeps what was typed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import httpx2
import pytest

from skeldir.collect.scripts import current_script
from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, list_keys, read_terms
from skeldir.users import Role, list_actions
from tests.conftest import Clone
from tests.support.collected import BODIES
from tests.support.make import make_tenant
from tests.support.pages import sign_in, signed_in
from tests.support.sites import OWN

KEYS = "/settings/keys"
SHOP = "https://shop.example"
EVENT = "purchase=completed:order_id=order,total=amount,currency=currency"
WRITE = {"kind": "write", "name": "shop", "origins": SHOP, "orders": "claimed"}
PRIVATE = {"kind": "private", "name": "server", "scope-ingest": "1"}
SECRET = re.compile(r"<code>(skd_[\w-]{43})</code>")


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.ADMIN) as client:
        yield client


async def send(client: httpx2.AsyncClient, path: str, fields: dict[str, str]) -> httpx2.Response:
    return await client.post(path, headers=OWN, data=fields)


async def make_key(client: httpx2.AsyncClient, fields: dict[str, str]) -> str:
    page = await send(client, KEYS, fields)
    (secret,) = SECRET.findall(page.text)
    return str(secret)


async def land(client: httpx2.AsyncClient, secret: str, origin: str) -> int:
    """Report a landing as a page of the origin does."""
    report = next(BODIES["collector"]()) | {"k": secret}
    return (await client.post("/c/v1", json=report, headers={"Origin": origin})).status_code


async def terms_of(db: Database, tenant: UUID) -> KeyTerms:
    async with db.tenant(tenant) as connection:
        (terms,) = (await read_terms(connection, tenant)).values()
    return terms


async def address_of_terms(client: httpx2.AsyncClient) -> str:
    found = re.search(r'href="(/settings/keys/[\w-]+/terms)"', (await client.get(KEYS)).text)
    assert found is not None
    return found[1]


async def test_a_write_key_comes_once_with_the_line_for_pages_and_works_there_alone(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    assert 'name="origins"' in (await browser.get(f"{KEYS}?kind=write")).text
    page = await send(browser, KEYS, WRITE | {"order-events": f"{EVENT}\r\n"})
    (secret,) = SECRET.findall(page.text)
    script = current_script()
    assert (
        f'<script async src="http://localhost{script.path}" integrity="{script.integrity}"'
        f' crossorigin="anonymous" data-key="{secret}" data-consent="session"></script>'
    ) in unescape(page.text)
    assert "docs/collector.md" in page.text
    assert "docs/collect/segment.md" in page.text
    assert await land(browser, secret, SHOP) == 202
    assert await land(browser, secret, "https://evil.example") == 403
    key = {"Authorization": f"Bearer {secret}"}
    assert (await browser.get("/v1/models", headers=key)).status_code == 403
    shown = (await browser.get(KEYS)).text
    assert secret not in shown
    assert "<script async" not in unescape(shown)
    for text in ("write key", SHOP, ">claimed<", "1 own order event"):
        assert text in shown
    assert await terms_of(db, tenant) == KeyTerms(frozenset({SHOP}), False, (EVENT,))
    async with db.tenant(tenant) as connection:
        noted = [(each.action, each.subject) for each in await list_actions(connection, tenant)]
    assert ("key.create", secret[:12]) in noted


async def test_the_key_in_the_place_of_a_write_key_comes_with_the_line_too(
    browser: httpx2.AsyncClient,
) -> None:
    first = await make_key(browser, WRITE)
    action = re.search(r'action="(/settings/keys/[\w-]+)\?', (await browser.get(KEYS)).text)
    assert action is not None
    replaced = await send(browser, action[1], {"do": "rotate", "overlap": "day"})
    (second,) = SECRET.findall(replaced.text)
    assert f'data-key="{second}"' in unescape(replaced.text)
    assert [await land(browser, secret, SHOP) for secret in (first, second)] == [202, 202]


async def test_a_private_key_has_no_line_and_its_own_order_events(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    page = await send(browser, KEYS, PRIVATE | {"order-events": EVENT})
    assert len(SECRET.findall(page.text)) == 1
    assert "data-key" not in page.text
    assert await terms_of(db, tenant) == KeyTerms(order_events=(EVENT,))
    await send(browser, await address_of_terms(browser), {"order-events": ""})
    assert (await terms_of(db, tenant)).order_events == ()


@pytest.mark.parametrize(
    ("fields", "cure"),
    [
        (WRITE | {"origins": " \n"}, "Write them one a line"),
        (WRITE | {"origins": f"{SHOP}\n<b>&"}, "Write scheme, host and perhaps a port"),
        (WRITE | {"origins": "https://shop.example/path"}, "Write scheme, host"),
        (
            WRITE | {"origins": "\n".join(f"https://s{n}.example" for n in range(101))},
            "A key has 100",
        ),
        (WRITE | {"orders": ""}, "Choose it on the page."),
        (WRITE | {"orders": "paid"}, "Choose it on the page."),
        (WRITE | {"order-events": "<b>purchase"}, "Write it as EVENT=KIND"),
        (WRITE | {"order-events": f"{EVENT}\n{EVENT}"}, "Write one map for it."),
        (WRITE | {"name": " "}, "Name it after"),
        (WRITE | {"days": "x"}, "Give whole days"),
        (WRITE | {"scope-read": "1"}, "Make two keys."),
        (PRIVATE | {"scope-ingest": "", "order-events": EVENT}, "Choose what the key may do."),
        (PRIVATE | {"origins": SHOP}, "for pages."),
        (WRITE | {"kind": "other"}, "Choose it on the page."),
    ],
)
async def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID, fields: dict[str, str], cure: str
) -> None:
    page = await send(browser, KEYS, fields)
    assert (page.status_code, cure in unescape(page.text)) == (422, True)
    assert not SECRET.search(page.text)
    assert "<b>" not in page.text
    if fields["kind"] == "write":
        kept = re.findall(r"<textarea[^>]*>\n([^<]*)</textarea>", page.text)
        wanted = [fields["origins"], fields.get("order-events", "")]
        assert [unescape(text) for text in kept] == wanted
        assert f'value="{fields["name"]}"' in page.text
    async with db.tenant(tenant) as connection:
        assert await list_keys(connection, tenant) == []


async def test_a_refusal_is_in_the_language_of_the_page(browser: httpx2.AsyncClient) -> None:
    page = await browser.post(
        f"{KEYS}?lang=de", headers=OWN, data=WRITE | {"origins": "shop.example"}
    )
    assert "&#39;shop.example&#39; ist keine Herkunft." in page.text


async def test_terms_are_changed_while_the_key_stays_and_hold_at_once(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    secret = await make_key(browser, WRITE)
    path = await address_of_terms(browser)
    assert SHOP in (await browser.get(path)).text
    refused = await send(browser, path, {"origins": "shop", "orders": "booked"})
    assert refused.status_code == 422
    assert 'value="booked" checked' in refused.text
    assert await terms_of(db, tenant) == KeyTerms(frozenset({SHOP}))
    wanted = {"origins": "https://new.example", "orders": "booked", "order-events": EVENT}
    changed = await send(browser, path, wanted)
    assert changed.headers["location"] == f"{KEYS}?done=terms"
    assert await terms_of(db, tenant) == KeyTerms(
        frozenset({"https://new.example"}), True, (EVENT,)
    )
    status = 0
    # The API remembers keys until the database notifies that one has changed, within a second.
    for _ in range(500):
        if (status := await land(browser, secret, SHOP)) == 403:
            break
        await asyncio.sleep(0.01)
    assert status == 403
    assert await land(browser, secret, "https://new.example") == 202
    await send(browser, path, wanted)
    async with db.tenant(tenant) as connection:
        actions = await list_actions(connection, tenant)
    noted = [each.subject for each in actions if each.action == "key.terms"]
    assert noted == [f"key:{secret[:12]} (shop)"], "sending the same again changes nothing"
    assert ">booked<" in (await browser.get(KEYS)).text


async def test_terms_of_other_tenants_ended_and_reading_keys_are_out_of_reach(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    await make_key(browser, {"kind": "private", "name": "reader", "scope-read": "1"})
    shown = (await browser.get(KEYS)).text
    assert "/terms" not in shown
    reader = re.search(r'action="(/settings/keys/[\w-]+)\?', shown)
    assert reader is not None
    events = {"order-events": EVENT}
    assert (await send(browser, f"{reader[1]}/terms", events)).status_code == 422
    await make_key(browser, WRITE)
    path = await address_of_terms(browser)
    other = await make_tenant(db, "B")
    await sign_in(browser, clone, other, Role.ADMIN, "eve@other.example")
    for answer in (await browser.get(path), await send(browser, path, WRITE)):
        assert (answer.status_code, "key_unknown" in answer.text) == (404, True)
    await sign_in(browser, clone, tenant, Role.MANAGER, "ben@shop.example")
    assert (await send(browser, path, WRITE)).status_code == 403
    await sign_in(browser, clone, tenant, Role.ADMIN, "ada@shop.example")
    await send(browser, path.removesuffix("/terms"), {"do": "revoke"})
    assert "/terms" not in (await browser.get(KEYS)).text
    refused = await send(browser, path, WRITE | {"orders": "booked"})
    assert (refused.status_code, "key_not_in_force" in refused.text) == (409, True)
    assert not (await terms_of(db, tenant)).books_orders
