"""Links to exports: read without a key, until they expire or are revoked, and for nothing but what they name."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.errors import InputInvalid
from skeldir.exports import Asked, ExportLink, LinksTooMany, make_link
from skeldir.tenants import find_key, issue_key, list_keys, load_profile, revoke_key
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.command import run_here
from tests.support.make import make_conversion, make_tenant, send_conversions
from tests.support.reading import key_of, open_client

LINKS = "/v1/exports/entries/links"


@pytest.fixture
async def client(clone: Clone) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(clone) as client:
        yield client


async def link_to(
    db: Database, tenant: UUID, part: str = "entries", hours: int = 1, **asked: Any
) -> ExportLink:
    async with db.tenant(tenant) as connection:
        return await make_link(
            connection,
            await load_profile(connection, tenant),
            Asked(tenant, (part,), **asked),
            lasts=timedelta(hours=hours),
            made_by="a test",
        )


async def refusal(client: httpx2.AsyncClient, path: str) -> tuple[int, dict[str, str]]:
    answer = await client.get(path)
    problem = answer.json()
    del problem["correlation_id"]
    return answer.status_code, problem


async def test_a_link_is_read_without_a_key_and_its_use_is_noted(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="a", currency="EUR"))
    link = await link_to(db, tenant, has_bom=True)
    got = await client.get(link.path)
    plain = await client.get(
        "/v1/exports/entries", headers=await key_of(db, tenant), params={"excel": "true"}
    )
    assert (got.status_code, got.content) == (200, plain.content)
    assert got.headers["content-disposition"] == 'attachment; filename="entries.csv"'
    await send_conversions(db, tenant, make_conversion(order_id="later", currency="EUR"))
    assert b"later" in (await client.get(link.path)).content
    head = await client.head(link.path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "text/csv; charset=utf-8"
    assert "content-length" not in head.headers
    async with db.tenant(tenant) as connection:
        (key,) = [one for one in await list_keys(connection, tenant) if one.prefix == link.key]
    assert key.last_used_at is not None
    assert (key.name, key.scopes) == ("link to entries.csv, by a test", ("read",))
    assert key.expires_at == link.expires_at


def saying(text: str, place: int, value: object) -> str:
    """Return the words of a link with another value in one place."""
    said = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    said[place] = value
    return urlsafe_b64encode(json.dumps(said, separators=(",", ":")).encode()).rstrip(b"=").decode()


async def test_an_altered_expired_or_revoked_link_and_an_unknown_tenant_are_refused_alike(
    client: httpx2.AsyncClient,
    db: Database,
    clone: Clone,
    tenant: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await make_tenant(db, "Other")
    link, of_other, expiring = [await link_to(db, one) for one in (tenant, other, tenant)]
    *start, token, file = link.path.split("/")
    text, _, signature = token.partition(".")
    other_text, _, other_signature = of_other.path.split("/")[-2].partition(".")
    assert saying(text, 3, "entries") == text
    changes = (
        (0, str(other)),
        (0, str(uuid4())),
        (1, str(uuid4())),
        (2, 4_000_000_000),
        (2, 10**30),
        (3, "touches"),
        (3, "people"),
        (4, "ndjson"),
        (5, "2026-01-01"),
        (7, ["linear@1"]),
        (8, True),
    )
    tokens = [f"{saying(text, place, value)}.{signature}" for place, value in changes]
    tokens += [
        f"{text}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'E'}",
        f"{text}.{other_signature}",
        f"{other_text}.{signature}",
        f"{text}=.{signature}",
        f"{text}.{signature}=",
        text,
        f".{signature}",
        "%C3%A9.x",
    ]
    paths = ["/".join([*start, one, file]) for one in tokens]
    paths += ["/".join([*start, token, name]) for name in ("orders.csv", "entries.parquet")]
    expected = await refusal(client, paths[0])
    assert (expected[0], expected[1]["code"]) == (403, "export_link_invalid")
    for path in paths:
        assert await refusal(client, path) == expected, path
    assert (await client.head(paths[0])).status_code == 403
    for one in (link, of_other, expiring):
        assert (await client.get(one.path)).status_code == 200
    # Revoked; the key that stands for it expired; expired by its own words.
    async with db.tenant(tenant) as connection:
        await revoke_key(connection, tenant, await find_key(connection, tenant, link.key))
    assert await refusal(client, link.path) == expected
    with psycopg.connect(clone.superuser_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE api_keys DISABLE TRIGGER USER")
        admin.execute("UPDATE api_keys SET expires_at = now() WHERE tenant_id = %s", (other,))
    assert await refusal(client, of_other.path) == expected
    monkeypatch.setattr("skeldir.exports.links.utc_now", lambda: expiring.expires_at)
    assert await refusal(client, expiring.path) == expected


async def test_only_who_may_manage_and_read_makes_links_over_http(
    client: httpx2.AsyncClient, db: Database, tenant: UUID
) -> None:
    await send_conversions(db, tenant, make_conversion(order_id="a", currency="EUR"))
    asked = {"hours": 2, "format": "ndjson"}
    for scopes in (("read",), ("manage",), ("ingest",)):
        key = await bearer(db, tenant, *scopes)
        refused = await client.post(LINKS, headers=key, params=asked)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), scopes
    key = await bearer(db, tenant, "manage", "read")
    made = (await client.post(LINKS, headers=key, params=asked)).json()
    got = await client.get(made["path"])
    assert (got.status_code, len(got.text.splitlines())) == (200, 1)
    for params in ({}, {"hours": 0}, {"hours": 9_000}, {**asked, "model": "linear@1"}):
        refused = await client.post(LINKS, headers=key, params=params)
        assert (refused.status_code, refused.json()["code"]) == (422, "input_invalid"), params
    with pytest.raises(InputInvalid):
        await link_to(db, tenant, hours=0)


async def test_a_tenant_has_so_many_links_and_no_more(db: Database, tenant: UUID) -> None:
    expires_at = utc_now() + timedelta(hours=1)
    async with db.tenant(tenant) as connection:
        for _ in range(199):
            await issue_key(
                connection, tenant, name="link to x", scopes=["read"], expires_at=expires_at
            )
    last = await link_to(db, tenant)
    with pytest.raises(LinksTooMany):
        await link_to(db, tenant)
    async with db.tenant(tenant) as connection:
        await revoke_key(connection, tenant, await find_key(connection, tenant, last.key))
    await link_to(db, tenant)


def test_the_command_prints_a_link_and_how_it_ends(clone: Clone, tenant: UUID) -> None:
    def read(path: str) -> int:
        async def ask() -> int:
            async with open_client(clone) as client:
                return (await client.get(path)).status_code

        return asyncio.run(ask())

    words = ("export-link", str(tenant), "--base", "https://skeldir.example/")
    said = run_here(clone.app_url, *words, "--what", "entries", "--expires", "30m")
    url = re.search(r"https://skeldir\.example(/v1/export-links/\S+)", said)
    assert url is not None, said
    assert read(url[1]) == 200
    ends = re.search(r"skeldir keys revoke (\S+) (\S+)`", said)
    assert ends is not None, said
    run_here(clone.app_url, "keys", "revoke", *ends.groups())
    assert read(url[1]) == 403
    # A tenant may be named by one of its keys, which must not be shown.
    secret = run_here(clone.app_url, "keys", "create", str(tenant), "--scope", "read").split()[-1]
    said = run_here(clone.app_url, "export-link", secret, *words[2:], "--what", "entries")
    assert (f"keys revoke {tenant} " in said, secret in said) == (True, False)
    for more in (["--what", "all"], ["--what", "entries", "--expires", "400d"]):
        assert "input_invalid" in run_here(clone.app_url, *words, *more, status=1)
