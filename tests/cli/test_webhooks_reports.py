"""`skeldir webhooks deliveries`, `payments`, and the rules say what came in, and change what is booked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import pytest

from skeldir.db import open_database
from skeldir.inbox import SdkOrder, rebooking
from skeldir.inbox.sealing import new_key
from tests.conftest import Clone
from tests.support import sdk_orders
from tests.support.webhook_commands import (
    create,
    make_charge,
    make_payment,
    plain,
    run,
    standing,
)


def make_order(**fields: object) -> dict[str, object]:
    """Return WooCommerce's order 723 of 40.00 USD, paid through the charge `ch_1`."""
    return {
        "id": 723,
        "status": "processing",
        "currency": "USD",
        "total": "40.00",
        "total_tax": "4.00",
        "shipping_total": "0.00",
        "discount_total": "0.00",
        "date_paid_gmt": "2026-11-02T10:00:00",
        "date_modified_gmt": "2026-11-02T10:00:02",
        "payment_method": "stripe",
        "transaction_id": "ch_1",
        "meta_data": [],
        "refunds": [],
        **fields,
    }


@pytest.fixture
def shop(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A tenant, on whose database commands work as app_user."""
    monkeypatch.setenv("DATABASE_URL", clone.app_url)
    monkeypatch.setenv("SKELDIR_SEALING_KEYS", new_key())
    return UUID(run("tenants", "create", "Shop").stdout.strip())


def report_twice(clone: Clone, tenant: UUID) -> None:
    """Let a shop and its gateway report one payment, with different sums."""
    assert create(clone, tenant, "woocommerce").send(make_order()) == [200]
    assert create(clone, tenant, "stripe").send(make_charge()) == [200]


BY_GATEWAY = [("723", "capture", 3900, "USD")]
BY_SHOP = [("723", "capture", 4000, "USD")]


def test_deliveries_are_listed_newest_first_and_dead_ones_explained(
    clone: Clone, shop: UUID
) -> None:
    assert "Nothing came in yet" in run("webhooks", "deliveries", shop).stderr
    assert "Every delivery was understood" in run("webhooks", "deliveries", shop, "--dead").stderr
    endpoint = create(clone, shop, "standard")
    bodies = (make_payment(), make_payment("customer.made"), make_payment(amount=4999))
    for body in bodies:
        assert endpoint.send(body) == [200]
    listed = run("webhooks", "deliveries", shop).stdout
    outcomes = [line.split("  ")[3] for line in listed.splitlines() if " UTC  " in line]
    assert outcomes == ["dead", "ignored", "recorded"]
    assert "recorded  order 1001" in listed
    assert "amount_invalid: The amount cannot be read exactly. data.amount is not text." in listed
    assert "send the event again under a new id" in listed
    dead = run("webhooks", "deliveries", shop, "--dead").stdout
    assert " UTC  " in dead
    assert "recorded" not in dead
    one = run("webhooks", "deliveries", shop, "--most", "1")
    assert one.stdout.count(" UTC  ") == 1
    assert "see --most" in one.stderr
    stranger = run("tenants", "create", "Stranger").stdout.strip()
    assert "Nothing came in yet" in run("webhooks", "deliveries", stranger).stderr


def test_a_dead_delivery_is_shown_with_the_ids_by_which_it_can_be_found(
    clone: Clone, shop: UUID
) -> None:
    gateway = create(clone, shop, "stripe")
    assert gateway.send(make_charge(id="ch_9", currency="xyz", payment_intent="pi_9")) == [200]
    assert create(clone, shop, "standard").send(make_payment(amount=4999)) == [200]
    with psycopg.connect(clone.superuser_url) as admin:
        ids = admin.execute("SELECT id FROM webhook_deliveries ORDER BY id").fetchall()
    dead = plain(run("webhooks", "deliveries", shop, "--dead").stdout)
    assert f"delivery {ids[0][0]}, event evt_ch_9, id ch_9, payment_intent pi_9" in dead
    assert f"delivery {ids[1][0]}, event msg_0_" in dead
    assert "order_id 1001, payment_id pay_1" in dead


def test_payments_show_what_is_booked_of_them_in_each_currency(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "standard")
    refunds = [
        make_payment(kind, refund_id=f"re_{id_}", amount=amount)
        for kind, id_, amount in (
            ("payment.refunded", 1, "10.00"),
            ("payment.refunded", 2, "5.00"),
            ("payment.refund_failed", 2, "5.00"),
        )
    ]
    disputed = make_payment("payment.disputed", dispute_id="d_1", amount="3.50")
    yen = make_payment(payment_id="pay_3", amount="1200", currency="JPY")
    other = make_payment(payment_id="pay_2", order_id="1002", amount="7.00")
    endpoint.send(make_payment(), *refunds, disputed, yen, other)
    listed = plain(run("webhooks", "payments", shop).stdout)
    assert (
        "booked: captured 49.99 EUR, refunded 10.00 EUR, disputed 3.50 EUR, balance 36.49 EUR "
        "booked: captured 1,200 JPY, balance 1,200 JPY" in listed
    )
    assert "booked: captured 7.00 EUR, balance 7.00 EUR" in listed
    waits = make_payment("payment.refunded", payment_id="pay_8", order_id="8", refund_id="re_8")
    endpoint.send(waits)
    waiting = run("webhooks", "payments", shop, "--state", "awaiting_capture").stdout
    assert "waits: refund of 49.99 EUR" in waiting
    assert "booked" not in waiting


def test_test_money_at_a_live_endpoint_is_dead_with_the_cure(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "standard")
    assert endpoint.send(make_payment(livemode=False)) == [200]
    dead = plain(run("webhooks", "deliveries", shop, "--dead").stdout)
    assert "wrong_mode: A test delivery came to a live endpoint" in dead
    assert "order_id 1001, payment_id pay_1" in dead
    assert "--test" in dead
    assert standing(clone, shop) == []


def test_payments_show_their_state_and_what_does_not_fit_or_waits(clone: Clone, shop: UUID) -> None:
    endpoint = create(clone, shop, "standard")
    refund = make_payment(
        "payment.refunded", refund_id="re_1", payment_id="pay_2", order_id="1002", amount="1234.50"
    )
    assert endpoint.send(make_payment(), refund) == [200, 200]
    listed = plain(run("webhooks", "payments", shop).stdout)
    assert "order 1002 awaiting_capture standard" in listed
    assert "waits: refund of 1,234.50 EUR, standard re_1" in listed
    captured = run("webhooks", "payments", shop, "--state", "captured").stdout
    assert "order 1001" in captured
    assert "order 1002" not in captured
    assert "no such payment" in run("webhooks", "payments", shop, "--flagged").stderr
    more = make_payment("payment.refunded", refund_id="re_2", amount="50.00")
    assert endpoint.send(more) == [200]
    flagged = plain(run("webhooks", "payments", shop, "--flagged").stdout)
    assert "flag over_refunded: more was refunded than captured" in flagged
    assert "order 1002" not in flagged


def test_the_other_side_is_evidence_and_is_shown(clone: Clone, shop: UUID) -> None:
    report_twice(clone, shop)
    assert standing(clone, shop) == BY_GATEWAY
    listed = plain(run("webhooks", "payments", shop).stdout)
    assert "evidence: capture of 40.00 USD, woocommerce 723" in listed
    assert "flag captures_differ" in listed


def test_a_precedence_applies_to_what_was_booked_and_can_be_changed_back(
    clone: Clone, shop: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebooking, "PAGE", 1)
    stranger = UUID(run("tenants", "create", "Stranger").stdout.strip())
    report_twice(clone, stranger)
    report_twice(clone, shop)
    assert create(clone, shop, "standard").send(make_payment()) == [200]
    alone = ("1001", "capture", 4999, "EUR")
    assert run("webhooks", "precedence", shop).stdout.startswith("gateway:")
    for rule, booked in (("shop", BY_SHOP), ("gateway", BY_GATEWAY), ("shop", BY_SHOP)):
        changed = run("webhooks", "precedence", shop, rule)
        assert "1 payments were booked again" in changed.stderr
        assert changed.stdout.startswith(f"{rule}:")
        assert standing(clone, shop) == [alone, *booked]
    before = all_entries(clone)
    run("webhooks", "precedence", shop, "shop")
    assert all_entries(clone) == before, "a repetition posted something"
    assert standing(clone, stranger) == BY_GATEWAY
    listed = plain(run("webhooks", "payments", shop).stdout)
    assert "evidence: capture of 39.00 USD, stripe ch_1" in listed


def all_entries(clone: Clone) -> int:
    with psycopg.connect(clone.superuser_url) as admin:
        row = admin.execute("SELECT count(*) FROM revenue_ledger").fetchone()
    assert row is not None
    return int(row[0])


def test_deliveries_after_a_change_are_booked_by_it(clone: Clone, shop: UUID) -> None:
    run("webhooks", "precedence", shop, "shop")
    report_twice(clone, shop)
    assert standing(clone, shop) == BY_SHOP


def test_orders_that_are_booked_again_await_credit(clone: Clone, shop: UUID) -> None:
    report_twice(clone, shop)
    run("credit", "--tenant", shop)
    assert waiting(clone) == []
    run("webhooks", "precedence", shop, "shop")
    assert waiting(clone) == ["723"]


def waiting(clone: Clone) -> list[str]:
    with psycopg.connect(clone.superuser_url) as admin:
        rows = admin.execute("SELECT DISTINCT order_id FROM dirty_orders").fetchall()
    return [str(order) for (order,) in rows]


def test_a_basis_applies_to_what_was_booked(clone: Clone, shop: UUID) -> None:
    assert create(clone, shop, "woocommerce").send(make_order()) == [200]
    assert run("webhooks", "basis", shop).stdout.strip() == "gross"
    changed = run("webhooks", "basis", shop, "without_tax")
    assert changed.stdout.strip() == "without_tax"
    assert standing(clone, shop) == [("723", "capture", 3600, "USD")]
    run("webhooks", "basis", shop, "gross")
    assert standing(clone, shop) == BY_SHOP


def record(clone: Clone, tenant: UUID, orders: Sequence[SdkOrder]) -> None:
    """Record orders that an SDK reports."""

    async def work() -> None:
        async with open_database(
            clone.app_url, pool_size=1, statement_timeout_ms=30_000
        ) as database:
            await sdk_orders.record_orders(database, tenant, orders)

    asyncio.run(work())


def test_orders_of_sdks_wait_until_it_is_chosen_which_of_their_sums_counts(
    clone: Clone, shop: UUID
) -> None:
    record(clone, shop, [sdk_orders.make_order("completed", 100, revenue=80)])
    assert run("webhooks", "sdk-basis", shop).stdout.startswith("not chosen")
    shown = plain(run("webhooks", "payments", shop, "--flagged").stdout)
    assert "waits: capture of 100.00 USD" in shown
    assert "`skeldir webhooks sdk-basis`" in shown
    assert standing(clone, shop) == []
    assert "Of 1 payments" in plain(run("webhooks", "sdk-basis", shop).stderr)
    for basis, minor in (("total", 10_000), ("revenue", 8000)):
        changed = run("webhooks", "sdk-basis", shop, basis)
        assert changed.stdout.strip() == basis
        assert changed.stderr.startswith("1 payments were booked again")
        assert "Of 1 payments" not in plain(changed.stderr)
        assert standing(clone, shop) == [("1001", "capture", minor, "USD")]


def test_a_sum_that_was_not_sent_is_reported_when_it_is_chosen_and_a_dead_order_names_its_field(
    clone: Clone, shop: UUID
) -> None:
    orders = [
        sdk_orders.make_order("completed", 100, provider="ga4"),
        sdk_orders.make_order("completed", 5, minute=1, currency=None, provider="ga4"),
    ]
    record(clone, shop, orders)
    assert "wait" not in run("webhooks", "sdk-basis", shop, "total").stderr
    changed = plain(run("webhooks", "sdk-basis", shop, "revenue").stderr)
    assert (
        "1 payments, money waits outside the ledger because the sum that counts was not sent"
        in changed
    )
    assert f"`skeldir webhooks payments {shop} --flagged`" in changed
    assert standing(clone, shop) == []
    flagged = plain(run("webhooks", "payments", shop, "--flagged").stdout)
    assert "`skeldir webhooks sdk-basis TENANT total`" in flagged
    dead = plain(run("webhooks", "deliveries", shop, "--dead").stdout)
    assert (
        "currency_missing: The currency is missing. Nothing of it was booked. Send the currency in `currency`"
        in dead
    )
