"""`skeldir reconcile payouts`: a report is read without guesses, compared, and the result can be saved."""

from __future__ import annotations

import csv
from pathlib import Path
from uuid import UUID

import pytest

from tests.conftest import Clone
from tests.support.command import run_here

pytestmark = pytest.mark.shares_clone

OTHER = "id,order_id,category,gross,fee,net,currency,date,payout\n"
ROW = "m1,1001,capture,100.00,3.20,96.80,USD,2026-03-02T12:00:00Z,po1\n"
STRIPE = (
    "balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,source_id,charge_id,"
    "automatic_payout_id\n"
)
PAYPAL = (
    '"Date","Time","TimeZone","Type","Status","Currency","Gross","Fee","Net","Transaction ID","Reference Txn ID",'
    '"Invoice Number","Balance Impact"\n'
)


def payouts(clone: Clone, tenant: UUID, file: Path, *words: str, status: int = 0) -> str:
    said = run_here(
        clone.app_url, "reconcile", "payouts", str(tenant), str(file), *words, status=status
    )
    return " ".join(said.split())


def write(folder: Path, text: str) -> Path:
    file = folder / "report.csv"
    file.write_text(text, encoding="utf-8")
    return file


def book(clone: Clone, tenant: UUID, folder: Path, *rows: str) -> None:
    """Import captures and refunds into the ledger."""
    file = folder / "booked.csv"
    header = "order_id,kind,time,value,currency\n"
    file.write_text(header + "".join(rows), encoding="utf-8")
    run_here(clone.app_url, "import", "conversions", str(file), "--tenant", str(tenant))


def saved_rows(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            [row[name] for name in ("id", "kind", "reason", "gross", "ledger", "difference")]
            for row in csv.DictReader(lines)
        ]


def test_a_report_of_a_general_layout_is_shown_with_its_sums_and_saved(
    clone: Clone, tenant: UUID, other_tenant: UUID, tmp_path: Path
) -> None:
    time = "2026-03-02T12:00:00Z"
    book(clone, tenant, tmp_path, *(f"{n},capture,{time},100.00,USD\n" for n in ("1001", "1002")))
    text = (
        OTHER
        + ROW
        + f"m2,,payout,-90.00,0.00,-90.00,USD,{time},po1\n=1,,gift,2.00,0.00,2.00,USD,{time},\n"
    )
    file, saved = write(tmp_path, text), tmp_path / "saved.csv"
    words = ("--provider", "other", "--expects", "all")
    said = payouts(clone, tenant, file, *words, "--lines", "--save", str(saved))
    assert "other: 2026-03-02 to 2026-03-02, days of UTC; 3 movements." in said
    assert "USD: the balance changed by 8.80." in said
    assert "USD: the report states no balances." in said
    assert "0 of 1 payouts are the sum of their movements." in said
    assert "96.80 │ 90.00 │ -6.80 │ 0.00 │ amount" in said
    assert "USD: 1 movements of 2.00 in all are of no payout." in said
    assert "other: gift" in said
    assert saved_rows(saved) == [
        ["m1", "capture", "none", "100.00", "100.00", "0.00"],
        ["", "capture", "missing_at_provider", "", "100.00", "-100.00"],
        ["m2", "payout", "", "-90.00", "", ""],
        ["'=1", "other", "", "2.00", "", ""],
    ]
    assert "exists already" in payouts(clone, tenant, file, *words, "--save", str(saved), status=1)
    assert "--expects all" in payouts(clone, tenant, file, "--provider", "other", status=1)
    theirs = payouts(clone, other_tenant, file, "--provider", "other")
    assert "The ledger has none of the report's movements" in theirs


def test_a_currency_and_a_category_can_be_given(clone: Clone, tenant: UUID, tmp_path: Path) -> None:
    text = OTHER.replace("currency,", "") + ROW.replace("USD,", "").replace(
        "capture", "[/b] Verkauf"
    )
    words = ("--provider", "other", "--currency", "EUR")
    file, saved = write(tmp_path, text), tmp_path / "saved.csv"
    said = payouts(clone, tenant, file, *words)
    assert "other: [/b] Verkauf" in said
    sold = ("--set", 'kinds."[/b] Verkauf" = "capture"')
    payouts(clone, tenant, file, *words, *sold, "--save", str(saved))
    assert saved_rows(saved) == [["m1", "capture", "missing_in_ledger", "100.00", "", "100.00"]]
    payouts(clone, tenant, file, *words, "--set", 'kinds."[/b] Verkauf" = "fee"')


def test_reports_of_stripe_and_paypal_are_read_by_their_headers(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    time = "2026-03-02T12:00:00Z"
    book(
        clone,
        tenant,
        tmp_path,
        f"ch_1,capture,{time},100.00,USD\n",
        f"ch_1,refund,{time},40.00,USD\n",
        f"INV1,capture,{time},50.00,EUR\n",
    )
    when = "2026-03-02 12:00:00,2026-03-02 04:00:00"
    stripe = write(
        tmp_path,
        STRIPE
        + f"txn_1,{when},usd,100.00,3.20,96.80,charge,ch_1,ch_1,po_1\n"
        + f"txn_2,{when},usd,-40.00,0.00,-40.00,refund,re_1,ch_1,po_1\n"
        + f"txn_3,{when},usd,-1.00,0.00,-1.00,risk_reserved_funds,,,po_1\n",
    )
    saved = tmp_path / "stripe.csv"
    named = ("--expects", "named")
    said = payouts(clone, tenant, stripe, "--provider", "stripe", *named, "--save", str(saved))
    assert "days of UTC" in said
    assert saved_rows(saved) == [
        ["txn_1", "capture", "none", "100.00", "100.00", "0.00"],
        ["txn_2", "refund", "none", "-40.00", "-40.00", "0.00"],
        ["txn_3", "other", "", "-1.00", "", ""],
    ]
    day = '"03/02/2026","12:00:00","UTC"'
    late = '"03/28/2026","12:00:00","UTC"'
    paypal = write(
        tmp_path,
        PAYPAL
        + f'{day},"Express Checkout Payment","Completed","EUR","50.00","-2.00","48.00","T1","","INV1","Credit"\n'
        + f'{late},"Express Checkout Payment","Pending","EUR","9.00","-1.00","8.00","T2","","INV2","Memo"\n'
        + f'{late},"Payment Refund","Completed","EUR","-1.00","0.00","-1.00","T4","T1","INV1","Memo"\n'
        + f'{late},"General Payment","Completed","EUR","-7.00","0.00","-7.00","T3","","","Debit"\n',
    )
    saved = tmp_path / "paypal.csv"
    said = payouts(clone, tenant, paypal, "--provider", "paypal", *named, "--save", str(saved))
    assert "2 rows move nothing" in said
    assert saved_rows(saved) == [
        ["T1", "capture", "none", "50.00", "50.00", "0.00"],
        ["T3", "other", "", "-7.00", "", ""],
    ]


def test_stated_balances_are_followed_and_the_first_row_that_breaks_them_is_named(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    header = PAYPAL.replace("\n", ',"Balance"\n')
    rows = [
        f'"03/{day}/2026","12:00:00","UTC","{kind}","Completed","EUR","{net}","0.00","{net}","T{day}","","","","{balance}"\n'
        for day, kind, net, balance in (
            (28, "General Withdrawal", "-1,000.00", "248.00"),
            (27, "Express Checkout Payment", "48.00", "1,248.00"),
            (26, "Express Checkout Payment", "50.00", "1,200.00"),
        )
    ]
    words = ("--provider", "paypal", "--expects", "named")
    said = payouts(clone, tenant, write(tmp_path, header + "".join(rows)), *words)
    assert "opening balance │ │ │ │ 1,150.00" in said
    assert "closing balance │ │ │ │ 248.00" in said
    assert "EUR: each balance that the report states is the one before it" in said
    assert "The report does not say which payout pays a movement." in said
    rows[1] = rows[1].replace("1,248.00", "1,249.00")
    said = payouts(clone, tenant, write(tmp_path, header + "".join(rows)), *words)
    assert "stop adding up at row 2: it states 1,249.00, and" in said
    assert "are 1,248.00. At the end the report states 248.00." in said
    gone = write(tmp_path, header + "".join(rows).replace('"1,249.00"', '"?"'))
    assert "is not a number" in payouts(clone, tenant, gone, *words, status=1)


def test_a_payout_of_stripe_is_compared_with_the_movements_that_it_pays(
    clone: Clone, tenant: UUID, tmp_path: Path
) -> None:
    when = "2026-03-02 12:00:00,2026-03-02 04:00:00"
    rows = [
        f"txn_1,{when},usd,100.00,3.20,96.80,charge,ch_1,ch_1,po_1\n",
        f"txn_2,{when},usd,-1.00,0.00,-1.00,fee,,,po_1\n",
        f"txn_3,{when},usd,-95.80,0.00,-95.80,payout,po_1,,\n",
        f"txn_4,{when},usd,20.00,1.00,19.00,charge,ch_2,ch_2,po_2\n",
        f"txn_5,{when},usd,-7.00,0.00,-7.00,payout,po_3,,\n",
    ]
    file = write(tmp_path, STRIPE + "".join(rows))
    words = ("--provider", "stripe", "--expects", "none")
    said = payouts(clone, tenant, file, *words)
    assert "1 of 3 payouts are the sum of their movements." in said
    assert "19.00 │ \u2013 │ \u2013 │ 0.00 │ payout_missing" in said
    assert "0.00 │ 7.00 │ 7.00 │ 0.00 │ movements_missing" in said


@pytest.mark.parametrize(
    ("text", "words", "code", "asked"),
    [
        (OTHER + ROW.replace("96.80", "96.81"), (), "balance_unreadable", "gross less the fee"),
        (OTHER + ROW.replace("3.20", "-3.20"), (), "balance_unreadable", "gross less the fee"),
        (OTHER + ROW.replace("3.20,96.80", ",100.00"), (), "balance_unreadable", "fee is empty"),
        (OTHER + ROW.replace("capture", "refund"), (), "balance_unreadable", "other sign"),
        (OTHER + ROW + ROW.replace("USD", "XXX"), (), "balance_unreadable", "row 2"),
        (OTHER + ROW.replace("12:00:00Z", "12:00:00"), (), "mapping_invalid", "--time-zone"),
        (OTHER + ROW, ("--currency", "EUR"), "mapping_invalid", "Leave out --currency"),
        (OTHER + ROW, ("--column", "gross=total"), "mapping_invalid", "no column"),
        (OTHER + ROW, ("--set", 'kinds."capture" = "sale"'), "mapping_invalid", "sale"),
        (OTHER.replace("fee", "cost") + ROW, (), "mapping_invalid", "--column fee="),
        (OTHER.replace("fee", "net") + ROW, ("--column", "fee=order_id"), "mapping_invalid", "net"),
        (
            OTHER + "m1,1001,capture,100,3,97,USD,2026-03-02T12:00:00Z,po1\n",
            (),
            "mapping_invalid",
            "--amount-unit",
        ),
        (OTHER.replace("payout", "GROSS") + ROW, (), "mapping_invalid", "several columns for gross"),
        (OTHER + ROW.replace("m1", "m\x1b[2J"), (), "balance_unreadable", "control characters"),
        (OTHER + ROW.replace("1001", "9" * 300), (), "balance_unreadable", "more than 200"),
        (OTHER + ROW, ("--provider", "stripe"), "mapping_invalid", "itemised"),
        (
            STRIPE + "t,2026-03-02 12:00:00,,usd,1.00,0.00,1.00,charge,ch_1,ch_1,\n",
            ("--provider", "stripe", "--time-zone", "Europe/Berlin"),
            "mapping_invalid",
            "in UTC",
        ),
        (
            PAYPAL
            + '"03/28/2026","12:00:00","UTC","Payment Refund","Odd","EUR","-7.00","0.00","-7.00","T","","",""\n',
            ("--provider", "paypal"),
            "balance_unreadable",
            "odd",
        ),
    ],
)  # fmt: skip
def test_a_report_that_leaves_something_open_or_contradicts_itself_is_refused(
    clone: Clone,
    tenant: UUID,
    tmp_path: Path,
    text: str,
    words: tuple[str, ...],
    code: str,
    asked: str,
) -> None:
    words = words if "--provider" in words else ("--provider", "other", *words)
    said = payouts(clone, tenant, write(tmp_path, text), *words, status=1)
    assert code in said
    assert asked in said
