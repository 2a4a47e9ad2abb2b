"""The rows of the report of sources and campaigns: a channel's credit and spend, and the parts of both. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from skeldir.attribution.origin_credit import Amounts
from skeldir.attribution.origin_schemas import (
    Models,
    OriginCredit,
    OriginPart,
    OriginRow,
    OtherParts,
)
from skeldir.attribution.ratios import (
    conversions_as_text,
    cost_per_conversion,
    return_on_spend,
    share_of,
)

OfModels: TypeAlias = dict[str, Amounts]
"""By model version."""
NOTHING: Final = (0, 0)


@dataclass(frozen=True, slots=True)
class ChannelSpend:
    """What a channel cost, and as far as it is known, what its values did."""

    cents: int = 0
    of_values: Mapping[str | None, int] = field(default_factory=dict)


def make_row(
    key: tuple[str, str],
    total: OfModels,
    values: Mapping[str | None, OfModels],
    names: Mapping[str, str],
    top: int,
    spend: ChannelSpend,
    of_currency: OfModels | None,
) -> OriginRow:
    """Divide a channel's total; `names` are those of the versions by model.

    `of_currency` is the credit of all channels in the currency, or None if not all of them are read.
    """
    ranked = sorted(
        values,
        key=lambda value: (
            -sum(abs(cents) for cents, _ in values[value].values()),
            value is not None,
            value or "",
        ),
    )
    known = add_up(values.values())
    rest = {
        version: add_amounts(total.get(version, NOTHING), known.get(version, NOTHING), sign=-1)
        for version in names.values()
    }
    others = ranked[top:]
    of_others = [spend.of_values[value] for value in others if value in spend.of_values]
    spent_by_others = sum(of_others) if of_others else None
    return OriginRow(
        *key,
        spend.cents,
        _show(total, names, of_currency or {}, spend.cents),
        [
            OriginPart(
                value,
                spend.of_values.get(value),
                _show(values[value], names, total, spend.of_values.get(value)),
            )
            for value in ranked[:top]
        ],
        OtherParts(
            len(others),
            spent_by_others,
            _show(add_up(values[value] for value in others), names, total, spent_by_others),
        ),
        _show(rest, names, total, None),
        spend.cents - sum(spend.of_values.values()),
    )


def add_up(some: Iterable[OfModels]) -> OfModels:
    """Return the sums by version."""
    sums: OfModels = {}
    for one in some:
        for version, amounts in one.items():
            sums[version] = add_amounts(sums.get(version, NOTHING), amounts)
    return sums


def add_amounts(some: Amounts, more: Amounts, *, sign: int = 1) -> Amounts:
    """Return the sum, or with a sign of -1 the difference."""
    return some[0] + sign * more[0], some[1] + sign * more[1]


def _show(
    amounts: OfModels, names: Mapping[str, str], whole: OfModels, spend: int | None
) -> Models:
    return {
        model: OriginCredit(
            cents,
            conversions_as_text(ppt),
            return_on_spend(cents, spend or 0),
            cost_per_conversion(spend or 0, ppt),
            share_of(cents, whole.get(version, NOTHING)[0]),
        )
        for model, version in names.items()
        for cents, ppt in (amounts.get(version, NOTHING),)
    }
