"""Files of orders in which some money is no revenue, or counts several times, and only another column says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from skeldir.db.pool import Database
from skeldir.ingest.files import (
    FileMapping,
    MappingInvalid,
    choose_mapping,
    import_file,
    recognise_columns,
)
from skeldir.ingest.files.mapping import Condition, RefundColumns
from skeldir.ingest.files.order_states import find_state_columns, known_state
from skeldir.ingest.files.readers import look_at_file
from skeldir.revenue import ledger_totals

AT = "2026-10-20T10:00:00Z"
ORDER = {"order_id": "o", "created_at": AT, "total": "50.00", "currency": "EUR"}


def orders(column: str, *texts: object) -> list[dict[str, object]]:
    return [{**ORDER, "order_id": f"o{n}", column: text} for n, text in enumerate(texts)]


def recognise(rows: Sequence[Mapping[str, object]], **given: object) -> FileMapping:
    header = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name) for name in header] for row in rows]
    return recognise_columns(header, cells, {"kind": "conversions", **given})[0]


def asked(rows: Sequence[Mapping[str, object]], **given: object) -> str:
    with pytest.raises(MappingInvalid) as caught:
        recognise(rows, **given)
    return caught.value.detail


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("amount_refunded", ("15.00", "0.00")),
        ("Erstattungsbetrag", ("-15.00", "")),
        ("Total refunds", ("€ 15.00", "0")),
    ],
)
@pytest.mark.parametrize("state", [{}, {"status": "paid"}])
def test_a_sum_of_refunds_counts_whatever_the_state_says(
    name: str, sums: tuple[str, ...], state: dict[str, str]
) -> None:
    rows = [{**row, **state} for row in orders(name, *sums)]
    assert recognise(rows).refund == RefundColumns(name, ("created_at",))


@pytest.mark.parametrize("texts", [("0.00", ""), ("re_15", ""), ("1", "0")])
def test_what_is_no_sum_of_refunds_is_taken_for_none(texts: tuple[str, ...]) -> None:
    rows = orders("refund", *texts)
    assert recognise(rows).refund is None


async def test_money_that_went_back_of_paid_orders_is_no_revenue(
    db: Database, tenant: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,created_at,total,refunded_amount,currency,status\n"
        f"A,{AT},50.00,15.00,EUR,paid\nB,{AT},20.00,,EUR,paid\nC,{AT},30.00,0.00,EUR,cancelled\n"
    )
    mapping = choose_mapping(path, kind="conversions", map_file=None, flags={}).mapping
    await import_file(db, tenant, path, mapping, progress=lambda _: None)
    async with db.tenant(tenant) as connection:
        (total,) = await ledger_totals(connection, tenant)
    assert total.net_cents == 5_500


@pytest.mark.parametrize(
    ("column", "texts", "equals"),
    [
        ("paid", ("true", "false"), '"true"'),
        ("isPaid", (True, None), '"true"'),
        ("Bezahlt", ("ja", "nein"), '"ja"'),
        ("is_cancelled", ("0", "1"), '"0"'),
        ("cancelled_at", ("", AT), '""'),
        ("refunded", ("false", "true"), '"false"'),
        ("Test", ("no", "yes"), '"no"'),
    ],
)
def test_a_flag_by_which_an_order_is_no_revenue_is_asked_about(
    column: str, texts: tuple[object, ...], equals: str
) -> None:
    rows = orders(column, *texts)
    line = f'order_when = {{ column = "{column}", equals = [{equals}] }}'
    assert line in asked(rows)
    when = Condition(column, (equals.strip('"'),))
    assert recognise(rows, order_when={"column": when.column, "equals": list(when.equals)})
    assert recognise(rows, order_when={"column": "order_id"}).order_when == Condition("order_id")


@pytest.mark.parametrize(
    ("column", "texts"),
    [("paid", ("yes", "1")), ("test", ("A", "B")), ("cancelled_at", ("", "null"))],
)
def test_flags_that_say_nothing_against_an_order_raise_no_question(
    column: str, texts: tuple[str, ...]
) -> None:
    assert recognise(orders(column, *texts)).order_when is None


@pytest.mark.parametrize("words", [("Order", "Refund"), ("Order", "Refund", "Tip", "Shipping")])
def test_orders_and_refunds_in_one_file_are_asked_about(words: tuple[str, ...]) -> None:
    assert '"Order" = "capture", "Refund" = "refund"' in asked(orders("type", *words))


def test_a_key_of_rows_does_not_make_a_reloaded_page_a_second_sale() -> None:
    rows = [{**ORDER, "event_id": event} for event in ("e1", "e2")]
    question = asked(rows)
    assert 'order_key = "order_id"' in question
    assert 'idempotency_key = "event_id"' in question
    once = recognise(rows, columns={"order_key": "order_id"})
    assert once.columns["order_key"] == ("order_id",)
    assert recognise(rows, columns={"idempotency_key": "event_id"})
    assert recognise([rows[0], {**rows[1], "order_id": "p"}])


@pytest.mark.parametrize("by_sign", [True, False])
def test_refunds_of_several_lines_at_once_are_not_taken_for_one(by_sign: bool) -> None:
    sign = "-" if by_sign else ""
    back = {**ORDER, "total": f"{sign}10.00"} | ({} if by_sign else {"kind": "refund"})
    sale = {**ORDER, "line": "0"} | ({} if by_sign else {"kind": "capture"})
    given = {"kind_by_sign": True} if by_sign else {}
    question = asked([sale, {**back, "line": "1"}, {**back, "line": "2"}], **given)
    assert 'refunds that differ only in "line"' in question
    assert recognise([sale, {**back, "line": "1"}, {**back, "line": "1"}], **given)


@pytest.mark.parametrize("name", ["Zahlstatus", "order_status_name", "Stripe payment status"])
def test_a_status_of_payment_is_found_under_other_names(name: str) -> None:
    assert find_state_columns(["id", name]) == ([name], True)


@pytest.mark.parametrize("name", ["shipping_status", "status_updated_at", "Customer status"])
def test_a_status_of_something_else_is_none_of_the_order(name: str) -> None:
    assert find_state_columns(["id", name]) == ([], False)


def test_a_word_that_may_mean_that_money_came_back_is_not_decided() -> None:
    assert known_state("Canceled_Reversal") is None
    assert known_state("Cancelled Reversal") is None


def test_states_without_a_name_are_seen_after_the_first_rows(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = [f"o{n},{AT},1.00,EUR,bezahlt" for n in range(1_100)]
    rows[1_050] = rows[1_050].replace("bezahlt", "storniert")
    path.write_text("order_id,created_at,total,currency,Lage\n" + "\n".join(rows) + "\n")
    mapping = choose_mapping(path, kind="conversions", map_file=None, flags={}).mapping
    assert mapping.order_when == Condition("Lage", ("bezahlt",))


def test_an_order_of_a_guest_that_equals_those_before_is_no_total(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("visitor,number,total,at\n,1001,50.00,1792487700\n,1002,50.00,1792487800\n")
    layout = look_at_file(path)
    assert (len(layout.sample), layout.totals) == (2, None)
