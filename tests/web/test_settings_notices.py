"""Settings of notices: admins add, try and remove destinations; the secret is shown once, and tenants see their own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.inbox import new_key
from skeldir.notices import Destination, list_deliveries, list_destinations
from skeldir.users import Role, list_actions
from skeldir.web.settings_notices import MOST_DESTINATIONS, MOST_TESTS
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.mail_server import taking_mail
from tests.support.noticed import use_mail_server, work
from tests.support.pages import signed_in
from tests.support.people import sign_in
from tests.support.sites import OWN

PATH = "/settings/notices"
EMAIL = {"kind": "email", "address": "cfo@shop.example", "language": "de", "digest": "1"}
WEBHOOK = {
    "kind": "webhook",
    "address": "https://shop.example/in",
    "language": "en",
    "alerts": "1",
}


@pytest.fixture
async def browser(
    monkeypatch: pytest.MonkeyPatch, clone: Clone
) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", new_key())
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


async def destinations_of(db: Database, tenant: UUID) -> list[Destination]:
    async with db.tenant(tenant) as connection:
        return await list_destinations(connection, tenant)


async def test_neither_the_kind_nor_the_language_of_a_destination_is_assumed(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    form = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN) | OWN
    for change in ({"kind": ""}, {"kind": "fax"}, {"language": ""}, {"language": "xx"}):
        answer = await browser.post(PATH, headers=form, data=EMAIL | change)
        assert (answer.status_code, "input_invalid" in answer.text) == (422, True), change
    assert await destinations_of(db, tenant) == []


async def test_an_admin_adds_tries_and_removes_destinations(
    browser: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    clone: Clone,
    db: Database,
    tenant: UUID,
) -> None:
    anna = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    form = anna | OWN
    added = await browser.post(PATH, headers=form, data=EMAIL)
    assert (added.status_code, "mail_not_configured" in added.text) == (200, True)
    assert "first digest" not in added.text
    made = await browser.post(PATH, headers=form, data=WEBHOOK)
    assert re.search(r"<code>whsec_[\w+/=]{40,}</code>", made.text) is not None
    shown = await browser.get(PATH, headers=anna)
    assert "cfo@shop.example" in shown.text
    assert "whsec_" not in shown.text
    mail, hook = await destinations_of(db, tenant)
    assert (mail.language, mail.gets_digest, mail.gets_alerts) == ("de", True, False)
    assert (hook.kind, hook.gets_digest, hook.made_by) == ("webhook", False, "anna@shop.example")
    with taking_mail() as mailbox:
        use_mail_server(monkeypatch, mailbox.port)
        tried = await browser.post(f"{PATH}/{mail.id}/test", headers=form)
        assert tried.headers["Location"] == f"{PATH}?done=test"
        await work(db)
        assert mailbox.recipients == ["cfo@shop.example"]
    monkeypatch.delenv("SKELDIR_SMTP_HOST")
    await browser.post(f"{PATH}/{mail.id}/test", headers=form)
    await work(db)
    shown = await browser.get(PATH, headers=anna)
    assert (">sent<" in shown.text, ">failed<" in shown.text) == (True, True)
    removed = await browser.post(f"{PATH}/{hook.id}/removal", headers=form)
    assert removed.headers["Location"] == f"{PATH}?done=removed"
    assert [each.id for each in await destinations_of(db, tenant)] == [mail.id]
    async with db.tenant(tenant) as connection:
        actions = await list_actions(connection, tenant)
    noted = [each.action for each in actions if each.actor == "anna@shop.example"]
    assert noted == ["notices.remove", *["notices.test"] * 2, *["notices.add"] * 2]


async def test_a_digest_is_promised_where_one_will_be_sent(
    browser: httpx2.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    clone: Clone,
    db: Database,
    tenant: UUID,
) -> None:
    anna = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    use_mail_server(monkeypatch, 25)
    with_digest = WEBHOOK | {"address": "https://shop.example/weekly", "digest": "1"}
    for wanted, promised in ((EMAIL, True), (WEBHOOK, False), (with_digest, True)):
        added = await browser.post(PATH, headers=anna | OWN, data=wanted)
        assert ("first digest" in added.text) is promised


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (EMAIL | {"address": "cfo@shop.example\nBcc: eve@evil.example"}, "email_invalid"),
        (EMAIL | {"digest": ""}, "input_invalid"),
        (WEBHOOK | {"address": "http://169.254.169.254/latest"}, "notice_destination_invalid"),
        (WEBHOOK | {"address": "https://user:pw@shop.example/"}, "notice_destination_invalid"),
        (WEBHOOK | {"address": "file:///etc/passwd"}, "notice_destination_invalid"),
        (WEBHOOK | {"address": "https://shop.example\\@127.0.0.1/"}, "notice_destination_invalid"),
    ],
)
async def test_a_hostile_address_is_refused_on_the_page(
    browser: httpx2.AsyncClient,
    clone: Clone,
    db: Database,
    tenant: UUID,
    fields: dict[str, str],
    code: str,
) -> None:
    anna = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    refused = await browser.post(PATH, headers=anna | OWN, data=fields)
    assert (refused.status_code, f"<code>{code}</code>" in refused.text) == (422, True)
    assert await destinations_of(db, tenant) == []


async def test_a_webhook_without_a_key_for_its_secret_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, clone: Clone, tenant: UUID
) -> None:
    monkeypatch.delenv("SKELDIR_SEALING_KEYS", raising=False)
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    monkeypatch.setenv("SKELDIR_HOME", "nowhere")
    async with signed_in(clone, tenant, Role.ADMIN) as client:
        refused = await client.post(PATH, headers=OWN, data=WEBHOOK)
    assert (refused.status_code, "SKELDIR_SEALING_KEYS" in refused.text) == (503, True)
    assert 'name="address"' in refused.text


async def test_another_tenant_and_lesser_roles_reach_no_destination(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    anna = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    await browser.post(PATH, headers=anna | OWN, data=EMAIL)
    (one,) = await destinations_of(db, tenant)
    ben = await sign_in(clone, db, "ben@shop.example", tenant, Role.MANAGER)
    eve = await sign_in(clone, db, "eve@other.example", other_tenant, Role.ADMIN)
    assert "cfo@" not in (await browser.get(PATH, headers=eve)).text
    assert (await browser.get(PATH, headers=ben)).status_code == 403
    for action in ("test", "removal"):
        for named in (one.id, "x"):
            refused = await browser.post(f"{PATH}/{named}/{action}", headers=eve | OWN)
            assert "notice_destination_unknown" in refused.text
        forbidden = await browser.post(f"{PATH}/{one.id}/{action}", headers=ben | OWN)
        assert "role_missing" in forbidden.text
    assert len(await destinations_of(db, tenant)) == 1
    async with db.tenant(tenant) as connection:
        assert await list_deliveries(connection, tenant) == []


async def test_a_page_sends_no_flood(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    form = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN) | OWN
    for number in range(MOST_DESTINATIONS):
        data = EMAIL | {"address": f"a{number}@shop.example"}
        assert (await browser.post(PATH, headers=form, data=data)).status_code == 200
    refused = await browser.post(PATH, headers=form, data=EMAIL)
    assert (refused.status_code, "notices_limited" in refused.text) == (429, True)
    named = (await destinations_of(db, tenant))[0].id
    answers = [
        (await browser.post(f"{PATH}/{named}/test", headers=form)).status_code
        for _ in range(MOST_TESTS + 1)
    ]
    assert answers == [303] * MOST_TESTS + [429]
