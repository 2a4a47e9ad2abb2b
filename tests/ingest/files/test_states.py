"""Only paid orders are revenue, and rows of one order are not counted by a guess: the rest is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from skeldir.ingest.files import FileMapping, MappingInvalid, recognise_columns
from skeldir.ingest.files.mapping import Condition, RefundColumns
from skeldir.ingest.files.order_states import (
    KNOWN_STATES,
    find_state_columns,
    known_state,
    plain_state,
)

ORDER = {"order_id": "o", "created_at": "2026-10-20T10:00:00Z", "total": "12.50", "currency": "EUR"}


def recognise(rows: Sequence[Mapping[str, object]], **given: object) -> FileMapping:
    header = list(dict.fromkeys(name for row in rows for name in row))
    return recognise_columns(header, [[row.get(name) for name in header] for row in rows], given)[0]


def of_states(*states: str, column: str = "status") -> list[dict[str, object]]:
    return [{**ORDER, "order_id": f"o{n}", column: state} for n, state in enumerate(states)]


def asked(rows: Sequence[Mapping[str, object]], **given: object) -> str:
    with pytest.raises(MappingInvalid) as caught:
        recognise(rows, **given)
    return caught.value.detail


@pytest.mark.parametrize(
    ("states", "paid"),
    [
        (["completed", "failed", "cancelled", "pending"], ("completed",)),
        (["wc-completed", "wc-processing", "wc-on-hold"], ("wc-completed", "wc-processing")),
        (["Bezahlt", "Storniert", "Zahlung ausstehend"], ("Bezahlt",)),
        (["Payé", "Annulée", "En attente de paiement"], ("Payé",)),
        (["PAGADO", "Pendiente de pago"], ("PAGADO",)),
        (["paid", "paid"], ("paid",)),
        (["requires_payment_method", "succeeded"], ("succeeded",)),
    ],
)
def test_only_rows_of_paid_states_are_orders(states: list[str], paid: tuple[str, ...]) -> None:
    assert recognise(of_states(*states)).order_when == Condition("status", paid)


def test_a_file_without_a_paid_order_has_no_order() -> None:
    when = recognise(of_states("failed", "pending")).order_when
    assert when is not None
    assert not {"failed", "pending"} & set(when.equals)


@pytest.mark.parametrize(
    "state", ["Partially refunded", "authorized", "processing", "zaplaceno", "7"]
)
def test_a_state_that_is_not_decided_is_asked_about_with_the_line_to_write(state: str) -> None:
    question = asked(of_states("completed", "completed", "failed", state))
    assert f'"status" has "completed" (2), "failed" (1), "{state}" (1)' in question
    assert 'order_when = { column = "status", equals = ["completed"] }' in question
    assert f'not decided is "{state}"' in question
    assert f'"{state}" = "paid"' in question


def test_states_that_are_all_unknown_are_asked_about_unless_the_column_may_be_something_else() -> (
    None
):
    assert "Which orders are paid?" in asked(of_states("zaplaceno", "misslyckad"))
    assert recognise(of_states("CA", "NY", column="State")).order_when is None
    assert recognise(of_states("paid", "failed", column="State")).order_when is not None


def test_a_condition_in_the_mapping_answers_for_its_column_only() -> None:
    rows = of_states("completed", "refunded")
    given = {"column": "status", "equals": ["completed"]}
    assert recognise(rows, order_when=given).order_when == Condition("status", ("completed",))
    assert "Which orders are paid?" in asked(rows, order_when={"column": "total"})


@pytest.mark.parametrize(
    "name",
    [
        "status",
        "Order Status",
        "orderStatus",
        "financial_status",
        "Bestellstatus",
        "Statut de la commande",
    ],
)
def test_a_column_of_states_is_found_by_its_name(name: str) -> None:
    assert find_state_columns(["id", name]) == ([name], True)


def test_states_are_listed_as_they_are_compared() -> None:
    assert all(plain_state(state) == state for state in KNOWN_STATES)
    assert known_state("wc-Partiellement remboursée") == "partly_refunded"


def test_a_refunded_order_is_a_sale_and_its_refund() -> None:
    rows = of_states("completed", "failed", "Refunded")
    mapping = recognise(rows)
    assert mapping.columns["state"] == ("status",)
    assert mapping.refund == RefundColumns("total", ("created_at",))
    sums = [
        {**row, "refunded_amount": back}
        for row, back in zip(rows, ("5", "0", "12.50"), strict=True)
    ]
    assert recognise(sums).refund == RefundColumns("refunded_amount", ("created_at",))


def test_several_columns_of_states_are_asked_about() -> None:
    rows = [{**row, "payment_status": "paid"} for row in of_states("completed", "failed")]
    assert 'whether an order was paid: "status", "payment_status"?' in asked(rows)
    assert recognise(rows, columns={"state": "status"}).columns["state"] == ("status",)


def test_an_attempt_that_failed_is_no_other_row_of_its_order() -> None:
    paid, failed = of_states("completed", "failed")
    later = {**failed, "order_id": "o0", "created_at": "2026-10-20T09:00:00Z"}
    assert recognise([paid, later]).order_when == Condition("status", ("completed",))


def test_rows_of_one_order_that_differ_are_asked_about() -> None:
    lines = [
        {**ORDER, "item": item, "total": total}
        for item, total in (("Cap", "10.00"), ("Mug", "10.00"))
    ]
    question = asked(lines)
    assert 'o in "order_id" stands in rows that differ in "item"' in question
    assert 'idempotency_key = ["order_id", "item"]' in question
    later = {**ORDER, "created_at": "2026-10-20T11:00:00Z"}
    assert 'idempotency_key = "order_id"' in asked([ORDER, later])


def test_rows_that_are_equal_and_orders_with_one_row_each_raise_no_question() -> None:
    assert recognise([ORDER, ORDER, {**ORDER, "order_id": "p"}]).kind == "conversions"
    lines = [{**ORDER, "item": item} for item in ("Cap", "Mug")]
    columns = {"idempotency_key": ["order_id", "item"]}
    assert recognise(lines, columns=columns).columns["idempotency_key"] == ("order_id", "item")


def test_a_column_that_tells_refunds_from_sales_is_asked_about_under_any_name() -> None:
    rows = [
        {**ORDER, "order_id": f"o{n}", "Vorgang": kind}
        for n, kind in enumerate(("sale", "Refund", "void", "change"))
    ]
    question = asked(rows)
    assert 'kind = "Vorgang" under [columns]' in question
    assert '"sale" = "capture", "Refund" = "refund", "void" = "nothing", "change" = "…"' in question
    kinds = {"sale": "capture", "Refund": "refund", "void": "nothing", "change": "nothing"}
    assert recognise(rows, columns={"kind": "Vorgang"}, kinds=kinds).kinds == kinds
    assert recognise([{**ORDER, "Vorgang": "sale"}]).kinds is None
