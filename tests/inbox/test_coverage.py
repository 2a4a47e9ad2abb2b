"""How many of the orders that webhooks paid have touches, by provider and local day, and what their payments are."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from skeldir.attribution import set_time_zone
from skeldir.cli import app
from skeldir.days import read_rules
from skeldir.db.pool import Database
from skeldir.inbox.coverage import choose_days
from tests.conftest import Clone
from tests.support.api import bearer
from tests.support.inbox import Post, inbox_of, make_post
from tests.support.make import (
    make_conversion,
    make_tenant,
    make_touch,
    send_conversions,
    send_touches,
)
from tests.support.reading import settle
from tests.support.stripe import make_charge, make_event
from tests.support.woocommerce import make_meta, make_order

DAYS = "from=2026-11-01&to=2026-12-01"
CHARGE = make_charge(
    id="ch_1", amount=3900, amount_captured=3900, currency="usd", metadata={"order_id": "723"}
)
NOTHING = {"orders": 0, "captured_cents": 0}


@pytest.fixture
async def post(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Post]:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        yield await make_post(client, clone, db, tenant, "standard")


async def pay(post: Post, order: str, **data: object) -> None:
    """Deliver a capture of 10 EUR on 2026-11-02 at 10:00 UTC, unless the data say otherwise."""
    at = data.pop("at", "2026-11-02T10:00:00Z")
    answer = await post.send(
        {
            "type": "payment.captured",
            "timestamp": at,
            "data": {
                "payment_id": f"pay_{order}",
                "order_id": order,
                "amount": "10.00",
                "currency": "EUR",
            }
            | data,
        }
    )
    assert answer.status_code == 200, answer.text


async def ask(post: Post, db: Database, path: str) -> dict[str, Any]:
    answer = await post.client.get(path, headers=await bearer(db, post.tenant, "read"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    rows = report["data"]
    assert isinstance(rows, list)
    return rows


async def visit(db: Database, post: Post, journey: str, times: int) -> None:
    await send_touches(
        db,
        post.tenant,
        *(
            make_touch(
                idempotency_key=f"{journey}-{turn}",
                journey_key=journey,
                occurred_at=datetime(2026, 11, 1, 8, turn, tzinfo=UTC),
            )
            for turn in range(times)
        ),
    )


async def test_orders_are_counted_by_how_many_touches_they_have(post: Post, db: Database) -> None:
    await visit(db, post, "once", 1)
    await visit(db, post, "often", 3)
    await pay(post, "none")
    await pay(post, "lost", skeldir_journey="never-seen")
    await pay(post, "one", skeldir_journey="once")
    await pay(post, "more", skeldir_journey="often")
    await settle(db)
    await pay(post, "new", skeldir_journey="once")
    report = await ask(post, db, f"/v1/coverage?{DAYS}")
    assert report["data"] == [
        {
            "date": "2026-11-02",
            "provider": "standard",
            "currency": "EUR",
            "total": {"orders": 5, "captured_cents": 5000},
            "unmatched": {"orders": 2, "captured_cents": 2000},
            "one_touch": {"orders": 1, "captured_cents": 1000},
            "more_touches": {"orders": 1, "captured_cents": 1000},
            "awaiting_credit": {"orders": 1, "captured_cents": 1000},
            "derived": NOTHING,
            "without_token": {"orders": 1, "captured_cents": 1000},
            "first_payments": NOTHING,
            "renewals": NOTHING,
        }
    ]


async def test_first_payments_and_renewals_are_told_apart(post: Post, db: Database) -> None:
    await pay(post, "first", agreement="sub_1", is_renewal=False)
    await pay(post, "later", agreement="sub_1", is_renewal=True, amount="7.00")
    await pay(post, "single")
    report = await ask(post, db, f"/v1/coverage?{DAYS}")
    (row,) = rows_of(report)
    assert row["total"] == {"orders": 3, "captured_cents": 2700}
    assert row["first_payments"] == {"orders": 1, "captured_cents": 1000}
    assert row["renewals"] == {"orders": 1, "captured_cents": 700}


async def test_a_derived_touch_counts_as_derived(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        shop = await make_post(client, clone, db, tenant, "woocommerce")
        origin = make_meta(
            _wc_order_attribution_source_type="utm",
            _wc_order_attribution_utm_source="google",
            _wc_order_attribution_utm_medium="cpc",
        )
        answer = await shop.send(make_order(meta_data=origin))
        assert answer.status_code == 200, answer.text
        await settle(db)
        (row,) = rows_of(await ask(shop, db, f"/v1/coverage?{DAYS}"))
    assert (row["provider"], row["derived"], row["one_touch"], row["without_token"]) == (
        "woocommerce",
        {"orders": 1, "captured_cents": 3900},
        {"orders": 1, "captured_cents": 3900},
        NOTHING,
    )


async def test_a_day_is_the_tenants_and_that_of_the_orders_first_capture(
    post: Post, db: Database
) -> None:
    await pay(post, "late", at="2026-11-02T23:30:00Z")
    await pay(post, "early", at="2026-11-02T22:30:00Z")
    await pay(post, "early", at="2026-11-04T10:00:00Z", payment_id="pay_second", amount="5.00")
    async with db.tenant(post.tenant) as connection:
        await set_time_zone(
            connection, post.tenant, read_rules("Europe/Berlin"), changed_by="the test"
        )
    report = await ask(post, db, f"/v1/coverage?{DAYS}")
    assert report["time_zone"] == "Europe/Berlin"
    assert [(row["date"], row["total"]) for row in rows_of(report)] == [
        ("2026-11-02", {"orders": 1, "captured_cents": 1500}),
        ("2026-11-03", {"orders": 1, "captured_cents": 1000}),
    ]
    for asked in ("from=2026-11-03&to=2026-11-04", "from=2026-11-04&to=2026-11-05"):
        found = [row["date"] for row in rows_of(await ask(post, db, f"/v1/coverage?{asked}"))]
        assert found == (["2026-11-03"] if "from=2026-11-03" in asked else [])


async def test_entries_that_came_another_way_are_not_counted(post: Post, db: Database) -> None:
    await send_conversions(db, post.tenant, make_conversion(occurred_at="2026-11-02T10:00:00Z"))
    assert rows_of(await ask(post, db, f"/v1/coverage?{DAYS}")) == []


async def test_another_tenants_orders_are_not_counted(post: Post, db: Database) -> None:
    await pay(post, "mine")
    other = await make_tenant(db, "other")
    answer = await post.client.get(f"/v1/coverage?{DAYS}", headers=await bearer(db, other, "read"))
    assert answer.json()["data"] == []
    answer = await post.client.get("/v1/payments", headers=await bearer(db, other, "read"))
    assert answer.json()["data"] == []


async def test_a_report_of_more_than_92_days_is_refused(post: Post, db: Database) -> None:
    key = await bearer(db, post.tenant, "read")
    for days, status in (
        ("from=2026-08-01&to=2026-11-01", 200),
        ("from=2026-08-01&to=2026-11-02", 422),
    ):
        answer = await post.client.get(f"/v1/coverage?{days}", headers=key)
        assert answer.status_code == status, days


def test_without_bounds_the_last_days_are_chosen() -> None:
    today = date(2026, 11, 20)

    def chosen(first: date | None, end: date | None) -> tuple[date, date]:
        return choose_days(first, end, today=today, most=92)

    assert chosen(None, None) == (date(2026, 10, 22), date(2026, 11, 22))
    assert chosen(date(2026, 11, 1), None) == (date(2026, 11, 1), date(2026, 11, 22))
    assert chosen(date(2026, 1, 1), None) == (date(2026, 1, 1), date(2026, 4, 3))
    assert chosen(None, date(2026, 2, 1)) == (date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize(
    "bounds", [(date.min, None), (None, date.min), (date.max, None), (None, date.max)]
)
def test_days_beyond_all_facts_are_no_error(bounds: tuple[date | None, date | None]) -> None:
    first, end = choose_days(*bounds, today=date(2026, 11, 20), most=92)
    assert date(1999, 1, 1) < first <= end < date(2101, 1, 1)


async def test_payments_are_listed_with_their_states_and_what_waits(
    post: Post, db: Database
) -> None:
    await pay(
        post, "1", is_renewal=True, agreement="sub_1", fee="0.50", skeldir_journey="visitor-1"
    )
    answer = await post.send(
        {
            "type": "payment.refunded",
            "timestamp": "2026-11-03T10:00:00Z",
            "data": {"refund_id": "re_2", "order_id": "2", "amount": "4.00", "currency": "EUR"},
        }
    )
    assert answer.status_code == 200, answer.text
    waiting, paid = rows_of(await ask(post, db, "/v1/payments"))
    assert (paid["order_id"], paid["state"], paid["is_renewal"], paid["journey"]) == (
        "1", "captured", True, "token",
    )  # fmt: skip
    assert sorted(paid["parts"], key=lambda part: -part["amount_cents"]) == [
        {"provider": "standard", "name": "gross", "amount_cents": 1000, "currency": "EUR"},
        {"provider": "standard", "name": "fee", "amount_cents": 50, "currency": "EUR"},
    ]
    assert (waiting["order_id"], waiting["state"], waiting["providers"]) == (
        "2", "awaiting_capture", ["standard"],
    )  # fmt: skip
    assert waiting["booked"] == []
    assert waiting["waiting"] == [
        {
            "kind": "refund",
            "id": "re_2",
            "amount_cents": 400,
            "currency": "EUR",
            "provider": "standard",
        }
    ]
    for filters, orders in (
        ("state=captured", ["1"]),
        ("state=awaiting_capture", ["2"]),
        ("order_id=2", ["2"]),
        ("flag=over_refunded", []),
    ):
        found = rows_of(await ask(post, db, f"/v1/payments?{filters}"))
        assert [one["order_id"] for one in found] == orders, filters


async def test_payments_show_what_is_booked_of_them_in_each_currency(
    post: Post, db: Database
) -> None:
    await pay(post, "1")
    await pay(post, "1", payment_id="pay_yen", amount="1200", currency="JPY")
    await pay(post, "2")
    for type_, named in (
        ("payment.refunded", {"refund_id": "re_1", "amount": "4.00"}),
        ("payment.refunded", {"refund_id": "re_2", "amount": "1.00"}),
        ("payment.refund_failed", {"refund_id": "re_2", "amount": "1.00"}),
        ("payment.disputed", {"dispute_id": "d_1", "amount": "2.50"}),
    ):
        data = {"order_id": "1", "currency": "EUR", **named}
        answer = await post.send({"type": type_, "timestamp": "2026-11-03T10:00:00Z", "data": data})
        assert answer.status_code == 200, answer.text
    # Entries from elsewhere are not the webhooks'.
    await send_conversions(db, post.tenant, make_conversion(order_id="2"))
    booked = {
        one["order_id"]: [tuple(money.values()) for money in one["booked"]]
        for one in rows_of(await ask(post, db, "/v1/payments"))
    }
    assert booked == {
        "1": [("EUR", 1000, 400, 250, 350), ("JPY", 1200, 0, 0, 1200)],
        "2": [("EUR", 1000, 0, 0, 1000)],
    }


async def test_payments_are_paged_without_gap_or_repetition(post: Post, db: Database) -> None:
    for turn in range(5):
        await pay(post, f"{turn}")
    seen: list[object] = []
    cursor = ""
    while True:
        page = await ask(post, db, f"/v1/payments?limit=2{cursor}")
        seen += [one["order_id"] for one in rows_of(page)]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["4", "3", "2", "1", "0"]


async def test_what_another_provider_reports_is_kept_as_evidence_and_shown_by_explain(
    clone: Clone, db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_app, client):
        shop = await make_post(client, clone, db, tenant, "woocommerce")
        gateway = await make_post(client, clone, db, tenant, "stripe")
        for answer in (
            await shop.send(make_order()),
            await gateway.send(make_event("charge.succeeded", CHARGE, livemode=True)),
        ):
            assert answer.status_code == 200, answer.text
        assert [(order, cents) for order, _, cents, _ in shop.entries()] == [("723", 3900)]
        explained = await ask(shop, db, "/v1/attribution/orders/723")
        (listed,) = rows_of(await ask(shop, db, "/v1/payments?order_id=723"))
    (payment,) = explained["payments"]
    assert payment["evidence"] == [
        {
            "kind": "capture",
            "id": "723",
            "amount_cents": 3900,
            "currency": "USD",
            "provider": "woocommerce",
        }
    ]
    assert (payment["state"], payment["providers"]) == ("captured", ["stripe", "woocommerce"])
    assert payment["evidence"] == listed["evidence"]


async def test_explain_shows_an_order_that_only_waits(post: Post, db: Database) -> None:
    refund = {
        "type": "payment.refunded",
        "timestamp": "2026-11-02T10:00:00Z",
        "data": {"refund_id": "re_1", "order_id": "77", "amount": "4.00", "currency": "EUR"},
    }
    assert (await post.send(refund)).status_code == 200
    held = {
        **refund,
        "type": "payment.authorized",
        "data": {"payment_id": "pay_2", "order_id": "78"},
    }
    assert (await post.send(held)).status_code == 200
    explained = await ask(post, db, "/v1/attribution/orders/77")
    assert (explained["entries"], explained["capture"], explained["awaits_credit"]) == (
        [],
        None,
        False,
    )
    (payment,) = explained["payments"]
    assert payment["state"] == "awaiting_capture"
    assert [(one["kind"], one["amount_cents"]) for one in payment["waiting"]] == [("refund", 400)]
    (authorized,) = (await ask(post, db, "/v1/attribution/orders/78"))["payments"]
    assert authorized["state"] == "authorized"
    stranger = await make_tenant(db, "Stranger")
    for tenant, order in ((post.tenant, "79"), (stranger, "77")):
        answer = await post.client.get(
            f"/v1/attribution/orders/{order}", headers=await bearer(db, tenant, "read")
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "order_unknown")


async def test_explain_shows_no_payment_of_an_order_that_came_another_way(
    post: Post, db: Database
) -> None:
    await send_conversions(db, post.tenant, make_conversion(order_id="991"))
    assert (await ask(post, db, "/v1/attribution/orders/991"))["payments"] == []


async def test_the_command_shows_what_the_api_reports(
    post: Post, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pay(post, "1", is_renewal=True, agreement="sub_1")
    monkeypatch.setenv("DATABASE_URL", post.clone.app_url)
    asked = ["coverage", str(post.tenant), "--from", "2026-11-01", "--to", "2026-12-01"]
    shown = await asyncio.to_thread(CliRunner().invoke, app, asked)
    assert shown.exit_code == 0, shown.output
    assert re.search(r"2026-11-02 +│ +standard +│ +EUR +│ +1 +│ +10\.00", shown.output)
    printed = await asyncio.to_thread(CliRunner().invoke, app, [*asked, "--json"])
    assert json.loads(printed.stdout) == await ask(post, db, f"/v1/coverage?{DAYS}")
    none = await asyncio.to_thread(CliRunner().invoke, app, [*asked[:2], "--to", "2020-01-01"])
    assert (none.exit_code, "No webhook reported an order" in none.output) == (0, True)
    wrong = await asyncio.to_thread(
        CliRunner().invoke, app, [*asked[:4], "--to", "2026-11-01"], env={"COLUMNS": "200"}
    )
    assert (wrong.exit_code, "must be later" in wrong.output) == (2, True)
