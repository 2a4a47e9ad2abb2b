"""Values inside the objects of a JSON file, by paths such as `context.page.url`; `refunds[].total` is a sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

_IN_LIST: Final = "[]"
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
    return path.partition(".")[0].removesuffix(_IN_LIST)


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
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


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
