"""What every row of an export belongs to: its account, its campaign and its currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from skeldir.money import CURRENCIES
from skeldir.spend.days import (
    LONGEST_ACCOUNT,
    LONGEST_CAMPAIGN,
    campaign_key,
    is_spoiled_id,
    plain_id,
)
from skeldir.spend.files.options import Options
from skeldir.spend.files.presets import Columns, currency_in
from skeldir.spend.files.refusals import (
    AccountOpen,
    CurrencyContradicted,
    CurrencyOpen,
    RowUnreadable,
)
from skeldir.spend.files.tables import Cell, TableRow

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose campaign a row is of, and in which currency its costs are."""

    account: str
    campaign: str
    campaign_id: str | None
    name: str | None
    campaign_type: str | None
    currency: str


def text_at(row: TableRow, columns: Columns, field: str) -> str | None:
    """Return the text of a field in a row, None if it has none. Raises RowUnreadable for what is no plain text."""
    place = columns.places.get(field)
    text = None if place is None else text_of(row.cells[place])
    if place is not None and text is not None and not text.isprintable() and _CONTROL.search(text):
        raise RowUnreadable(
            f'Line {row.line} has control characters in the column "{columns.header[place]}".',
            cure="Export it again; if a program changed it, don't save it with that.",
        )
    return text


def text_of(cell: Cell) -> str | None:
    """Return a cell as text without blanks around it, None for nothing."""
    if isinstance(cell, Decimal):
        return f"{cell:f}".removesuffix(".0") if cell == cell.to_integral_value() else f"{cell:f}"
    text = cell.strip() if isinstance(cell, str) else ""
    return text if text and text not in ("--", "-", "\u2013") else None


def read_belongings(
    rows: Sequence[TableRow], columns: Columns, options: Options, name: str
) -> list[Belonging]:
    """Return what each row belongs to.

    Raises:
        AccountOpen: neither a column nor an option names the account, or they name different ones.
        CurrencyOpen: neither a column, nor the name of one, nor an option says the currency.
        CurrencyContradicted: two of these, or rows of one account, say different ones.
        RowUnreadable: a row lacks its campaign, its account or its currency.
    """
    account_field = next((f for f in ("account_id", "account") if f in columns.places), None)
    if account_field is None and options.account is None:
        raise AccountOpen(
            f"{name} does not say which ad account its campaigns are of.",
            cure="Set --account to the account's id, and always to the same one; or export it with that column.",
        )
    from_header = _currency_of_header(columns, options, name)
    currencies: dict[str, tuple[int, str]] = {}
    found = []
    for row in rows:
        account = text_at(row, columns, account_field) if account_field else options.account
        if account is None or len(account) > LONGEST_ACCOUNT:
            raise _missing(row, name, "account")
        if account_field == "account_id" and is_spoiled_id(account):
            raise _spoiled_id(row, name, account)
        account = plain_id(account)
        if options.account is not None and account != plain_id(options.account):
            raise AccountOpen(
                f'Line {row.line} of {name} is of the account "{account[:40]}", not of the one that --account names.',
                cure="Leave out --account, or import the export of that account.",
            )
        currency = text_at(row, columns, "currency") or from_header
        if currency is None or currency not in CURRENCIES:
            raise RowUnreadable(
                f"Line {row.line} of {name} has no currency that is known.",
                cure="Its code has three capital letters, such as EUR; export it again.",
            )
        line, first = currencies.setdefault(account, (row.line, currency))
        if currency != first or (from_header is not None and currency != from_header):
            raise CurrencyContradicted(
                f"Line {row.line} of {name} is in {currency}, and "
                + (
                    f"line {line} is in {first}."
                    if currency != first
                    else f"the file in {from_header}."
                ),
                cure="An ad account has one currency: export it again, in that of the account.",
            )
        found.append(_belonging(row, columns, account, currency, name))
    return found


def _belonging(
    row: TableRow, columns: Columns, account: str, currency: str, name: str
) -> Belonging:
    campaign_id = text_at(row, columns, "campaign_id")
    campaign_name = text_at(row, columns, "campaign")
    if campaign_id is None and "campaign_id" in columns.places:
        raise _missing(row, name, "campaign's id")
    if campaign_id is not None and is_spoiled_id(campaign_id):
        raise _spoiled_id(row, name, campaign_id)
    campaign = campaign_key(campaign_id, campaign_name)
    if campaign is None:
        raise _missing(row, name, "campaign")
    if len(campaign) > LONGEST_CAMPAIGN:
        raise RowUnreadable(
            f"Line {row.line} of {name} has a campaign of more than {LONGEST_CAMPAIGN} characters.",
            cure="Export it with the campaigns' ids.",
        )
    plain = None if campaign_id is None else plain_id(campaign_id)
    kind = text_at(row, columns, "campaign_type")
    name_kept = None if campaign_name is None else campaign_name[:LONGEST_CAMPAIGN]
    return Belonging(account, campaign, plain, name_kept, kind, currency)


def _spoiled_id(row: TableRow, name: str, text: str) -> RowUnreadable:
    return RowUnreadable(
        f'Line {row.line} of {name} has the id "{text[:40]}", which was changed as if it were a number.',
        cure="Export it again, and don't save it with a spreadsheet; ids must be texts or whole numbers.",
    )


def _missing(row: TableRow, name: str, what: str) -> RowUnreadable:
    return RowUnreadable(
        f"Line {row.line} of {name} does not name the {what}.",
        cure="Export it again; a row of totals must say so in its first cell.",
    )


def _currency_of_header(columns: Columns, options: Options, name: str) -> str | None:
    """Return the currency that holds for the whole file; None if each row has its own."""
    stated = {columns.bracket_currency, options.currency}
    if columns.claims is not None and columns.claims.value is not None:
        stated.add(currency_in(columns.header[columns.claims.value]))
    stated.discard(None)
    if len(stated) > 1:
        raise CurrencyContradicted(
            f"{name} is in {' and in '.join(sorted(str(code) for code in stated))}.",
            cure="Leave out --currency, or export all columns in one currency.",
        )
    if not stated and "currency" not in columns.places:
        raise CurrencyOpen(
            f"{name} does not say which currency its costs are in.",
            cure="Set --currency to that of the ad account, such as --currency EUR; or export it with that column.",
        )
    code = next(iter(stated), None)
    if code is not None and code not in CURRENCIES:
        raise CurrencyOpen(
            f"{code[:10]!r} is not the code of a currency.",
            cure="Give three capital letters, such as EUR.",
        )
    return code
