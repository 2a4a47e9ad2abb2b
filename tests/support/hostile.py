"""Hostile input: strategies for JSON of every kind, and for items made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""What no stored text may hold: control characters, and halves of surrogate pairs."""

_texts = (
    st.text(st.characters(exclude_categories=()), max_size=40)
    | st.sampled_from(["", " ", "\x00", "\ud800", "jane@example.com", "jane%40example.com", "null"])
    | st.sampled_from(["capture", "refund", "USD", "email", "unattributed", "2026-05-01T12:00:00Z"])
    | st.integers(199, 2_001).map(lambda length: "x" * length)
)
_numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 10**15, 10**15 + 1, 2**63, 2**64, 10**45, -(10**45)])
)


def json_values() -> st.SearchStrategy[object]:
    """Any value that a JSON parser could return: NaN, huge integers, lone surrogates and NUL included."""
    return st.recursive(
        st.none() | st.booleans() | _numbers | _texts,
        lambda children: (
            st.lists(children, max_size=4) | st.dictionaries(_texts, children, max_size=4)
        ),
        max_leaves=8,
    )


def json_items(valid: Mapping[str, object], fields: Iterable[str]) -> st.SearchStrategy[object]:
    """Any JSON value and, more often, a valid item with some fields missing or replaced by any value."""
    changes = st.dictionaries(st.sampled_from(sorted(fields)), json_values(), max_size=3)
    left_out = st.sets(st.sampled_from(sorted(fields)), max_size=1)

    def change(replaced: dict[str, object], absent: set[str]) -> dict[str, object]:
        item = {**valid, **replaced}
        return {name: value for name, value in item.items() if name not in absent}

    return json_values() | st.builds(change, changes, left_out)
