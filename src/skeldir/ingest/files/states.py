"""The states of orders and payments, as shops and payment providers name them in several languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from skeldir.ingest.files.names import without_case

_COLUMNS: Final = """
    status, order status, payment status, financial status, transaction status, charge status, purchase status,
    bestellstatus, auftragsstatus, zahlungsstatus, statut, statut commande, statut de la commande, statut paiement,
    estado del pedido, estado de pago, estado do pedido, stato ordine, stato pagamento, situacao do pedido,
    betaalstatus, orderstatus, status zamowienia, status platnosci
"""
# These may also be a part of a country, or anything else.
_VAGUE_COLUMNS: Final = "state, order state, payment state, zustand, estado, stato, situacao"

_PAID: Final = """
    paid, complete, completed, succeeded, success, successful, captured, settled, processing, shipped,
    fulfilled, delivered, payment received, payment complete, paid out, bezahlt, abgeschlossen, erledigt, in
    bearbeitung, versandt, versendet, geliefert, zahlung erhalten, paye, payee, terminee, termine, en cours,
    expedie, expediee, livree, reussi, pagado, completado, procesando, enviado, entregado, pagato, completato,
    in lavorazione, spedito, consegnato, pago, concluido, processando, entregue, betaald, voltooid, afgerond,
    verzonden, oplacone, zrealizowane, wyslane
"""
_UNPAID: Final = """
    failed, failure, declined, denied, rejected, error, cancelled, canceled, cancelled reversal, pending,
    pending payment, payment pending, awaiting payment, waiting, on hold, expired, draft, checkout draft, void,
    voided, abandoned, unpaid, incomplete, blocked, trash, deleted, requires payment method, requires action,
    requires confirmation, fehlgeschlagen, abgelehnt, storniert, abgebrochen, ausstehend, zahlung ausstehend,
    wartend, in wartestellung, abgelaufen, entwurf, unbezahlt, offen, echoue, echouee, refuse, refusee, annule,
    annulee, en attente, en attente de paiement, attente paiement, expire, expiree, brouillon, impaye, fallido,
    rechazado, cancelado, pendiente, pendiente de pago, en espera, caducado, borrador, fallito, rifiutato,
    annullato, in attesa, in attesa di pagamento, scaduto, bozza, falhou, falhado, recusado, pendente,
    aguardando, aguardando pagamento, expirado, rascunho, mislukt, geweigerd, geannuleerd, wacht op betaling, in
    de wacht, verlopen, concept, nieudane, odrzucone, anulowane, oczekujace, oczekujace na platnosc, wstrzymane,
    szkic
"""
_MARKS: Final = re.compile(r"[\s_-]+")
_MOST_STATES: Final = 60
_SHOWN: Final = 12


def _read(words: str) -> frozenset[str]:
    return frozenset(" ".join(word.split()) for word in words.split(","))


PAID: Final = _read(_PAID)
UNPAID: Final = _read(_UNPAID)
_CLEAR: Final = _read(_COLUMNS)
_VAGUE: Final = _read(_VAGUE_COLUMNS)


def find_state_column(header: Iterable[str]) -> tuple[str, bool] | None:
    """Return the column that holds the orders' states, and whether its name leaves no doubt about that."""
    named = {plain_state(name): name for name in header}
    for names, is_clear in ((_CLEAR, True), (_VAGUE, False)):
        found = [column for name, column in named.items() if name in names]
        if found:
            return found[0], is_clear
    return None


def plain_state(text: str) -> str:
    """Return a name or state without case, accents, and marks between its words; Woo writes `wc-` before it."""
    return _MARKS.sub(" ", without_case(text)).strip().removeprefix("wc ")


@dataclass(slots=True)
class States:
    """The states that a column holds, in the file's own spelling, each with its number of rows."""

    paid: dict[str, int] = field(default_factory=dict)
    unpaid: dict[str, int] = field(default_factory=dict)
    # Refunds are money that went back, and others are not known: neither is decided here.
    open: dict[str, int] = field(default_factory=dict)
    is_endless: bool = False

    def add_all(self, texts: Iterable[str]) -> States:
        """Look at the states of many rows."""
        for text in texts:
            state = plain_state(text)
            of = self.paid if state in PAID else self.unpaid if state in UNPAID else self.open
            of[text] = of.get(text, 0) + 1
            if len(of) > _MOST_STATES:
                self.is_endless = True
                return self
        return self

    def ask(self, column: str) -> str:
        """Return the question which of them are paid orders, with the line that answers it."""
        found = {**self.paid, **self.unpaid, **self.open}
        shown = ", ".join(f'"{text}" ({count:,})' for text, count in list(found.items())[:_SHOWN])
        paid = ", ".join(f'"{text}"' for text in self.paid) or '"…"'
        return (
            f'Which orders are paid? "{column}" has {shown}'
            + (" and more" if len(found) > _SHOWN else "")
            + ", and not all of these are known"
            + (" to be paid or unpaid" if self.open else "")
            + f'. Set order_when = {{ column = "{column}", equals = [{paid}] }} in a mapping, with all states of paid'
            " orders; refunds beside their orders are named under [refund]."
        )
