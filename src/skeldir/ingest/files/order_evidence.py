"""What a file shows of its orders: their states, the refunds beside them, and which columns could be missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from skeldir.ingest.files.mapping import STATE_COLUMN, listed
from skeldir.ingest.files.order_states import (
    COLUMN_NAMES,
    ask_about,
    known_state,
    looks_like_states,
)

Values: TypeAlias = Callable[[str], list[str]]
"""From a column to its values in the first rows, without the empty ones."""

_REFUNDED: Final = (
    "refunded_amount", "amount_refunded", "refund_amount", "order_refund_amount", "total_refunded",
    "refund_total", "refunded",
)  # fmt: skip
_REFUNDED_AT: Final = (
    "refunded_at", "refund_date", "refunded_date", "refunded_date_utc", "refund_time",
)  # fmt: skip
_LIKE_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}|1[0-9]{9}"
)
_LIKE_AMOUNT: Final = re.compile(r"[-+(]?\W{0,2}[0-9][0-9.,'\s]*\W{0,3}")
_MOST_LISTED: Final = 20
_LOOKED_AT: Final = 50
_NOT_IN_NAMES: Final = re.compile(r"[\W_]+")


@dataclass(slots=True)
class Found:
    """What was found: settings, columns, the choices to report, and the questions that are left."""

    settings: dict[str, object] = field(default_factory=dict)
    columns: dict[str, object] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def find_states(
    header: Sequence[str],
    values: Values,
    settings: Mapping[str, object],
    columns: Mapping[str, object],
    *,
    may_search: bool,
) -> Found:
    """Find the column of an order's state, what each state means, and how much went back; ask where in doubt.

    `may_search`: a column that is not given may be recognised, by its name or by its words.
    """
    found = Found()
    column = columns.get(STATE_COLUMN)
    if column is None and may_search:
        column = _find_column(header, values, columns, found)
    if not isinstance(column, str):
        return found
    given = settings.get("states")
    decided = dict(given) if isinstance(given, Mapping) else {}
    meanings = {
        value: decided.get(value) or known_state(value)
        for value in dict.fromkeys(map(str.strip, values(column)))
    }
    if undecided := [value for value, state in meanings.items() if state is None]:
        found.questions.append(ask_about(column, undecided))
    found.choices += [f'state "{value}": {state}' for value, state in meanings.items() if state]
    back = [state for state in meanings.values() if state and "refunded" in state]
    if back and "refund" not in settings and "kind" not in columns:
        _find_refunds(header, columns, column, found, is_partly="partly_refunded" in back)
    return found


def _find_column(
    header: Sequence[str], values: Values, columns: Mapping[str, object], found: Found
) -> str | None:
    used = {name for name in columns.values() if isinstance(name, str)}
    spelled = {_plain(name): name for name in reversed(header) if name not in used}
    named = [spelled[name] for name in COLUMN_NAMES if name in spelled]
    free = [name for name in header if name not in used]
    candidates = named or [name for name in free if looks_like_states(values(name))]
    # Of several, such as the states of a payment and of its parcel, those with words for money.
    telling = [name for name in candidates if any(map(known_state, values(name)))] or candidates
    if len(telling) > 1:
        found.questions.append(
            f"Which column says whether an order was paid: {listed(telling)}? Write it as state under [columns]."
        )
    if len(telling) != 1:
        return None
    found.columns[STATE_COLUMN] = telling[0]
    found.choices.append(f'state: column "{telling[0]}"')
    return telling[0]


def _find_refunds(
    header: Sequence[str],
    columns: Mapping[str, object],
    state: str,
    found: Found,
    *,
    is_partly: bool,
) -> None:
    spelled = {_plain(name): name for name in reversed(header)}
    sums = [spelled[name] for name in _REFUNDED if name in spelled]
    times = [spelled[name] for name in _REFUNDED_AT if name in spelled]
    moment, amount = columns.get("occurred_at"), columns.get("amount")
    if is_partly and not sums:
        found.questions.append(
            f'"{state}" has partly refunded orders: name the columns of the refunded amount and of its'
            ' time under [refund], such as amount = "column" and occurred_at = "column".'
        )
    elif isinstance(amount, str) and isinstance(moment, str):
        refunded, at = sums[0] if sums else amount, times[0] if times else moment
        found.settings["refund"] = {"amount": refunded, "occurred_at": at}
        told = "" if times else ", the order's own time: the file does not say when"
        found.choices.append(f'refunds so far: column "{refunded}", at "{at}"{told}')


def missing_columns(
    header: Sequence[str], values: Values, columns: Mapping[str, object], kind: str
) -> list[str]:
    """Return a question for each required column that is not known, with the columns that could be it."""
    needed = ["occurred_at"]
    needed += ["journey_key"] if kind != "conversions" else []
    needed += ["amount"] if kind != "touches" else []
    used = {str(name) for name in columns.values()}
    free = [name for name in header if name not in used]
    questions = []
    for name in needed:
        if name not in columns:
            could = [column for column in free if _could_be(name, values(column))] or free
            questions.append(
                f"Which column is {name}? It could be {listed(could[:_MOST_LISTED])}: set --column"
                f' "{name}=…", or name it under [columns] in a mapping.'
            )
    return questions


def _could_be(name: str, values: list[str]) -> bool:
    shown = values[:_LOOKED_AT]
    if not shown:
        return False
    if name == "occurred_at":
        return all(_LIKE_TIME.match(value) for value in shown)
    if name == "amount":
        return all(_LIKE_AMOUNT.fullmatch(value) for value in shown)
    return not any(_LIKE_TIME.match(value) for value in shown) and len(set(shown)) > 1


def _plain(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name.casefold()).strip("_")
