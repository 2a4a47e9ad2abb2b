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
        named = ("order_paid=completed:order_id=order,total=amount,currency=currency",)
        keys = [
            await issue_key(
                connection,
                tenant,
                name="site",
                scopes=["collect"],
                expires_at=None,
                terms=KeyTerms(frozenset({SHOP}), order_events=events),
            )
            for events in (named, ())
        ]
    async with asking(clone.app_url) as (app, _), serving_on_loopback(app) as port:
        check, unnamed = (
            ("collect", "check", f"http://127.0.0.1:{port}", "--key", key.secret, "--origin")
            for key in keys
        )
        said, other, plain = await asyncio.gather(
            asyncio.to_thread(run, clone.app_url, *check, SHOP),
            asyncio.to_thread(run, clone.app_url, *check, "https://other.example", status=1),
            asyncio.to_thread(run, clone.app_url, *unnamed, SHOP, "--protocol", "posthog"),
        )
    assert said.count("touch (source newsletter, medium email") == 8, said
    # Plausible, Umami and the collector have no orders.
    with_order = [part for part in said.split(": 200\n") if "claimed order" in part]
    assert len(with_order) == 5, said
    assert all("order_id sample-1001, type completed, currency EUR" in one for one in with_order)
    assert said.count("_cents 5990") == 4, "the value of GA4's purchase is without tax and shipping"
    assert "--order-event" not in said
    assert "claimed order" not in plain
    assert f"--order-event '{named[0]}'" in plain
    assert other.count("origin_refused") == 8
    async with db.tenant(tenant) as connection:
        assert await connection.fetchval("SELECT count(*) FROM attribution_events") == 0
