"""Signing in by passkeys: once for each challenge, at this site, in the same browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import Clone
from tests.support.api import asking
from tests.support.authenticator import Authenticator, Lies, write
from tests.support.passkey_browser import ANNA, BEN, COOKIE, OWN, Browser, browsing, refused


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[Browser]:
    async with browsing(clone) as opened:
        yield opened


async def test_whoever_has_added_a_passkey_signs_in_by_it_without_an_address(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    added = await browser.add(name="  Anna's\u202e phone ")
    assert added.headers["location"] == "/account?done=passkey"
    page = (await browser.client.get("/account?done=passkey")).text
    assert "Anna&#39;s phone" in page
    assert "never" in page
    before = browser.client.cookies["skeldir"]
    await browser.post("/sign-out")
    assert 'data-passkey="/passkeys/sign-in/options"' in (await browser.client.get("/sign-in")).text
    back = await browser.sign_in()
    # Without a password, the account page does not stand in the way: she needs none.
    assert back.headers["location"] == "/sign-in?after=sign-in&next=%2Foverview"
    assert browser.client.cookies["skeldir"] != before
    assert COOKIE not in browser.client.cookies
    assert (await browser.client.get("/settings/members")).status_code == 200
    assert browser.rows("SELECT signed_in_by FROM user_sessions WHERE ended_at IS NULL") == [
        ("passkey",)
    ]
    assert browser.rows("SELECT sign_count, used_at IS NULL FROM passkeys") == [(1, False)]
    assert browser.rows("SELECT tenant_id, actor, action, subject FROM audit_log ORDER BY id")[
        1:
    ] == [(tenant, ANNA, "passkey.add", f"{ANNA}: Anna's phone")]


async def test_a_device_is_asked_to_verify_its_user_and_the_database_has_only_digests(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    await browser.add()
    asked = await browser.ask("add")
    assert asked["rp"] == {"name": "skeldir", "id": "localhost"}
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert [each["id"] for each in asked["excludeCredentials"]] == [
        write(browser.device.passkeys[0].credential_id)
    ]
    cookie = browser.client.cookies[COOKIE]
    kept = repr(browser.rows("SELECT t.*, t::text FROM sign_in_turns t"))
    assert asked["challenge"] not in kept + cookie
    assert cookie[:43] not in kept
    asked = await browser.ask("sign-in")
    assert (asked["rpId"], asked["userVerification"]) == ("localhost", "required")
    # Nobody is named, so nobody learns who has a passkey.
    assert asked["allowCredentials"] == []


SIGN_IN_LIES: dict[str, Callable[[Browser], Lies]] = {
    "another origin": lambda _: Lies(origin="http://localhost.evil.example"),
    "another site": lambda _: Lies(rp_id="evil.example"),
    "another challenge": lambda _: Lies(challenge=write(bytes(32))),
    "a page inside another": lambda _: Lies(is_inside=True),
    "an unverified user": lambda _: Lies(verifies=False),
    "a count that goes back": lambda _: Lies(count=1),
    "a count that stays": lambda _: Lies(count=0),
    "another key": lambda _: Lies(key=ec.generate_private_key(ec.SECP256R1())),
    "another user": lambda browser: Lies(user_handle=browser.device.passkeys[0].user_handle),
    "nobody": lambda _: Lies(user_handle=b""),
    "making one": lambda _: Lies(kind="webauthn.create"),
}


async def test_whatever_a_device_says_wrongly_lets_nobody_in(
    browser: Browser, tenant: UUID, other_tenant: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.use_link(BEN, other_tenant)
    await browser.add()
    await browser.post("/sign-out")
    await browser.use_link(ANNA, tenant)
    await browser.add()
    await browser.post("/sign-out")
    assert (await browser.sign_in()).status_code == 303
    await browser.post("/sign-out")
    for name, lies in SIGN_IN_LIES.items():
        caplog.clear()
        refused(await browser.sign_in(lies(browser)), 403, "passkey_refused")
        assert "web.passkey_refused" in caplog.text, name
    # Each has its own tenant, whoever was before in this browser.
    assert (await browser.sign_in()).status_code == 303
    assert ANNA in (await browser.client.get("/settings/members")).text
    assert (await browser.sign_in(which=0)).status_code == 303
    members = (await browser.client.get("/settings/members")).text
    assert BEN in members
    assert ANNA not in members
    assert browser.rows("SELECT count(*) FROM user_sessions WHERE ended_at IS NULL") == [(1,)]


async def test_a_challenge_is_answered_once_in_time_by_its_browser_and_for_what_it_was_made(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    await browser.add()
    await browser.post("/sign-out")
    client, device = browser.client, browser.device

    async def answer(credential: str, cookie: str | None) -> httpx2.Response:
        client.cookies.clear()
        headers = OWN | ({} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"})
        data = {"credential": credential}
        return await client.post("/passkeys/sign-in", headers=headers, data=data)

    used = device.use(await browser.ask("sign-in"))
    own = client.cookies[COOKIE]
    await browser.ask("sign-in")
    another = client.cookies[COOKIE]
    # Without a cookie, with one that was made up, or was changed.
    for cookie in (None, "A" * 43 + own[43:], own.replace(".use.", ".make."), own + "a", "x"):
        refused(await answer(used, cookie), 403, "passkey_turn_invalid")
    # That of another browser is a browser's of the site, but not of this challenge.
    refused(await answer(used, another), 403, "passkey_refused")
    assert (await answer(used, own)).status_code == 303
    refused(await answer(used, own), 403, "passkey_turn_invalid")
    used = device.use(await browser.ask("sign-in"))
    late = client.cookies[COOKIE]
    (lasts,) = browser.rows("SELECT extract(epoch FROM max(expires_at) - now()) FROM sign_in_turns")
    assert 280 < lasts[0] <= 300
    browser.change("UPDATE sign_in_turns SET expires_at = now()")
    refused(await answer(used, late), 403, "passkey_turn_invalid")
    # A wrong answer uses it up as well.
    asked = await browser.ask("sign-in")
    spent = client.cookies[COOKIE]
    refused(await answer("{}", spent), 422, "passkey_unreadable")
    refused(await answer(device.use(asked), spent), 403, "passkey_turn_invalid")


async def test_a_challenge_of_another_session_or_of_a_sign_in_adds_no_passkey(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    asked = await browser.ask("add")
    of_anna = browser.client.cookies[COOKIE]
    made = browser.device.make(asked)
    # Anna's challenge in a session of Ben's, as a page that sets cookies could have it.
    await browser.use_link(BEN, tenant)
    browser.client.cookies[COOKIE] = of_anna
    refused(await browser.post("/passkeys/add", credential=made), 403, "passkey_turn_invalid")
    asked = await browser.ask("sign-in")
    asked |= {"rp": {"id": "localhost"}, "user": {"id": write(bytes(16))}}
    made = browser.device.make(asked)
    refused(await browser.post("/passkeys/add", credential=made), 403, "passkey_turn_invalid")
    # And one for adding signs nobody in.
    await browser.add()
    asked = {**await browser.ask("add"), "rpId": "localhost"}
    used = browser.device.use(asked)
    refused(await browser.post("/passkeys/sign-in", credential=used), 403, "passkey_turn_invalid")
    assert len(await browser.keys_of(BEN)) == 1
    assert await browser.keys_of(ANNA) == []


async def test_whoever_is_disabled_or_a_member_of_nothing_gets_no_further_than_by_other_ways(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    await browser.add()
    await browser.post("/sign-out")
    browser.change("DELETE FROM memberships")
    assert (await browser.sign_in()).headers["location"].endswith("next=%2Ftenants")
    assert (await browser.client.get("/overview")).headers["location"] == "/tenants"
    browser.change("UPDATE users SET disabled_at = now()")
    refused(await browser.sign_in(), 403, "sign_in_refused")


async def test_a_device_that_does_not_count_signs_in_again_and_again(
    browser: Browser, tenant: UUID
) -> None:
    browser.device.counts = False
    await browser.use_link(ANNA, tenant)
    await browser.add()
    for _ in range(2):
        assert (await browser.sign_in()).status_code == 303


async def test_tries_are_slowed(browser: Browser) -> None:
    for _ in range(30):
        await browser.post("/passkeys/sign-in", credential="{}")
    limited = await browser.post("/passkeys/sign-in/options")
    refused(limited, 429, "sign_in_limited")
    assert limited.headers["retry-after"]


async def test_there_are_none_where_the_host_is_a_number(browser: Browser, tenant: UUID) -> None:
    browser.client.base_url = "http://127.0.0.1:8000"
    assert "data-passkey" not in (await browser.client.get("/sign-in")).text
    await browser.use_link(ANNA, tenant)
    assert "data-passkey" not in (await browser.client.get("/account")).text
    refused(await browser.post("/passkeys/add/options"), 409, "passkeys_off")
    refused(await browser.post("/passkeys/sign-in/options"), 409, "passkeys_off")


async def test_site_and_origin_follow_from_the_setting(
    clone: Clone, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKELDIR_PUBLIC_URL", "https://skeldir.example:8443")
    async with asking(clone.app_url) as (app, client):
        client.base_url = "https://skeldir.example:8443"
        device = Authenticator("https://skeldir.example:8443")
        browser = Browser(app, client, clone, device)
        await browser.use_link(ANNA, tenant)
        asked = await browser.ask("add")
        assert asked["rp"]["id"] == "skeldir.example"
        assert f"__Host-{COOKIE}" in client.cookies
        made = device.make(asked)
        assert (await browser.post("/passkeys/add", credential=made)).status_code == 303
        for origin in ("https://skeldir.example", "http://skeldir.example:8443"):
            refused(await browser.sign_in(Lies(origin=origin)), 403, "passkey_refused")
        assert (await browser.sign_in()).status_code == 303
