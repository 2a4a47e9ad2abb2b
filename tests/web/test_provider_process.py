"""Signing in by a provider that others wrote, in a process of its own."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

import httpx2
import psycopg
import pytest

from skeldir.users import Role
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.embedded import wait_until
from tests.support.oidc import place_in
from tests.support.people import make_link

OWN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def issuer() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = Path(sys.executable).with_name("oidc-provider-mock")
    with subprocess.Popen(
        [command, "--port", str(port), "--require-nonce", "true"], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: answers(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class People:
    """People with one browser here and another one at the provider."""

    browser: httpx2.AsyncClient
    there: httpx2.AsyncClient
    issuer: str

    async def know(self, subject: str, **claims: object) -> None:
        """Have the provider say this of a person."""
        stored = await self.there.put(f"{self.issuer}/users/{subject}", json=claims)
        assert stored.status_code == 204

    async def leave(self, **fields: str) -> str:
        return place_in(await self.browser.post("/identity/sign-in", headers=OWN, data=fields))

    async def sign_in(self, subject: str, **fields: str) -> tuple[str, httpx2.Response]:
        """Sign in there and come back; return the path by which the browser came back, and the answer."""
        back = await self.there.post(await self.leave(**fields), data={"sub": subject})
        callback = back.headers["location"].removeprefix("http://localhost")
        return callback, await self.browser.get(callback)

    async def invite(self, clone: Clone, tenant: UUID, email: str) -> str:
        """Invite somebody as an admin; return the invitation's token."""
        link = await make_link(clone, "anna@shop.example", tenant, Role.ADMIN)
        await self.browser.post(f"/sign-in/{link.token}", headers=OWN, data={})
        fields = {"email": email, "role": "viewer"}
        page = await self.browser.post("/settings/members/invitations", headers=OWN, data=fields)
        self.browser.cookies.clear()
        found = re.search(r"/invitations/([\w-]{43})", unescape(page.text))
        assert found is not None
        return found[1]


@pytest.fixture
async def people(
    clone: Clone, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[People]:
    for name, value in (
        ("SKELDIR_PUBLIC_URL", "http://localhost"),
        ("SKELDIR_OIDC_ISSUER", issuer),
        ("SKELDIR_OIDC_CLIENT_ID", "skeldir"),
        ("SKELDIR_OIDC_CLIENT_SECRET", "a secret"),
    ):
        monkeypatch.setenv(name, value)
    async with asking(clone.app_url) as (_, browser), httpx2.AsyncClient(timeout=10) as there:
        browser.base_url = "http://localhost"
        yield People(browser, there, issuer)


def refused(answer: httpx2.Response, code: str) -> None:
    assert (answer.status_code, code in answer.text) == (403, True), answer.text


async def test_people_sign_in_and_out_by_a_provider_of_others(
    people: People, clone: Clone, tenant: UUID
) -> None:
    browser = people.browser
    # Its page names the host, since the provider has no name here.
    assert urlsplit(people.issuer).netloc in (await browser.get("/sign-in")).text
    token = await people.invite(clone, tenant, "ben@shop.example")
    await people.know("ben", email="ben@shop.example", email_verified=False)
    refused((await people.sign_in("ben", invitation=token))[1], "email_unproven")
    await people.know("ben", email="ben@shop.example", email_verified=True)
    assert (await people.sign_in("ben", invitation=token))[1].status_code == 303
    assert "ben@shop.example" in (await browser.get("/account")).text

    browser.cookies.clear()
    callback, again = await people.sign_in("ben", next="/account")
    assert again.headers["location"] == "/sign-in?after=sign-in&next=%2Faccount"
    refused(await browser.get(callback), "sign_in_turn_invalid")
    # The same code with a turn of its own: the provider knows that it was used.
    parameters = {
        "code": parse_qs(urlsplit(callback).query)["code"][0],
        "state": dict(parse_qsl(urlsplit(await people.leave()).query))["state"],
    }
    refused(await browser.get("/identity/callback", params=parameters), "provider_refused")
    refused((await people.sign_in("eve"))[1], "identity_unknown")

    ending = place_in(await browser.post("/sign-out", headers=OWN))
    shown = await people.there.get(ending)
    assert shown.status_code == 200
    assert "http://localhost/sign-in" in unescape(shown.text)
    with psycopg.connect(clone.superuser_url) as admin:
        found = admin.execute("SELECT issuer, subject FROM identities").fetchall()
    assert found == [(people.issuer, "ben")]
