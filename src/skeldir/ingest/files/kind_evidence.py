"""A column that says of each row whether it is a sale, a refund or no money at all, under whatever name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from skeldir.ingest.files.mapping import NO_KIND
from skeldir.ingest.files.order_states import plain_state
from skeldir.ingest.files.whole import WholeFile

_WORDS: Final[Mapping[str, str]] = {
    "capture": "order, sale, sold, capture, payment, charge, purchase, verkauf, zahlung, vente, paiement, venta,"
    " vendita, pagamento, verkoop, betaling, sprzedaz, platnosc, bestellung, auftrag, rechnung, invoice, commande,"
    " facture, pedido, factura, ordine, fattura, bestelling, zamowienie",
    "refund": "refund, refunded, partial refund, full refund, payment refund, return, erstattung, ruckerstattung,"
    " gutschrift, stornierung, storno, cancellation, reversal, credit note, credit memo, remboursement, avoir,"
    " annulation, reembolso, estorno, anulacion, nota de credito, nota di credito, devolucion, rimborso, reso,"
    " devolucao, terugbetaling, zwrot",
    "dispute": "dispute, chargeback, ruckbuchung, retrofacturation, contracargo",
    "dispute_reversal": "dispute reversal, chargeback reversal",
    NO_KIND: "authorization, authorisation, auth, void, fee, payout, transfer, withdrawal, autorisierung, gebuhr,"
    " auszahlung, autorisation, frais, virement, comision, retiro, commissione, prelievo, kosten",
}
_KIND_OF: Final[Mapping[str, str]] = {
    " ".join(word.split()): kind for kind, words in _WORDS.items() for word in words.split(",")
}
_MOST_KINDS: Final = 30


def ask_about_kinds(
    everything: WholeFile,
    values_of: Callable[[str], Sequence[str]],
    settings: Mapping[str, object],
    columns: Mapping[str, object],
) -> str | None:
    """Return the question about a column with words for refunds and the like beside sales; None without one."""
    if "kind" in columns or settings.get("kind_by_sign") is True:
        return None
    when = settings.get("order_when")
    used = {name for name in columns.values() if isinstance(name, str)}
    used |= {str(when.get("column"))} if isinstance(when, Mapping) else set()
    for column in dict.fromkeys(everything.header):
        if column in used or not _are_kinds(set(values_of(column))):
            continue
        found = list(dict.fromkeys(everything.values(column)))
        meanings = {text: _KIND_OF.get(plain_state(text)) for text in found[:_MOST_KINDS]}
        if set(meanings.values()) <= {"capture"}:
            continue
        lines = ", ".join(f'"{text}" = "{kind or "…"}"' for text, kind in meanings.items())
        return (
            f'Does "{column}" say what each row is? It has {len(found)} different texts. If so, write'
            f' kind = "{column}" under [columns] of a mapping, and under [kinds]: {lines}, where'
            f' "{NO_KIND}" is a row that moves no money; if not, use a mapping that leaves the column out.'
        )
    return None


def _are_kinds(texts: set[str]) -> bool:
    """Return whether most texts are words for kinds, or sales and refunds are among a few others."""
    kinds = [kind for text in texts if (kind := _KIND_OF.get(plain_state(text))) is not None]
    is_mixed = "capture" in kinds and bool({"refund", "dispute"} & set(kinds))
    return len(kinds) * 2 > len(texts) or (is_mixed and len(texts) <= _MOST_KINDS)
