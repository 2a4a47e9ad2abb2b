"""The texts of pages by language, from the files of `texts/<language>`: one for each page, and `common.toml`.

A text is found by a name such as `table.total`, and may have placeholders in braces: `{count} orders`. A text
that depends on a number has the forms `one` and `other`. All languages have the same names and placeholders, which a
test checks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from skeldir.web.locales import Locale

_TEXTS: Final = files("skeldir.web") / "texts"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language. They are plain text: a template escapes them with what is put into them."""

    locale: Locale
    texts: Mapping[str, str]

    def __call__(self, name: str, /, **values: str) -> str:
        """Return a text with its placeholders filled. Raises `KeyError` for an unknown name or a missing value."""
        return self.texts[name].format_map(values)

    def counted(self, name: str, count: int, written: str, /, **values: str) -> str:
        """Return the form of a text for `count`, which is written as `written`: "1 order", "1,204 orders"."""
        is_one = count == 1 or (count == 0 and self.locale.zero_is_singular)
        return self(f"{name}.{'one' if is_one else 'other'}", count=written, **values)


def phrases_for(locale: Locale) -> Phrases:
    """Return the texts of a locale's language."""
    return Phrases(locale, read_texts(locale.language))


@cache
def read_texts(language: str) -> Mapping[str, str]:
    """Return the texts of a language by their full names. Raises `FileNotFoundError` for one without texts."""
    texts: dict[str, str] = {}
    for file in sorted(_TEXTS.joinpath(language).iterdir(), key=lambda each: each.name):
        texts |= _flat(tomllib.loads(file.read_text(encoding="utf-8")), "")
    return MappingProxyType(texts)


def _flat(texts: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in texts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
