"""Files without a mapping: a preset or common column names are recognised, and each choice is reported.

What names and first rows do not show (the currency, the time zone of local times, which channel
"Facebook" means) is requested, all of it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from skeldir.ingest.channels import CLICK_ID_KINDS
from skeldir.ingest.files.amount_evidence import (
    AmountEvidence,
    Answers,
    gather_amounts,
    settle_amounts,
    settle_unit,
)
from skeldir.ingest.files.channel_evidence import settle_channels
from skeldir.ingest.files.kind_evidence import ask_about_kinds
from skeldir.ingest.files.mapping import FileMapping, MappingInvalid, cell_text
from skeldir.ingest.files.mapping_file import HOW_TO_ANSWER, Settings, mapping_from_settings
from skeldir.ingest.files.names import NAMES, could_be, plain_name
from skeldir.ingest.files.order_evidence import ask_about_made_ids, ask_about_rows, settle_states
from skeldir.ingest.files.survey import ReadColumns, settle_ids, times_of
from skeldir.ingest.files.time_evidence import find_moment_columns, find_zone_column, settle_times
from skeldir.ingest.files.twin_columns import ask_about_twins
from skeldir.ingest.files.whole import WholeFile
from skeldir.ingest.landing import read_landing
from skeldir.ingest.nothing import is_nothing

_ORIGINS: Final = ("channel", "source", "medium", "campaign", "referrer_host", "click_ids")
_ORDER_FIELDS: Final = ("order_id", "kind", "amount", "currency")
_TOUCH_FIELDS: Final = ("session_id", *_ORIGINS, "landing_path")
_FLAGS: Final = "conversion converted is_conversion purchase purchased is_purchase is_order"
_YES: Final = ("1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES")
_NO: Final = ("", "0", "0.0", "false", "False", "FALSE", "no", "No", "NO")
_MOST_ASKED: Final = 20


def recognise_columns(
    header: Sequence[str],
    sample_rows: Sequence[Sequence[object]],
    given: Settings | None = None,
    *,
    own_channels: Iterable[str] = (),
    whole: ReadColumns | None = None,
    is_complete: bool = False,
) -> tuple[FileMapping, list[str]]:
    """Return the mapping that names and first rows suggest, and its choices for people to read.

    `given` (in the shape of a mapping file) is used as it is; `is_complete` means that it names every
    column that is to be read. `whole` reads columns of all rows where the first ones are not enough;
    None when they are all. Raises `MappingInvalid` with everything that cannot be known from the file.
    """
    recognition = _Recognition(header, sample_rows, dict(given or {}), own_channels, whole)
    recognition.is_complete = is_complete
    recognition.is_own_condition = "order_when" in recognition.settings and not is_complete
    recognition.find_columns()
    steps = (
        recognition.find_kind,
        recognition.find_missing,
        recognition.find_times,
        recognition.find_states,
        recognition.find_rows,
        recognition.find_channels,
        recognition.find_orders,
        recognition.find_ids,
        recognition.find_key,
    )
    for step in steps:
        step()
    if not is_complete:
        recognition.questions += ask_about_twins(
            recognition.everything, recognition.settings, given or {}
        )
    return recognition.finish()


def settle_values(
    header: Sequence[str],
    sample_rows: Sequence[Sequence[object]],
    given: Settings,
    *,
    whole: ReadColumns | None = None,
) -> tuple[FileMapping, list[str]]:
    """Return the mapping that `given` describes, with what the values of its columns show, and the choices for people.

    Raises `MappingInvalid` with everything that cannot be known from the file.
    """
    return _Recognition(header, sample_rows, dict(given), (), whole).settle_values()


@dataclass(slots=True)
class _Recognition:
    """The state of the recognition of a file: its settings so far, the choices made, the questions left."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    settings: dict[str, object]
    own_channels: Iterable[str]
    whole: ReadColumns | None = None
    columns: dict[str, object] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    is_complete: bool = False
    is_own_condition: bool = False
    is_key_found: bool = False
    is_mark_sampled: bool = False

    @property
    def everything(self) -> WholeFile:
        """All rows of the file."""
        return WholeFile(self.header, self.whole or partial(_pick, self.header, self.rows))

    def find_columns(self) -> None:
        """Recognise columns by their names; use each only once."""
        columns = self.settings.get("columns", {})
        self.columns = dict(columns) if isinstance(columns, Mapping) else {}
        self.settings["columns"] = self.columns
        if self.is_complete:
            return
        keys = ("order_key", "idempotency_key")  # they may be the id of the order as well
        taken = {n for f, n in self.columns.items() if isinstance(n, str) and f not in keys}
        spelled = {plain_name(name): name for name in reversed(self.header)}
        for name, spellings in NAMES.items():
            found = (spelled[word] for word in spellings.split() if word in spelled)
            column = next((word for word in found if word not in taken), None)
            if name not in self.columns and column is not None and self._may_be(name, column):
                self.columns[name] = column
                taken.add(column)
                self.is_key_found |= name == "idempotency_key" and "key" not in column
                self.choices.append(f'{name}: column "{column}"')
        clicks = {kind: spelled[kind] for kind in sorted(CLICK_ID_KINDS) if kind in spelled}
        if clicks and "click_ids" not in self.settings:
            self.settings["click_ids"] = clicks
            self.choices.append(f"click ids, only whether they are present: {', '.join(clicks)}")

    def _may_be(self, name: str, column: str) -> bool:
        if name == "currency" and "currency" in self.settings:
            self.questions.append(
                f'The column "{column}" has the currency of each row: leave out --currency,'
                " or write a mapping that names the columns."
            )
            return False
        # An "id" that occurs twice identifies something else, such as the customer.
        values = self.values(column)
        return name != "idempotency_key" or "key" in column or len(set(values)) == len(values)

    def find_kind(self) -> None:
        """Find out whether the file has touches, conversions or both, and which rows are orders."""
        has_orders = "amount" in self.columns
        has_touches = any(name in self.columns for name in _ORIGINS) or "click_ids" in self.settings
        if "kind" not in self.settings:
            both = has_orders and has_touches
            self.settings["kind"] = "mixed" if both else "conversions" if has_orders else "touches"
            self.choices.append(f"kind: {self.settings['kind']}")
        kind = self.settings["kind"]
        for name in _ORDER_FIELDS if kind == "touches" else ():
            self._drop(name)
        for name in _TOUCH_FIELDS if kind == "conversions" else ():
            self._drop(name)
        if kind == "conversions":
            self.settings.pop("click_ids", None)
        elif not has_touches and not self._lands_with_evidence():
            self.questions.append(
                "No column shows where the visits came from (utm_source, channel, referrer, …):"
                " name it under [columns]."
            )
        if kind == "mixed" and "order_when" not in self.settings:
            self._find_order_rows()

    def _lands_with_evidence(self) -> bool:
        """Return whether some landing address of the sample has tags or click ids."""
        column = self.columns.get("landing_path")
        if not isinstance(column, str):
            return False
        landings = map(read_landing, self.values(column))
        return any(one.source or one.medium or one.click_id_kinds for one in landings)

    def _find_order_rows(self) -> None:
        spelled = {plain_name(name): name for name in self.header}
        for flag in _FLAGS.split():
            column = spelled.get(flag)
            if column is not None and set(self.values(column)) <= {*_YES, *_NO}:
                self.settings["order_when"] = {"column": column, "equals": list(_YES)}
                self.choices.append(f'a row is an order where "{column}" is 1, true or yes')
                return
        order_id = self.columns.get("order_id")
        if isinstance(order_id, str) and len(self.values(order_id)) < len(self.rows):
            self.settings["order_when"] = {"column": order_id}
            self.choices.append(f'a row is an order where "{order_id}" is not empty')
            return
        self.questions.append(
            "Which rows are orders? Set order_when in a mapping, or import touches or conversions."
        )

    def find_missing(self) -> None:
        """Ask for the columns that every row needs, and name those that could be meant."""
        needed = {"occurred_at": "the time"}
        if self.settings["kind"] != "conversions":
            needed["journey_key"] = "the visitor or customer"
        if self.settings["kind"] != "touches":
            needed["amount"] = "the amount"
        taken = {name for name in self.columns.values() if isinstance(name, str)}
        for name, meaning in needed.items():
            if name in self.columns:
                continue
            free = [one for one in self.header if one not in taken]
            likely = [one for one in free if could_be(name, one, self.values(one))]
            shown = " or ".join(f'"{one}"' for one in (likely or free)[:_MOST_ASKED])
            self.questions.append(
                f'No column was recognised as {meaning}: it could be {shown}. Name it by --column {name}="…".'
            )

    def find_states(self) -> None:
        """Find the column that tells paid orders from others, and what went back of them."""
        if self.settings["kind"] != "touches":
            answers = settle_states(
                self.everything,
                self.values,
                self.settings,
                self.columns,
                may_search=not self.is_complete and "kind" not in self.columns,
                is_own_condition=self.is_own_condition,
            )
            self._settle(answers)
            self.columns |= answers.columns

    def find_rows(self) -> None:
        """Find rows that are no sales, and rows of one order that may be its lines, or the order exported twice."""
        if self.settings["kind"] != "touches" and not self.is_complete:
            asked = ask_about_kinds(self.everything, self.values, self.settings, self.columns)
            about = (self.everything, self.settings, self.columns)
            asked = asked or ask_about_rows(*about, is_key_found=self.is_key_found)
            self.questions += [asked] if asked is not None else []

    def find_times(self) -> None:
        """Find the columns and the format of the times; request the zone of those without one."""
        column = self.columns.get("occurred_at")
        zone_column = None
        if isinstance(column, str):
            spelled = {plain_name(name): name for name in reversed(self.header)}
            zone_column = find_zone_column(column, spelled, self.values)
            found = find_moment_columns(column, spelled, self.values)
            if len(found) > 1:
                self._drop("occurred_at")
                self.columns["occurred_at"] = found
                self.choices.append(f"occurred_at: columns {_listed(found)}")
        self._settle_times(zone_column)

    def _settle_times(self, zone_column: str | None = None) -> None:
        names = self.columns.get("occurred_at")
        columns = [names] if isinstance(names, str) else list(names or ())  # type: ignore[call-overload]  # checked with the mapping
        if columns and set(columns) <= set(self.header):
            places = [self.header.index(name) for name in columns]
            sample = times_of([[row[place] for place in places] for row in self.rows])
            read = self.whole
            whole = None if read is None else lambda: times_of(read(columns))
            self._settle(
                settle_times(_listed(columns), list(sample), whole, self.settings, zone_column)
            )

    def find_ids(self) -> None:
        """Find the ids that a spreadsheet has shortened, by the width of the others."""
        self._settle(settle_ids(self.columns, self.values, self.settings))

    def settle_values(self) -> tuple[FileMapping, list[str]]:
        """Settle how values are written in columns that a mapping names. Raises MappingInvalid."""
        columns = self.settings.get("columns", {})
        self.columns = dict(columns) if isinstance(columns, Mapping) else {}
        self._settle_times()
        if self.settings.get("kind") != "touches":
            self._settle_amounts()
        self.find_ids()
        return self.finish()

    def finish(self) -> tuple[FileMapping, list[str]]:
        """Return the mapping and its choices. Raises MappingInvalid with the questions that are left."""
        if self.questions:
            asked = "\n- ".join(["The file leaves questions open:", *self.questions])
            raise MappingInvalid(asked, cure=HOW_TO_ANSWER)
        mapping = mapping_from_settings(self.settings)
        return replace(mapping, is_mark_sampled=self.is_mark_sampled), self.choices

    def _settle(self, answers: Answers) -> None:
        self.settings |= answers.settings
        self.choices += answers.choices
        self.questions += answers.questions

    def _settle_amounts(self) -> AmountEvidence | None:
        refund = self.settings.get("refund")
        refunded = refund.get("amount") if isinstance(refund, Mapping) else None
        names = [name for name in (self.columns.get("amount"), refunded) if isinstance(name, str)]
        if not names or not set(names) <= set(self.header):
            return None
        places, read = [self.header.index(name) for name in names], self.whole
        whole = None if read is None else (cell for cells in read(names) for cell in cells)
        found = gather_amounts((row[place] for row in self.rows for place in places), whole)
        self.is_mark_sampled = found.is_sample and "decimal_mark" not in self.settings
        self._settle(settle_amounts(names[0], found, self.settings))
        return found

    def find_channels(self) -> None:
        """Match the file's channels with the taxonomy by code or label; request the others."""
        column = self.columns.get("channel")
        if isinstance(column, str) and "channels" not in self.settings:
            new = self.settings.get("new_channels", {})
            own = {*self.own_channels, *(new if isinstance(new, Mapping) else ())}
            self._settle(settle_channels(column, self.values(column), own))

    def find_orders(self) -> None:
        """Find the id and the amount unit of the orders; request their currency."""
        if self.settings["kind"] == "touches":
            return
        journey, moment = self.columns.get("journey_key"), self.columns.get("occurred_at")
        if "order_id" not in self.columns and journey is not None and moment is not None:
            parts = [journey, *([moment] if isinstance(moment, str) else moment)]  # type: ignore[misc]  # of texts
            self.columns["order_id"] = parts
            self.choices.append(f"order_id: made from {_listed(parts)}")
            self.questions += ask_about_made_ids(self.everything, self.settings, self.columns)
        if "currency" not in self.settings and "currency" not in self.columns:
            self.questions.append(
                'Which currency are the amounts in? Set --currency, or currency = "USD" in a mapping.'
            )
        found = self._settle_amounts()
        column = self.columns.get("amount")
        if found is None or not isinstance(column, str):
            return
        has_kinds = "kind" in self.columns or "refund" in self.settings
        if found.negative and not has_kinds and "kind_by_sign" not in self.settings:
            self.questions.append(
                f'"{column}" has negative amounts, such as {found.negative}: set kind_by_sign = true in a'
                " mapping if they are refunds, or name the column of kinds under [columns]."
            )
        if "amount_unit" not in self.settings:
            self._settle(settle_unit(column, found))

    def find_key(self) -> None:
        """Report how a row is recognised when the file is imported twice."""
        kind = self.settings["kind"]
        is_given = "idempotency_key" in self.columns
        if kind != "conversions" and not is_given:
            self.choices.append(
                "a touch's key: made from all its columns above, so rows equal in all of them count once"
            )
        names_orders = kind == "mixed" or (kind == "conversions" and not is_given)
        if names_orders and "order_key" not in self.columns:
            self.choices.append(
                "an order's key: its id, so an order that comes again is the same sale, at whatever moment"
            )

    def _drop(self, name: str) -> None:
        if self.columns.pop(name, None) is not None:
            self.choices = [line for line in self.choices if not line.startswith(f"{name}: ")]

    def values(self, column: str) -> list[str]:
        """Return the texts of a column in the first rows that are not nothing."""
        place = self.header.index(column) if column in self.header else None
        if place is None:
            return []
        return [text for row in self.rows if not is_nothing(text := cell_text(row[place]))]


def _pick(
    header: Sequence[str], rows: Iterable[Sequence[object]], wanted: Sequence[str]
) -> Iterator[Sequence[object]]:
    places = [header.index(name) for name in wanted]
    for row in rows:
        yield [row[place] for place in places]


def _listed(names: Sequence[object]) -> str:
    """Return quoted names for a sentence: "a", "b" and "c"."""
    *first, last = (f'"{name}"' for name in names)
    return f"{', '.join(first)} and {last}" if first else last
