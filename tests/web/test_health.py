"""Data health: the numbers of the API and of the commands, what to do about them, and nothing of another tenant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from skeldir.collect.claims import Claim, record_claims
from skeldir.db.pool import Database
from skeldir.jobs import enqueue
from skeldir.notices.alerts import settle_alerts
from skeldir.notices.checks import Judgement
from skeldir.spend import AdDay, AdKey, Load, record_days
from skeldir.tenants import KeyTerms, issue_key
from skeldir.users import Role
from skeldir.web import DASH
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.embedded import wait_until
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import make_tenant, make_touch, send_touches
from tests.support.pages import HOST, read_tables, sign_in, signed_in
from tests.support.reading import settle
from tests.support.sdk_orders import make_order, record_orders

DAYS = "from=2026-11-01&to=2026-11-30"
PARTS = ("coverage", "landings", "match", "sources", "refused", "webhooks", "work")


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    """A tenant with webhooks, in whose pages a manager is signed in."""
    async with inbox_of(clone, monkeypatch) as (_, client):
        client.base_url = HOST
        made = await make_post(client, clone, db, tenant, "standard")
        await sign_in(client, clone, tenant, Role.MANAGER, "ada@shop.example")
        yield made


async def pay(post: Post, order: str, **data: object) -> None:
    moved = {"payment_id": f"pay_{order}", "order_id": order, "amount": "10.00", "currency": "EUR"}
    body: dict[str, object] = {
        "type": "payment.captured",
        "timestamp": "2026-11-02T10:00:00Z",
        "data": moved | data,
    }
    assert (await post.send(body)).status_code == 200


async def show(post: Post, part: str, query: str = DAYS) -> str:
    page = await post.client.get(f"/data-health?part={part}&{query}")
    assert page.status_code == 200, page.text
    return page.text


async def send_visits(db: Database, tenant: UUID, *tags: tuple[str, str | None]) -> None:
    await send_touches(
        db,
        tenant,
        *(
            make_touch(
                idempotency_key=f"t-{index}",
                journey_key="once",
                channel=None,
                source=source,
                medium=medium,
                occurred_at=datetime(2026, 11, 1, 8, index, tzinfo=UTC),
            )
            for index, (source, medium) in enumerate(tags)
        ),
    )


async def test_coverage_is_what_the_api_reports(post: Post, db: Database) -> None:
    await send_visits(db, post.tenant, ("google", "cpc"))
    await pay(post, "none")
    await pay(post, "lost", skeldir_journey="never-seen")
    await pay(post, "one", skeldir_journey="once")
    await pay(post, "dollar", currency="USD", skeldir_journey="once")
    await settle(db)
    await pay(post, "new", skeldir_journey="once")
    tables = read_tables(await show(post, "coverage"))
    key = await bearer(db, post.tenant, "read")
    answer = await post.client.get("/v1/coverage?from=2026-11-01&to=2026-12-01", headers=key)
    for row in answer.json()["data"]:
        shown = tables[f"coverage-{row['currency']}"]
        names = ("unmatched", "one_touch", "more_touches", "awaiting_credit")
        beside = ("derived", "without_token", "renewals")
        counts = [str(row[name]["orders"]) for name in (*names, *beside)]
        assert shown.rows == [["standard", *shown.totals[1:]]]
        assert shown.totals[1] == str(row["total"]["orders"])
        assert shown.totals[4:] == counts
    assert tables["coverage-EUR"].totals[2:4] == ["40.00", "33.3%"]
    assert tables["coverage-USD"].totals[2:4] == ["10.00", "100.0%"]
    assert len(tables["days"].rows) == 2


async def test_landings_of_the_collector_are_shown_by_what_browsers_keep_of_their_keys(
    post: Post, db: Database
) -> None:
    moment = datetime(2026, 11, 1, 8, tzinfo=UTC)
    kinds = ("granted:kept", "granted:capped", "session:kept")
    touches = [
        make_touch(idempotency_key=f"collector:{kind}:1", journey_key=kind, occurred_at=moment)
        for kind in kinds
    ]
    await send_touches(db, post.tenant, *touches)
    for kind in kinds:
        await pay(post, kind.replace(":", "-"), skeldir_journey=kind)
    shown = read_tables(await show(post, "landings"))["landings"]
    first, second = (row[1:] for row in shown.rows)
    assert first[:6] == ["1", "1", "1", "0", "0", "0"]
    assert second == ["0", "0", "0", "0", "3", "2", "66.7%"]


async def test_a_source_that_no_rule_knows_leads_to_a_rule(post: Post, db: Database) -> None:
    await send_visits(
        db,
        post.tenant,
        ("acme&co", "stall"),
        ("acme&co", "stall"),
        ("odd", None),
        ("google", "cpc"),
    )
    page = await show(post, "sources")
    shown = read_tables(page)["sources"]
    assert [row[:3] for row in shown.rows] == [["acme&co", "stall", "2"], ["odd", DASH, "1"]]
    link = urlsplit(unescape("source" + page.partition('href="/rules?source')[2].partition('"')[0]))
    assert parse_qs(link.path) == {"source": ["acme&co"], "medium": ["stall"]}
    assert (await post.client.get(f"/rules?{link.path}")).status_code == 200


async def test_refused_items_have_their_code_and_cure_and_no_personal_data(
    post: Post, db: Database
) -> None:
    wrong = make_touch(idempotency_key="w-1", journey_key="secret-visitor", channel="nope")
    await send_touches(db, post.tenant, wrong, origin="api:1")
    await send_touches(
        db, post.tenant, *({"idempotency_key": f"x-{n}"} for n in range(60)), origin="api:2"
    )
    page = await show(post, "refused")
    tables = read_tables(page)
    counts = {row[0]: row[3] for row in tables["codes"].rows}
    key = await bearer(db, post.tenant, "read")
    answer = await post.client.get("/v1/dead-events?limit=1000", headers=key)
    refused = answer.json()["data"]
    assert sum(map(int, counts.values())) == len(refused)
    assert len(tables["items"].rows) == 50
    first = tables["items"].rows[0]
    assert (first[0], first[3], first[4]) == tuple(
        refused[0][n] for n in ("code", "detail", "cure")
    )
    assert "secret-visitor" not in page
    only = read_tables(await show(post, "refused", "code=channel_unknown"))["items"].rows
    assert [row[0] for row in only] == ["channel_unknown"]
    assert "[hidden]" in only[0][5]
    following = unescape(page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0])
    rest = await post.client.get(following)
    assert len(read_tables(rest.text)["items"].rows) == len(refused) - 50


async def test_webhooks_show_what_came_what_was_rejected_and_what_was_not_understood(
    post: Post,
) -> None:
    await pay(post, "one")
    assert (await post.send(b"{}", secret="whsec_" + "QUJD" * 8)).status_code == 401
    assert (await post.send({"type": "payment.captured", "data": {}})).status_code == 200
    await asyncio.to_thread(
        wait_until, lambda: post.ask("SELECT sum(refusals) FROM webhook_refusals") == [(1,)]
    )
    tables = read_tables(await show(post, "webhooks", ""))
    (endpoint,) = tables["endpoints"].rows
    assert endpoint[0].startswith("standard")
    assert endpoint[1:4] == ["live", "2", "1"]
    assert endpoint[-1] == "1"
    assert [row[1] for row in tables["refusals"].rows] == ["signature_wrong"]
    (dead,) = tables["dead"].rows
    assert dead[2] == "standard"
    assert dead[0] != ""
    assert dead[5] != ""
    earlier = read_tables(await show(post, "webhooks", "from=2100-01-01&to=2100-01-02"))
    assert earlier["endpoints"].rows[0][2] == "0"


async def test_orders_of_sdks_that_wait_or_are_dead_are_shown_without_an_address_of_webhooks(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        client.base_url = HOST
        await sign_in(client, clone, tenant, Role.VIEWER, "ada@shop.example")
        address = "/data-health?part=webhooks"
        assert "No webhook is set up" in (await client.get(address)).text
        orders = [
            make_order("completed", 100, provider="ga4"),
            make_order("completed", 100, provider="ga4", order_id="1002", minute=1, currency=None),
        ]
        await record_orders(db, tenant, orders)
        tables = read_tables((await client.get(address)).text)
    assert [row[:2] for row in tables["flags"].rows] == [["sdk_basis_open", "1"]]
    (dead,) = tables["dead"].rows
    assert (dead[0], dead[2], dead[4]) == ("currency_missing", "ga4", "The currency is missing.")


async def test_the_match_rate_is_that_of_the_command(post: Post, db: Database) -> None:
    spent = [
        AdDay(
            AdKey("google_ads", "877", campaign, date(2026, 11, 2), "EUR"),
            name,
            {"cost_cents": cents},
            "paid_search",
            "utm.paid_search",
        )
        for campaign, name, cents in (("1042", "Brand", 800), ("7", "Silent", 200))
    ]
    async with db.tenant(post.tenant) as connection:
        load = Load("file", "export.csv", "0" * 64, "test", rows=2)
        await record_days(connection, post.tenant, load, spent)
    for campaign in ("brand", "Lost"):
        visit = make_touch(
            idempotency_key=campaign,
            channel=None,
            source="google",
            medium="cpc",
            campaign=campaign,
            occurred_at="2026-11-02T10:00:00Z",
        )
        await send_touches(db, post.tenant, visit)
    tables = read_tables(await show(post, "match"))
    assert tables["match"].rows == [["EUR", "80.0%"]]
    assert [row[0] for row in tables["unnamed"].rows] == ["Silent"]
    assert tables["unspent"].rows == [["Lost", "1"]]


async def test_jobs_and_views_are_those_of_the_api(post: Post, db: Database) -> None:
    async with db.tenant(post.tenant) as connection:
        await enqueue(connection, post.tenant, "attribution.credit")
    key = await bearer(db, post.tenant, "read")
    jobs = (await post.client.get("/v1/jobs", headers=key)).json()["data"]
    views = (await post.client.get("/v1/views", headers=key)).json()["data"]
    tables = read_tables(await show(post, "work"))
    assert [row[0] for row in tables["jobs"].rows] == [job["kind"] for job in jobs]
    assert [
        row[0].startswith(view["name"])
        for row, view in zip(tables["views"].rows, views, strict=True)
    ]
    dead = await show(post, "work", "state=dead")
    assert "There are no such jobs" in dead


async def test_open_alerts_are_shown_with_their_figures_and_what_to_do(
    post: Post, db: Database
) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    found = Judgement()
    found.add("match_rate_fell", {"orders": 40, "rate_bp": 5_050, "before_bp": 8_000})
    async with db.tenant(post.tenant) as connection:
        await settle_alerts(connection, post.tenant, found, now=now, time_zone="UTC")
    page = unescape(await show(post, "coverage"))
    assert "Fewer orders have a touch." in page
    assert "Of the 40 orders of the last 7 days, 50.5% have a touch" in page
    assert "See whether the shop still hands over the journey" in page
    assert "Open since" in page


async def test_another_tenant_and_a_viewer_see_what_is_theirs(
    post: Post, clone: Clone, db: Database
) -> None:
    await send_visits(db, post.tenant, ("acme", "stall"))
    await send_touches(db, post.tenant, {"idempotency_key": "x"}, origin="api:1")
    await pay(post, "one")
    await sign_in(post.client, clone, post.tenant, Role.VIEWER, "vera@shop.example")
    page = await show(post, "sources")
    assert "acme" in page
    assert "/rules?source" not in page
    other = await make_tenant(db, "Other")
    await sign_in(post.client, clone, other, Role.MANAGER, "eve@other.example")
    empty = {part: await show(post, part) for part in PARTS}
    assert "No webhook reported an order" in empty["coverage"]
    assert "No webhook is set up" in empty["webhooks"]
    assert "acme" not in empty["sources"]
    assert "Nothing was refused." in empty["refused"]


@pytest.mark.parametrize("language", ["de", "fr"])
async def test_all_parts_are_in_all_languages_and_are_files(post: Post, language: str) -> None:
    await pay(post, "one")
    for part in PARTS:
        page = await post.client.get(
            f"/data-health?part={part}&{DAYS}", headers={"Accept-Language": language}
        )
        assert page.status_code == 200, part
        for key, shown in read_tables(page.text).items():
            if shown.rows:
                file = await post.client.get(f"/data-health?part={part}&{DAYS}&download={key}")
                assert len(file.text.splitlines()) >= 1 + len(shown.rows), (part, key)


@pytest.mark.parametrize(
    "query",
    [
        "part=unknown",
        "part=%00",
        "part=refused&code=%27%3B--",
        "part=refused&kind=x",
        "part=refused&cursor=%00",
        "part=work&state=x",
        "part=work&cursor=abc",
        "part=coverage&from=2017-01-01&to=2026-01-01",
        "part=match&from=2017-01-01&to=2026-01-01",
    ],
)
async def test_what_an_address_must_not_ask_is_refused(post: Post, query: str) -> None:
    answer = await post.client.get(f"/data-health?{query}")
    assert answer.status_code in (400, 422)
    assert "<code>" in answer.text


async def test_the_error_of_an_unknown_part_names_those_that_exist(post: Post) -> None:
    answer = await post.client.get("/data-health?part=%3Cscript%3E")
    assert answer.status_code == 422
    assert "coverage, landings, match, sources, refused, webhooks, work" in answer.text


async def test_claimed_orders_without_any_webhook_come_with_how_to_set_one_up(
    clone: Clone, db: Database, tenant: UUID
) -> None:
    async with db.tenant(tenant) as connection:
        claim = Claim("ga4", b"1" * 32, "completed", "1001", "EUR", 100, None, datetime.now(UTC))
        await record_claims(connection, tenant, [(UUID(int=1), claim)])
    async with signed_in(clone, tenant) as client:
        page = (await client.get("/data-health?part=webhooks")).text
        assert "No webhook is set up" in page
        assert [row[0] for row in read_tables(page)["claims"].rows] == ["1001"]


async def test_claimed_orders_are_shown_beside_the_ledger_as_no_money(
    post: Post, clone: Clone, db: Database
) -> None:
    client, tenant = post.client, post.tenant
    assert "no money" not in await show(post, "webhooks")
    async with db.tenant(tenant) as connection:
        key = await issue_key(
            connection,
            tenant,
            name="page",
            scopes=["collect"],
            expires_at=None,
            terms=KeyTerms(frozenset({"https://shop.example"})),
        )
    for order_id, name, sums in (
        ("1001", "Completed", {"total": 119, "revenue": 100}),
        ("1002", "Completed", {"revenue": 80}),
        ("1001", "Refunded", {}),
    ):
        message = {
            "type": "track",
            "event": f"Order {name}",
            "messageId": f"{name}-{order_id[:4]}",
            "anonymousId": "visitor",
            "timestamp": f"2026-11-02T10:0{len(sums)}:00Z",
            "properties": {"order_id": order_id, "currency": "EUR"} | sums,
            "writeKey": key.secret,
        }
        origin = {"Origin": "https://shop.example"}
        assert (await client.post("/v1/t", json=message, headers=origin)).status_code == 200
    # No protocol lets such an id pass; the page does not rely on it.
    hostile = "<b>" + "A" * 117
    async with db.tenant(tenant) as connection:
        claim = Claim("ga4", b"1" * 32, "completed", hostile, "EUR", 100, None, datetime.now(UTC))
        await record_claims(connection, tenant, [(key.key_id, claim)])
    await pay(post, "1001")
    page = await show(post, "webhooks")
    assert "These orders are no money" in page
    assert "<b>A" not in page
    claims = read_tables(page)["claims"]
    assert sorted(row[:5] for row in claims.rows) == [
        ["1001", "completed", "segment", "119.00 EUR", "10.00 EUR"],
        ["1001", "refunded", "segment", DASH, DASH],
        ["1002", "completed", "segment", "80.00 EUR", "nothing in EUR"],
        [hostile, "completed", "ga4", "1.00 EUR", "nothing in EUR"],
    ]
    assert claims.links == {"1001": "/orders/1001"}
    other = await make_tenant(db, "Other")
    await sign_in(client, clone, other, Role.MANAGER, "eve@other.example")
    assert "no money" not in await show(post, "webhooks")
