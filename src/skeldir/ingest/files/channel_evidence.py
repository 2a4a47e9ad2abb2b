"""What a column shows of the channels in it: those of the taxonomy, by code or label, and those to ask about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from skeldir.ingest.channels import COMMON_CHANNELS
from skeldir.ingest.files.amount_evidence import Answers
from skeldir.ingest.files.names import plain_name

_MOST_ASKED: Final = 20


def settle_channels(column: str, values: Sequence[str], own: Collection[str]) -> Answers:
    """Return the codes of the channels in a column of labels, and the question about those that are unknown.

    `own` are the codes that the tenant has, or that the mapping declares.
    """
    answers = Answers()
    codes = {*COMMON_CHANNELS, *own}
    known = {plain_name(label): code for code, label in COMMON_CHANNELS.items()}
    known |= {code: code for code in codes}
    unmatched = [value for value in dict.fromkeys(values) if value not in codes]
    names = {value: known[plain_name(value)] for value in unmatched if plain_name(value) in known}
    if names:
        answers.settings["channels"] = names
        answers.choices += [f'channel "{value}": {code}' for value, code in names.items()]
    if unknown_values := [value for value in unmatched if value not in names]:
        answers.questions.append(_ask(column, unknown_values))
    return answers


def _ask(column: str, values: Sequence[str]) -> str:
    shown = ", ".join(f'"{value}"' for value in values[:_MOST_ASKED])
    code = plain_name(values[0]).lstrip("0123456789_")[:63] or "a_code"
    return (
        f'"{column}" has values that are not channels: {shown}'
        + (f" and {len(values) - _MOST_ASKED} more" if len(values) > _MOST_ASKED else "")
        + f'. Map each to a code, such as "{values[0]}" = "{code}" under [channels], and declare'
        f' codes of your own, such as {code} = "{values[0]}" under [new_channels].'
    )
