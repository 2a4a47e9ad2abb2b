"""The state of an order as files write it: whether its money came, came and went back, or never came.

Only words whose meaning for money is beyond doubt are known. Any other is asked about, or its row
is refused: "shipped" and "closed" say nothing about money, and a guess would be revenue.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

State: TypeAlias = Literal["paid", "refunded", "partly_refunded", "nothing"]
"""What a state means: a capture, a capture and its refund, a capture and a part of it back, or no money."""

STATES: Final[tuple[State, ...]] = get_args(State)

_WORDS: Final[Mapping[State, str]] = {
    "paid": "paid, completed, complete, succeeded, successful, success, captured, settled,"
    " bezahlt, abgeschlossen, erledigt, erfolgreich, payé, payée, terminé, terminée, réussi,"
    " pagado, pagada, completado, completada, pago, paga, concluído, concluída, completato,"
    " completata, pagato, pagata, betaald, voltooid, afgerond, opłacone, zrealizowane, betalt,"
    " betald, färdig, gennemført, maksettu, ödendi, tamamland\u0131, оплачен, выполнен, 支払い済み, 已付款",
    "refunded": "refunded, fully refunded, refund completed, erstattet, rückerstattet,"
    " vollständig erstattet, remboursé, remboursée, reembolsado, reembolsada, rimborsato,"
    " rimborsata, terugbetaald, zwrócone, zwrócono, refunderet, refunderad, återbetald,"
    " palautettu, iade edildi, возвращён, возвращен, 返金済み, 已退款",
    "partly_refunded": "partially refunded, partial refund, partly refunded, teilweise erstattet,"
    " teilerstattet, partiellement remboursé, partiellement remboursée, remboursement partiel,"
    " parcialmente reembolsado, parcialmente reembolsada, parzialmente rimborsato,"
    " gedeeltelijk terugbetaald, częściowo zwrócone, delvist refunderet, delvis återbetald",
    "nothing": "failed, failure, cancelled, canceled, pending, pending payment, awaiting payment,"
    " unpaid, expired, draft, checkout draft, voided, void, declined, denied, rejected, abandoned,"
    " authorized, authorised, on hold, incomplete, requires payment method, requires action,"
    " requires confirmation, requires capture, uncaptured, blocked, trash, error, not paid, removed,"
    " fehlgeschlagen, storniert, abgebrochen, ausstehend, offen, unbezahlt, zahlung ausstehend,"
    " abgelaufen, entwurf, abgelehnt, in wartestellung, autorisiert,"
    " échoué, échouée, annulé, annulée, en attente, en attente de paiement, attente paiement,"
    " impayé, impayée, expiré, expirée, brouillon, refusé, refusée,"
    " fallido, fallida, cancelado, cancelada, pendiente, pendiente de pago, pendiente pago,"
    " en espera, caducado, caducada, borrador, rechazado, rechazada, anulado, anulada,"
    " falhou, falhado, pendente, pagamento pendente, expirado, expirada, rascunho, recusado,"
    " fallito, fallita, annullato, annullata, in attesa, in attesa di pagamento, in sospeso,"
    " scaduto, scaduta, bozza, rifiutato, non pagato,"
    " mislukt, geannuleerd, in afwachting, wachtend op betaling, in de wacht, verlopen, concept,"
    " geweigerd, onbetaald, nieudane, anulowane, oczekujące, oczekujące na płatność, wstrzymane,"
    " mislykket, annulleret, afventer betaling, misslyckades, avbruten, väntande betalning,"
    " peruutettu, epäonnistui, iptal edildi, ba\u015far\u0131s\u0131z, beklemede, ödeme bekliyor,"
    " отменён, отменен, не удался, ожидание оплаты, キャンセル, 失敗, 已取消, 失败, 待付款",
}
_BETWEEN_WORDS: Final = re.compile(r"[\s_\-]+")
_MOST_SHOWN: Final = 20

COLUMN_NAMES: Final = (
    "financial_status", "payment_status", "order_status", "transaction_status", "payment_state",
    "order_state", "status", "zahlungsstatus", "bestellstatus", "statut", "statut_de_la_commande",
    "statut_du_paiement", "estado", "estado_del_pedido", "estado_do_pedido", "stato",
    "stato_ordine", "orderstatus", "bestelstatus", "betaalstatus",
)  # fmt: skip
"""Common names of the column, as `recognise` spells them, those about money first."""


def _plain(text: str) -> str:
    return _BETWEEN_WORDS.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()


_STATE_OF: Final[Mapping[str, State]] = {
    _plain(word): state for state, words in _WORDS.items() for word in words.split(",")
}


def known_state(text: str) -> State | None:
    """Return what a word means for the money of an order; None for any word that leaves a doubt."""
    plain = _plain(text)
    return _STATE_OF.get(plain.removeprefix("wc ")) or _STATE_OF.get(plain)


def state_reader(given: Mapping[str, str] | None) -> Callable[[str], str | None]:
    """Return the reader of states: those of a mapping as they are written, then the known words."""
    meanings: dict[str, str | None] = dict(given or {})

    def read(text: str) -> str | None:
        try:
            return meanings[text]
        except KeyError:
            state = known_state(text)
            if len(meanings) < 10_000:  # a column of ids taken for states must not fill the memory
                meanings[text] = state
            return state

    return read


def looks_like_states(values: Iterable[str]) -> bool:
    """Return whether a column of any name has states of orders: most of its words, and one without full revenue."""
    distinct = set(values)
    states = [known_state(value) for value in distinct]
    known = [state for state in states if state is not None]
    return len(known) * 2 > len(states) and any(state != "paid" for state in known)


def ask_about(column: str, values: Iterable[str]) -> str:
    """Return the question about states that are not decided, with the lines to write in a mapping."""
    listed = list(values)
    shown = ", ".join(f'"{value}"' for value in listed[:_MOST_SHOWN])
    more = f" and {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    return (
        f'Which of the states in "{column}" are revenue? Undecided: {shown}{more}. Write each under'
        f' [states] in a mapping, such as "{listed[0]}" = "paid", or one of'
        f" {', '.join(STATES[1:])}."
    )
