"""What a column of amounts shows of itself: its decimal mark, its unit, its signs. A fold over its cells.

One amount seldom shows its decimal mark (is 1.000 one, or a thousand?), the column mostly does. It counts
only what some amount proves and none contradicts; for the rest, somebody is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from skeldir.ingest.files.amounts import DecimalMark, WrittenAmount, group_less, take_apart
from skeldir.ingest.files.names import plain_name
from skeldir.ingest.nothing import is_nothing

_MARKS: Final[tuple[DecimalMark, DecimalMark]] = (".", ",")
_PLAIN: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,2})?")
# No currency has more than four decimals: an amount with six or more was computed in binary.
_NOISE: Final = 6
# A name that says so, such as amount_cents, "Amount (cents)", amountInCents, amount_minor.
_OF_CENTS: Final = re.compile(r"_(?:cents?|minor|minor_units?|pence|centimes|centavos|centesimi)_")


@dataclass(slots=True)
class AmountEvidence:
    """What the amounts of a column prove so far; each claim keeps its first example.

    `proofs` has an example for each decimal mark that an amount proves; `undecided` is an amount such
    as 1.000. `is_plain` says that every one was written like 12.50 or 12. `has_decimals`: some have decimals other
    than the ".0" that programs write behind a whole number. `is_sample`: later amounts were not looked at.
    """

    proofs: dict[DecimalMark, str] = field(default_factory=dict)
    undecided: str = ""
    negative: str = ""
    noise: str = ""
    has_decimals: bool = False
    is_plain: bool = True
    is_sample: bool = False

    def add_all(self, cells: Iterable[object]) -> None:
        """Fold more cells of the column in; texts that are no amounts prove nothing."""
        for cell in cells:
            if not isinstance(cell, str):
                self._add_number(cell)
            elif _PLAIN.fullmatch(cell):
                if "." in cell:
                    self.proofs.setdefault(".", cell)
                    self.has_decimals |= _has_decimals(cell.partition(".")[2])
            elif not is_nothing(cell):
                self.is_plain = False
                written = take_apart(cell)
                if written is not None:
                    self._add_written(written, cell.strip())

    @property
    def mark(self) -> DecimalMark | None:
        """Return the decimal mark that is proven and not contradicted."""
        return next(iter(self.proofs)) if len(self.proofs) == 1 else None

    def _add_number(self, cell: object) -> None:
        """A number of JSON, Parquet or a spreadsheet has no mark."""
        if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
            return
        text = str(cell)
        self.has_decimals |= isinstance(cell, float | Decimal) and _has_decimals(
            text.partition(".")[2]
        )
        if cell < 0:
            self.negative = self.negative or text
        if len(text.partition(".")[2]) >= _NOISE and "e" not in text.casefold():
            self.noise = self.noise or text

    def _add_written(self, written: WrittenAmount, text: str) -> None:
        number = written.number
        if written.is_negative and number.strip("0.,"):
            self.negative = self.negative or text
        possible = [mark for mark in _MARKS if group_less(number, mark) is not None]
        if not any(mark in number for mark in _MARKS) or not possible:
            return
        if len(possible) > 1:
            self.undecided = self.undecided or text
            return
        self.proofs.setdefault(possible[0], text)
        decimals = number.partition(possible[0])[2]
        self.has_decimals |= _has_decimals(decimals)
        if len(decimals) >= _NOISE:
            self.noise = self.noise or text


def _has_decimals(digits: str) -> bool:
    """Return whether digits behind a mark show major units: "00" does, the "0" of 1250.0 may be of cents as well."""
    return len(digits) > 1 or digits.strip("0") != ""


def gather_amounts(sample: Iterable[object], whole: Iterable[object] | None) -> AmountEvidence:
    """Return the evidence of a column from its first cells or, unless they show it plainly, all of them.

    `whole` has every cell of the column; None when the sample does. Of a file that was not looked at to its end,
    the reader of amounts refuses what the first ones leave open.
    """
    evidence = AmountEvidence()
    evidence.add_all(sample)
    if whole is None:
        return evidence
    if evidence.is_plain and evidence.has_decimals:
        evidence.is_sample = True
        return evidence
    evidence = AmountEvidence()
    evidence.add_all(whole)
    return evidence


@dataclass(slots=True)
class Answers:
    """What was settled about a file: settings to add, choices to report, questions to ask."""

    settings: dict[str, object] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def settle_amounts(column: str, found: AmountEvidence, given: Mapping[str, object]) -> Answers:
    """Return the decimal mark of a column of amounts, and what has to be asked about it.

    `given` are settings in the shape of a mapping file; those that it has are not asked about.
    """
    answers = Answers()
    if "decimal_mark" not in given:
        _settle_mark(column, found, answers)
    if found.noise and "rounding" not in given:
        answers.questions.append(
            f'The amounts in "{column}" have more decimals than any currency, such as {found.noise}: with'
            ' rounding = "half_even" (or "half_up") in a mapping, each is rounded to the smallest unit of'
            " its currency; otherwise export them exactly."
        )
    return answers


def _settle_mark(column: str, found: AmountEvidence, answers: Answers) -> None:
    if len(found.proofs) > 1:
        answers.questions.append(
            f'The amounts in "{column}" are written in two ways, "{found.proofs["."]}" and'
            f' "{found.proofs[","]}": set decimal_mark = "." or "," in a mapping; the others are rejected.'
        )
    elif found.mark is not None:
        answers.settings["decimal_mark"] = found.mark
        if found.mark == "," or not found.is_plain:
            answers.choices.append(
                f'amounts: the decimal mark is "{found.mark}", as "{found.proofs[found.mark]}" shows'
            )
    elif found.undecided:
        answers.questions.append(
            f'How large is "{found.undecided}" in "{column}"? No amount of the file shows its decimal mark:'
            ' set decimal_mark = "." or "," in a mapping.'
        )


def settle_unit(column: str, found: AmountEvidence) -> Answers:
    """Return the unit of a column of amounts by its name, or major if they have decimals; otherwise ask for it."""
    answers = Answers()
    is_minor = _OF_CENTS.search(f"_{plain_name(column)}_") is not None
    if is_minor == found.has_decimals:
        contradiction = "Its name says minor, and its decimals say major. " if is_minor else ""
        answers.questions.append(
            f'Is an amount in "{column}" in major units (12 is $12.00) or minor ones'
            f" (1200)? {contradiction}Set --amount-unit, or amount_unit in a mapping."
        )
    else:
        unit = "minor" if is_minor else "major"
        answers.settings["amount_unit"] = unit
        answers.choices.append(f"amounts: {unit} units")
    return answers
