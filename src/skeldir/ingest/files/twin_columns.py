"""Columns whose names differ only in case, blanks or accents, such as `Total` and `total`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skeldir.ingest.files.mapping import cell_text
from skeldir.ingest.files.names import plain_name
from skeldir.ingest.files.whole import WholeFile


def ask_about_twins(
    everything: WholeFile, chosen: Mapping[str, object], given: Mapping[str, object]
) -> Iterator[str]:
    """Yield a question for each recognised column that has a twin with other values.

    `chosen` and `given` are settings in the shape of a mapping file; columns that people named in `given` are meant.
    """
    stated = {column for _, column in _columns(given)}
    asked = set[str]()
    for setting, column in _columns(chosen):
        if column in stated or column in asked:
            continue
        asked.add(column)
        plain = plain_name(column)
        twins = [name for name in everything.header if plain_name(name) == plain]
        for twin in dict.fromkeys(twins):
            if twin == column or twin in stated:
                continue
            pairs = map(_texts, everything.read([column, twin]))
            differ = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if differ is not None:
                yield (
                    f'Which column is meant, "{column}" or "{twin}"? One has "{differ[0]}" where the other has'
                    f' "{differ[1]}": name it{_where(setting, column)}.'
                )


def _texts(cells: Sequence[object]) -> list[str]:
    return [cell_text(cell).strip() for cell in cells]


def _where(setting: str, column: str) -> str:
    if setting in ("order_when", "refund", "click_ids"):
        return f" under {setting} in a mapping"
    return f' by --column {setting}="{column}", or the other'


def _columns(settings: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the columns that settings name, each with its field or the setting that it stands in."""
    fields = settings.get("columns")
    for field, names in fields.items() if isinstance(fields, Mapping) else ():
        for name in [names] if isinstance(names, str) else names:
            yield str(field), str(name)
    for setting in ("refund", "click_ids"):
        table = settings.get(setting)
        for names in table.values() if isinstance(table, Mapping) else ():
            for name in [names] if isinstance(names, str) else names:
                yield setting, str(name)
    when = settings.get("order_when")
    if isinstance(when, Mapping):
        yield "order_when", str(when.get("column"))
