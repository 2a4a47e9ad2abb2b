"""The pages of `skeldir reconcile payouts`: balances and movements as a statement of account, and what payouts pay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.table import Column, Table

from skeldir.cli.console import out
from skeldir.cli.spend_reports import UNKNOWN, money

if TYPE_CHECKING:
    from skeldir.reconcile import PayoutComparison, Payouts, PayoutTie, Statement

_FIGURES: Final = ("gross", "fee", "net", "ledger", "difference")


def show_statement(found: PayoutComparison) -> None:
    """Show for each currency the opening balance, the movements by kind, and the closing balance."""
    right = [Column(title, justify="right") for title in _FIGURES]
    page = Table("currency", "movement", Column("rows", justify="right"), *right)
    categories = found.categories
    balances = {one.currency: one for one in found.statements}
    # Only the ledger may have a currency: then the report has no balance of it.
    for currency in sorted({one.currency for one in categories}):
        of_currency = balances.get(currency)
        opening = None if of_currency is None else of_currency.opening_cents
        closing = None if of_currency is None else of_currency.closing_cents
        page.add_row(currency, "opening balance", "", "", "", money(opening, currency), "", "")
        for one in categories:
            if one.currency != currency:
                continue
            name = f"{one.kind}: {one.category}" if one.category else one.kind
            figures = (
                one.gross_cents,
                one.fee_cents,
                one.net_cents,
                one.booked_cents,
                one.difference_cents,
            )
            shown = (money(cents, currency) for cents in figures)
            page.add_row(currency, name, f"{one.movements:,}", *shown)
        page.add_row(currency, "closing balance", "", "", "", money(closing, currency), "", "")
        page.add_section()
    out.print(page)
    for statement in found.statements:
        for sentence in _balance(statement):
            out.print(sentence, soft_wrap=True, highlight=False)


def _balance(one: Statement) -> Iterator[str]:
    currency = one.currency
    yield f"{currency}: the balance changed by {money(one.moved_cents, currency)}."
    if one.is_open:
        yield (
            f"{currency}: the rows are in no order of time, so that the balances that they state cannot be followed."
        )
    elif one.opening_cents is None:
        yield f"{currency}: the report states no balances."
    elif one.broken is None:
        yield f"{currency}: each balance that the report states is the one before it and what moved since."
    else:
        at = one.broken
        yield (
            f"{currency}: the balances stop adding up at row {at.row:,}: it states"
            f" {money(at.stated_cents, currency)}, and the one before it and what moved since are"
            f" {money(at.expected_cents, currency)}. At the end the report states {money(one.stated_cents, currency)}."
        )


def show_payouts(found: PayoutComparison, most: int) -> None:
    """Show how many payouts are the sum of their movements, and each one that is not."""
    payouts = found.payouts
    if not payouts.ties:
        out.print("The report does not say which payout pays a movement.", soft_wrap=True)
        return
    differing = [one for one in payouts.ties if one.reason != "none"]
    out.print(
        f"{len(payouts.ties) - len(differing):,} of {len(payouts.ties):,} payouts are the sum of their movements.",
        soft_wrap=True,
    )
    if differing:
        _show_differing(differing[:most])
    for note in _notes(found, payouts):
        out.print(note, soft_wrap=True, highlight=False)


def _show_differing(ties: list[PayoutTie]) -> None:
    titles = ("movements", "their nets", "paid", "difference", "returned")
    right = [Column(title, justify="right") for title in titles]
    table = Table("currency", Column("payout", overflow="fold"), "day", *right, "reason")
    for one in ties:
        figures = (one.nets_cents, one.paid_cents, one.difference_cents, one.returned_cents)
        table.add_row(
            one.currency,
            one.payout,
            UNKNOWN if one.day is None else str(one.day),
            f"{one.movements:,}",
            *(money(cents, one.currency) for cents in figures),
            one.reason,
        )
    out.print(table)


def _notes(found: PayoutComparison, payouts: Payouts) -> Iterator[str]:
    reasons = {one.reason for one in payouts.ties}
    if "movements_missing" in reasons:
        yield "movements_missing: the report has no movement of the payout, and cannot say what it paid."
    if "payout_missing" in reasons:
        yield "payout_missing: the report has no row of the payout itself, so that its amount is not known."
    if "amount" in reasons:
        before = (
            ""
            if found.expects == "none"
            else f", such as those before {found.first}, which this report has not got"
        )
        yield f"amount: another amount was paid, or not all movements of the payout are in the report{before}."
    for currency, (count, cents) in sorted(payouts.unassigned.items()):
        yield f"{currency}: {count:,} movements of {money(cents, currency)} in all are of no payout."
