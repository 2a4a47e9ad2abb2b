"""Columns of yes and no that say which orders are no revenue: not paid, cancelled, refunded, only a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from skeldir.ingest.files.mapping import STATE_COLUMN, cell_text
from skeldir.ingest.files.order_states import plain_state
from skeldir.ingest.files.whole import WholeFile
from skeldir.ingest.nothing import is_nothing

_PAID: Final = (
    "paid, is paid, captured, is captured, succeeded, is successful, bezahlt, ist bezahlt, paye, est paye, pagado,"
    " pagato, pago, betaald, oplacone, betalt, betald"
)
_LIVE: Final = "livemode, live mode, is live"
_LOST: Final = (
    "cancelled, canceled, is cancelled, is canceled, voided, is voided, void, failed, is failed, refunded, is refunded,"
    " deleted, is deleted, unpaid, is unpaid, storniert, ist storniert, storno, erstattet, annule, annulee, rembourse,"
    " cancelado, cancelada, reembolsado, annullato, rimborsato, geannuleerd, terugbetaald, anulowane"
)
_TEST: Final = "test, is test, test order, is test order, test mode, testmode, sandbox, is sandbox"
_LOST_AT: Final = (
    "cancelled at, canceled at, cancelled on, canceled on, cancelled date, canceled date, cancel date, cancellation"
    " date, voided at, deleted at, failed at, storniert am, stornodatum, date annulation, fecha cancelacion"
)
_YES: Final = frozenset([
    "1", "1.0", "true", "t", "yes", "y", "x", "ja",
    "oui", "si", "sí", "sim", "tak", "wahr", "vrai",
])  # fmt: skip
_NO: Final = frozenset([
    "0", "0.0", "false", "f", "no", "n", "nein", "non",
    "nao", "não", "nie", "nee", "falsch", "faux", "nej",
])  # fmt: skip
_MOST_SPELLINGS: Final = 8


def _read(names: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names.split(","))


_GOOD: Final = _read(_PAID) | _read(_LIVE)
_OF_MODE: Final = _read(_LIVE) | _read(_TEST)
_FLAGS: Final = _GOOD | _read(_LOST) | _read(_TEST)
_MOMENTS: Final = _read(_LOST_AT)


@dataclass(slots=True)
class _Seen:
    """The texts of a column: those that say yes, those that say no, and the number of rows with each."""

    yes: dict[str, int] = field(default_factory=dict)
    no: dict[str, int] = field(default_factory=dict)
    others: int = 0

    def add(self, text: str) -> None:
        plain = text.strip().casefold()
        is_no = plain in _NO or is_nothing(text)
        found = self.no if is_no else self.yes if plain in _YES else None
        if found is None or (text not in found and len(found) >= _MOST_SPELLINGS):
            self.others += 1
        else:
            found[text] = found.get(text, 0) + 1


def ask_about_flags(
    everything: WholeFile, settings: Mapping[str, object], columns: Mapping[str, object]
) -> str | None:
    """Return the question about a column that says of some orders that they are no revenue; None without one.

    Where a column of states or kinds or a condition decides which rows are orders, only test orders are asked about.
    """
    when = settings.get("order_when")
    used = {name for name in columns.values() if isinstance(name, str)}
    used |= {str(when.get("column"))} if isinstance(when, Mapping) else set()
    if isinstance(when, Mapping) and not when.get("equals"):
        return None  # all rows with an order are orders: that answers the question
    is_decided = isinstance(when, Mapping) or STATE_COLUMN in columns or "kind" in columns
    for column in dict.fromkeys(everything.header):
        plain = plain_state(column)
        if column in used or plain not in (_OF_MODE if is_decided else _FLAGS | _MOMENTS):
            continue
        if "refund" in settings and "refund" in plain:
            continue
        seen = _Seen()
        for (cell,) in everything.read([column]):
            seen.add(cell_text(cell))
        question = _ask(column, plain, seen, columns)
        if question is not None:
            return question
    return None


def _ask(column: str, plain: str, seen: _Seen, columns: Mapping[str, object]) -> str | None:
    if plain in _MOMENTS:
        kept, lost = seen.no, seen.others + sum(seen.yes.values())
    elif seen.others:
        return None  # no column of yes and no
    else:
        kept, dropped = (seen.yes, seen.no) if plain in _GOOD else (seen.no, seen.yes)
        lost = sum(dropped.values())
    if not lost:
        return None
    equals = ", ".join(f'"{text}"' for text in kept) or '"…"'
    order_id = columns.get("order_id")
    every = order_id if isinstance(order_id, str) else columns.get("amount")
    return (
        f'Are all rows revenue? By their "{column}", {lost:,} may be none. If these are none, set order_when ='
        f' {{ column = "{column}", equals = [{equals}] }} in a mapping; if they are,'
        f' order_when = {{ column = "{every}" }}.'
    )
