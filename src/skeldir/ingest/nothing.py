"""What trackers, databases and spreadsheets write where they have nothing: these texts are never values.

Stated once, for every field, whether it comes by HTTP or from a file. Letter case and white space
around a text never matter. A text counts only as a whole: a campaign called `none left` is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

PLACEHOLDERS: Final = frozenset(
    [
        # Programs and databases.
        "null", "(null)", "<null>", "[null]", "none", "(none)", "<none>", "nil", "(nil)", "<nil>",
        "nan", "<nan>", "nat", "<na>", "undefined", "(undefined)", "[undefined]", "\\n", "void 0",
        "[object object]", "{}", "[]", "''", '""',
        # Spreadsheets, and people.
        "-", "--", "---", "\u2013", "\u2014", "n/a", "#n/a", "(n/a)", "n.a.", "#null!", "#value!", "#ref!",
        "#name?", "(empty)", "(blank)", "<empty>", "<blank>",
        # Analytics, in English.
        "(not set)", "not set", "(not provided)", "not provided", "(data not available)",
        "data not available", "(not available)", "not available", "(unavailable)",
        # The same in the languages of the presets: German, French, Spanish, Italian, Portuguese, Dutch,
        # Polish, Swedish, Danish, Czech, Japanese.
        "(nicht festgelegt)", "nicht festgelegt", "(nicht gesetzt)", "nicht gesetzt", "(keine)",
        "(keiner)", "(leer)", "(nicht verfügbar)", "nicht verfügbar", "keine angabe", "k. a.", "k.a.",
        "(keine daten verfügbar)", "(non défini)", "non défini", "(non définie)", "(aucun)", "(aucune)",
        "(vide)", "(non disponible)", "non disponible", "s.o.", "(données non disponibles)",
        "(no definido)", "no definido", "(sin definir)", "sin definir", "(no establecido)",
        "no establecido", "(ninguno)", "(ninguna)", "(vacío)", "(no disponible)", "no disponible",
        "(non impostato)", "non impostato", "(nessuno)", "(nessuna)", "(vuoto)", "(não definido)",
        "não definido", "(nenhum)", "(nenhuma)", "(vazio)", "(não disponível)", "não disponível",
        "(niet ingesteld)", "niet ingesteld", "(geen)", "(leeg)", "(niet beschikbaar)",
        "niet beschikbaar", "n.v.t.", "(nie ustawiono)", "nie ustawiono", "(brak)", "brak danych",
        "(inte angivet)", "(ingen)", "(ikke angivet)", "(nenastaveno)", "(žádný)", "(未設定)", "(なし)",
    ]
)  # fmt: skip
"""Case-folded texts that stand for nothing in every field."""

LABEL_PLACEHOLDERS: Final = PLACEHOLDERS | {"(direct)", "$direct"}
"""Of a source, medium, campaign or referrer: `(direct)` says there was none of them."""

ID_PLACEHOLDERS: Final = LABEL_PLACEHOLDERS | {
    "na", "(other)", "unknown", "(unknown)", "anonymous", "(anonymous)", "guest",
}  # fmt: skip
"""Of an id: also what is written for everybody without one. A campaign may be called `na`; no order is."""

_LONGEST: Final = max(map(len, ID_PLACEHOLDERS))
_LONGEST_WITH_BLANKS: Final = 4 * _LONGEST


def is_nothing(value: object) -> bool:
    """Return whether a value of any field is absent: None, "", a float that is no number, a placeholder."""
    return _is_nothing(value, PLACEHOLDERS)


def is_no_label(value: object) -> bool:
    """Return whether a source, medium, campaign or referrer is absent, or a placeholder."""
    return _is_nothing(value, LABEL_PLACEHOLDERS)


def is_no_id(value: object) -> bool:
    """Return whether an order id, a key or the id of a person is absent, or a placeholder."""
    if (
        type(value) is str
        and len(value) > _LONGEST
        and not (value[0].isspace() or value[-1].isspace())
    ):
        return False  # as most ids are; a large import asks millions of times
    return _is_nothing(value, ID_PLACEHOLDERS)


def holds_no_id(texts: Sequence[str]) -> bool:
    """Return whether one of many ids, without white space around them, is a placeholder."""
    if min(map(len, texts), default=_LONGEST + 1) > _LONGEST:
        return False
    return not ID_PLACEHOLDERS.isdisjoint(map(str.casefold, texts))


def _is_nothing(value: object, placeholders: frozenset[str]) -> bool:
    if isinstance(value, str):
        if len(value) > _LONGEST_WITH_BLANKS:
            return False
        return value == "" or value.strip().casefold() in placeholders
    return value is None or (isinstance(value, float) and math.isnan(value))
