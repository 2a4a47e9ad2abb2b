"""Choosing the mapping of a file, by a mapping file and flags, a preset, or its columns, and describing the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skeldir.ingest.files.cut_off import refuse_cut_off
from skeldir.ingest.files.encodings import ENCODINGS
from skeldir.ingest.files.headers import DELIMITERS
from skeldir.ingest.files.layout import FileLayout
from skeldir.ingest.files.mapping import (
    FILE_FORMATS,
    FileKind,
    FileMapping,
    MappingInvalid,
    unknown,
)
from skeldir.ingest.files.mapping_file import (
    Settings,
    mapping_from_settings,
    merge_settings,
    read_settings,
)
from skeldir.ingest.files.presets import Preset, find_preset
from skeldir.ingest.files.readers import look_at_file
from skeldir.ingest.files.recognise import recognise_columns, settle_values
from skeldir.ingest.files.survey import ReadColumns, read_columns

_MOST_SHOWN: Final = 5


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
    """Return the mapping to import `path` with: from `map_file` if there is one, else a preset, else recognised.

    `flags` (in the shape of a mapping file) take precedence over all. Without `kind`, it is taken
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
    for name, known in (("delimiter", tuple(DELIMITERS)), ("encoding", ENCODINGS)):
        if name in given and given[name] not in known:
            unknown(str(given[name]), name, known)
    delimiter, encoding, sheet = (given.get(key) for key in ("delimiter", "encoding", "sheet"))
    layout = look_at_file(
        path,
        form=form,
        delimiter=delimiter if isinstance(delimiter, str) else None,
        encoding=encoding if isinstance(encoding, str) else None,
        sheet=sheet if isinstance(sheet, str) else None,
        one_page=given.get("one_page") is True,
    )
    whole = read_columns(path, layout)
    if map_file is None:
        mapping, choices = _recognise(layout, kind, given, own_channels, whole)
    else:
        stated = mapping_from_settings(given)
        stated.check_columns(layout.header_with(stated.wanted))
        mapping, choices = settle_values(layout.header, layout.sample, given, whole=whole)
    mapping.check_columns(layout.header_with(mapping.wanted))
    refuse_cut_off(path, layout, mapping)
    return ChosenMapping(mapping, layout, (*_describe(layout), *choices))


def _recognise(
    layout: FileLayout,
    kind: FileKind | None,
    given: Settings,
    own_channels: Iterable[str],
    whole: ReadColumns | None,
) -> tuple[FileMapping, list[str]]:
    preset = find_preset(layout.header, kind)
    if preset is not None and preset.refuse is not None:
        raise MappingInvalid(f"The file is a {preset.name}.", cure=preset.refuse)
    is_fitting = preset is not None and kind in (None, preset.settings["kind"])
    settings: dict[str, object] = {}
    chosen: list[str] = []
    if preset is not None and is_fitting:
        settings, chosen = preset.settings_for(layout.header, layout.header_with(preset.wanted))
    try:
        mapping, choices = recognise_columns(
            layout.header,
            layout.sample,
            merge_settings(settings, given),
            own_channels=own_channels,
            whole=whole,
            is_complete=is_fitting,
        )
    except MappingInvalid as invalid:
        if preset is None:
            raise
        raise _named_by_preset(preset, invalid, is_fitting=is_fitting) from invalid
    return mapping, [*chosen, *choices]


def _named_by_preset(
    preset: Preset, invalid: MappingInvalid, *, is_fitting: bool
) -> MappingInvalid:
    """Return the error with the name of the preset, and with the command that imports such a file."""
    if is_fitting:
        return MappingInvalid(
            f"The file is read as {preset.name}. {invalid.detail}", cure=invalid.cure
        )
    kind = preset.settings["kind"]
    return MappingInvalid(
        f"The file looks like {preset.name}, which is imported as {kind}. {invalid.detail}",
        cure=f"Use `skeldir import {kind}`. Or: {invalid.cure}",
    )


def _describe(layout: FileLayout) -> Iterator[str]:
    """Say what of the file is no row, and how its text is read, where that is not the usual way."""
    if layout.sheet is not None:
        yield f'sheet: "{layout.sheet}"'
    if layout.encoding != "utf-8":
        yield f"encoding: {layout.encoding}"
    if layout.before:
        shown = "; ".join(f'{line}: "{text}"' for line, text in layout.before[:_MOST_SHOWN])
        more = len(layout.before) - _MOST_SHOWN
        yield (
            f"the header is line {layout.header_line}; lines before it that are not read: {shown}"
            + (f" and {more} more" if more > 0 else "")
        )
    if layout.totals is not None:
        yield layout.totals.describe()
