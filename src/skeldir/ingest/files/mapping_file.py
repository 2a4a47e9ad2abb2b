"""Mapping files and flags become a `FileMapping`, or an error that names the wrong key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias, cast

from skeldir.attribution import LONGEST_DAYS, ModelParameters
from skeldir.ingest.files.amounts import ROUNDINGS
from skeldir.ingest.files.encodings import ENCODINGS
from skeldir.ingest.files.headers import DELIMITERS
from skeldir.ingest.files.mapping import (
    FILE_FORMATS,
    FILE_KINDS,
    ID_COLUMNS,
    KEY_COLUMNS,
    MOMENT_COLUMNS,
    ORDER_COLUMNS,
    STATE_COLUMN,
    TOUCH_COLUMNS,
    Condition,
    FileMapping,
    MappingInvalid,
    RefundColumns,
    cell_text,
    listed,
    unknown,
)
from skeldir.revenue import LONGEST_KEY

Settings: TypeAlias = Mapping[str, object]
"""Settings in the shape of a mapping file."""

HOW_TO_ANSWER: Final = (
    "Answer with flags, of which --set takes a line of a mapping; or write a mapping like those in"
    " examples/mappings."
)
"""The cure of whatever a file leaves open."""

COLUMNS: Final = (
    "idempotency_key",
    "order_key",
    *dict.fromkeys((*TOUCH_COLUMNS, *ORDER_COLUMNS, STATE_COLUMN)),
)
_TEXTS: Final = (
    "kind", "format", "delimiter", "encoding", "sheet", "currency", "amount_unit", "decimal_mark", "rounding",
    "time_zone", "time_format", "ambiguous_time",
)  # fmt: skip
_CONDITIONS: Final = ("touch_when", "order_when")
_FLAGS: Final = ("kind_by_sign", "one_page")
_NAMES: Final = ("click_ids", "channels", "new_channels", "kinds", "states", "zones")
_JOINED: Final = ("columns", *_NAMES, "models")
_KEYS: Final = (*_TEXTS, *_FLAGS, *_CONDITIONS, "columns", *_NAMES, "refund", "widths", "models")
_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "kind": FILE_KINDS,
    "format": FILE_FORMATS,
    "delimiter": tuple(DELIMITERS),
    "encoding": ENCODINGS,
    "amount_unit": ("major", "minor"),
    "decimal_mark": (".", ","),
    "rounding": ROUNDINGS,
    "ambiguous_time": ("refuse", "earlier", "later"),
}


def read_mapping(path: Path, flags: Settings | None = None) -> FileMapping:
    """Read a mapping file; `flags` take precedence over it. Raises MappingInvalid."""
    return mapping_from_settings(merge_settings(read_settings(path), flags or {}))


def read_settings(path: Path) -> dict[str, object]:
    """Return the settings of a mapping file, unchecked. Raises MappingInvalid when it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise MappingInvalid(
            f"The mapping {path.name} cannot be read: {error.strerror}.", cure="Check its path."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingInvalid(
            f"The mapping {path.name} is not TOML: {error}.",
            cure="Compare it with the examples in examples/mappings.",
        ) from error


def merge_settings(base: Settings, over: Settings) -> dict[str, object]:
    """Return `base` overridden by `over`; tables of names are merged key by key."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if key in _JOINED and isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = {**below, **value}
        else:
            merged[key] = value
    return merged


def mapping_from_settings(settings: Settings) -> FileMapping:
    """Return the mapping that `settings` describes, in the shape of a mapping file.

    Raises:
        MappingInvalid: a key is unknown or of the wrong type, or something required is missing.
    """
    for key in settings:
        if key not in _KEYS:
            unknown(key, "a mapping", _KEYS)
    texts = {key: _text(settings, key) for key in _TEXTS if key in settings}
    for key, allowed in _CHOICES.items():
        if key in texts and texts[key] not in allowed:
            unknown(texts[key], key, allowed)
    if "kind" not in texts:
        raise MappingInvalid(
            "The mapping has no kind.", cure="Set kind to touches, conversions or mixed."
        )
    given: dict[str, Any] = {
        **texts,
        **{key: _condition(settings, key) for key in _CONDITIONS if key in settings},
        **{key: _names(settings, key) for key in _NAMES if key in settings},
        **{key: _flag(settings, key) for key in _FLAGS if key in settings},
    }
    return FileMapping(
        columns=_columns(_table(settings, "columns")),
        refund=_refund(settings),
        widths=_widths(settings),
        models=_models(settings),
        **given,
    )


def _wrong_type(key: str, wanted: str) -> NoReturn:
    raise MappingInvalid(
        f"{key} must be {wanted}.", cure="Compare it with the examples in examples/mappings."
    )


def _text(settings: Settings, key: str) -> str:
    value = settings[key]
    return (
        value if isinstance(value, str) and value else _wrong_type(key, "a text that is not empty")
    )


def _flag(settings: Settings, key: str) -> bool:
    value = settings[key]
    return value if isinstance(value, bool) else _wrong_type(key, "true or false")


def _table(settings: Settings, key: str) -> Mapping[str, object]:
    value = settings.get(key, {})
    return value if isinstance(value, Mapping) else _wrong_type(key, "a table")


def _names(settings: Settings, key: str) -> dict[str, str]:
    table = _table(settings, key)
    if not all(isinstance(value, str) and value for value in table.values()):
        _wrong_type(f"[{key}]", "a table of texts")
    return cast("dict[str, str]", dict(table))


def _columns(table: Mapping[str, object], key: str = "columns") -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for field, value in table.items():
        if field not in COLUMNS:
            unknown(field, "[columns]", COLUMNS)
        names = [value] if isinstance(value, str) else value
        if (
            not isinstance(names, list | tuple)
            or not names
            or not all(isinstance(n, str) and n for n in names)
        ):
            _wrong_type(f"[{key}] {field}", "a column's name, or a list of them")
        if len(names) > (MOMENT_COLUMNS if field == "occurred_at" else 1) and (
            field not in KEY_COLUMNS
        ):
            _wrong_type(
                f"[{key}] {field}",
                f"one column; only {listed(KEY_COLUMNS)} may be several, and occurred_at"
                f" up to {MOMENT_COLUMNS}: date, time, zone",
            )
        columns[field] = tuple(names)
    return columns


def _condition(settings: Settings, key: str) -> Condition:
    table = _table(settings, key)
    for name in table:
        if name not in ("column", "equals"):
            unknown(name, key, ("column", "equals"))
    column = table.get("column")
    equals = table.get("equals", [])
    values = equals if isinstance(equals, list | tuple) else [equals]
    if not isinstance(column, str) or not all(isinstance(v, str | int) for v in values):
        _wrong_type(key, 'written like { column = "conversion", equals = "1" }')
    return Condition(column, tuple(cell_text(value) for value in values))


def _refund(settings: Settings) -> RefundColumns | None:
    if "refund" not in settings:
        return None
    table = _table(settings, "refund")
    for name in table:
        if name not in ("amount", "occurred_at"):
            unknown(name, "[refund]", ("amount", "occurred_at"))
    if len(table) < 2:
        raise MappingInvalid(
            "[refund] needs the columns of both the amount and the time.",
            cure="If the time of refunds is not known, leave out [refund].",
        )
    columns = _columns({name: table[name] for name in ("amount", "occurred_at")}, "refund")
    return RefundColumns(columns["amount"][0], columns["occurred_at"])


def _widths(settings: Settings) -> dict[str, int] | None:
    if "widths" not in settings:
        return None
    table = _table(settings, "widths")
    for field, width in table.items():
        if field not in ID_COLUMNS:
            unknown(field, "[widths]", ID_COLUMNS)
        if type(width) is not int or not 1 <= width <= LONGEST_KEY:
            _wrong_type(f"[widths] {field}", "the number of digits that each id has")
    return cast("dict[str, int]", dict(table))


def _models(settings: Settings) -> ModelParameters | None:
    if "models" not in settings:
        return None
    table = _table(settings, "models")
    for name in table:
        if name not in ("lookback_days", "after_conversion"):
            unknown(name, "[models]", ("lookback_days", "after_conversion"))
    days, after = table.get("lookback_days"), table.get("after_conversion")
    if days is not None and (type(days) is not int or not 1 <= days <= LONGEST_DAYS):
        _wrong_type("[models] lookback_days", f"a whole number of days from 1 to {LONGEST_DAYS}")
    if after not in (None, "keep", "reset"):
        _wrong_type("[models] after_conversion", "keep or reset")
    return ModelParameters(days, after)
