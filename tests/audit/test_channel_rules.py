"""An audit finds touches whose channel is not what the rule kept with them gives."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from skeldir.audit import CheckResult, audit_tenant
from skeldir.db.pool import Database
from skeldir.ingest import add_hosts
from tests.conftest import Clone
from tests.spend.test_own_rules_of_spend import SHOP, make_shop, visit
from tests.support.make import send_touches
from tests.support.own_rules import apply, request, store

NEWS = '[[rule]]\nid = "news"\nchannel = "display"\nsource.is = "news.example"\n'


async def checked(db: Database, tenant: UUID) -> CheckResult:
    audit = await audit_tenant(db, tenant)
    assert {check.name for check in audit.checks if check.count} <= {"channel_rules"}
    (check,) = [check for check in audit.checks if check.name == "channel_rules"]
    return check


async def make(db: Database, name: str) -> UUID:
    shop = await make_shop(db, name)
    visits = (
        visit("a", 0, landing_path="/shop/1"),
        visit("b", 0, source="news.example"),
        visit("c", 0, source="g", medium="cpc"),
    )
    await send_touches(db, shop, *visits)
    await apply(db, shop, await store(db, shop, SHOP))
    await apply(db, shop, await store(db, shop, NEWS + SHOP))
    return shop


@pytest.mark.parametrize(
    "change",
    [
        "channel_code = 'email'",
        "channel_rule = 'own.shop@2'",
        "channel_rule = 'own.shop@9'",
        "landing_path = '/other'",
    ],
)
async def test_a_touch_that_its_kept_rule_does_not_give_its_channel_is_found(
    db: Database, clone: Clone, change: str
) -> None:
    shop, other = await make(db, "shop"), await make(db, "other")
    async with db.tenant(shop) as connection:
        await add_hosts(connection, shop, ["news.example"], "own")
    assert ((await checked(db, shop)).compared, (await checked(db, shop)).count) == (2, 0)
    with psycopg.connect(clone.superuser_url) as admin:
        done = admin.execute(
            f"UPDATE attribution_events SET {change}".encode()
            + b" WHERE tenant_id = %s AND channel_rule = 'own.shop@1'",
            (shop,),
        )
        assert done.rowcount == 1
    found = await checked(db, shop)
    assert found.count == (0 if change == "channel_rule = 'own.shop@2'" else 1), found
    assert (await checked(db, other)).count == 0


async def test_touches_that_an_apply_has_not_reached_are_counted_and_are_no_difference(
    db: Database,
) -> None:
    shop = await make(db, "shop")
    assert (await checked(db, shop)).note == ""
    await request(db, shop, None)
    found = await checked(db, shop)
    assert (found.count, found.note[:9]) == (0, "2 touches")
