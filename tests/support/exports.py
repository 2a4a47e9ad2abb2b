"""Rows of the true shape of known systems' exports, each with the money that it moves."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal

ROWS = 1_000
Row = dict[str, str]


def money(chance: random.Random) -> Decimal:
    return (Decimal(chance.randint(1, 90_000)) / 100).quantize(Decimal("0.01"))


def stripe_payment(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, state = money(chance), chance.choice(["Paid", "Paid", "Refunded", "Failed"])
    back = {
        "Refunded": amount,
        "Paid": chance.choice([Decimal("0.00"), amount / 2]).quantize(amount),
    }
    refunded = back.get(state, Decimal("0.00"))
    row = {
        "id": f"ch_{n}",
        "Created date (UTC)": f"2026-05-{1 + n % 28:02} 08:00:00",
        "Amount": str(amount),
        "Amount Refunded": str(refunded),
        "Currency": "eur",
        "Mode": "Live",
        "Status": state,
        "Refunded date (UTC)": f"2026-06-{1 + n % 28:02} 08:00" if refunded else "",
    }
    return row, Decimal(0) if state == "Failed" else amount - refunded


def stripe_payment_of_older_header(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    row, net = stripe_payment(n, chance)
    row["Created (UTC)"] = row.pop("Created date (UTC)")
    del row["Refunded date (UTC)"]
    return row, net


def shopify_order(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, state = money(chance), chance.choice(["paid", "refunded", "pending", "voided"])
    row = {
        "Name": f"#{n}",
        "Financial Status": state,
        "Paid at": f"2026-05-{1 + n % 28:02} 11:23:45 +0100",
        "Currency": "EUR",
        "Total": str(amount),
        "Created at": f"2026-05-{1 + n % 28:02} 11:23:40 +0100",
        "Lineitem quantity": "1",
        "Refunded Amount": str(amount if state == "refunded" else Decimal("0.00")),
        "Id": str(5_000 + n),
    }
    return row, amount if state == "paid" else Decimal(0)


def woo_order(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    states = ["Completed", "In Bearbeitung", "Refunded", "Failed", "Storniert", "Pending payment"]
    amount, state = money(chance), chance.choice(states)
    back = {"Refunded": amount, "Completed": Decimal("0.01")}.get(state, Decimal("0.00"))
    row = {
        "Order Number": str(2_000 + n),
        "Order Status": state,
        "Order Date": f"2026-05-{1 + n % 28:02} 10:00",
        "Currency": "EUR",
        "Order Total Amount": str(amount),
        "Order Refund Amount": str(back),
    }
    return row, amount - back if state in states[:3] else Decimal(0)


def ga4_event(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, event = money(chance), chance.choice(["session_start", "purchase"])
    is_purchase = event == "purchase"
    row = {
        "event_timestamp": str(1_780_000_000_000_000 + n),
        "event_name": event,
        "user_pseudo_id": f"u{n % 300}",
        "source": "google",
        "currency": "EUR" if is_purchase else "",
        "transaction_id": f"T-{n}" if is_purchase else "",
        "purchase_revenue": str(amount) if is_purchase else "",
    }
    return row, amount if is_purchase else Decimal(0)


def stripe_dispute(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, state = money(chance), chance.choice(["lost", "needs_response", "warning_closed"])
    row = {
        "id": f"dp_{n}",
        "Dispute Created (UTC)": f"2026-05-{1 + n % 28:02} 08:00",
        "Charge ID": f"ch_{n}",
        "Dispute Amount": str(amount),
        "Dispute Currency": "eur",
        "Status": state,
    }
    return row, Decimal(0) if state == "warning_closed" else -amount


def paypal_row(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, kind = money(chance), chance.choice(PAYPAL_TYPES)
    state = chance.choice(["Completed", "Completed", "Pending", "Denied"])
    gross = amount if kind.endswith("Checkout Payment") else -amount
    row = {
        "Date": f"10/{13 + n % 18}/2026",
        "Time": f"{n % 24:02}:15:00",
        "TimeZone": "PDT",
        "Type": kind,
        "Status": state,
        "Currency": "USD",
        "Gross": f"{gross:,.2f}",
        "Transaction ID": f"TX{n:06}",
        "Invoice Number": f"INV-{n}",
    }
    is_money = state == "Completed" and kind != "General Withdrawal"
    return row, gross if is_money else Decimal(0)


def square_row(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    amount, kind = money(chance), chance.choice(["Payment", "Payment", "Refund"])
    sign = "-" if kind == "Refund" else ""
    row = {
        "Date": f"2026-05-{1 + n % 28:02}",
        "Time": f"{n % 24:02}:50:48",
        "Time Zone": "Pacific Time (US & Canada)",
        "Total Collected": f"{sign}${amount:,.2f}",
        "Transaction ID": f"tx{n}",
        "Payment ID": f"pay{n}",
        "Event Type": kind,
        "Transaction Status": "Complete",
    }
    return row, -amount if sign else amount


def shopify_transaction(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    kind = chance.choice(["sale", "capture", "refund", "authorization", "void"])
    amount, state = money(chance), chance.choice(["success", "success", "failure", "pending"])
    row = {
        "Order": str(5_000 + n),
        "Name": f"#{n}",
        "Kind": kind,
        "Gateway": "shopify_payments",
        "Created At": f"2026-05-{1 + n % 28:02} 11:23:45 +0100",
        "Status": state,
        "Amount": str(amount),
        "Currency": "EUR",
    }
    sign = {"sale": 1, "capture": 1, "refund": -1}.get(kind, 0) if state == "success" else 0
    return row, sign * amount


def stripe_movement(n: int, chance: random.Random) -> tuple[Row, Decimal]:
    kinds = ["charge", "charge", "refund", "dispute", "dispute_reversal", "fee", "payout"]
    amount, kind = money(chance), chance.choice(kinds)
    sign = -1 if kind in ("refund", "dispute", "fee", "payout") else 1
    row = {
        "balance_transaction_id": f"txn_{n}",
        "created_utc": f"2026-05-{1 + n % 28:02} 08:00:00",
        "currency": "eur",
        "gross": str(sign * amount),
        "reporting_category": kind,
        "charge_id": "" if kind in ("fee", "payout") else f"ch_{n}",
    }
    return row, Decimal(0) if kind in ("fee", "payout") else sign * amount


PAYPAL_TYPES = [
    "Express Checkout Payment",
    "Express Checkout Payment",
    "Payment Refund",
    "General Withdrawal",
]
MAKERS: Mapping[str, Callable[[int, random.Random], tuple[Row, Decimal]]] = {
    "Stripe payments": stripe_payment,
    "Shopify orders": shopify_order,
    "WooCommerce orders": woo_order,
    "GA4 events (BigQuery)": ga4_event,
    "Stripe payments, 'Created (UTC)'": stripe_payment_of_older_header,
    "Stripe disputes": stripe_dispute,
    "Stripe balance": stripe_movement,
    "PayPal activity": paypal_row,
    "Square transactions": square_row,
    "Shopify transactions": shopify_transaction,
}


def make_file(name: str, seed: int, rows: int = ROWS) -> tuple[list[Row], Decimal]:
    chance = random.Random(seed)
    made = [MAKERS[name](n, chance) for n in range(rows)]
    return [row for row, _ in made], sum((net for _, net in made), Decimal(0))
