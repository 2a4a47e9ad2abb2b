"""Adding and removing passkeys: by their user alone, who keeps a way in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from skeldir.db.pool import Database
from skeldir.users import register_user
from tests.conftest import Clone
from tests.support.authenticator import Lies, write
from tests.support.passkey_browser import ANNA, BEN, COOKIE, GOOD, Browser, browsing, refused
from tests.support.people import begin, make_link


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[Browser]:
    async with browsing(clone) as opened:
        yield opened


OKP = {1: 1, 3: -8, -1: 6, -2: bytes(31)}
MADE_LIES = [
    Lies(origin="https://localhost"),
    Lies(rp_id="evil.example"),
    Lies(challenge=write(bytes(32))),
    Lies(is_inside=True),
    Lies(verifies=False),
    Lies(kind="webauthn.get"),
    Lies(public_key=OKP),
    Lies(public_key={1: 2, 3: -7, -1: 1, -2: b"x", -3: b"y"}),
    Lies(public_key={1: 2}),
    Lies(public_key={1: 2, 3: -35, -1: 1, -2: bytes(32), -3: bytes(32)}),
    Lies(stated={"fmt": "packed", "attStmt": {"alg": -7, "sig": b"", "x5c": [b"certificate"]}}),
    Lies(stated={"fmt": "packed", "attStmt": {"alg": -7, "sig": b"none"}}),
    Lies(stated={"fmt": "tpm", "attStmt": {"ver": "2.0"}}),
    Lies(stated={"fmt": "none", "attStmt": {"sig": b"x"}}),
    Lies(stated={"fmt": ["none"], "attStmt": [1]}),
    Lies(stated={"authData": b"short"}),
    Lies(stated={"authData": 7}),
]


async def test_whatever_a_device_says_wrongly_adds_nothing(browser: Browser, tenant: UUID) -> None:
    await browser.use_link(ANNA, tenant)
    for lies in MADE_LIES:
        refused(await browser.add(lies), 403, "passkey_refused")
    assert await browser.keys_of(ANNA) == []


GOOD_ID = write(b"i" * 32)
UNREADABLE = [
    "",
    "x",
    "[]",
    "null",
    "[" * 5_000,
    '{"a":' * 3_000,
    "9" * 5_000,
    json.dumps({"id": GOOD_ID, "type": "public-key", "response": []}),
    json.dumps({"id": GOOD_ID, "type": "password", "response": {}}),
    json.dumps({"id": 7, "type": "public-key", "response": {}}),
    json.dumps({"id": "a b", "type": "public-key", "response": {}}),
    json.dumps({"id": "short", "type": "public-key", "response": {}}),
    json.dumps({"id": write(bytes(1_024)), "type": "public-key", "response": {}}),
    json.dumps({"id": GOOD_ID, "type": "public-key", "response": {"clientDataJSON": "AAAAA"}}),
    json.dumps({"id": GOOD_ID, "type": "public-key", "response": {"clientDataJSON": {}}}),
    '"' + "a" * 20_000 + '"',
]


async def test_what_no_browser_sends_is_refused_as_such(browser: Browser, tenant: UUID) -> None:
    await browser.use_link(ANNA, tenant)
    for text in UNREADABLE:
        for to in ("sign-in", "add"):
            await browser.ask(to)
            refused(
                await browser.post(f"/passkeys/{to}", credential=text), 422, "passkey_unreadable"
            )


async def test_a_passkey_that_is_known_is_added_to_nobody_else(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    await browser.add()
    known = browser.device.passkeys[0].credential_id
    await browser.use_link(BEN, tenant)
    refused(await browser.add(Lies(credential_id=known)), 409, "passkey_taken")
    assert await browser.keys_of(BEN) == []
    browser.change(
        "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, name) "
        "SELECT gen_random_uuid(), u.id, uuid_send(gen_random_uuid()), 'x', 0, 'x' "
        f"FROM users u, generate_series(1, 20) WHERE u.email = '{BEN}'"
    )
    refused(await browser.add(), 409, "passkeys_too_many")


async def test_adding_and_removing_one_needs_the_password_of_whoever_has_one(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    # One that is as quick to compare as to guess.
    kept = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    browser.change(f"UPDATE users SET password_hash = '{kept}'")
    browser.change("UPDATE user_sessions SET signed_in_by = 'password'")
    answer = await browser.post("/passkeys/add/options", old="wrong")
    assert answer.status_code == 422
    assert "The present password is wrong." in answer.text
    assert COOKIE not in browser.client.cookies
    assert (await browser.add(old=GOOD)).status_code == 303
    (key,) = await browser.keys_of(ANNA)
    wrong = await browser.post("/passkeys/remove", passkey=key, old="wrong")
    assert wrong.status_code == 422
    assert await browser.keys_of(ANNA) == [key]
    gone = await browser.post("/passkeys/remove", passkey=key, old=GOOD)
    assert gone.headers["location"] == "/account?done=no_passkey"
    assert browser.rows("SELECT action FROM audit_log ORDER BY id")[-1] == ("passkey.remove",)
    refused(await browser.sign_in(), 403, "passkey_refused")


async def test_a_passkey_is_removed_by_its_user_alone_who_keeps_a_way_in(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant)
    await browser.add()
    await browser.sign_in()
    elsewhere = dict(browser.client.cookies)
    (key,) = await browser.keys_of(ANNA)
    await browser.use_link(BEN, tenant)
    # Of his own he may remove one, so it is not the last way in that keeps hers.
    await browser.add()
    await browser.add()
    for passkey in (key, "x", ""):
        answer = await browser.post("/passkeys/remove", passkey=passkey)
        assert answer.headers["location"] == "/account"
    assert await browser.keys_of(ANNA) == [key]
    await browser.use_link(ANNA, tenant)
    page = (await browser.client.get("/account")).text
    assert "Choose a password first: you could not sign in without this." in page
    refused(await browser.post("/passkeys/remove", passkey=key), 409, "password_needed")
    await browser.add()
    assert (await browser.post("/passkeys/remove", passkey=key)).status_code == 303
    assert len(await browser.keys_of(ANNA)) == 1
    # Whoever has the removed one may also have the session that began by it.
    browser.client.cookies.clear()
    browser.client.cookies.update(elsewhere)
    assert (await browser.client.get("/account")).headers["location"].startswith("/sign-in")


async def test_the_first_link_for_whoever_was_only_invited_drops_passkeys(
    browser: Browser, db: Database, tenant: UUID
) -> None:
    async with db.unbound() as connection:
        ben = await register_user(connection, BEN, "hash")
    begun = await begin(db, ben)
    assert begun is not None
    browser.client.cookies["skeldir"] = begun.token
    await browser.add()
    assert len(await browser.keys_of(BEN)) == 1
    await make_link(browser.clone, BEN)
    assert await browser.keys_of(BEN) == []
    await browser.use_link(ANNA, tenant)
    await browser.add()
    await make_link(browser.clone, ANNA)
    assert len(await browser.keys_of(ANNA)) == 1
