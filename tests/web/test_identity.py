"""Signing in by a provider, and connecting accounts: only as whom it vouches for, in this browser, once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import pytest
from joserfc import jwt

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.oidc import (
    CLIENT_ID,
    place_in,
)
from tests.support.oidc_browser import ANNA, OWN, Browser, browsing, refused
from tests.support.people import make_link

GOOD = "violet anchor seventy marmalade"


@pytest.fixture
async def browser(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    async with browsing(clone, monkeypatch) as opened:
        yield opened


async def invite(browser: Browser, email: str) -> str:
    """Invite somebody as the admin who is signed in, and leave; return the invitation's token."""
    page = await browser.post("/settings/members/invitations", email=email, role="viewer")
    found = re.search(r"/invitations/([\w-]{43})", unescape(page.text))
    assert found is not None
    browser.client.cookies.clear()
    return found[1]


async def test_whoever_has_connected_an_account_signs_in_by_the_provider(
    browser: Browser, tenant: UUID, other_tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    connected = await browser.connect("anna-7")
    assert connected.headers["location"] == "/account?done=connected"
    page = await browser.client.get("/account?done=connected")
    assert "anna-7" in page.text
    assert "Connect with" not in page.text
    assert browser.ask("SELECT tenant_id, actor, action, subject FROM audit_log ORDER BY id")[
        1:
    ] == [(tenant, ANNA, "identity.connect", f"{ANNA} at {browser.provider.issuer}")]
    # The session of the link ends where it is; the next one begins by the provider.
    assert (await browser.post("/sign-out")).headers["location"] == "/sign-in"
    assert "Sign in with Example Login" in (await browser.client.get("/sign-in")).text
    back = await browser.sign_in("anna-7", next="/settings/members")
    assert back.headers["location"] == "/sign-in?after=sign-in&next=%2Fsettings%2Fmembers"
    assert (await browser.client.get("/settings/members")).status_code == 200
    assert browser.ask("SELECT signed_in_by FROM user_sessions WHERE ended_at IS NULL") == [
        ("oidc",)
    ]


async def test_the_provider_learns_what_it_needs_and_the_database_only_digests(
    browser: Browser,
) -> None:
    place = await browser.leave()
    assert place.startswith(f"{browser.provider.issuer}/authorize?tenant=a&")
    asked = dict(parse_qsl(urlsplit(place).query))
    cookie = browser.client.cookies["skeldir-turn"]
    kept = repr(browser.ask("SELECT t.*, t::text FROM sign_in_turns t"))
    for name in ("state", "nonce", "code_challenge"):
        value = asked.pop(name)
        assert len(value) == 43
        assert value not in kept + cookie
    assert cookie[:43] not in kept + place
    assert asked == {
        "tenant": "a",
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "http://localhost/identity/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    }


async def test_a_browser_comes_back_once_in_time_and_with_its_own_state(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    await browser.post("/sign-out")
    client = browser.client
    place = await browser.leave()
    callback = browser.provider.let_in(place, "anna-7")
    own = client.cookies["skeldir-turn"]
    # Another browser, one that left for something else, one that changed what it left for, another state, and none.
    for cookie, path in (
        (None, callback),
        ("A" * 43 + own[43:], callback),
        (own.replace("sign_in", "connect"), callback),
        (own + "A", callback),
        (own, callback.replace("state=", "state=A")),
        (own, callback.partition("&")[0]),
    ):
        refused(await browser.come_back(path, cookie), 403, "sign_in_turn_invalid")
    browser.change("UPDATE sign_in_turns SET expires_at = now()")
    refused(await browser.come_back(callback, own), 403, "sign_in_turn_invalid")
    # A code that has been used, with a state that has not.
    callback = browser.provider.let_in(await browser.leave(), "anna-7")
    used = parse_qs(urlsplit(callback).query)["code"][0]
    left = client.cookies["skeldir-turn"]
    assert (await client.get(callback)).status_code == 303
    refused(await browser.come_back(callback, left), 403, "sign_in_turn_invalid")
    fresh = browser.provider.let_in(await browser.leave(), "anna-7")
    replayed = re.sub(r"code=[\w-]+", f"code={used}", fresh)
    refused(await client.get(replayed), 403, "provider_refused")
    # The turn is over, whatever came of it.
    refused(await client.get(fresh), 403, "sign_in_turn_invalid")


async def test_an_identity_that_nobody_connected_is_nobodys_whatever_its_address(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    browser.client.cookies.clear()
    browser.provider.claims = {"email": ANNA, "email_verified": True}
    refused(await browser.sign_in("eve-1"), 403, "identity_unknown")
    assert browser.ask("SELECT count(*) FROM identities") == [(0,)]


async def test_a_verified_address_accepts_its_own_invitation(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    token = await invite(browser, "kim@shop.example")
    shown = await browser.client.get(f"/invitations/{token}")
    assert "Accept with Example Login" in shown.text
    before = browser.ask("SELECT count(*) FROM users")
    browser.provider.user_info = {"sub": "kim-2"}
    for claims in (
        {"email": "kim@shop.example"},
        {"email": "kim@shop.example", "email_verified": False},
        {"email": "kim@shop.example", "email_verified": "true"},
        {"email": "eve@shop.example", "email_verified": True},
        {"email": "\N{KELVIN SIGN}im@shop.example", "email_verified": True},
        {"email_verified": True},
    ):
        browser.provider.claims = claims
        refused(await browser.sign_in("kim-2", invitation=token), 403, "email_unproven")
    assert browser.ask("SELECT count(*) FROM users") == before
    # Many providers say the address in the user info alone.
    browser.provider.claims = {}
    said = {"email": "Kim@Shop.example", "email_verified": True}
    browser.provider.user_info = {"sub": "eve-1", **said}
    refused(await browser.sign_in("kim-2", invitation=token), 502, "provider_answer_invalid")
    browser.provider.user_info = {"sub": "kim-2", **said}
    accepted = await browser.sign_in("kim-2", invitation=token)
    assert accepted.status_code == 303
    # A viewer of the tenant, without a password, who may choose one.
    assert (await browser.client.get("/settings/members")).status_code == 403
    assert "role_missing" in (await browser.client.get("/settings/members")).text
    assert browser.ask(
        "SELECT email, role FROM memberships m JOIN identities i USING (user_id) WHERE subject = 'kim-2'"
    ) == [("kim@shop.example", "viewer")]
    refused(await browser.post("/identity/sign-in", invitation=token), 403, "invitation_invalid")
    assert (await browser.sign_in("kim-2")).status_code == 303


async def test_an_invitation_gives_nobodys_account_away(
    browser: Browser, tenant: UUID, other_tenant: UUID
) -> None:
    await browser.use_link("carl@shop.example", other_tenant, Role.ADMIN)
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    token = await invite(browser, "carl@shop.example")
    browser.provider.claims = {"email": "carl@shop.example", "email_verified": True}
    refused(await browser.sign_in("carl-3", invitation=token), 409, "user_taken")
    # With an identity of his own he is signed in, and the invitation waits for his word.
    await browser.use_link("carl@shop.example", None, None)
    await browser.connect("carl-3")
    browser.client.cookies.clear()
    back = await browser.sign_in("carl-3", invitation=token)
    page = await browser.client.get(back.headers["location"], follow_redirects=True)
    assert page.url.path == f"/invitations/{token}"
    assert "Accept as carl@shop.example" in page.text
    assert browser.ask(f"SELECT count(*) FROM memberships WHERE tenant_id = '{tenant}'") == [(1,)]


async def test_an_account_is_connected_by_its_own_session_with_its_password(
    browser: Browser, tenant: UUID
) -> None:
    client = browser.client
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.post("/account/password", new=GOOD, again=GOOD)
    place = await browser.leave("/identity/connect")
    own, turn = client.cookies["skeldir"], client.cookies["skeldir-turn"]
    # Whoever is signed in when the browser comes back must be who left.
    await browser.use_link("eve@evil.example", None, None)
    refused(await client.get(browser.provider.let_in(place, "eve-1")), 403, "sign_in_turn_invalid")
    assert (await browser.connect("eve-1")).status_code == 303
    assert (await client.get("/account")).text.count("eve-1") == 1
    del own, turn
    # Neither another's identity, nor a second one of the same provider, nor without the password.
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    refused(await browser.connect("eve-1"), 409, "identity_taken")
    assert (await browser.connect("anna-7")).status_code == 303
    refused(await browser.connect("anna-8"), 409, "identity_taken")
    browser.change("UPDATE user_sessions SET signed_in_at = signed_in_at - interval '16 minutes'")
    for path in ("/identity/connect", "/identity/disconnect"):
        wrong = await browser.post(path, old="wrong", issuer=browser.provider.issuer)
        assert (wrong.status_code, "is wrong" in wrong.text) == (422, True)
    assert browser.ask("SELECT subject FROM identities ORDER BY 1") == [("anna-7",), ("eve-1",)]
    gone = await browser.post("/identity/disconnect", old=GOOD, issuer=browser.provider.issuer)
    assert gone.headers["location"] == "/account?done=disconnected"
    assert browser.ask("SELECT subject FROM identities") == [("eve-1",)]
    assert browser.ask(
        f"SELECT action FROM audit_log WHERE tenant_id = '{tenant}' AND action LIKE 'identity.%' ORDER BY id"
    ) == [("identity.connect",), ("identity.disconnect",)]


async def test_whoever_took_an_address_before_its_owner_came_is_out_when_an_operator_lets_him_in(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    token = await invite(browser, "carl@shop.example")
    # The admin has the link, and accepts it himself.
    await browser.post(f"/invitations/{token}", email="carl@shop.example", password=GOOD)
    assert (await browser.connect("eve-1", old=GOOD)).status_code == 303
    await make_link(browser.clone, "carl@shop.example", None, None)
    browser.client.cookies.clear()
    refused(await browser.sign_in("eve-1"), 403, "identity_unknown")
    # What an operator has vouched for stays at the next link.
    await browser.use_link(ANNA, None, None)
    await browser.connect("anna-7")
    await browser.use_link(ANNA, None, None)
    browser.client.cookies.clear()
    assert (await browser.sign_in("anna-7")).status_code == 303


async def test_nobody_loses_the_only_way_to_sign_in_and_the_disabled_stay_out(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    gone = await browser.post("/identity/disconnect", issuer=browser.provider.issuer)
    refused(gone, 409, "password_needed")
    browser.change("UPDATE users SET disabled_at = now()")
    browser.client.cookies.clear()
    refused(await browser.sign_in("anna-7"), 403, "sign_in_refused")


async def test_signing_out_leads_to_the_end_of_the_session_at_the_provider(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    await browser.sign_in("anna-7")
    place = place_in(await browser.post("/sign-out"))
    assert place.partition("?")[0] == f"{browser.provider.issuer}/end"
    asked = dict(parse_qsl(urlsplit(place).query))
    hint = asked.pop("id_token_hint")
    assert jwt.decode(hint, browser.provider.key, algorithms=["ES256"]).claims["sub"] == "anna-7"
    assert asked == {
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "http://localhost/sign-in",
    }
    assert list(browser.client.cookies) == ["skeldir-device"]
    assert (await browser.client.get("/account")).headers["location"].startswith("/sign-in")
    assert browser.ask("SELECT count(*) FROM user_sessions WHERE ended_at IS NULL") == [(0,)]


async def test_only_forms_of_this_site_lead_to_the_provider(browser: Browser, tenant: UUID) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    for path in ("/identity/sign-in", "/identity/connect", "/identity/disconnect"):
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            fields = {"issuer": browser.provider.issuer}
            answer = await browser.client.post(path, headers=headers, data=fields)
            refused(answer, 403, "form_foreign")
    assert browser.ask("SELECT count(*) FROM identities") == [(1,)]


async def test_who_leaves_again_and_again_is_slowed(browser: Browser) -> None:
    outcomes = [(await browser.post("/identity/sign-in")).status_code for _ in range(32)]
    assert (outcomes[:30], outcomes[31]) == ([200] * 30, 429)


async def test_without_a_provider_there_is_no_button_and_no_way(clone: Clone) -> None:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        assert "/identity" not in (await client.get("/sign-in")).text
        refused(await client.post("/identity/sign-in", headers=OWN, data={}), 404, "provider_off")
        refused(await client.get("/identity/callback?code=a&state=b"), 404, "provider_off")
