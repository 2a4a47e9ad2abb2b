"""Shopify: transactions move money; orders, refunds and tenders only say what belongs together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from skeldir.inbox.fields import read_json
from skeldir.inbox.saying import Context, Movement
from tests.support.shopify import (
    MAKERS,
    PAID_AT,
    SAMPLES,
    SHOP,
    Body,
    make_order,
    make_refund,
    make_tender,
    make_transaction,
    money,
    notices,
    read_sample,
    say,
    trouble_of,
)

EXPECTED = [
    pytest.param(case, id=case["file"])
    for folder in SAMPLES[:1]
    for case in json.loads((folder / "expected.json").read_text())
    if case["file"].startswith("shopify/")
]


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
@pytest.mark.parametrize("case", EXPECTED)
def test_a_sample_says_the_money_that_it_must_book(case: dict[str, object]) -> None:
    said = say(read_sample(Path(str(case["file"])).stem))
    before = say(read_sample(str(case["given"]))) if "given" in case else None
    known = money(before) if before else set()
    books = case["books"]
    assert isinstance(books, list)
    expected = {(one["kind"], one["minor"], one["currency"], one["source_id"]) for one in books}
    new = money(said) - known
    if said.order_ref is None:
        new = set()  # It waits for its order.
    reported = {(kind, id_) for kind, _, _, id_ in known}
    # What takes something back is booked only after that.
    new = {one for one in new if one[0] != "refund_reversal" or ("refund", one[3]) in reported}
    assert new == expected
    if before and not said.erasure:
        assert set(before.refs) & set(said.refs)


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
def test_no_sample_leaves_a_person_in_what_is_kept() -> None:
    for path in sorted((SAMPLES[0] / "shopify").glob("*.json")):
        said = say(read_json(path.read_bytes()))
        texts = json.dumps(said.kept, default=str) + repr((said.refs, said.trouble, said.type))
        for personal in ("Ada", "ada.example", "203.0.113", "+1555", "4242", "Example Street"):
            assert personal not in texts, path.name
        assert "journey_01SAMPLE" not in texts


@pytest.mark.skipif(not SAMPLES, reason="the sample deliveries are not here")
def test_the_sample_order_says_its_journey_visit_and_parts() -> None:
    said = say(read_sample("orders_paid.multi_currency"))
    assert said.journey == "journey_01SAMPLE"
    assert said.visit is not None
    assert (said.visit.landing or "").startswith("/products/tee?utm_source=newsletter")
    assert said.visit.referrer == "https://news.example/"
    assert {(part.name, part.minor, part.currency) for part in said.parts} == {
        ("gross", 4999, "USD"),
        ("tax", 499, "USD"),
        ("shipping", 0, "USD"),
        ("discount", 0, "USD"),
    }


@pytest.mark.parametrize(
    ("kind", "moved"), [("sale", "capture"), ("capture", "capture"), ("refund", "refund")]
)
def test_a_successful_transaction_moves_its_amount(kind: str, moved: str) -> None:
    said = say(make_transaction(kind=kind))
    assert [fact for fact in said.facts if isinstance(fact, Movement)] == [
        Movement(moved, "transaction", "60", 4999, "USD", PAID_AT, "shopify")  # type: ignore[arg-type]
    ]
    assert (said.type, said.account, said.is_live) == ("order_transaction", SHOP, True)


@pytest.mark.parametrize(
    ("kind", "status", "notice"),
    [
        ("authorization", "success", {"authorized"}),
        ("void", "success", {"voided"}),
        ("sale", "pending", {"capture_pending"}),
        ("refund", "pending", {"refund_pending"}),
        ("capture", "failure", {"capture_failed"}),
        ("sale", "error", {"capture_failed"}),
        ("change", "success", set()),
        ("suggested_refund", "success", set()),
        ("authorization", "pending", set()),
    ],
)
def test_other_transactions_move_no_money(kind: str, status: str, notice: set[str]) -> None:
    said = say(make_transaction(kind=kind, status=status))
    assert (money(said), notices(said), said.trouble) == (set(), notice, None)


@pytest.mark.parametrize("status", ["failure", "error"])
def test_a_failed_refund_takes_back_what_was_booked_of_it(status: str) -> None:
    said = say(make_transaction(kind="refund", status=status))
    assert money(said) == {("refund_reversal", 4999, "USD", "60")}
    assert notices(said) == {"refund_failed"}


@pytest.mark.parametrize(
    "gateway", ["gift_card", "Gift Card", "store_credit", "shopify_store_credit"]
)
@pytest.mark.parametrize("kind", ["sale", "refund"])
def test_gift_cards_and_store_credit_are_no_new_money(gateway: str, kind: str) -> None:
    said = say(make_transaction(gateway=gateway, kind=kind))
    assert (said.facts, said.trouble, said.is_ignored) == ((), None, False)
    assert "shopify:order:59" in said.refs


@pytest.mark.parametrize(
    ("fields", "via"),
    [
        ({"gateway": "shopify_payments"}, "shopify"),
        ({"gateway": "stripe"}, "stripe"),
        ({"gateway": "paypal"}, "paypal"),
        ({"gateway": "klarna"}, None),
        ({"gateway": None}, None),
        ({"gateway": "Cash on Delivery (COD)", "manual_payment_gateway": True}, "shopify"),
    ],
)
def test_a_transaction_names_who_moved_the_money(fields: Body, via: str | None) -> None:
    (fact,) = say(make_transaction(**fields)).facts
    assert isinstance(fact, Movement)
    assert fact.via == via


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": None}, "amount_missing"),
        ({"amount": "12.345"}, "amount_invalid"),
        ({"amount": "-1.00"}, "amount_invalid"),
        ({"amount": 12.5}, "amount_invalid"),
        ({"currency": None}, "currency_missing"),
        ({"currency": "ABC"}, "currency_unknown"),
        ({"processed_at": None}, "time_missing"),
        ({"processed_at": "2026-11-02T04:59:58"}, "time_missing"),
        ({"id": None}, "id_missing"),
        ({"status": None}, "kind_missing"),
    ],
)
def test_a_transaction_without_what_money_needs_is_trouble_and_no_fact(
    fields: Body, code: str
) -> None:
    said = say(make_transaction(**fields))
    assert (trouble_of(said), said.facts) == (code, ())
    assert "shopify:order:59" in said.refs


def test_a_transaction_without_time_of_processing_has_that_of_its_creation() -> None:
    said = say(make_transaction(processed_at=None, created_at="2026-11-02T09:59:58Z"))
    assert said.reported_at == PAID_AT
    assert money(said)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("500", "JPY", 500), ("1.250", "KWD", 1250), ("5.0", "ISK", 5)],
)
def test_amounts_are_in_the_units_of_their_currency(amount: str, currency: str, minor: int) -> None:
    said = say(make_transaction(amount=amount, currency=currency))
    assert money(said) == {("capture", minor, currency, "60")}


def test_a_transaction_of_nothing_moves_nothing() -> None:
    said = say(make_transaction(amount="0.00"))
    assert (said.facts, said.trouble) == ((), None)


@pytest.mark.parametrize("make", [make_transaction, make_refund])
def test_a_body_without_a_global_id_is_known_by_its_shape(make: Callable[..., Body]) -> None:
    body = make()
    named = say(body)
    del body["admin_graphql_api_id"]
    assert say(body) == named


def test_all_deliveries_of_an_order_share_a_name_of_it() -> None:
    shared = set.intersection(*(set(say(make()).refs) for make in MAKERS))
    assert shared == {"shopify:order:59", "order:59"}
    edited = say({"order_edit": {"id": 78, "order_id": 59, "committed_at": "2026-11-04T14:00:00Z"}})
    assert (edited.type, edited.facts, set(edited.refs)) == ("order_edited", (), shared)


def test_a_refund_of_an_unnamed_order_meets_its_sale() -> None:
    refund = say(make_transaction(id=66, kind="refund", parent_id=60, order_id=None))
    assert "shopify:transaction:60" in set(refund.refs) & set(say(make_transaction()).refs)
    assert refund.order_ref is None


def test_an_order_reference_has_the_prefix_of_its_shop() -> None:
    context = Context(is_live=True, now=PAID_AT, order_prefix="eu-")
    said = say(make_order(), context)
    assert (said.order_ref, said.own_ref) == ("eu-59", "shopify:order:59")
    assert "order:eu-59" in said.refs


@pytest.mark.parametrize("make", [make_order, make_refund, make_tender])
def test_orders_refunds_and_tenders_move_no_money(make: Callable[..., Body]) -> None:
    said = say(make())
    assert (said.facts, said.trouble, said.is_ignored) == ((), None, False)
