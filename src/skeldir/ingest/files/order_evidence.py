"""What a file shows of its orders: their states, the refunds beside them, and rows that one order shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from skeldir.ingest.files.amount_evidence import Answers
from skeldir.ingest.files.amounts import take_apart
from skeldir.ingest.files.mapping import STATE_COLUMN, listed
from skeldir.ingest.files.names import plain_name
from skeldir.ingest.files.order_states import (
    StateCounts,
    find_state_columns,
    known_state,
    look_like_states,
)
from skeldir.ingest.files.whole import WholeFile

_REFUNDED: Final = (
    "refunded_amount", "amount_refunded", "refund_amount", "order_refund_amount", "total_refunded",
    "refund_total", "refunded",
)  # fmt: skip
_REFUNDED_AT: Final = (
    "refunded_at", "refund_date", "refunded_date", "refunded_date_utc", "refund_time",
)  # fmt: skip
_MOST_LISTED: Final = 40


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
    column, is_clear = columns.get(STATE_COLUMN), True
    condition = settings.get("order_when")
    if column is None and may_search:
        column, is_clear = _find_column(everything.header, values_of, columns, answers)
        if isinstance(condition, Mapping) and condition.get("column") == column:
            return answers
    if not isinstance(column, str):
        return answers
    given = settings.get("states")
    counts = StateCounts(
        {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}
    )
    counts.add_all(everything.values(column))
    if not is_clear and (counts.is_endless or not counts.of("paid", "nothing")):
        return answers
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
    return answers


def _apply_states(
    column: str, counts: StateCounts, answers: OrderAnswers, *, is_given: bool
) -> None:
    if not is_given:
        answers.columns[STATE_COLUMN] = column
        answers.choices.append(f'{STATE_COLUMN}: column "{column}"')
    answers.choices += [f'state "{text}": {counts.meaning(text)}' for text in counts.rows]


def _find_column(
    header: Sequence[str],
    values_of: Callable[[str], Sequence[str]],
    columns: Mapping[str, object],
    answers: OrderAnswers,
) -> tuple[str | None, bool]:
    used = {name for name in columns.values() if isinstance(name, str)}
    free = [name for name in dict.fromkeys(header) if name not in used]
    found, is_clear = find_state_columns(free)
    if not found:
        found = [name for name in free if look_like_states(values_of(name))]
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
    everything: WholeFile, settings: Mapping[str, object], columns: Mapping[str, object]
) -> str | None:
    """Return the question whether rows of one order that differ are its lines, or the order exported twice.

    Only rows that are sales count: a refund and an attempt to pay that failed differ from their sale. None where the
    file's key says it, or no rows differ.
    """
    order_id = columns.get("order_id")
    if not isinstance(order_id, str) or {"idempotency_key", "order_key"} & columns.keys():
        return None
    found = everything.find_different(order_id, _sales(settings, columns))
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
