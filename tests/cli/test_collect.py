"""`skeldir collect`: terms of keys, claimed orders, and what each protocol's sample becomes."""

from __future__ import annotations

import asyncio
from uuid import UUID

from skeldir.db.pool import Database
from skeldir.tenants import KeyTerms, issue_key
from tests.conftest import Clone
from tests.support.api import asking, serving_on_loopback
from tests.support.command import run, run_here

SHOP = "https://shop.example"


def test_a_write_key_has_origins_and_its_terms_can_be_changed(clone: Clone, tenant: UUID) -> None:
    create = ("keys", "create", str(tenant), "--scope", "collect")
    assert "needs the origins" in run_here(clone.app_url, *create, status=1)
    both = run_here(clone.app_url, *create, "--scope", "read", "--origin", SHOP, status=1)
    assert "Make two keys." in both
    wrong = run_here(clone.app_url, *create, "--origin", "shop.example/a", status=1)
    assert "is no origin" in wrong
    key = run_here(clone.app_url, *create, "--origin", SHOP + ":443/").split()[-1]
    terms = ("collect", "terms", str(tenant), key)
    assert f"origins: {SHOP}\norders of pages: claimed" in run_here(clone.app_url, *terms)
    event = "purchase=completed:order_id=id,total=amount,currency=cur"
    changed = run_here(clone.app_url, *terms, "--orders", "booked", "--order-event", event)
    assert f"origins: {SHOP}\norders of pages: booked\norder event: {event}" in changed
    assert "names no field" in run_here(
        clone.app_url, *terms, "--order-event", "a=completed:b", status=1
    )


async def test_a_check_says_what_each_sample_becomes_and_that_a_page_may_not_send(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        terms = KeyTerms(frozenset({SHOP}))
        key = await issue_key(
            connection, tenant, name="site", scopes=["collect"], expires_at=None, terms=terms
        )
    async with asking(clone.app_url) as (app, _), serving_on_loopback(app) as port:
        check = ("collect", "check", f"http://127.0.0.1:{port}", "--key", key.secret, "--origin")
        said, other = await asyncio.gather(
            asyncio.to_thread(run, clone.app_url, *check, SHOP),
            asyncio.to_thread(run, clone.app_url, *check, "https://other.example", status=1),
        )
    assert said.count("touch (source newsletter, medium email") == 8, said
    assert "claimed order (order_id sample-1001" in said
    assert other.count("origin_refused") == 8
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM attribution_events") == 0
