"""Settings: keys are shown once and work at once, a zone is tried before it is set, and all is for admins only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.users import Role, list_actions
from tests.conftest import Clone
from tests.support.make import DAY_0, make_conversion, make_tenant, send_conversions
from tests.support.pages import read_tables, sign_in, signed_in
from tests.support.sites import OWN

SECRET = re.compile(r"skd_[\w-]{43}")
KEYS = "/settings/keys"
TENANT = "/settings/tenant"


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.ADMIN) as client:
        yield client


async def send(client: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    return await client.post(path, headers=OWN, data=fields)


async def make_key(client: httpx2.AsyncClient, **fields: str) -> str:
    page = await send(
        client, KEYS, **({"kind": "private", "name": "shop", "scope-read": "1"} | fields)
    )
    found = SECRET.findall(page.text)
    assert len(set(found)) == 1, page.text
    return found[0]


async def read_with(client: httpx2.AsyncClient, secret: str) -> int:
    answer = await client.get("/v1/models", headers={"Authorization": f"Bearer {secret}"})
    return answer.status_code


async def test_a_key_is_shown_once_works_and_is_revoked(browser: httpx2.AsyncClient) -> None:
    secret = await make_key(browser)
    assert await read_with(browser, secret) == 200
    page = await browser.get(KEYS)
    assert secret not in page.text
    assert secret[:12] in page.text
    action = re.search(r'action="(/settings/keys/[\w-]+)\?', page.text)
    assert action is not None
    revoked = await send(browser, action[1], do="revoke")
    assert revoked.headers["location"] == f"{KEYS}?done=revoked"
    # The API remembers keys until the database notifies that one has ended, within a second.
    for _ in range(500):
        if (status := await read_with(browser, secret)) == 401:
            break
        await asyncio.sleep(0.01)
    assert status == 401


async def test_a_key_is_replaced_by_one_with_the_same_scopes(browser: httpx2.AsyncClient) -> None:
    first = await make_key(browser)
    page = await browser.get(KEYS)
    action = re.search(r'action="(/settings/keys/[\w-]+)\?', page.text)
    assert action is not None
    replaced = await send(browser, action[1], do="rotate", overlap="day")
    (second,) = set(SECRET.findall(replaced.text))
    assert second != first
    assert [await read_with(browser, secret) for secret in (first, second)] == [200, 200]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"scope-read": ""},
        {"days": "0"},
        {"days": "1.5"},
        {"days": "²"},
        {"days": "99999"},
        {"days": "0000019999999999"},
        {"days": "9" * 5_000},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    browser: httpx2.AsyncClient, fields: dict[str, str]
) -> None:
    page = await send(
        browser, KEYS, **({"kind": "private", "name": "shop", "scope-read": "1"} | fields)
    )
    assert page.status_code == 422
    assert not SECRET.search(page.text)


async def test_an_admin_of_another_tenant_cannot_touch_a_key(
    clone: Clone, db: Database, browser: httpx2.AsyncClient
) -> None:
    secret = await make_key(browser)
    page = await browser.get(KEYS)
    action = re.search(r'action="(/settings/keys/[\w-]+)\?', page.text)
    assert action is not None
    other = await make_tenant(db, "B")
    await sign_in(browser, clone, other, Role.ADMIN, "eve@other.example")
    for fields in ({"do": "revoke"}, {"do": "rotate", "overlap": "now"}):
        refused = await send(browser, action[1], **fields)
        assert refused.status_code == 404
        assert "key_unknown" in refused.text
    assert await read_with(browser, secret) == 200


async def test_a_zone_is_tried_then_set_and_noted(
    browser: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    late = DAY_0.replace(hour=23, minute=30).isoformat()
    await send_conversions(db, tenant, make_conversion(occurred_at=late, amount_cents=1_200))
    page = await browser.get(f"{TENANT}?zone=Europe/Berlin")
    assert "<option>localtime</option>" not in page.text
    assert "1 entry would belong to another day in Europe/Berlin" in page.text
    assert [row[2] for row in read_tables(page.text)["moves"].rows] == ["12.00 USD", "0.00 USD"]
    # Nothing has changed by looking.
    assert "Days are those of UTC" in (await browser.get(TENANT)).text
    done = await send(browser, TENANT, do="zone", zone="Europe/Berlin")
    assert done.headers["location"] == f"{TENANT}?done=zone"
    page = await browser.get(done.headers["location"])
    assert "Days are those of Europe/Berlin" in page.text
    assert "user:ada@shop.example" in page.text
    again = await send(browser, TENANT, do="zone", zone="Europe/Berlin")
    assert again.headers["location"] == f"{TENANT}?done=zone_same"
    async with db.tenant(tenant) as connection:
        actions = await list_actions(connection, tenant)
    assert ("zone.set", "Europe/Berlin") in [(each.action, each.subject) for each in actions]


async def test_hosts_channels_and_retention_are_set(browser: httpx2.AsyncClient) -> None:
    for fields in (
        {"do": "host", "host": "https://pay.shop.example/x", "kind": "payment"},
        {"do": "channel", "code": "podcast_ads", "label": "<b>Podcasts</b>"},
        {"do": "retention", "days": "400"},
    ):
        assert (await send(browser, TENANT, **fields)).status_code == 303
    page = await browser.get(TENANT)
    assert "pay.shop.example" in page.text
    assert "&lt;b&gt;Podcasts&lt;/b&gt;" in page.text
    assert "kept for 400 days" in page.text
    await send(browser, TENANT, do="remove-host", host="pay.shop.example")
    await send(browser, TENANT, do="retention", days="")
    page = await browser.get(TENANT)
    assert "pay.shop.example" not in page.text.partition("What members did")[0]
    assert "kept for ever" in page.text


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "zone", "zone": "Mars/Olympus"},
        {"do": "retention", "days": "1"},
        {"do": "retention", "days": "-5"},
        {"do": "host", "host": "com", "kind": "own"},
        {"do": "host", "host": "shop.example", "kind": "other"},
        {"do": "channel", "code": "Email", "label": "x"},
        {"do": "channel", "code": "email", "label": "x"},
        {"do": "something"},
        {},
    ],
)
async def test_a_setting_that_makes_no_sense_is_refused_with_a_cure(
    browser: httpx2.AsyncClient, fields: dict[str, str]
) -> None:
    page = await send(browser, TENANT, **fields)
    assert page.status_code == 422
    assert "<code>" in page.text


async def test_settings_are_for_admins(
    clone: Clone, tenant: UUID, browser: httpx2.AsyncClient
) -> None:
    for role in (Role.VIEWER, Role.MANAGER):
        await sign_in(browser, clone, tenant, role, f"{role}@shop.example")
        for path in (KEYS, TENANT):
            assert (await browser.get(path)).status_code == 403
            assert (await send(browser, path, do="retention", days="400")).status_code == 403
