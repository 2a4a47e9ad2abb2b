"""What a file shows of its orders: their states, the refunds beside them, and rows that one order shares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from skeldir.ingest.files.amount_evidence import Answers
from skeldir.ingest.files.amounts import take_apart
from skeldir.ingest.files.currency_signs import currencies_of_sign
from skeldir.ingest.files.flag_evidence import ask_about_flags
from skeldir.ingest.files.mapping import ORDER_COLUMNS, STATE_COLUMN, listed
from skeldir.ingest.files.names import plain_name
from skeldir.ingest.files.order_states import (
    StateCounts,
    find_state_columns,
    known_state,
    look_like_states,
)
from skeldir.ingest.files.whole import WholeFile
from skeldir.ingest.nothing import is_nothing
from skeldir.revenue import KIND_SIGNS

_REFUNDED: Final = (
    "refunded_amount", "amount_refunded", "refund_amount", "order_refund_amount", "total_refunded",
    "refund_total", "refunded", "refunded_total", "total_refund", "total_refunds", "refunds", "refund",
    "refund_value", "refunded_value", "erstattet", "erstattung", "erstattungsbetrag", "erstatteter_betrag",
    "ruckerstattung", "ruckerstattungsbetrag", "montant_rembourse", "remboursement", "importe_reembolsado",
    "importe_del_reembolso", "reembolso", "importo_rimborsato", "rimborso", "valor_reembolsado",
    "valor_do_reembolso", "terugbetaald_bedrag", "terugbetaling", "kwota_zwrotu", "zwrot",
)  # fmt: skip
_REFUNDED_AT: Final = (
    "refunded_at", "refund_date", "refunded_date", "refunded_date_utc", "refund_time",
)  # fmt: skip
_MOST_LISTED: Final = 40
_NOT_ZERO: Final = re.compile(r"[1-9]")
_YES_OR_NO: Final = frozenset("01")


@dataclass(slots=True)
class OrderAnswers(Answers):
    """What was settled about the orders of a file; `columns` are to be added, too."""

    columns: dict[str, object] = field(default_factory=dict)


def settle_states(
    everything: WholeFile,
    values_of: Callable[[str], Sequence[str]],
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    *,
    may_search: bool,
    is_own_condition: bool,
) -> OrderAnswers:
    """Settle which column has the states of orders, what each state means, and how much went back.

    `may_search`: a column that is not given may be recognised, by its name or by its words.
    `is_own_condition`: the condition on orders was given by people, who may have meant the states.
    """
    answers = OrderAnswers()
    _settle_states(
        everything,
        values_of,
        settings,
        columns,
        answers,
        may_search=may_search,
        is_own_condition=is_own_condition,
    )
    is_open = not answers.questions and not {"refund", "kind_by_sign"} & settings.keys()
    if may_search and is_open and "refund" not in answers.settings:
        # A partly refunded order often stays "paid", and many files have no state at all.
        names = _refund_columns(everything.header, settings)
        sums = [name for name in names if _are_sums(everything.values(name))]
        if sums:
            _settle_refunds(everything.header, settings, columns, sums, answers)
    return answers


def _are_sums(texts: Iterable[str]) -> bool:
    """Return whether a column has amounts, not all of them 0, and not just a yes or no for each row."""
    filled = False
    distinct = set[str]()
    for text in texts:
        if is_nothing(text):
            continue
        written = take_apart(text)
        if written is None or not all(map(currencies_of_sign, written.signs)):
            return False
        filled = filled or _NOT_ZERO.search(text) is not None
        if len(distinct) <= len(_YES_OR_NO):
            distinct.add(text.strip())
    return filled and not distinct <= _YES_OR_NO


def _settle_states(
    everything: WholeFile,
    values_of: Callable[[str], Sequence[str]],
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    answers: OrderAnswers,
    *,
    may_search: bool,
    is_own_condition: bool,
) -> None:
    column, is_clear = columns.get(STATE_COLUMN), True
    condition = settings.get("order_when")
    if column is None and may_search:
        column, is_clear = _find_column(everything, values_of, columns, answers)
        if isinstance(condition, Mapping) and condition.get("column") == column:
            return
    if not isinstance(column, str):
        return
    given = settings.get("states")
    counts = StateCounts(
        {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}
    )
    counts.add_all(everything.values(column))
    if not is_clear and (counts.is_endless or not counts.of("paid", "nothing")):
        return
    sums, undecided = _refund_columns(everything.header, settings), counts.of(None)
    if not (sums or "kind" in columns):
        undecided += counts.of("partly_refunded")
    is_given = STATE_COLUMN in columns
    if undecided or counts.is_endless or (is_own_condition and not is_given):
        answers.questions.append(counts.ask(column, undecided))
    elif is_given or condition is not None or counts.of("refunded", "partly_refunded"):
        _apply_states(column, counts, answers, is_given=is_given)
        if counts.of("refunded", "partly_refunded"):
            _settle_refunds(everything.header, settings, columns, sums, answers)
    elif counts.rows:
        paid = counts.of("paid")
        answers.settings["order_when"] = {"column": column, "equals": paid or ["paid"]}
        shown = ", ".join(paid) or "none"
        answers.choices.append(f'a row is an order where "{column}" is a paid state: {shown}')


def _apply_states(
    column: str, counts: StateCounts, answers: OrderAnswers, *, is_given: bool
) -> None:
    if not is_given:
        answers.columns[STATE_COLUMN] = column
        answers.choices.append(f'{STATE_COLUMN}: column "{column}"')
    answers.choices += [f'state "{text}": {counts.meaning(text)}' for text in counts.rows]


def _find_column(
    everything: WholeFile,
    values_of: Callable[[str], Sequence[str]],
    columns: Mapping[str, object],
    answers: OrderAnswers,
) -> tuple[str | None, bool]:
    used = {name for name in columns.values() if isinstance(name, str)}
    free = [name for name in dict.fromkeys(everything.header) if name not in used]
    found, is_clear = find_state_columns(free)
    if not found:
        found = [
            name
            for name in free
            if look_like_states(values_of(name), partial(everything.values, name))
        ]
    # Of several, such as the states of a payment and of its parcel, those with words for money.
    telling = [name for name in found if any(map(known_state, values_of(name)))] or found
    if len(telling) > 1:
        answers.questions.append(
            f"Which column says whether an order was paid: {listed(telling)}? Set --column {STATE_COLUMN}=…, or"
            f" write it as {STATE_COLUMN} under [columns]."
        )
    return (telling[0], is_clear) if len(telling) == 1 else (None, False)


def _refund_columns(header: Sequence[str], settings: Mapping[str, object]) -> list[str]:
    """Return the columns that may have what was refunded of an order."""
    given = settings.get("refund")
    if isinstance(given, Mapping):
        return [str(given.get("amount"))]
    spelled = {plain_name(name): name for name in reversed(header)}
    return [spelled[name] for name in _REFUNDED if name in spelled]


def _settle_refunds(
    header: Sequence[str],
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    sums: Sequence[str],
    answers: OrderAnswers,
) -> None:
    """Settle which columns have the amount and the time of refunds; without one, all of an order went back."""
    amount, moment = columns.get("amount"), columns.get("occurred_at")
    if "refund" in settings or "kind" in columns or amount is None or moment is None:
        return
    spelled = {plain_name(name): name for name in reversed(header)}
    times = [spelled[name] for name in _REFUNDED_AT if name in spelled]
    refunded, at = sums[0] if sums else amount, times[0] if times else moment
    answers.settings["refund"] = {"amount": refunded, "occurred_at": at}
    shown = listed([at] if isinstance(at, str) else [str(name) for name in _list(at)])
    told = "" if times else ", the order's own time: the file does not say when"
    answers.choices.append(f'refunds so far: column "{refunded}", at {shown}{told}')


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def ask_about_rows(
    everything: WholeFile,
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    *,
    is_key_found: bool = False,
) -> str | None:
    """Return the question which rows are no revenue, or whether those of one order are its lines, or it comes twice.

    Only rows that are sales count: a refund and an attempt to pay that failed differ from their sale. None where the
    file's key says it, or no rows differ. `is_key_found`: a column such as `event_id` was taken for the key by its
    name, which shows what a row is, and not whether an order was reported twice.
    """
    if (asked := ask_about_flags(everything, settings, columns)) is not None:
        return asked
    order_id, key = columns.get("order_id"), columns.get("idempotency_key")
    if not isinstance(order_id, str) or "order_key" in columns:
        return None
    if key is None:
        asked = _ask_about_sales(everything, settings, columns, order_id)
        return asked or _ask_about_refunds(everything, settings, columns, order_id)
    if not is_key_found or settings.get("kind") == "mixed":
        return None
    found = everything.find_different([order_id], _sales(settings, columns))
    if found is None:
        return None
    shown, differ = found
    return (
        f'{shown} in "{order_id}" stands in several rows, which differ in {listed(differ)}. If they are payments'
        f' or lines that add up to the order, set idempotency_key = "{key}" under [columns] of a mapping; if it is'
        f' the same order told again, such as by a page that is loaded twice, order_key = "{order_id}".'
    )


def ask_about_made_ids(
    everything: WholeFile, settings: Mapping[str, object], columns: Mapping[str, object]
) -> list[str]:
    """Return the question about an id that is made of several columns, and would name sales of different amounts."""
    parts = [str(name) for name in _list(columns.get("order_id"))]
    found = everything.find_different(parts, _sales(settings, columns))
    amount = str(columns.get("amount"))
    if found is None or amount not in found[1]:
        return []
    key = ", ".join(f'"{name}"' for name in [*parts, amount])
    asked = (
        f"The file has no id of orders. One made from {listed(parts)} names several: {found[0]} stands in rows that"
        f" differ in {listed(found[1])}. If each row is an order, set columns.order_id = [{key}]; rows that are equal"
        " in all of these count once."
    )
    return [asked]


def _ask_about_sales(
    everything: WholeFile,
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    order_id: str,
) -> str | None:
    found = everything.find_different([order_id], _sales(settings, columns))
    if found is None:
        return None
    shown, differ = found
    key = ", ".join(f'"{name}"' for name in [order_id, *differ[:_MOST_LISTED]])
    return (
        f'{shown} in "{order_id}" stands in rows that differ in {listed(differ)}. If they are lines of one'
        f" order, set idempotency_key = [{key}] under [columns] of a mapping, with the"
        f" columns that tell lines apart; if it is the same order exported twice,"
        f' idempotency_key = "{order_id}".'
    )


def _ask_about_refunds(
    everything: WholeFile,
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    order_id: str,
) -> str | None:
    """Return the question about refunds that are equal in all that is read of them, and not in the rest of the row."""
    kind, amount = columns.get("kind"), columns.get("amount")
    tests: dict[str, Callable[[str], bool]] = {}
    if isinstance(kind, str):
        kinds = settings.get("kinds")
        names = kinds if isinstance(kinds, Mapping) else {}
        tests[kind] = lambda text: KIND_SIGNS.get(str(names.get(text, text)), 1) < 0
    elif settings.get("kind_by_sign") is True and isinstance(amount, str):
        tests[amount] = lambda text: not _is_not_negative(text)
    else:
        return None
    read = [str(name) for one in ORDER_COLUMNS for name in _list(columns.get(one, []))]
    same = list(dict.fromkeys([order_id, *read]))
    found = everything.find_different(same, tests)
    if found is None:
        return None
    shown, differ = found
    one, all_of = (
        ", ".join(f'"{name}"' for name in names)
        for names in ([*same, *differ[:_MOST_LISTED]], same)
    )
    return (
        f'{shown} in "{order_id}" has refunds that differ only in {listed(differ)}. If each moved money, set'
        f" idempotency_key = [{one}] under [columns] of a mapping; if it is the same refund exported twice,"
        f" idempotency_key = [{all_of}]."
    )


def _sales(
    settings: Mapping[str, object], columns: Mapping[str, object]
) -> dict[str, Callable[[str], bool]]:
    """Return the tests of columns that the row of a sale passes."""
    tests: dict[str, Callable[[str], bool]] = {}
    when = settings.get("order_when")
    if isinstance(when, Mapping) and isinstance(column := when.get("column"), str):
        allowed = {str(text) for text in _list(when.get("equals", []))}
        tests[column] = lambda text: text in allowed if allowed else text != ""
    state, kind, amount = (columns.get(name) for name in (STATE_COLUMN, "kind", "amount"))
    if isinstance(state, str):
        given = settings.get("states")
        counts = StateCounts(given if isinstance(given, Mapping) else {})
        tests[state] = lambda text: counts.meaning(text) != "nothing"
    if isinstance(kind, str):
        kinds = settings.get("kinds")
        names = kinds if isinstance(kinds, Mapping) else {}
        tests[kind] = lambda text: names.get(text, text) == "capture"
    has_signs = settings.get("kind_by_sign") is True or kind is not None
    if has_signs and isinstance(amount, str):
        tests[amount] = _is_not_negative
    return tests


def _is_not_negative(text: str) -> bool:
    written = take_apart(text)
    return written is None or not written.is_negative
