"""Signing in: by a link or a password, with cookies that no page of another site can set, guess or use."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.db.pool import Database
from skeldir.users import Role
from skeldir.web import PAGE_POLICY
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.people import make_link
from tests.support.sites import FORM, OWN

GOOD = "violet anchor seventy marmalade"
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/a//b",
    "javascript:alert(1)",
    "/a\r\nSet-Cookie: x=y",
    "",
    "evil",
    "/" + "a" * 1_500,
)


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        # Where a browser sends secure cookies without a certificate.
        client.base_url = "http://localhost"
        yield client


async def sign_in_by_link(
    browser: httpx2.AsyncClient, clone: Clone, email: str, tenant: UUID | None, role: Role | None
) -> httpx2.Response:
    link = await make_link(clone, email, tenant, role)
    return await browser.post(f"/sign-in/{link.token}", headers=OWN, data={})


def cookies_of(response: httpx2.Response) -> list[str]:
    return response.headers.get_list("set-cookie")


async def test_a_link_leads_to_the_account_where_a_password_is_chosen(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    link = await make_link(clone, "anna@shop.example", tenant, Role.ADMIN)
    page = await browser.get(f"/sign-in/{link.token}")
    assert page.status_code == 200
    # Looking at it has not used it up.
    signed_in = await browser.post(f"/sign-in/{link.token}", headers=OWN, data={})
    assert signed_in.status_code == 303
    page = await browser.get(signed_in.headers["location"], follow_redirects=True)
    assert page.url.path == "/account"
    assert "anna@shop.example" in page.text
    changed = await browser.post(
        "/account/password", headers=OWN, data={"new": GOOD, "again": GOOD}
    )
    assert changed.headers["location"] == "/account?done=password"
    again = await browser.post(f"/sign-in/{link.token}", headers=OWN, data={})
    assert again.status_code == 403
    assert "sign_in_link_invalid" in again.text


async def test_a_password_lets_in_and_a_wrong_one_does_not(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    await browser.post("/account/password", headers=OWN, data={"new": GOOD, "again": GOOD})
    assert (await browser.post("/sign-out", headers=OWN)).headers["location"] == "/sign-in"
    assert (await browser.get("/account")).headers["location"] == "/sign-in?next=%2Faccount"
    for email, password in (
        ("anna@shop.example", "wrong"),
        ("nobody@shop.example", GOOD),
        ("anna@shop.example", ""),
    ):
        refused = await browser.post(
            "/sign-in", headers=OWN, data={"email": email, "password": password}
        )
        assert refused.status_code == 401
        assert "is wrong" in refused.text
    right = await browser.post(
        "/sign-in",
        headers=OWN,
        data={"email": " ANNA@shop.example", "password": GOOD, "next": "/account?done=password"},
    )
    page = await browser.get(right.headers["location"], follow_redirects=True)
    assert (page.url.path, page.status_code) == ("/account", 200)


async def test_a_session_begins_with_a_new_token_and_the_one_before_ends(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    planted = "A" * 43
    browser.cookies.set("skeldir", planted)
    first = await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    token = re.search(r"skeldir=([\w-]{43});", "\n".join(cookies_of(first)))
    assert token is not None
    assert token[1] != planted
    await sign_in_by_link(browser, clone, "anna@shop.example", None, None)
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute(
            "SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FROM user_sessions"
        ).fetchone() == (1, 2)


@pytest.mark.parametrize(
    ("public_url", "host", "is_local"),
    [
        (None, "localhost:8000", True),
        (None, "127.0.0.1", True),
        (None, "[::1]:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("https://skeldir.example", "skeldir.example", False),
        ("https://skeldir.example:8443", "skeldir.example:8443", False),
    ],
)
async def test_cookies_are_of_this_host_and_secure(
    monkeypatch: pytest.MonkeyPatch,
    clone: Clone,
    tenant: UUID,
    public_url: str | None,
    host: str,
    is_local: bool,
) -> None:
    if public_url is not None:
        monkeypatch.setenv("SKELDIR_PUBLIC_URL", public_url)
    link = await make_link(clone, "anna@shop.example", tenant, Role.ADMIN)
    async with asking(clone.app_url) as (_, client):
        response = await client.post(
            f"/sign-in/{link.token}", headers={**OWN, "Host": host}, data={}
        )
    kept = cookies_of(response)
    assert len(kept) == 2
    for cookie in kept:
        lower = cookie.lower()
        assert cookie.startswith("skeldir" if is_local else "__Host-skeldir")
        assert "httponly" in lower
        assert "samesite=lax" in lower
        assert "path=/" in lower
        assert "domain" not in lower
        assert ("; secure" in lower) is not is_local


async def test_nobody_is_led_to_another_site(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    for path in ELSEWHERE:
        answer = await browser.get("/sign-in", params={"next": path})
        assert answer.headers["location"] == "/overview", path


async def test_guesses_are_slowed_and_the_owner_gets_in_from_a_known_browser(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    await browser.post("/account/password", headers=OWN, data={"new": GOOD, "again": GOOD})
    await browser.post("/sign-out", headers=OWN)
    known = dict(browser.cookies)
    browser.cookies.clear()
    outcomes = []
    for number in range(12):
        answer = await browser.post(
            "/sign-in",
            headers=OWN,
            data={"email": "anna@shop.example", "password": f"guess {number}"},
        )
        outcomes.append(answer.status_code)
    assert outcomes == [401] * 8 + [429] * 4
    assert int(answer.headers["retry-after"]) >= 1
    # Even the right password is not compared from a browser that is not known.
    fields = {"email": "anna@shop.example", "password": GOOD}
    assert (await browser.post("/sign-in", headers=OWN, data=fields)).status_code == 429
    browser.cookies.update(known)
    assert (await browser.post("/sign-in", headers=OWN, data=fields)).status_code == 303


async def test_a_wrong_present_password_changes_nothing(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    await browser.post("/account/password", headers=OWN, data={"new": GOOD, "again": GOOD})
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute(
            "UPDATE user_sessions SET signed_in_at = signed_in_at - interval '16 minutes'"
        )
        before = admin.execute("SELECT password_hash FROM users").fetchone()
    other = "another fine purple teapot"
    for fields in (
        {"new": other, "again": other, "old": "wrong"},
        {"new": other, "again": other},
        {"new": other, "again": other + "x", "old": GOOD},
        {"new": "password123", "again": "password123", "old": GOOD},
    ):
        answer = await browser.post("/account/password", headers=OWN, data=fields)
        assert answer.status_code == 422
    with psycopg.connect(clone.superuser_url) as admin:
        assert admin.execute("SELECT password_hash FROM users").fetchone() == before
    fields = {"new": other, "again": other, "old": GOOD}
    answer = await browser.post("/account/password", headers=OWN, data=fields)
    assert answer.status_code == 303


async def test_an_invitation_lets_a_new_user_in_as_a_member(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    page = await browser.post(
        "/settings/members/invitations",
        headers={**OWN, "Origin": str(browser.base_url)},
        data={"email": "ben@shop.example", "role": "viewer"},
    )
    found = re.search(r"/invitations/[\w-]{43}", unescape(page.text))
    assert found is not None
    browser.cookies.clear()
    shown = await browser.get(found[0])
    assert "ben@shop.example" in shown.text
    weak = await browser.post(
        found[0], headers=OWN, data={"email": "ben@shop.example", "password": "short"}
    )
    assert weak.status_code == 422
    accepted = await browser.post(
        found[0], headers=OWN, data={"email": "ben@shop.example", "password": GOOD}
    )
    assert accepted.status_code == 303
    assert (await browser.get("/account")).status_code == 200
    # A viewer admits nobody.
    refused = await browser.get("/settings/members")
    assert refused.status_code == 403
    assert "role_missing" in refused.text
    assert (await browser.get(found[0])).status_code == 403


async def test_a_removed_member_sees_nothing_from_the_next_request_on(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID, other_tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    assert (await browser.get("/settings/members")).status_code == 200
    with psycopg.connect(clone.superuser_url) as admin:
        admin.execute("DELETE FROM memberships")
    for method, path in (("GET", "/settings/members"), ("POST", "/settings/members")):
        answer = await browser.request(method, path, headers=OWN, data={})
        assert (answer.status_code, answer.headers["location"]) == (303, "/tenants")
    answer = await browser.post("/tenants", headers=OWN, data={"tenant": str(other_tenant)})
    assert answer.headers["location"] == "/tenants"
    assert "member of no tenant" in (await browser.get("/tenants")).text


async def test_every_page_has_a_strict_policy_and_is_kept_nowhere(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    for path in ("/account", "/tenants", "/settings/members", "/sign-in/x", "/invitations/x"):
        page = await browser.get(path)
        assert page.headers["content-security-policy"] == PAGE_POLICY, path
        assert page.headers["cache-control"] == "private, no-store", path
        assert not re.search(r"<style|style=|<script(?! src=\"/static/)|\son\w+=", page.text), path


@pytest.mark.parametrize(
    ("language", "words"),
    [("de-DE,de;q=0.9", "Anmelden"), ("fr", "Se connecter"), ("ja", "Sign in")],
)
async def test_pages_are_in_the_language_of_the_browser(
    browser: httpx2.AsyncClient, language: str, words: str
) -> None:
    page = await browser.get("/sign-in", headers={"Accept-Language": language})
    assert f"<h1>{words}</h1>" in page.text


async def test_a_page_that_answers_a_form_links_to_no_address_that_takes_forms_only(
    browser: httpx2.AsyncClient, clone: Clone, tenant: UUID
) -> None:
    await sign_in_by_link(browser, clone, "anna@shop.example", tenant, Role.ADMIN)
    fields = {"new": "short", "again": "short"}
    for path in ("/account/password", "/settings/members/invitations", "/settings/members"):
        page = await browser.post(path, headers=OWN, data=fields | {"role": "viewer"})
        links = set(re.findall(r'href="(/[^"]*)"', page.text))
        assert links
        for link in links:
            answer = await browser.get(unescape(link))
            assert answer.status_code in (200, 303), (path, link)


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{}", "application/json", 400),
        (b"a=%FF", FORM, 400),
        (b"a=\x00", FORM, 400),
        (b"&".join(b"a=1" for _ in range(101)), FORM, 400),
        (b"a" * 70_000, FORM, 413),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    browser: httpx2.AsyncClient, body: bytes, media_type: str, status: int
) -> None:
    answer = await browser.post(
        "/sign-in", headers={**OWN, "Content-Type": media_type}, content=body
    )
    assert answer.status_code == status
