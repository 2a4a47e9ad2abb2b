"""What an import reports: its progress over all runs, and the outcome of this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from skeldir.ingest.crowds import CrowdedJourney, JourneyCensus
from skeldir.ingest.files.mapping import NO_KIND
from skeldir.money import format_minor
from skeldir.revenue import FlaggedOrder, StandingOrder

_EXAMPLES_OF_A_CODE: Final = 3
_MOST_FLAGGED: Final = 1_000
_MOST_NAMED: Final = 20
_CURES_OF_PATHS: Final = {
    "idempotency_key_reused": "If the value was corrected, take the earlier import back first; if these are other"
    " journeys, give --series.",
    "amount_missing": "Write the value of the row's conversions, or 0.",
    "amount_invalid": "Write the value as a plain number, with the mark that --decimal-mark names.",
    "amount_negative": "Correct the row: conversions have no value below 0.",
}


@dataclass(frozen=True, slots=True)
class RowRejection:
    """One rejected row: its number from 1 (header and blank lines not counted), the reason, and the cure.

    `line` is the line of the file in which it begins, if the file has lines.
    """

    row: int
    line: int | None
    code: str
    detail: str
    cure: str


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """What has been committed of a file, over all its runs; refunds count as conversions.

    A row makes an item, or several (a visit with its order, an order with its refund), each of them accepted, a
    duplicate, or rejected; or it is `skipped` by the conditions of the mapping.
    `share_read` is how much of the file has been read, from 0 to 1.
    """

    rows_done: int = 0
    touches_accepted: int = 0
    touches_duplicate: int = 0
    conversions_accepted: int = 0
    conversions_duplicate: int = 0
    rejected: int = 0
    skipped: int = 0
    share_read: float = 0.0

    @property
    def accepted(self) -> int:
        """Items that were recorded."""
        return self.touches_accepted + self.conversions_accepted

    @property
    def duplicate(self) -> int:
        """Items that were known."""
        return self.touches_duplicate + self.conversions_duplicate

    def describe_stop(self, unit: str = "rows") -> str:
        """Return the message for a run that was interrupted here; `unit` is what was counted."""
        return (
            f"Stopped. {self.rows_done} {unit} are imported; the same command continues after them, and"
            " nothing is imported twice."
        )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of an import: `done` over all runs, the rest of this run.

    `resumed_after` is the row after which this run continued; 0 is the start. `was_complete` means
    that the file was imported before with the same mapping, so nothing was done.
    `conditions` are those of the mapping, in words: rows that fit none of them are skipped.
    `flagged` names at most 1,000 orders that are `awaiting_capture` or `over_refunded`. `crowded` are
    journeys that more than a tenth of this run's touches share, if there are at least 100 journeys.
    `replay` is the number of a replay of the import with this fingerprint.
    `left_out` names at most 1,000 orders that the ledger counts, and that are no revenue by the file.
    `unit` is what `rows_done` counts, in the plural.
    """

    file_name: str
    done: ImportProgress
    resumed_after: int
    was_complete: bool
    rejected_by_code: Mapping[str, int]
    examples: tuple[RowRejection, ...]
    flagged: tuple[FlaggedOrder, ...]
    crowded: tuple[CrowdedJourney, ...]
    seconds: float
    conditions: tuple[str, ...]
    fingerprint: str
    replay: int | None = None
    left_out: tuple[StandingOrder, ...] = ()
    unit: str = "rows"

    def describe_left_out(self) -> str | None:
        """Name the orders that are counted, and that the file calls no revenue: only people know whether they were."""
        if not self.left_out:
            return None
        sums = Counter[str]()
        for order in self.left_out:
            sums[order.currency] += order.balance_cents
        money = ", ".join(f"{format_minor(cents, code)} {code}" for code, cents in sums.items())
        ids = list(dict.fromkeys(order.order_id for order in self.left_out))
        shown = ", ".join(ids[:_MOST_NAMED]) + (", …" if len(ids) > _MOST_NAMED else "")
        return (
            f"orders that are counted, and are no revenue by this file: {len(ids):,}, with {money}: {shown}. They are"
            " still counted. To take one back: skeldir imports undo --tenant … --order ID --reason …; if its money"
            " went back later, import a refund of that time."
        )


def name_column(code: str, detail: str, columns: Mapping[str, Sequence[str]]) -> str:
    """Return the detail of a rejection with the columns of the field that it is about, unless it names them."""
    for field_name, names in columns.items():
        is_about = code.startswith(f"{field_name}_") or detail.startswith(f"{field_name} ")
        if is_about and code != "idempotency_key_reused":
            shown = ", ".join(f'"{name}"' for name in names)
            word = "Column" if len(names) == 1 else "Columns"
            return detail if shown in detail else f"{detail} {word}: {shown}."
    return detail


def cure_in_file(code: str, cure: str, columns: Mapping[str, Sequence[str]]) -> str:
    """Return the cure of a rejection as somebody who imports a file can apply it."""
    if "path" in columns:
        return _CURES_OF_PATHS.get(code, cure)
    if code != "kind_unknown" or "kind" not in columns:
        return cure
    return (
        f'{cure} Or say what it is here, such as --set \'kinds."…" = "capture"\', or "{NO_KIND}" for a row that'
        " moves no money."
    )


@dataclass(slots=True)
class Tally:
    """The counts and examples of this run; bounded, however many rows are rejected."""

    codes: Counter[str] = field(default_factory=Counter)
    examples: list[RowRejection] = field(default_factory=list)
    flagged: dict[FlaggedOrder, None] = field(default_factory=dict)
    journeys: JourneyCensus = field(default_factory=JourneyCensus)

    def add(self, rejections: Iterable[RowRejection], flagged: Iterable[FlaggedOrder]) -> None:
        for rejection in rejections:
            self.codes[rejection.code] += 1
            if self.codes[rejection.code] <= _EXAMPLES_OF_A_CODE:
                self.examples.append(rejection)
        for order in flagged:
            if len(self.flagged) < _MOST_FLAGGED:
                self.flagged[order] = None
