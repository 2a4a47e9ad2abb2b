"""Pages are at one address: forged hosts are refused, and links, forms and cookies follow what the operator states."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from skeldir.db.pool import Database
from skeldir.errors import ConfigurationInvalid
from skeldir.settings import load_settings
from skeldir.users import Role
from skeldir.web import Site
from tests.conftest import Clone
from tests.support.api import asking
from tests.support.people import sign_in
from tests.support.sites import OWN

PAGES = ("/sign-in", "/account", "/tenants", "/settings/members", "/sign-in/x", "/invitations/x")
FORGED_HOSTS = (
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost:80@evil.example",
    "localhost:evil",
    "localhost, evil.example",
    "evil.example:localhost",
    '"><script>.localhost',
    "x\\.localhost",
    "192.0.2.1",
    "",
)


@pytest.fixture
async def browser(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://localhost"
        yield client


async def test_no_page_is_at_a_forged_host(browser: httpx2.AsyncClient) -> None:
    for host in FORGED_HOSTS:
        for path in PAGES:
            answer = await browser.get(path, headers={"Host": host})
            assert answer.status_code == 421, (host, path)
            assert "host_unknown" in answer.text
            assert "evil" not in answer.text
            assert "<script>." not in answer.text


async def test_a_link_of_an_invitation_follows_no_header(
    browser: httpx2.AsyncClient, clone: Clone, db: Database, tenant: UUID
) -> None:
    session = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Host": "evil.example",
        "X-Original-URL": "//evil.example/",
        "Forwarded": "host=evil.example;proto=https",
        "Referer": "https://evil.example/",
    }
    answer = await browser.post(
        "/settings/members/invitations",
        headers=session | OWN | forged,
        data={"email": "ben@shop.example", "role": "viewer"},
    )
    assert re.search(r"http://localhost/invitations/[\w-]{43}", answer.text) is not None
    assert "evil" not in answer.text


async def test_links_and_forms_are_of_the_address_that_the_operator_states(
    monkeypatch: pytest.MonkeyPatch, clone: Clone, db: Database, tenant: UUID
) -> None:
    monkeypatch.setenv("SKELDIR_PUBLIC_URL", "https://Skeldir.example/")
    session = await sign_in(clone, db, "anna@shop.example", tenant, Role.ADMIN)
    session["Cookie"] = f"__Host-{session['Cookie']}"
    path, fields = (
        "/settings/members/invitations",
        {"email": "ben@shop.example", "role": "viewer"},
    )
    own = {"Content-Type": OWN["Content-Type"], "Origin": "https://skeldir.example"}
    async with asking(clone.app_url) as (_, client):
        client.base_url = "http://skeldir.example"
        made = await client.post(path, headers=session | own, data=fields)
        assert re.search(r"https://skeldir\.example/invitations/[\w-]{43}", made.text) is not None
        for origin in ("http://skeldir.example", "https://skeldir.example:8443", "null"):
            answer = await client.post(
                path, headers=session | own | {"Origin": origin}, data=fields
            )
            assert "form_foreign" in answer.text, origin
        for host in ("localhost", "127.0.0.1:8000", "evil.example", "skeldir.example:80"):
            answer = await client.get("/sign-in", headers={"Host": host})
            assert answer.status_code == 421, host
        assert (
            await client.get("/sign-in", headers={"Host": "SKELDIR.example:443"})
        ).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "skeldir.example",
        "http://skeldir.example",
        "https://skeldir.example/pages",
        "https://skeldir.example?x",
        "https://user@skeldir.example",
        "https://",
        "https://[::1",
        "https://a:99999",
        "https://a b",
        "ftp://skeldir.example",
        "javascript:alert(1)",
    ],
)
def test_a_public_address_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("SKELDIR_PUBLIC_URL", url)
    with pytest.raises(ConfigurationInvalid, match="SKELDIR_PUBLIC_URL"):
        load_settings()


def test_a_host_is_that_of_the_public_address_or_one_of_the_machine() -> None:
    assert Site(None).is_local
    assert Site("http://localhost:8000").is_local
    assert not Site("https://skeldir.example").is_local
    assert Site("https://[2001:db8::1]:8443").admits("[2001:DB8::1]:8443")
    assert not Site("https://skeldir.example").admits("skeldir.example.")
