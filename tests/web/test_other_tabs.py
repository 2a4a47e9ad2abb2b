"""Several tabs of one browser have one session: a form acts only for the user, and on the tenant, of its page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Final
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.tenants import list_keys
from skeldir.users import Role, list_members
from skeldir.web.addresses import OPENED_FOR
from tests.conftest import Clone
from tests.support.make import make_tenant
from tests.support.pages import sign_in, signed_in
from tests.support.people import make_link
from tests.support.sites import OWN

_ADA: Final = "ada@shop.example"
_BEA: Final = "bea@shop.example"
_KEY: Final = {"kind": "private", "name": "shop", "scope-read": "1"}
# They begin a session, change the tenant of one, or end it, whoever has it.
_FOR_ANYBODY: Final = {
    "sign_in.html": 3,
    "sign_in_link.html": 1,
    "tenants.html": 1,
    "portfolio.html": 1,
    "frame.html": 2,
}


@pytest.fixture
async def browser(clone: Clone, tenant: UUID) -> AsyncIterator[httpx2.AsyncClient]:
    async with signed_in(clone, tenant, Role.ADMIN, _ADA) as client:
        yield client


async def action_of(client: httpx2.AsyncClient, path: str, beginning: str) -> str:
    """Return the action of the first form of a page whose action begins so."""
    page = await client.get(path)
    found = re.search(rf'action="({re.escape(beginning)}\?{OPENED_FOR}=\w+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def send(client: httpx2.AsyncClient, action: str, **fields: str) -> httpx2.Response:
    return await client.post(action, headers=OWN, data=fields)


def refuses(answer: httpx2.Response) -> bool:
    return answer.status_code == 409 and "form_outdated" in answer.text


async def names_of_keys(db: Database, tenant: UUID) -> list[str]:
    async with db.tenant(tenant) as connection:
        return [key.name for key in await list_keys(connection, tenant)]


async def test_a_form_does_not_act_on_the_tenant_that_another_tab_has_changed_to(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    other = await make_tenant(db, "B")
    await make_link(clone, _ADA, other, Role.ADMIN)
    action = await action_of(browser, "/settings/keys", "/settings/keys")
    upload = await action_of(browser, "/imports/new", "/imports/new")
    account = await action_of(browser, "/account", "/account/password")
    assert (await send(browser, "/tenants", tenant=str(other))).status_code == 303
    assert refuses(await send(browser, action, **_KEY))
    sent = {"file": ("a.csv", b"order_id\n1\n", "text/csv")}
    own = {"Sec-Fetch-Site": "same-origin"}
    assert refuses(await browser.post(upload, headers=own, files=sent))
    # The account is the same, whatever tenant is shown.
    new = "a sentence that nobody guesses"
    assert (await send(browser, account, new=new, again=new)).status_code == 303
    assert await names_of_keys(db, other) == await names_of_keys(db, tenant) == []
    assert (await send(browser, "/tenants", tenant=str(tenant))).status_code == 303
    assert (await send(browser, action, **_KEY)).status_code == 200
    assert await names_of_keys(db, tenant) == ["shop"]


async def test_a_form_does_not_act_for_another_user_who_has_signed_in(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    action = await action_of(browser, "/settings/keys", "/settings/keys")
    password = await action_of(browser, "/account", "/account/password")
    await sign_in(browser, clone, tenant, Role.ADMIN, _BEA)
    assert refuses(await send(browser, action, **_KEY))
    new = "a sentence that nobody guesses"
    assert refuses(await send(browser, password, new=new, again=new))
    assert await names_of_keys(db, tenant) == []


async def test_an_invitation_is_accepted_as_whom_its_page_says(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    page = await send(browser, "/settings/members/invitations", email=_BEA, role="viewer")
    found = re.search(r"/invitations/[\w-]{43}", page.text)
    assert found is not None, page.text
    browser.cookies.clear()
    as_new = await action_of(browser, found[0], found[0])
    other = await make_tenant(db, "B")
    await sign_in(browser, clone, other, Role.VIEWER, "cem@shop.example")
    as_cem = await action_of(browser, found[0], found[0])
    new = "a sentence that nobody guesses"
    assert refuses(await send(browser, as_new, password=new))
    browser.cookies.clear()
    assert refuses(await send(browser, as_cem, password=new))
    async with db.tenant(tenant) as connection:
        assert [member.email for member in await list_members(connection, tenant)] == [_ADA]
    assert (await send(browser, as_new, password=new)).status_code == 303


def test_every_form_that_changes_something_says_for_whom_it_was_opened() -> None:
    folder = files("skeldir.web") / "templates"
    unmarked: dict[str, int] = {}
    for template in (*folder.iterdir(), *(folder / "parts").iterdir()):
        if template.is_file():
            forms = re.findall(r"<form\b[^>]*method=\"post\"[^>]*>", template.read_text("utf-8"))
            bare = sum("frame.form_to(" not in form for form in forms)
            unmarked |= {template.name: bare} if bare else {}
    assert unmarked == _FOR_ANYBODY
