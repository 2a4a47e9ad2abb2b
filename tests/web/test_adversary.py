"""Whoever attacks the sign-in: planted and old cookies, ways to other sites, hostile names, guesses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from time import process_time
from uuid import UUID

import asyncpg
import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.users import (
    EmailInvalid,
    Passwords,
    PasswordWeak,
    Role,
    disable_user,
    find_password,
    invite,
    new_token,
    read_email,
)
from skeldir.web import Guesses, GuessesLimited
from skeldir.web.forms import own_path
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.make import make_tenant
from tests.support.people import cookie_of, make_link, sign_in
from tests.support.sites import OWN

GOOD = "violet anchor seventy marmalade"
OTHER = "another fine purple teapot"
HOSTILE = (
    "{{7*7}}",
    "{% include 'page.html' %}",
    "{say.texts}",
    "%(name)s",
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "'><img/src=x>",
    "<!--",
    "\\u003cscript\\u003e",
)
ELEMENTS = re.compile(r"<script(?! src=\"/static/)|<img|\"\s*onmouseover|<!--")
OUTSIDE = (
    "../../pyproject.toml",
    "..%2f..%2fpyproject.toml",
    "%2e%2e/%2e%2e/pyproject.toml",
    "..%5c..%5cpyproject.toml",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "skeldir.css%00",
    "",
)
OTHER_SITES = (
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/%0d%0a/evil.example\r\n",
    "/\r\nLocation: https://evil.example",
    "/\tevil",
    "javascript:alert(1)",
    "data:text/html,x",
    "https:/evil.example",
    "https:evil.example",
    "http://localhost/",
    "evil.example",
    "/@evil.example//",
    "/x#//evil",
    "/ ",
    " /account",
    "/é",
    "",
)


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


def token_in(answer: httpx2.Response) -> str:
    """Return the token of the session that the browser is to keep from now on."""
    found = re.search(r"skeldir=([\w-]{43});", "\n".join(answer.headers.get_list("set-cookie")))
    assert found is not None, answer.text
    return found[1]


async def post(
    browser: httpx2.AsyncClient, path: str, session: dict[str, str], /, **fields: str
) -> httpx2.Response:
    browser.cookies.clear()
    return await browser.post(path, headers=session | OWN, data=fields)


async def is_in_force(browser: httpx2.AsyncClient, session: dict[str, str]) -> bool:
    browser.cookies.clear()
    return (await browser.get("/account", headers=session)).status_code == 200


async def test_a_token_that_somebody_planted_is_never_that_of_a_session(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    planted = cookie_of(new_token())
    link = await make_link(clone, "anna@shop.example", tenant, Role.ADMIN)
    begun = token_in(await post(browser, f"/sign-in/{link.token}", planted))
    assert not await is_in_force(browser, planted)
    assert await is_in_force(browser, cookie_of(begun))
    # Neither does one of somebody who is signed in become that of whoever accepts an invitation.
    eve = await sign_in(clone, db, "eve@evil.example")
    async with db.tenant(tenant) as connection:
        token = await invite(connection, tenant, "ben@shop.example", Role.VIEWER, by="test")
    accepted = token_in(await post(browser, f"/invitations/{token}", eve))
    assert not await is_in_force(browser, eve)
    assert await is_in_force(browser, cookie_of(accepted))


async def test_a_token_is_worth_nothing_once_it_has_changed(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await sign_in(clone, db, "anna@shop.example", other_tenant, Role.VIEWER)
    first = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    second = cookie_of(token_in(await post(browser, "/tenants", first, tenant=str(other_tenant))))
    third = cookie_of(
        token_in(await post(browser, "/account/password", second, new=GOOD, again=GOOD))
    )
    assert [await is_in_force(browser, each) for each in (first, second, third)] == [
        False,
        False,
        True,
    ]
    assert (await post(browser, "/tenants", third, tenant=str(tenant))).status_code == 303
    assert not await is_in_force(browser, third)


async def test_a_token_that_was_signed_out_or_whose_user_is_disabled_is_worth_nothing(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    one, other = [
        await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN) for _ in range(2)
    ]
    await post(browser, "/sign-out", one)
    assert not await is_in_force(browser, one)
    assert await is_in_force(browser, other)
    operator = await asyncpg.connect(clone.superuser_url)
    try:
        await operator.execute("UPDATE users SET password_hash = 'hash'")
        await disable_user(operator, "anna@shop.example")
    finally:
        await operator.close()
    assert not await is_in_force(browser, other)
    async with db.statement() as connection:
        assert await find_password(connection, "anna@shop.example", new_token()) is None


async def test_an_address_that_was_taken_before_its_owner_came_lets_only_the_owner_in(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    # Eve, an admin of her own tenant, invites the address of somebody else and accepts by herself.
    async with db.tenant(other_tenant) as connection:
        token = await invite(connection, other_tenant, "boss@shop.example", Role.VIEWER, by="eve")
    taken = await post(
        browser, f"/invitations/{token}", {}, email="ceo@shop.example", password=OTHER
    )
    eve = cookie_of(token_in(taken))
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT email FROM users").fetchall() == [("boss@shop.example",)]
    # The operator means the owner of the address.
    link = await make_link(clone, "boss@shop.example", tenant, Role.ADMIN)
    assert not await is_in_force(browser, eve)
    right = await post(browser, "/sign-in", {}, email="boss@shop.example", password=OTHER)
    assert right.status_code == 401
    owner = cookie_of(token_in(await post(browser, f"/sign-in/{link.token}", {})))
    await post(browser, "/account/password", owner, new=GOOD, again=GOOD)
    # Another link takes nothing from the owner.
    await make_link(clone, "boss@shop.example", tenant, Role.ADMIN)
    right = await post(browser, "/sign-in", {}, email="boss@shop.example", password=GOOD)
    assert right.status_code == 303


@pytest.mark.parametrize("path", OTHER_SITES)
def test_no_way_leads_to_another_site(path: str) -> None:
    assert own_path(path) == "/overview"


async def test_nothing_that_is_sent_becomes_a_header(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    evil = "x\r\nX-Injected: 1\r\nSet-Cookie: skeldir=y"
    quoted = "x%0d%0aX-Injected:%201"
    answers = [
        await browser.get("/sign-in", params={"next": f"/{evil}", "lang": evil, "theme": evil}),
        await browser.get(f"/sign-in/{quoted}"),
        await browser.get(f"/invitations/{quoted}"),
        await browser.get(f"/account?lang={quoted}"),
        await browser.get(f"/account?{quoted}"),
        await post(browser, f"/sign-in/{quoted}", {}),
        await post(browser, "/sign-in", {}, email=f"a@b.example{evil}", next=f"/{evil}"),
    ]
    link = await make_link(clone, "anna@shop.example", tenant, Role.ADMIN)
    headers: dict[bytes, bytes] = {k.encode(): v.encode() for k, v in OWN.items()}
    headers |= {b"User-Agent": b"Firefox/1 \xff(Linux)", b"Accept-Language": b"de;q=1;x, " * 99}
    answers.append(await browser.post(f"/sign-in/{link.token}", headers=headers, data={}))
    for answer in answers:
        assert answer.status_code < 500
        assert "x-injected" not in answer.headers
        assert all(
            "\r" not in value and "\n" not in value for _, value in answer.headers.multi_items()
        )
        assert "skeldir=y" not in str(answer.headers.get_list("set-cookie"))


async def test_a_hostile_name_is_shown_and_never_obeyed(
    browser: httpx2.AsyncClient, clone: Clone, db: Database
) -> None:
    for text in HOSTILE:
        tenant = await make_tenant(db, f"A {text}")
        email = f"{text.replace(' ', '')}@shop.example".lower()
        session = await sign_in(clone, db, email, tenant, Role.ADMIN)
        async with db.tenant(tenant) as connection:
            token = await invite(connection, tenant, email, Role.VIEWER, by=email)
        for path in ("/account", "/tenants", "/settings/members", f"/invitations/{token}"):
            page = await browser.get(path, headers=session)
            assert page.status_code == 200, (text, path)
            # The page has the text, and nothing that it would be if it were obeyed.
            assert email in unescape(page.text), (text, path)
            assert not ELEMENTS.search(page.text), (text, path)
            assert "49@shop" not in page.text
        refused = await post(browser, "/sign-in", {}, email=text, password=text)
        assert text in unescape(refused.text)
        assert not ELEMENTS.search(refused.text), text


def test_a_name_that_looks_like_another_is_no_address() -> None:
    for email in ("anna\u202e@shop.example", "an\u200bna@shop.example", "anna@sh\u2066op.example"):
        with pytest.raises(EmailInvalid):
            read_email(email)


async def test_no_path_leads_out_of_the_files_of_pages(browser: httpx2.AsyncClient) -> None:
    for path in OUTSIDE:
        assert (await browser.get(f"/static/{path}")).status_code == 404, path


async def test_no_language_is_a_path(browser: httpx2.AsyncClient) -> None:
    plain = await browser.get("/sign-in")
    for language in ("../../../etc/passwd", "en/../de", "de\x00", "..", "__class__"):
        answer = await browser.get("/sign-in", params={"lang": language})
        assert answer.status_code == 200
        assert "<h1>Sign in</h1>" in answer.text
        assert len(answer.headers.get_list("set-cookie")) == len(
            plain.headers.get_list("set-cookie")
        )


def test_ten_thousand_guesses_are_slowed_and_the_owner_gets_in_all_the_while() -> None:
    guesses, compared, email, waits = Guesses(), 0, "anna@shop.example", set[int]()
    for number in range(10_000):
        # One each second, each from an address and a browser of its own.
        now_s, address = float(number), f"2001:db8:{number:x}::1"
        try:
            guesses.fail(guesses.admit(email, address, None, now_s), now_s)
            compared += 1
        except GuessesLimited as limited:
            waits.add(limited.retry_after_s)
        guesses.admit(email, "192.0.2.1", "the owner's browser", now_s)
    assert compared == 8 + 10_000 // 60
    assert waits <= set(range(1, 61))


def test_whoever_guesses_many_accounts_is_slowed_too() -> None:
    guesses, compared = Guesses(), 0
    for number in range(10_000):
        try:
            guesses.fail(guesses.admit(f"{number}@shop.example", "192.0.2.1", None, 0.0), 0.0)
            compared += 1
        except GuessesLimited:
            guesses.admit("anna@shop.example", "192.0.2.1", "the owner's browser", 0.0)
    assert compared == 30
    # Another address may still try.
    guesses.admit("ben@shop.example", "198.51.100.1", None, 0.0)


def test_guesses_that_are_compared_at_once_are_waited_for_afterwards() -> None:
    guesses = Guesses()
    admitted = [
        guesses.admit("anna@shop.example", f"2001:db8:{n:x}::1", None, 0.0) for n in range(20)
    ]
    for guess in admitted:
        guesses.fail(guess, 0.0)
    with pytest.raises(GuessesLimited) as limited:
        guesses.admit("anna@shop.example", "192.0.2.1", None, 0.0)
    assert limited.value.retry_after_s > 12 * 60


async def test_a_password_takes_no_long_time_to_judge() -> None:
    began = process_time()
    with pytest.raises(PasswordWeak):
        await Passwords().hash_new("4@8({[<36901|$5+7%2!" * 5 + "x", "anna@shop.example")
    await Passwords().hash_new("4@8({[<36901|$5+7%2!" * 5, "anna@shop.example")
    assert process_time() - began < 3
