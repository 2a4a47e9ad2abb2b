"""What programs write where there is nothing: such a text is no source, no order, and above all no visitor."""

from __future__ import annotations

from itertools import product
from typing import Final

_WORDS: Final = (
    "null", "none", "nil", "nan", "nat", "undefined", "n/a", "#n/a", "n.a.", "-", "--", "\u2013", "\u2014", "\\n",
    "<null>", "(null)", "[null]", "<none>", "<nil>", "<na>", "(blank)", "(empty)", "(leer)", "[object object]",
    "(not set)", "(none)", "(not provided)", "(data not available)", "(data deleted)", "(unavailable)",
    "(nicht festgelegt)", "(keine)", "(keine angabe)", "(daten nicht verf\u00fcgbar)",
    "(non d\u00e9fini)", "(non d\u00e9finie)", "(aucun)", "(aucune)", "(donn\u00e9es non disponibles)",
    "(no establecido)", "(no definido)", "(sin definir)", "(ninguno)", "(datos no disponibles)",
    "(non impostato)", "(nessuno)", "(dati non disponibili)", "(niet ingesteld)", "(geen)",
    "(gegevens niet beschikbaar)",
    "(n\u00e3o definido)", "(nenhum)", "(dados n\u00e3o dispon\u00edveis)", "(nie ustawiono)", "(brak)",
)  # fmt: skip
# As they are: "na" in small letters may be a place or a campaign.
_AS_WRITTEN: Final = ("NA", "[object Object]")
_MOST_LETTERS: Final = 9


def _spellings(word: str) -> set[str]:
    """Return a word in every mixture of cases; a long one in those that people and programs use."""
    if sum(letter.isalpha() for letter in word) > _MOST_LETTERS:
        return {
            word,
            word.upper(),
            word.title(),
            word.capitalize(),
            word[:1] + word[1:].capitalize(),
        }
    return {"".join(letters) for letters in product(*({one, one.upper()} for one in word))}


NOTHING: Final = frozenset(
    {"", *_AS_WRITTEN, *(spelling for word in _WORDS for spelling in _spellings(word))}
)
"""The texts that mean nothing, in their spellings."""


def is_nothing(value: object) -> bool:
    """Return whether a value is none, or a text that stands for none."""
    return value is None or (isinstance(value, str) and value in NOTHING)
