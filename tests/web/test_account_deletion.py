"""The account page deletes the account: of whoever shows who he is, and never that of a tenant's only admin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.users import Role, list_members
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.people import sign_in
from tests.support.sites import FOREIGN, OWN

ANNA, BEN = "anna@shop.example", "ben@shop.example"
PATH = "/account/deletion"
PASSWORD = "seven quiet otters knit"


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


async def members_of(db: Database, tenant: UUID) -> list[str]:
    async with db.tenant(tenant) as connection:
        return [each.email for each in await list_members(connection, tenant)]


async def test_a_member_deletes_the_account_and_the_only_admin_does_not(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    anna = await sign_in(clone, db, ANNA, tenant, Role.ADMIN)
    ben = await sign_in(clone, db, BEN, tenant, Role.MANAGER)
    await sign_in(clone, db, BEN, other_tenant, Role.VIEWER)
    assert 'action="/account/deletion?' in (await browser.get("/account", headers=ben)).text
    refused = await browser.post(PATH, headers=anna | OWN, data={"email": ANNA})
    assert (refused.status_code, "last_admin" in refused.text) == (409, True)
    for headers in FOREIGN[1:3]:
        assert (
            "form_foreign"
            in (await browser.post(PATH, headers=ben | headers, data={"email": BEN})).text
        )
    other = await browser.post(PATH, headers=ben | OWN, data={"email": ANNA})
    assert other.status_code == 422
    assert await members_of(db, tenant) == [ANNA, BEN]
    done = await browser.post(PATH, headers=ben | OWN, data={"email": " Ben@shop.example"})
    assert (done.status_code, done.headers["Location"]) == (303, "/sign-in?after=deleted")
    assert 'skeldir="";' in done.headers["Set-Cookie"].replace("skeldir=;", 'skeldir="";')
    assert "The account is deleted." in (await browser.get(done.headers["Location"])).text
    assert (await members_of(db, tenant), await members_of(db, other_tenant)) == ([ANNA], [])
    assert (await browser.get("/account", headers=ben)).headers["Location"].startswith("/sign-in")
    assert (await browser.get("/account", headers=anna)).status_code == 200


async def test_nobody_finds_an_open_session_and_deletes_the_account(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    ben = await sign_in(clone, db, BEN, tenant, Role.VIEWER)
    earlier = timedelta(minutes=16)
    with psycopg.connect(clone.superuser_url, autocommit=True) as operator:
        operator.execute("UPDATE user_sessions SET signed_in_at = now() - %s", [earlier])
        stale = await browser.post(PATH, headers=ben | OWN, data={"email": BEN})
        assert (stale.status_code, "sign in again" in stale.text) == (422, True)
        chosen = await browser.post(
            "/account/password", headers=ben | OWN, data={"new": PASSWORD, "again": PASSWORD}
        )
        ben = {"Cookie": chosen.headers["Set-Cookie"].partition(";")[0]}
    for old in ("", "wrong"):
        data = {"email": BEN, "old": old}
        wrong = await browser.post(PATH, headers=ben | OWN, data=data)
        assert (wrong.status_code, "password is wrong" in wrong.text) == (422, True)
    data = {"email": BEN, "old": PASSWORD}
    assert (await browser.post(PATH, headers=ben | OWN, data=data)).status_code == 303
    assert await members_of(db, tenant) == []
