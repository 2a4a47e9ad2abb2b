"""Values inside the objects of a JSON file, by paths such as `context.page.url`.

`refunds[].total` is a sum over a list, `actions[0].url` is of its first object. A list of keys with their values, such
as the parameters of GA4's events, reads like an object: `event_params.currency`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

_IN_LIST: Final = "[]"
_FIRST: Final = "[0]"
_NAMES: Final = ("key", "name")
# Of a value that BigQuery exports with its type; one of them is filled.
_TYPED: Final = ("string_value", "int_value", "float_value", "double_value")
_DEEPEST: Final = 4
_MOST_PATHS: Final = 2_000


def find_paths(items: list[dict[str, object]]) -> tuple[str, ...]:
    """Return the keys of objects, then the paths of what is inside them; at most 2,000 of these, of four keys each."""
    keys = dict.fromkeys(key for item in items for key in item)
    paths: dict[str, None] = {}
    for item in items:
        for key, value in item.items():
            if isinstance(value, dict | list):
                for path in _paths_in(key, value, 2):
                    if path not in keys and len(paths) < _MOST_PATHS:
                        paths[path] = None
    return (*keys, *paths)


def _paths_in(path: str, value: object, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if _is_named(value):
        value = {
            name: found for name in _names_in(value) if (found := _named(value, name)) is not None
        }
    if isinstance(value, list) and _IN_LIST not in path:
        for part in value:
            if isinstance(part, dict):
                yield from _paths_in(f"{path}{_IN_LIST}", part, depth)
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = f"{path}.{key}"
            if isinstance(inner, dict | list):
                yield from _paths_in(below, inner, depth + 1)
            else:
                yield below


def root_of(path: str) -> str:
    """Return the key of an object that a path begins with."""
    return path.partition(".")[0].removesuffix(_IN_LIST).removesuffix(_FIRST)


def value_reader(path: str) -> Callable[[dict[str, object]], object]:
    """Return the reader of a key or a path; a key that is written like a path counts before it."""
    if "." not in path:
        return lambda item: item.get(path)
    before, in_list, behind = path.partition(f"{_IN_LIST}.")
    keys = before.split(".")
    inner = behind.split(".") if in_list else None

    def read(item: dict[str, object]) -> object:
        if path in item:
            return item[path]
        value = _walk(item, keys)
        return value if inner is None else _sum_of(value, inner)

    return read


def _walk(value: object, keys: list[str]) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            found = value.get(key)
            if found is None and key.endswith(_FIRST):
                found = _first(value.get(key.removesuffix(_FIRST)))
            value = found
        elif isinstance(value, list):
            value = _named(value, key)
        else:
            return None
    return value


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None


def _is_named(value: object) -> bool:
    """Return whether a value is a list of keys with their values."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(part, dict) and any(part.keys() == {name, "value"} for name in _NAMES)
            for part in value
        )
    )


def _names_in(parts: object) -> Iterator[str]:
    for part in parts if isinstance(parts, list) else ():
        yield from (str(part[name]) for name in _NAMES if name in part)


def _named(parts: object, name: str) -> object:
    """Return the value that stands beside a key in a list; None without it."""
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Mapping) and name in (part.get(_NAMES[0]), part.get(_NAMES[1])):
            value = part.get("value")
            if isinstance(value, Mapping) and any(kind in value for kind in _TYPED):
                return next((value[k] for k in _TYPED if value.get(k) is not None), None)
            return value
    return None


def _sum_of(value: object, keys: list[str]) -> object:
    """Return the sum of the numbers in the objects of a list; without any, None; the list where one is no number."""
    if not isinstance(value, list) or not value:
        return None
    total = Decimal()
    for part in value:
        number = _walk(part, keys)
        try:
            total += Decimal(str(number)) if not isinstance(number, bool) else Decimal("nan")
        except InvalidOperation:
            return value
    return total if total.is_finite() else value
