"""Columns of an export that hold money by their names, and that no field of the preset reads. Pure."""

from __future__ import annotations

import re
from typing import Final

from skeldir.spend.files.presets import currency_in, plain_column
from skeldir.spend.files.tables import Cell, Table

_WORDS: Final = """
amount cost costs cents fee fees micros revenue sales spend spent value values
ausgaben betrag kosten umsatz wert
cout couts depense depenses montant valeur
coste costes gasto gastos importe ingresos valor
costo costi importo spesa speso valore
custo custos receita
"""
_MONEY: Final = frozenset(_WORDS.split())
"""Words for money that was spent or earned, in the languages of the presets and without accents."""
_OTHER_WORDS: Final = """
average avg bid bids budget cpa cpc cpm cpv durchschn lifetime par per por pro rate roas share
"""
_QUOTIENTS: Final = frozenset(_OTHER_WORDS.split())
"""Words for averages, quotients and limits, which are not sums of a day."""
_MOST: Final = 5
_LONGEST: Final = 60
_HUMPS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_ZERO: Final = re.compile(r"[1-9]")


def unread_money(table: Table) -> list[str]:
    """Return the names of columns that look like money, have an amount other than 0, and are not read."""
    used = table.columns.used()
    return [
        name.strip()[:_LONGEST]
        for place, name in enumerate(table.columns.header)
        if place not in used
        and _is_money(name)
        and any(_is_amount(row.cells[place]) for row in table.rows)
    ]


def describe_unread(names: list[str]) -> str:
    """Return a sentence that names at most five of these columns."""
    shown = ", ".join(f'"{name}"' for name in names[:_MOST])
    rest = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return f"Columns that look like money and were not read: {shown}{rest}; docs/spend.md says which are."


def _is_money(name: str) -> bool:
    words = set(plain_column(_HUMPS.sub(" ", name)).split())
    if "/" in name or words & _QUOTIENTS:
        return False
    return bool(words & _MONEY) or currency_in(name) is not None


def _is_amount(cell: Cell) -> bool:
    return not isinstance(cell, list) and cell is not None and bool(_NOT_ZERO.search(str(cell)))
