"""A file of a provider's objects closes gaps, and books nothing twice, whichever came first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from skeldir.clock import utc_now
from skeldir.db.pool import Database
from skeldir.inbox.backfilling import BackfillReport, backfill
from skeldir.inbox.endpoints import EndpointOptions, NewEndpoint
from skeldir.inbox.export_files import ExportUnreadable, read_objects
from skeldir.inbox.saying import EndpointProvider
from tests.conftest import Clone
from tests.support.inbox import inbox_of, make_endpoint, make_post
from tests.support.webhook_commands import standing
from tests.support.webhooks import SECRETS

CREATED = 1_793_613_600
CHARGE: dict[str, object] = {
    "object": "charge",
    "id": "ch_1",
    "amount": 5000,
    "amount_captured": 5000,
    "amount_refunded": 1200,
    "captured": True,
    "created": CREATED,
    "currency": "eur",
    "livemode": True,
    "metadata": {"order_id": "1001"},
    "paid": True,
    "payment_intent": "pi_1",
    "status": "succeeded",
}
REFUND: dict[str, object] = {
    "object": "refund",
    "id": "re_1",
    "amount": 1200,
    "charge": "ch_1",
    "created": CREATED + 500,
    "currency": "eur",
    "payment_intent": "pi_1",
    "status": "succeeded",
}
BOOKED = [("1001", "capture", 5000, "EUR"), ("1001", "refund", -1200, "EUR")]


def listed(*objects: Mapping[str, object]) -> dict[str, object]:
    return {"object": "list", "url": "/v1/charges", "has_more": False, "data": list(objects)}


def event(type_: str, about: Mapping[str, object], created: int) -> dict[str, object]:
    return {
        "id": f"evt_{about['id']}_{created}",
        "object": "event",
        "type": type_,
        "api_version": "2025-03-31.basil",
        "created": created,
        "livemode": True,
        "data": {"object": dict(about)},
    }


async def make(db: Database, tenant: UUID, provider: EndpointProvider) -> NewEndpoint:
    return await make_endpoint(
        db, tenant, EndpointOptions(provider, is_live=True), SECRETS[provider][0]
    )


async def fill(
    db: Database,
    tenant: UUID,
    endpoint: NewEndpoint,
    folder: Path,
    content: object,
    account: str = "",
) -> BackfillReport:
    path = folder / "export.json"
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")
    return await backfill(db, tenant, str(endpoint.id), path, account=account)


async def test_charges_and_refunds_are_booked_once_however_often_the_file_is_read(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "stripe")
    content = listed(REFUND, CHARGE, {"object": "customer", "id": "cus_1"})
    report = await fill(db, tenant, endpoint, tmp_path, content)
    assert (report.objects, report.without_delivery, report.entries) == (3, 1, 2)
    assert standing(clone, tenant) == BOOKED
    again = await fill(db, tenant, endpoint, tmp_path, content)
    assert (again.outcomes, again.entries) == ({"repeated": 3}, 0)
    assert standing(clone, tenant) == BOOKED


@pytest.mark.parametrize("is_live_first", [True, False])
async def test_the_file_and_the_deliveries_give_one_ledger_in_either_order(
    clone: Clone,
    db: Database,
    tenant: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_live_first: bool,
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        post = await make_post(client, clone, db, tenant, "stripe")

        async def deliver() -> None:
            fresh = {**CHARGE, "amount_refunded": 0}
            for body in (
                event("charge.succeeded", fresh, CREATED + 3),
                event("refund.created", REFUND, CREATED + 502),
                event("charge.refunded", CHARGE, CREATED + 502),
            ):
                assert (await post.send(body)).status_code == 200

        if is_live_first:
            await deliver()
        await fill(db, tenant, post.endpoint, tmp_path, listed(CHARGE, REFUND))
        if not is_live_first:
            await deliver()
    assert standing(clone, tenant) == BOOKED
    with psycopg.connect(clone.superuser_url) as admin:
        times = admin.execute(
            "SELECT extract(epoch FROM occurred_at)::int FROM standing_entries ORDER BY occurred_at"
        ).fetchall()
        state = admin.execute("SELECT state, flags FROM payments").fetchall()
    assert times == [(CREATED,), (CREATED + 500,)]
    assert state == [("partially_refunded", [])]


async def test_events_of_a_list_are_the_same_deliveries(
    clone: Clone,
    db: Database,
    tenant: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        post = await make_post(client, clone, db, tenant, "stripe")
        succeeded = event("charge.succeeded", {**CHARGE, "amount_refunded": 0}, CREATED + 3)
        assert (await post.send(succeeded)).status_code == 200
        refunded = event("refund.created", REFUND, CREATED + 502)
        report = await fill(db, tenant, post.endpoint, tmp_path, listed(succeeded, refunded))
    assert report.outcomes == {"repeated": 1, "recorded": 1}
    assert standing(clone, tenant) == BOOKED


async def test_a_dispute_that_was_won_comes_with_both_of_its_movements(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "stripe")
    moves = [
        {"amount": -5000, "currency": "eur", "created": CREATED + 900},
        {"amount": 5000, "currency": "eur", "created": CREATED + 9000},
    ]
    dispute = {**REFUND, "object": "dispute", "id": "du_1", "amount": 5000, "status": "won"}
    charge = {**CHARGE, "amount_refunded": 0}
    content = listed({**dispute, "balance_transactions": moves}, charge)
    await fill(db, tenant, endpoint, tmp_path, content)
    assert standing(clone, tenant) == [
        ("1001", "capture", 5000, "EUR"),
        ("1001", "dispute", -5000, "EUR"),
        ("1001", "dispute_reversal", 5000, "EUR"),
    ]


@pytest.mark.parametrize("accounts", [("acct_1", ""), ("", "acct_1")])
async def test_a_file_with_and_without_the_connected_account_is_booked_once(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path, accounts: tuple[str, str]
) -> None:
    endpoint = await make(db, tenant, "stripe")
    for account in accounts:
        await fill(db, tenant, endpoint, tmp_path, listed(CHARGE, REFUND), account=account)
        assert standing(clone, tenant) == BOOKED


async def test_a_dispute_that_was_won_and_then_lost_comes_with_all_its_movements(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signs = [(-1, 900), (1, 9000), (-1, 20_000)]
    moves = [
        {"amount": sign * 5000, "currency": "eur", "created": CREATED + seconds}
        for sign, seconds in signs
    ]
    dispute = {**REFUND, "object": "dispute", "id": "du_1", "amount": 5000, "status": "lost"}
    wanted = [
        ("1001", "capture", 5000, "EUR"),
        ("1001", "dispute", -5000, "EUR"),
        ("1001", "dispute_reversal", 5000, "EUR"),
        ("1001", "dispute", -5000, "EUR"),
    ]
    async with inbox_of(clone, monkeypatch) as (_, client):
        post = await make_post(client, clone, db, tenant, "stripe")
        charge = event("charge.succeeded", {**CHARGE, "amount_refunded": 0}, CREATED)
        assert (await post.send(charge)).status_code == 200
        for number, (sign, seconds) in enumerate(signs, start=1):
            type_ = "funds_withdrawn" if sign < 0 else "funds_reinstated"
            about = {**dispute, "balance_transactions": moves[:number]}
            body = event(f"charge.dispute.{type_}", about, CREATED + seconds + 2)
            assert (await post.send(body)).status_code == 200
        assert standing(clone, tenant) == wanted
        content = listed({**dispute, "balance_transactions": moves})
        await fill(db, tenant, post.endpoint, tmp_path, content)
    assert standing(clone, tenant) == wanted


async def test_a_refund_that_failed_and_is_listed_without_the_time_of_that_is_taken_back(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inbox_of(clone, monkeypatch) as (_, client):
        post = await make_post(client, clone, db, tenant, "stripe")
        for body in (
            event("charge.succeeded", {**CHARGE, "amount_refunded": 0}, CREATED),
            event("refund.created", REFUND, CREATED + 502),
        ):
            assert (await post.send(body)).status_code == 200
        content = listed({**REFUND, "status": "failed"})
        await fill(db, tenant, post.endpoint, tmp_path, content)
    assert sum(amount for _, _, amount, _ in standing(clone, tenant)) == 5000


async def test_test_money_of_a_file_stays_out_of_a_live_ledger(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "stripe")
    report = await fill(db, tenant, endpoint, tmp_path, listed({**CHARGE, "livemode": False}))
    assert set(report.troubles) == {"wrong_mode"}
    assert standing(clone, tenant) == []


async def test_orders_of_woocommerce_have_their_refunds(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "woocommerce")
    order = {
        "id": 723,
        "status": "processing",
        "currency": "USD",
        "total": "29.35",
        "date_modified_gmt": "2026-11-02T11:00:00",
        "date_paid_gmt": "2026-11-02T10:00:00",
        "refunds": [{"id": 724, "reason": "", "total": "-10.00"}],
        "payment_method": "bacs",
    }
    unpaid = {**order, "id": 725, "status": "pending", "date_paid_gmt": None, "refunds": []}
    await fill(db, tenant, endpoint, tmp_path, [order, unpaid])
    assert standing(clone, tenant) == [
        ("723", "capture", 2935, "USD"),
        ("723", "refund", -1000, "USD"),
    ]


async def test_orders_of_shopify_bring_their_transactions(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make_endpoint(
        db, tenant, EndpointOptions("shopify", True, "s.myshopify.com"), SECRETS["shopify"][0]
    )
    sale = {
        "id": 11,
        "kind": "sale",
        "status": "success",
        "gateway": "shopify_payments",
        "amount": "20.00",
        "currency": "EUR",
        "processed_at": "2026-11-02T10:00:00Z",
    }
    back = {**sale, "id": 12, "parent_id": 11, "kind": "refund", "amount": "5.00"}
    order = {
        "id": 5,
        "financial_status": "partially_refunded",
        "transactions": [sale],
        "refunds": [{"id": 7, "order_id": 5, "transactions": [back]}],
    }
    await fill(db, tenant, endpoint, tmp_path, {"orders": [order]})
    alone = {"transactions": [{**sale, "order_id": 5}, {**back, "order_id": 5}]}
    again = await fill(db, tenant, endpoint, tmp_path, alone)
    assert again.entries == 0
    assert standing(clone, tenant) == [
        ("5", "capture", 2000, "EUR"),
        ("5", "refund", -500, "EUR"),
    ]


async def test_orders_of_paypal_bring_their_captures_and_refunds(
    clone: Clone, db: Database, tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "paypal")
    money = {"value": "30.00", "currency_code": "USD"}
    capture = {"id": "CAP1", "status": "PARTIALLY_REFUNDED", "amount": money}
    refund = {"id": "REF1", "status": "COMPLETED", "amount": {**money, "value": "4.00"}}
    at = {"create_time": "2026-11-02T10:00:00Z"}
    host = "https://api.paypal.com/v2/payments"
    payments = {
        "captures": [
            {**capture, **at, "links": [{"rel": "self", "href": f"{host}/captures/CAP1"}]}
        ],
        "refunds": [
            {
                **refund,
                "create_time": "2026-11-03T10:00:00Z",
                "links": [
                    {"rel": "self", "href": f"{host}/refunds/REF1"},
                    {"rel": "up", "href": f"{host}/captures/CAP1"},
                ],
            }
        ],
    }
    unit = {"invoice_id": "P-1", "payments": payments}
    order = {"id": "ORDER1", "status": "COMPLETED", "purchase_units": [unit], **at}
    await fill(db, tenant, endpoint, tmp_path, order)
    assert standing(clone, tenant) == [
        ("P-1", "capture", 3000, "USD"),
        ("P-1", "refund", -400, "USD"),
    ]


async def test_bodies_one_a_line_are_recorded_in_pages(
    clone: Clone, db: Database, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    endpoint = await make(db, tenant, "standard")
    at = (utc_now() - timedelta(days=3)).isoformat()
    lines = [
        json.dumps(
            {
                "type": "payment.captured",
                "timestamp": at,
                "data": {"payment_id": f"p{n}", "order_id": f"{n}", "amount": "1.00"}
                | ({"currency": "EUR"} if n else {}),
            }
        )
        for n in range(250)
    ]
    report = await fill(db, tenant, endpoint, tmp_path, "\n".join(lines))
    assert (report.objects, report.entries) == (250, 249)
    assert report.troubles == {"currency_missing": 1}
    assert len(standing(clone, tenant)) == 249
    assert standing(clone, other_tenant) == []


def test_a_line_that_is_not_json_is_named_and_what_came_before_is_given(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    path.write_text('{"id": 1}\n\n{"id": 2}\n{"id": \n', encoding="utf-8")
    found = read_objects(path)
    assert [next(found)["id"], next(found)["id"]] == [1, 2]
    with pytest.raises(ExportUnreadable, match="line 4"):
        next(found)
