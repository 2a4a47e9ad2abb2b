"""The states of orders and payments, as shops and payment providers name them in several languages.

A state says whether an order's money came, came and went back, or never came. Only words whose meaning
for money is beyond doubt are known. Any other is asked about, or its row is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from skeldir.ingest.files.names import without_case

State: TypeAlias = Literal["paid", "refunded", "partly_refunded", "nothing"]
"""What a state means: a capture, a capture and its refund, a capture and a part of it back, or no money."""

STATES: Final[tuple[State, ...]] = get_args(State)

_COLUMNS: Final = """
    status, order status, payment status, financial status, transaction status, charge status, purchase status,
    bestellstatus, auftragsstatus, zahlungsstatus, statut, statut commande, statut de la commande, statut paiement,
    statut du paiement, estado del pedido, estado de pago, estado do pedido, stato ordine, stato pagamento,
    situacao do pedido, bestelstatus, betaalstatus, orderstatus, status zamowienia, status platnosci
"""
# These may also be a part of a country, or anything else.
_VAGUE_COLUMNS: Final = "state, order state, payment state, zustand, estado, stato, situacao"

# As `plain_state` returns them. "Processing" is none of them: a shop processes paid orders, a bank payments to come.
_WORDS: Final[Mapping[State, str]] = {
    "paid": """
        paid, complete, completed, succeeded, success, successful, captured, settled, wc processing, shipped,
        fulfilled, delivered, payment received, payment complete, paid out, bezahlt, abgeschlossen, erledigt,
        versandt, versendet, geliefert, zahlung erhalten, paye, payee, terminee, termine,
        expedie, expediee, livree, reussi, pagado, completado, enviado, entregado, pagato,
        completato, spedito, consegnato, pago, concluido, entregue, betaald,
        voltooid, afgerond, verzonden, oplacone, zrealizowane, wyslane,
        erfolgreich, pagada, completada, paga,
        concluida, completata, pagata, betalt, betald, fardig, gennemført, maksettu, odendi, tamamland\u0131,
        оплачен, выполнен, 支払い済み, 已付款
    """,
    "refunded": """
        refunded, fully refunded, refund completed, erstattet, ruckerstattet, vollstandig erstattet,
        rembourse, remboursee, reembolsado, reembolsada, rimborsato, rimborsata, terugbetaald, zwrocone,
        zwrocono, refunderet, refunderad, aterbetald, palautettu, iade edildi, возвращен, 返金済み, 已退款
    """,
    "partly_refunded": """
        partially refunded, partial refund, partly refunded, teilweise erstattet, teilerstattet, partiellement
        rembourse, partiellement remboursee, remboursement partiel, parcialmente reembolsado, parcialmente
        reembolsada, parzialmente rimborsato, gedeeltelijk terugbetaald, czesciowo zwrocone, delvist
        refunderet, delvis aterbetald
    """,
    "nothing": """
        failed, failure, declined, denied, rejected, error, cancelled, canceled, pending,
        pending payment, payment pending, awaiting payment, waiting, on hold, expired, draft, checkout draft,
        void, voided, abandoned, unpaid, incomplete, blocked, trash, deleted, requires payment method,
        requires action, requires confirmation, fehlgeschlagen, abgelehnt, storniert, abgebrochen, ausstehend,
        zahlung ausstehend, wartend, in wartestellung, abgelaufen, entwurf, unbezahlt, offen, echoue, echouee,
        refuse, refusee, annule, annulee, en attente, en attente de paiement, attente paiement, expire,
        expiree, brouillon, impaye, fallido, rechazado, cancelado, pendiente, pendiente de pago, en espera,
        caducado, borrador, fallito, rifiutato, annullato, in attesa, in attesa di pagamento, scaduto, bozza,
        falhou, falhado, recusado, pendente, aguardando, aguardando pagamento, expirado, rascunho, mislukt,
        geweigerd, geannuleerd, wacht op betaling, in de wacht, verlopen, concept, nieudane, odrzucone,
        anulowane, oczekujace, oczekujace na platnosc, wstrzymane, szkic, requires capture, uncaptured, not
        paid, removed, impayee, fallida, cancelada, pendiente pago, caducada, rechazada, anulado, anulada,
        pagamento pendente, expirada, fallita, annullata, in sospeso, scaduta, non pagato, in afwachting,
        wachtend op betaling, onbetaald, mislykket, annulleret, afventer betaling, misslyckades, avbruten,
        vantande betalning, peruutettu, epaonnistui, iptal edildi, basar\u0131s\u0131z, beklemede, odeme bekliyor,
        отменен, не удался, ожидание оплаты, キャンセル, 失敗, 已取消, 失败, 待付款
    """,
}
# Under other names: "order status name", "Zahlstatus". What happens to the parcel or the customer is no payment.
_ANY_STATUS: Final = re.compile(
    r"\b(?:status|statuts?|stav|durum|статус|ステータス|状態|状态|(?:zahl|zahlungs|bezahl|bestell|auftrags|buchungs"
    r"|rechnungs|transaktions|payment|order)status)\b"
)
_NOT_OF_MONEY: Final = re.compile(
    r"\b(?:ful+fil+ment|shipping|shipment|delivery|parcel|versand|liefer|livraison|envio|spedizione|e?mail|stock|tax"
    r"|customer|client|subscription|marital|member|account|user|lead|review|sync|export|return|http|code|at|date|time"
    r"|datum|updated|changed|history|message|note|reason|comment)\b"
)
_MARKS: Final = re.compile(r"[\s_-]+")
_MOST_STATES: Final = 60
_MOST_REMEMBERED: Final = 10_000
_SHOWN: Final = 12


def _read(words: str) -> list[str]:
    return [" ".join(word.split()) for word in words.split(",")]


def plain_state(text: str) -> str:
    """Return a name or state without case, accents, and marks between its words."""
    return _MARKS.sub(" ", without_case(text)).strip()


KNOWN_STATES: Final[Mapping[str, State]] = {
    word: state for state, words in _WORDS.items() for word in _read(words)
}
_CLEAR: Final = frozenset(_read(_COLUMNS))
_VAGUE: Final = frozenset(_read(_VAGUE_COLUMNS))


def find_state_columns(header: Iterable[str]) -> tuple[list[str], bool]:
    """Return the columns that may hold the orders' states, and whether their names leave no doubt about that."""
    named = {name: plain_state(name) for name in header}
    statuses = {
        plain
        for plain in named.values()
        if _ANY_STATUS.search(plain) and not _NOT_OF_MONEY.search(plain)
    }
    for names, is_clear in ((_CLEAR, True), (statuses, True), (_VAGUE, False)):
        found = [column for column, plain in named.items() if plain in names]
        if found:
            return found, is_clear
    return [], False


def known_state(text: str) -> State | None:
    """Return what a word means for the money of an order; None for any word that leaves a doubt."""
    plain = plain_state(text)
    return KNOWN_STATES.get(plain) or KNOWN_STATES.get(plain.removeprefix("wc "))


def state_reader(given: Mapping[str, str] | None) -> Callable[[str], str | None]:
    """Return the reader of states: those of a mapping as they are written, then the known words."""
    meanings: dict[str, str | None] = dict(given or {})

    def read(text: str) -> str | None:
        try:
            return meanings[text]
        except KeyError:
            state = known_state(text)
            if (
                len(meanings) < _MOST_REMEMBERED
            ):  # a column of ids taken for states must not fill the memory
                meanings[text] = state
            return state

    return read


def look_like_states(values: Iterable[str], more: Callable[[], Iterable[str]]) -> bool:
    """Return whether a column of any name has states of orders: most of its words, and one without full revenue.

    `values` are those of the first rows, `more` yields those of all: a long file may begin with paid orders only.
    """
    distinct = set(values)
    known = [state for state in map(known_state, distinct) if state is not None]
    if len(known) * 2 <= len(distinct):
        return False
    if any(state != "paid" for state in known):
        return True
    counts = StateCounts().add_all(more())
    return not counts.is_endless and bool(counts.of("refunded", "partly_refunded", "nothing"))


@dataclass(slots=True)
class StateCounts:
    """The states that a column holds, in the file's own spelling, each with its number of rows.

    `is_endless` says that the column has so many texts that they are hardly states; not all were looked at.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    is_endless: bool = False

    def add_all(self, texts: Iterable[str]) -> StateCounts:
        """Look at the states of many rows."""
        for text in texts:
            self.rows[text] = self.rows.get(text, 0) + 1
            if len(self.rows) > _MOST_STATES:
                self.is_endless = True
                break
        return self

    def meaning(self, text: str) -> str | None:
        """Return what a state means; None: not decided."""
        return self.given.get(text.strip()) or known_state(text)

    def of(self, *meanings: str | None) -> list[str]:
        """Return the states with one of these meanings, in the file's own spelling."""
        return [text for text in self.rows if self.meaning(text) in meanings]

    def ask(self, column: str, undecided: Iterable[str]) -> str:
        """Return the question which of the states are revenue, with the lines that answer it."""
        order = {"paid": 0, "nothing": 1}
        found = sorted(self.rows, key=lambda text: order.get(self.meaning(text) or "", 2))
        shown = ", ".join(f'"{text}" ({self.rows[text]:,})' for text in found[:_SHOWN])
        paid = ", ".join(f'"{text}"' for text in self.of("paid")) or '"…"'
        unclear = list(undecided)
        example = f"; not decided is {_quoted(unclear)}" if unclear else ""
        line = f'"{unclear[0]}" = "paid"' if unclear else '"…" = "paid"'
        return (
            f'Which orders are paid? "{column}" has {shown}'
            + (" and more" if len(found) > _SHOWN else "")
            + f'{example}. Set order_when = {{ column = "{column}", equals = [{paid}] }} in a mapping, with all'
            f' states of paid orders; or state = "{column}" under [columns], and under [states] each that is not'
            f" decided, such as {line}, or one of {', '.join(STATES[1:])}. Refunds beside their orders are named under"
            " [refund]."
        )


def _quoted(texts: list[str]) -> str:
    shown = ", ".join(f'"{text}"' for text in texts[:_SHOWN])
    return shown + (f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else "")
