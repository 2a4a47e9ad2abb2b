"""Files without a mapping: a preset or common column names are recognised; each choice is reported.

What these and the rows do not show (currency, time zone, channels) is requested, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from skeldir.ingest.channels import CLICK_ID_KINDS, COMMON_CHANNELS
from skeldir.ingest.files.cells import moment_reader
from skeldir.ingest.files.column_names import COLUMN_NAMES, KEYS, plain_name
from skeldir.ingest.files.cut_off import refuse_cut_off
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import (
    FILE_FORMATS,
    FileKind,
    FileMapping,
    MappingInvalid,
    cell_text,
    unknown,
)
from skeldir.ingest.files.mapping_file import (
    Settings,
    mapping_from_settings,
    merge_settings,
    read_settings,
)
from skeldir.ingest.files.order_evidence import Found, find_states, missing_columns
from skeldir.ingest.files.order_rows import LookForLines, ask_about_lines
from skeldir.ingest.files.presets import find_preset
from skeldir.ingest.files.readers import look_at_file
from skeldir.ingest.rejections import ItemRejected

_ORIGINS: Final = ("channel", "source", "medium", "campaign", "referrer_host", "click_ids")
_ORDER_FIELDS: Final = ("order_id", "kind", "amount", "currency")
_TOUCH_FIELDS: Final = ("session_id", *_ORIGINS, "landing_path")
_FLAGS: Final = "conversion converted is_conversion purchase purchased is_purchase is_order"
_YES: Final = ("1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES")
_NO: Final = ("", "0", "0.0", "false", "False", "FALSE", "no", "No", "NO")
_EPOCH_DIGITS: Final = {10: "epoch_seconds", 13: "epoch_milliseconds", 16: "epoch_microseconds"}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_READ_ISO: Final = moment_reader("iso", None, "refuse")
_MOST_ASKED: Final = 20


@dataclass(frozen=True, slots=True)
class ChosenMapping:
    """The mapping of a file, the file's layout, and what was recognised, line by line."""

    mapping: FileMapping
    layout: FileLayout
    choices: tuple[str, ...]


def choose_mapping(
    path: Path,
    *,
    kind: FileKind | None,
    map_file: Path | None,
    flags: Settings,
    own_channels: Iterable[str] = (),
) -> ChosenMapping:
    """Return the mapping to import `path` with: from `map_file` if there is one, else recognised.

    `flags` (in the shape of a mapping file) take precedence over both. Without `kind`, it is taken
    from the mapping file or the columns. `own_channels` are the codes that the tenant has already. Raises
    `MappingInvalid` and `FileUnreadable`.
    """
    given = merge_settings(read_settings(map_file) if map_file else {}, flags)
    if kind is not None and given.setdefault("kind", kind) != kind:
        raise MappingInvalid(
            f"The mapping is for a file of {given['kind']}, not of {kind}.",
            cure=f"Import {given['kind']}, or use another mapping.",
        )
    form = given.get("format")
    if form is not None and form not in FILE_FORMATS:
        unknown(str(form), "format", FILE_FORMATS)
    delimiter = given.get("delimiter")
    layout = look_at_file(
        path,
        form=form,
        delimiter=delimiter if isinstance(delimiter, str) else None,
    )
    if map_file is None:
        mapping, choices = _recognise(path, layout, kind, given, own_channels)
    else:
        mapping, choices = mapping_from_settings(given), []
    mapping.check_columns(layout.header)
    refuse_cut_off(path, layout, mapping)
    return ChosenMapping(mapping, layout, tuple(choices))


def _recognise(
    path: Path,
    layout: FileLayout,
    kind: FileKind | None,
    given: Settings,
    own_channels: Iterable[str],
) -> tuple[FileMapping, list[str]]:
    preset = find_preset(layout.header)
    if preset is not None and preset.refuse is not None:
        raise MappingInvalid(f"The file is a {preset.name}.", cure=preset.refuse)
    if preset is None or kind not in (None, preset.settings["kind"]):
        return recognise_columns(
            layout.header,
            layout.sample,
            given,
            own_channels=own_channels,
            lines=lambda columns: ask_about_lines(path, layout, columns),
        )
    settings, chosen = preset.settings_for(layout.header)
    mapping, choices = recognise_columns(
        layout.header,
        layout.sample,
        merge_settings(settings, given),
        own_channels=own_channels,
        is_complete=True,
    )
    return mapping, [*chosen, *choices]


def recognise_columns(
    header: Sequence[str],
    sample_rows: Sequence[Sequence[object]],
    given: Settings | None = None,
    *,
    own_channels: Iterable[str] = (),
    is_complete: bool = False,
    lines: LookForLines = lambda _: None,
) -> tuple[FileMapping, list[str]]:
    """Return the mapping that names and first rows suggest, and its choices for people to read.

    `given` (in the shape of a mapping file) is used as it is; `is_complete` means that it names every
    column that is to be read. `lines` looks for several rows of one order in all rows. Raises
    `MappingInvalid` with everything that cannot be known from the file.
    """
    recognition = _Recognition(header, sample_rows, dict(given or {}), own_channels)
    recognition.lines, recognition.is_complete = lines, is_complete
    recognition.find_columns()
    steps = (
        recognition.find_kind,
        recognition.find_states,
        recognition.find_times,
        recognition.find_channels,
        recognition.find_orders,
        recognition.find_key,
        recognition.find_lines,
        recognition.list_missing,
    )
    for step in steps:
        step()
    if recognition.questions:
        raise MappingInvalid(
            "The file leaves questions open: " + " ".join(recognition.questions),
            cure="Answer with flags, or write a mapping like those in examples/mappings.",
        )
    return mapping_from_settings(recognition.settings), recognition.choices


@dataclass(slots=True)
class _Recognition:
    """The state of the recognition of a file: its settings so far, the choices made, the questions left."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    settings: dict[str, object]
    own_channels: Iterable[str]
    columns: dict[str, object] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    lines: LookForLines = lambda _: None
    is_complete: bool = False

    def find_columns(self) -> None:
        """Recognise columns by their names; use each only once."""
        columns = self.settings.get("columns", {})
        self.columns = dict(columns) if isinstance(columns, Mapping) else {}
        self.settings["columns"] = self.columns
        if self.is_complete:
            return
        taken = {name for name in self.columns.values() if isinstance(name, str)}
        spelled = {plain_name(name): name for name in reversed(self.header)}
        for name, spellings in COLUMN_NAMES.items():
            found = (spelled[word] for word in spellings.split() if word in spelled)
            column = next((word for word in found if word not in taken), None)
            if name not in self.columns and column is not None and self._may_be(name, column):
                self.columns[name] = column
                taken.add(column)
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
        values = self._values(column)
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
        elif not has_touches:
            self.questions.append(
                "No column shows where the visits came from (utm_source, channel, referrer, …):"
                " name it under [columns]."
            )
        if kind == "mixed" and "order_when" not in self.settings:
            self._find_order_rows()

    def _find_order_rows(self) -> None:
        spelled = {plain_name(name): name for name in self.header}
        for flag in _FLAGS.split():
            column = spelled.get(flag)
            if column is not None and set(self._values(column)) <= {*_YES, *_NO}:
                self.settings["order_when"] = {"column": column, "equals": list(_YES)}
                self.choices.append(f'a row is an order where "{column}" is 1, true or yes')
                return
        order_id = self.columns.get("order_id")
        if isinstance(order_id, str) and len(self._values(order_id)) < len(self.rows):
            self.settings["order_when"] = {"column": order_id}
            self.choices.append(f'a row is an order where "{order_id}" is not empty')
            return
        self.questions.append(
            "Which rows are orders? Set order_when in a mapping, or import touches or conversions."
        )

    def find_states(self) -> None:
        """Find the column that says whether an order's money came; ask about each state that leaves a doubt."""
        if self.settings["kind"] != "touches":
            self._take(
                find_states(
                    self.header,
                    self._values,
                    self.settings,
                    self.columns,
                    may_search=not self.is_complete and "order_when" not in self.settings,
                )
            )

    def find_lines(self) -> None:
        """Look for several rows of one order: whether they are its lines is asked."""
        key = self.columns.get("idempotency_key")
        key_is_given = key is not None and f'idempotency_key: column "{key}"' not in self.choices
        is_plain = self.settings["kind"] == "conversions" and "kind" not in self.columns
        is_open = is_plain and not (self.is_complete or key_is_given or self.questions)
        if is_open and (question := self.lines(self.columns)):
            self.questions.append(question)

    def list_missing(self) -> None:
        """Ask for a required column that was not recognised, and list those that could be it."""
        kind, values = str(self.settings["kind"]), self._values
        self.questions += missing_columns(self.header, values, self.columns, kind)

    def _take(self, found: Found) -> None:
        self.settings |= found.settings
        self.columns |= found.columns
        self.choices += found.choices
        self.questions += found.questions

    def find_times(self) -> None:
        """Find the format of the times; request the zone of those without an offset."""
        column = self.columns.get("occurred_at")
        if not isinstance(column, str) or "time_format" in self.settings:
            return
        values = self._values(column)
        if values and all(value.isascii() and value.isdigit() for value in values):
            form = _EPOCH_DIGITS.get(max(map(len, values)))
            if form is None:
                self.questions.append(
                    f'What are the times in "{column}"? Set time_format in a mapping.'
                )
            else:
                self.settings["time_format"] = form
                self.choices.append(f"times: {form}")
            return
        bare = [value for value in values if not _has_offset(value)]
        if len(bare) * 2 <= len(values):
            return  # the few exceptions are rejected row by row
        if _DAY.fullmatch(bare[0]):
            self.questions.append(
                f'"{column}" holds days, such as {bare[0]}, not moments: with'
                ' time_format = "%Y-%m-%d" in a mapping each becomes midnight in its time_zone.'
            )
        elif not _DAY.match(bare[0]):
            self.questions.append(
                f'How are the times in "{column}" written? Set the format in a mapping, such as'
                ' time_format = "%d.%m.%Y %H:%M".'
            )
        elif "time_zone" not in self.settings:
            self.questions.append(
                f'The times in "{column}" have no offset from UTC: set --time-zone, or'
                ' time_zone = "Europe/Berlin" in a mapping.'
            )

    def find_channels(self) -> None:
        """Match the file's channels with the taxonomy by code or label; request the others."""
        column = self.columns.get("channel")
        if not isinstance(column, str) or "channels" in self.settings:
            return
        new = self.settings.get("new_channels", {})
        codes = {*COMMON_CHANNELS, *self.own_channels, *(new if isinstance(new, Mapping) else ())}
        known = {plain_name(label): code for code, label in COMMON_CHANNELS.items()}
        known |= {code: code for code in codes}
        unmatched = [value for value in dict.fromkeys(self._values(column)) if value not in codes]
        names = {
            value: known[plain_name(value)] for value in unmatched if plain_name(value) in known
        }
        if names:
            self.settings["channels"] = names
            self.choices += [f'channel "{value}": {code}' for value, code in names.items()]
        if unknown_values := [value for value in unmatched if value not in names]:
            self.questions.append(_channels_question(column, unknown_values))

    def find_orders(self) -> None:
        """Find the id and the amount unit of the orders; request their currency."""
        if self.settings["kind"] == "touches":
            return
        journey, moment = self.columns.get("journey_key"), self.columns.get("occurred_at")
        if "order_id" not in self.columns and journey is not None and moment is not None:
            self.columns["order_id"] = [journey, moment]
            self.choices.append(f'order_id: made from "{journey}" and "{moment}"')
        if "currency" not in self.settings and "currency" not in self.columns:
            self.questions.append(
                'Which currency are the amounts in? Set --currency, or currency = "USD" in a mapping.'
            )
        column = self.columns.get("amount")
        if isinstance(column, str) and "amount_unit" not in self.settings:
            values = self._values(column)
            unit = "minor" if plain_name(column).endswith("_cents") else "major"
            if any("," in value for value in values) and "decimal_mark" not in self.settings:
                self.questions.append(
                    f'The amounts in "{column}" have commas: if those are their decimal mark, set'
                    ' decimal_mark = "," in a mapping; thousands separators are not accepted.'
                )
            if unit == "major" and not any("." in value or "," in value for value in values):
                self.questions.append(
                    f'Is an amount in "{column}" in major units (12 is $12.00) or minor ones'
                    " (1200)? Set --amount-unit, or amount_unit in a mapping."
                )
                return
            self.settings["amount_unit"] = unit
            self.choices.append(f"amounts: {unit} units")

    def find_key(self) -> None:
        """Report how a row is recognised when the file is imported twice."""
        if "idempotency_key" not in self.columns or self.settings["kind"] == "mixed":
            self.choices += KEYS[str(self.settings["kind"])]

    def _drop(self, name: str) -> None:
        if self.columns.pop(name, None) is not None:
            self.choices = [line for line in self.choices if not line.startswith(f"{name}: ")]

    def _values(self, column: str) -> list[str]:
        place = self.header.index(column) if column in self.header else None
        if place is None:
            return []
        return [text for row in self.rows if (text := cell_text(row[place])) != ""]


def _has_offset(value: str) -> bool:
    try:
        return isinstance(_READ_ISO(value), datetime)
    except ItemRejected:
        return True


def _channels_question(column: str, values: Sequence[str]) -> str:
    shown = ", ".join(f'"{value}"' for value in values[:_MOST_ASKED])
    code = plain_name(values[0]).lstrip("0123456789_")[:63] or "a_code"
    return (
        f'"{column}" has values that are not channels: {shown}'
        + (f" and {len(values) - _MOST_ASKED} more" if len(values) > _MOST_ASKED else "")
        + f'. Map each to a code, such as "{values[0]}" = "{code}" under [channels], and declare'
        f' codes of your own, such as {code} = "{values[0]}" under [new_channels].'
    )
