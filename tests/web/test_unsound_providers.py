"""What a provider says is believed only if it is signed, for this program and this sign-in, and of this provider."""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from joserfc import jwt

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    OwnProvider,
    new_key,
    own_provider,
    sign_by_key,
)
from tests.support.oidc_browser import ANNA, OWN, Browser, browsing, refused


@pytest.fixture
async def browser(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    async with browsing(clone, monkeypatch) as opened:
        yield opened


def encoded(*parts: dict[str, Any]) -> str:
    return ".".join(
        urlsafe_b64encode(json.dumps(part).encode()).decode().strip("=") for part in parts
    )


def unsigned(_: OwnProvider, claims: dict[str, Any]) -> str:
    return encoded({"alg": "none", "typ": "JWT"}, claims) + "."


def by_shared_secret(_: OwnProvider, claims: dict[str, Any]) -> str:
    return with_mac(encoded({"alg": "HS256"}, claims), CLIENT_SECRET.encode())


def by_public_key_as_secret(provider: OwnProvider, claims: dict[str, Any]) -> str:
    signed = encoded({"alg": "HS256", "kid": "first"}, claims)
    return with_mac(signed, provider.key.as_bytes(private=False))


def with_mac(signed: str, secret: bytes) -> str:
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{urlsafe_b64encode(mac).decode().strip('=')}"


def by_another_key(provider: OwnProvider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, new_key("first"))


def with_its_own_key(_: OwnProvider, claims: dict[str, Any]) -> str:
    key = new_key("mine")
    header = {"alg": "ES256", "kid": "mine", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key)


def altered(provider: OwnProvider, claims: dict[str, Any]) -> str:
    head, _, signature = sign_by_key(provider, claims).split(".")
    return f"{head}.{encoded({**claims, 'sub': 'anna-8'})}.{signature}"


def no_token(*_: object) -> str:
    return "no token"


Sign = Callable[[OwnProvider, dict[str, Any]], str]
UNSOUND_SIGNATURES: tuple[Sign, ...] = (
    unsigned,
    by_shared_secret,
    by_public_key_as_secret,
    by_another_key,
    with_its_own_key,
    altered,
    no_token,
)
UNSOUND_CLAIMS: tuple[dict[str, Any], ...] = (
    {"iss": "https://evil.example"},
    {"aud": "another program"},
    {"aud": [CLIENT_ID, "another program"]},
    {"azp": "another program"},
    {"nonce": "of another sign-in"},
    {"nonce": None},
    {"exp": time.time() - 3_600},
    {"iat": time.time() - 3_600},
    {"iat": time.time() + 3_600},
    {"sub": None},
    {"sub": ""},
)


async def test_an_unsound_id_token_lets_nobody_in(browser: Browser, tenant: UUID) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    await browser.post("/sign-out")
    for sign in UNSOUND_SIGNATURES:
        browser.provider.sign = sign
        refused(await browser.sign_in("anna-7"), 403, "id_token_refused")
    browser.provider.sign = None
    for claims in UNSOUND_CLAIMS:
        browser.provider.claims = claims
        refused(await browser.sign_in("anna-7"), 403, "id_token_refused")
    browser.provider.claims = {"aud": [CLIENT_ID, "another program"], "azp": CLIENT_ID}
    assert (await browser.sign_in("anna-7")).status_code == 303


async def test_a_new_key_of_the_provider_is_read_once_when_it_is_met(
    browser: Browser, tenant: UUID
) -> None:
    asked = browser.provider.asked
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    assert (await browser.sign_in("anna-7")).status_code == 303
    assert asked.count("/keys") == 1
    browser.provider.rotate("second")
    assert (await browser.sign_in("anna-7")).status_code == 303
    assert asked.count("/keys") == 2
    # The one before is no longer a key of the provider.
    browser.provider.sign = lambda _, claims: jwt.encode(
        {"alg": "ES256", "kid": "first"}, claims, new_key("first")
    )
    browser.client.cookies.clear()
    refused(await browser.sign_in("anna-7"), 403, "id_token_refused")
    assert asked.count("/keys") == 3
    assert asked.count("/.well-known/openid-configuration") == 1


DESCRIPTION = "/.well-known/openid-configuration"
UNUSABLE: tuple[tuple[str, dict[str, Any], tuple[int, bytes] | None, int, str], ...] = (
    ("another issuer", {"issuer": "https://evil.example"}, None, 502, "provider_answer_invalid"),
    ("no issuer", {"issuer": None}, None, 502, "provider_answer_invalid"),
    ("no HTTPS", {"token_endpoint": "http://evil.example/"}, None, 502, "provider_answer_invalid"),
    (
        "a script",
        {"authorization_endpoint": "javascript:alert(1)"},
        None,
        502,
        "provider_answer_invalid",
    ),
    (
        "a header",
        {"authorization_endpoint": "https://a.example/\r\nSet-Cookie: a=b"},
        None,
        502,
        "provider_answer_invalid",
    ),
    ("too much", {}, (200, b"[" * 300_000), 502, "larger than any answer"),
    ("no JSON", {}, (200, b"<html>"), 502, "provider_answer_invalid"),
    ("no object", {}, (200, b"[]"), 502, "provider_answer_invalid"),
    ("a redirect", {}, (302, b""), 503, "provider_unreachable"),
    ("an error", {}, (500, b"{}"), 503, "provider_unreachable"),
)


@pytest.mark.parametrize(
    ("metadata", "answer", "status", "code"), [case[1:] for case in UNUSABLE], ids=[c[0] for c in UNUSABLE]
)  # fmt: skip
async def test_a_provider_that_describes_itself_wrongly_is_not_used(
    browser: Browser,
    metadata: dict[str, Any],
    answer: tuple[int, bytes] | None,
    status: int,
    code: str,
) -> None:
    browser.provider.metadata = metadata
    if answer is not None:
        browser.provider.answers[DESCRIPTION] = answer
    page = await browser.post("/identity/sign-in")
    assert (page.status_code, code in page.text, "refresh" in page.headers) == (status, True, False)
    assert browser.ask("SELECT count(*) FROM sign_in_turns") == [(0,)]
    assert "/elsewhere" not in browser.provider.asked


async def test_a_provider_that_fails_on_the_way_back_lets_nobody_in(
    browser: Browser, tenant: UUID
) -> None:
    await browser.use_link(ANNA, tenant, Role.ADMIN)
    await browser.connect("anna-7")
    browser.client.cookies.clear()
    provider = browser.provider
    for answer, status, code in (
        ((401, b'{"error": "invalid_client"}'), 502, "provider_answer_invalid"),
        ((200, b"{}"), 502, "provider_answer_invalid"),
        ((500, b"no JSON"), 502, "provider_answer_invalid"),
        ((307, b""), 502, "provider_answer_invalid"),
    ):
        provider.answers["/token"] = answer
        refused(await browser.sign_in("anna-7"), status, code)
    del provider.answers["/token"]
    # The provider, or the person there, said no; the reason is a word, and shown as one.
    for error, shown in (("access_denied", "access_denied"), ("<script>", "without a reason")):
        state = dict(parse_qsl(urlsplit(await browser.leave()).query))["state"]
        parameters = {"error": error, "state": state}
        answer_ = await browser.client.get("/identity/callback", params=parameters)
        refused(answer_, 403, "provider_refused")
        assert shown in answer_.text
    callback = provider.let_in(await browser.leave(), "anna-7")
    of_another = callback.replace(urlencode({"iss": provider.issuer}), "iss=https://evil.example")
    assert of_another != callback
    refused(await browser.client.get(of_another), 403, "provider_refused")


async def test_a_provider_that_is_down_is_said_to_be_and_passwords_go_on(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_provider() as gone:
        pass
    for name, value in gone.environment().items():
        monkeypatch.setenv(name, value)
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        for _ in range(2):
            page = await client.post("/identity/sign-in", headers=OWN, data={})
            refused(page, 503, "provider_unreachable")
            assert page.headers["retry-after"]
        assert (await client.get("/sign-in")).status_code == 200
