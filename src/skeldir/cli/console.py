"""Where commands print: what people and programs named is shown as text, and never obeyed by a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

if TYPE_CHECKING:
    from rich.text import Text

# Amounts are never cut to fit: a terminal that is narrower wraps the lines.
_NARROWEST: Final = 112
# Control characters but for the end of a line and the tabulator, and those that turn the direction of writing.
_OBEYED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class PlainConsole(Console):
    """A console that shows what a terminal would obey, such as the escape character in a tenant's name, as `\\x1b`."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text with escapes in the place of characters that a terminal obeys."""
        return super().render_str(_OBEYED.sub(_show, text), **options)


def _show(character: re.Match[str]) -> str:
    return ascii(character.group())[1:-1]


# What people named may hold brackets, so nothing is read as markup.
out = PlainConsole(highlight=False, markup=False, width=max(_NARROWEST, Console().width))
err = PlainConsole(stderr=True, highlight=False, markup=False)
