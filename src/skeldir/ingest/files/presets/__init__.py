"""Mappings for the exports of well-known systems, chosen by a file's own header.

Each is a file beside this one: `[preset]` has its name, the columns that a header must have
(`has`), where that header was seen (`source`), what to use when a column is missing (`or_else`), and what
people should know before they import it (`note`); `[settings]` is a mapping. `refuse` says why nothing can be imported
from such a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from skeldir.ingest.files.mapping import MappingInvalid

_REQUIRED: Final = ("occurred_at", "amount", "state", "kind")


@dataclass(frozen=True, slots=True)
class Preset:
    """One file of this folder."""

    name: str
    has: frozenset[str]
    source: str
    refuse: str | None
    note: str | None
    or_else: Mapping[str, str]
    settings: Mapping[str, object]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Return the columns that the preset reads where a file has them."""
        listed = [
            name
            for key in ("columns", "refund", "click_ids")
            for names in _table(self.settings.get(key)).values()
            for name in (names if isinstance(names, list) else [names])
        ]
        return tuple(str(name) for name in listed)

    def settings_for(
        self, header: Sequence[str], possible: Sequence[str] = ()
    ) -> tuple[dict[str, object], list[str]]:
        """Return the settings without the columns that a file lacks, and the choices to report.

        `possible` are columns that its first rows do not have, and others may.
        """
        choices = [f"preset: {self.name}, by the file's header"]
        choices += [self.note] if self.note is not None else []
        settings = dict(self.settings)
        columns = _table(settings.get("columns"))
        for field, names in list(columns.items()):
            listed = names if isinstance(names, list) else [names]
            if set(listed) <= set(header):
                continue
            other = self.or_else.get(field)
            if other in header:
                columns[field] = other
            elif set(listed) <= {*header, *possible}:
                continue
            elif field not in _REQUIRED or field == "state":
                # A required column that is missing is asked for by name.
                del columns[field]
        settings["columns"] = columns
        if "state" not in columns:
            settings.pop("states", None)
        settings |= self._conditions(settings, header)
        if "refund" in settings:
            self._date_refunds(settings, [*header, *possible], choices)
        clicks = {k: v for k, v in _table(settings.pop("click_ids", None)).items() if v in header}
        if clicks:
            settings["click_ids"] = clicks
        choices += [f"{field}: {_shown(names)}" for field, names in columns.items()]
        return settings, choices

    def _conditions(self, settings: dict[str, object], header: Sequence[str]) -> dict[str, object]:
        kept: dict[str, object] = {}
        for key in ("touch_when", "order_when"):
            condition = _table(settings.pop(key, None))
            if condition and condition["column"] in header:
                kept[key] = condition
        return kept

    def _date_refunds(
        self, settings: dict[str, object], header: Sequence[str], choices: list[str]
    ) -> None:
        refund = _table(settings.pop("refund"))
        if refund["amount"] not in header:
            raise MappingInvalid(
                f'The file is of {self.name}, but has no column "{refund["amount"]}", so refunds would be lost.',
                cure="Export that column too; if refunds come by another way, use a mapping (--map) without [refund].",
            )
        columns = _table(settings["columns"])
        if refund["occurred_at"] not in header:
            refund["occurred_at"] = self.or_else.get("refund", columns.get("occurred_at"))
        settings["refund"] = refund
        when = f'"{refund["occurred_at"]}"'
        if refund["occurred_at"] == columns.get("occurred_at"):
            when += ", the order's own time: the file does not say when"
        choices.append(f'refunds so far: column "{refund["amount"]}", at {when}')


def find_preset(header: Sequence[str], kind: str | None = None) -> Preset | None:
    """Return the preset for a header; of several, one of that `kind`, and then the one known by the most columns."""
    fitting = [preset for preset in load_presets() if preset.has <= set(header)]
    return max(
        fitting, key=lambda one: (one.settings.get("kind") == kind, len(one.has)), default=None
    )


@cache
def load_presets() -> tuple[Preset, ...]:
    """Return every preset, by the name of its file."""
    folder = resources.files(__package__)
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(_read(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files)


def _read(text: Mapping[str, object]) -> Preset:
    about = _table(text["preset"])
    or_else = {str(name): str(value) for name, value in _table(about.get("or_else")).items()}
    has, refuse, note = about["has"], about.get("refuse"), about.get("note")
    if not isinstance(has, list):
        raise TypeError("A preset lists the columns that its header has.")
    return Preset(
        str(about["name"]),
        frozenset(map(str, has)),
        str(about["source"]),
        str(refuse) if refuse is not None else None,
        str(note) if note is not None else None,
        or_else,
        _table(text.get("settings")),
    )


def _table(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _shown(names: object) -> str:
    listed = names if isinstance(names, list) else [names]
    return ("columns " if len(listed) > 1 else "column ") + ", ".join(f'"{n}"' for n in listed)
