"""A tenant's own and payment hosts are no referrers, for that tenant only."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from skeldir.clock import utc_now
from skeldir.db import Database
from skeldir.errors import InputInvalid
from skeldir.ingest import (
    add_hosts,
    list_hosts,
    list_unknown_click_ids,
    remove_host,
    suggest_hosts,
)
from skeldir.ingest.channels import drop_own_hosts
from skeldir.ingest.own_hosts import read_host
from tests.support.make import make_touch, send_touches

HOSTS = frozenset({"shop.example", "pay.example", "xn--bcher-kva.example"})


async def send(db: Database, tenant: UUID, *touches: dict[str, object]) -> None:
    receipt = await send_touches(db, tenant, *touches)
    assert receipt.accepted == len(touches)


async def channels_of(db: Database, tenant: UUID) -> dict[str, str]:
    async with db.tenant(tenant) as connection:
        rows = await connection.fetch(
            "SELECT idempotency_key, channel_code FROM attribution_events ORDER BY 1"
        )
    return {row["idempotency_key"]: row["channel_code"] for row in rows}


def visit(key: str, referrer: str, **fields: object) -> dict[str, object]:
    return make_touch(idempotency_key=key, channel=None, referrer_host=referrer, **fields)


async def test_own_and_payment_hosts_are_no_referrers_from_then_on(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send(db, tenant, visit("1", "blog.shop.example"))
    async with db.tenant(tenant) as connection:
        assert await add_hosts(connection, tenant, ["https://www.Shop.example/cart"], "own")
        assert await add_hosts(connection, tenant, ["pay.example"], "payment") == ["pay.example"]
        assert await add_hosts(connection, tenant, ["pay.example"], "own") == []
    touches = [visit("2", "https://blog.shop.example/"), visit("3", "secure.pay.example")]
    touches += [visit("4", "notshop.example")]
    await send(db, tenant, *touches)
    await send(db, other_tenant, *touches)
    assert await channels_of(db, tenant) == {
        "1": "referral",
        "2": "direct",
        "3": "direct",
        "4": "referral",
    }
    assert set((await channels_of(db, other_tenant)).values()) == {"referral"}
    async with db.tenant(other_tenant) as connection:
        assert await list_hosts(connection, other_tenant) == {}
        assert not await remove_host(connection, other_tenant, "shop.example")
    async with db.tenant(tenant) as connection:
        kinds = await list_hosts(connection, tenant)
        assert kinds == {"pay.example": "payment", "shop.example": "own"}
        assert await remove_host(connection, tenant, "shop.example")
    await send(db, tenant, visit("5", "shop.example"))
    assert (await channels_of(db, tenant))["5"] == "referral"


async def test_hosts_met_in_the_middle_of_visits_are_suggested(db: Database, tenant: UUID) -> None:
    touches = []
    began_at = utc_now() - timedelta(days=1)
    later = began_at + timedelta(minutes=5)
    for n in range(4):
        journey = f"visitor-{n}"
        touches += [
            visit(f"{n}a", "news.example", journey_key=journey, occurred_at=began_at),
            visit(f"{n}b", "bank.example", journey_key=journey, occurred_at=later),
        ]
    await send(db, tenant, *touches)
    async with db.tenant(tenant) as connection:
        whole = await suggest_hosts(connection, tenant)
        # Pieces that end within a visit.
        pieces = await suggest_hosts(connection, tenant, at_once=1)
        some = await suggest_hosts(connection, tenant, at_once=3, most=5)
    assert [(one.host, one.touches, one.midway) for one in whole.hosts] == [("bank.example", 4, 4)]
    assert whole == pieces
    assert (whole.touches_read, whole.is_complete) == (8, True)
    # Of a larger tenant only some visitors are read, and that is said.
    assert (some.touches_read, some.is_complete) == (6, False)
    assert [(one.host, one.touches) for one in some.hosts] == [("bank.example", 3)]


async def test_click_ids_that_no_rule_knows_are_counted(
    db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    await send(
        db,
        tenant,
        visit("1", "news.example", click_ids=["igsh", "gclid"]),
        visit("2", "news.example", click_ids=["igsh", "EAIaIQobChMI"]),
    )
    async with db.tenant(tenant) as connection:
        found = await list_unknown_click_ids(connection, tenant)
        in_pieces = await list_unknown_click_ids(connection, tenant, at_once=1)
    assert [(one.kind, one.touches) for one in found] == [("igsh", 2), ("unnamed_click_id", 1)]
    assert in_pieces == found
    async with db.tenant(other_tenant) as connection:
        assert await list_unknown_click_ids(connection, other_tenant) == []


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (("news", "email", "www.shop.example"), ("news", "email", None)),
        (("shop.example", "referral", "www.shop.example"), (None, None, None)),
        (("Shop.example", "email", None), (None, "email", None)),
        ((None, None, "a.b.pay.example"), (None, None, None)),
        ((None, None, "myshop.example"), (None, None, "myshop.example")),
        ((None, None, "shop.example.org"), (None, None, "shop.example.org")),
        ((None, None, "example"), (None, None, "example")),
        (("Bücher.example", "referral", "shop.bücher.example"), (None, None, None)),
        (("frühling..x", "email", "ü" * 200), ("frühling..x", "email", "ü" * 200)),
    ],
)
def test_only_what_names_a_host_of_the_tenant_is_dropped(
    given: tuple[str | None, str | None, str | None],
    left: tuple[str | None, str | None, str | None],
) -> None:
    assert drop_own_hosts(*given, HOSTS) == left
    assert drop_own_hosts(*given, frozenset()) == given


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://www.shop.example:8443/a?b#c", "shop.example"),
        ("WWW.Shop.Example.", "shop.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("one.myshopify.com", "one.myshopify.com"),
    ],
)
def test_a_host_is_read_from_a_host_or_address(text: str, host: str) -> None:
    assert read_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop",
        "co.uk",
        "myshopify.com",
        "github.io",
        "a b.example",
        "a..b",
        "." * 300,
        "ü." * 90 + "example",
        "ü" * 80 + ".example",
        "b" * 64 + ".example",
    ],
)
def test_what_is_no_host_of_one_owner_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid):
        read_host(text)
