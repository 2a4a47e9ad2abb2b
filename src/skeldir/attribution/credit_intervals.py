"""How far credit by a fit may move: the interval of each channel's share, in minor units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from skeldir.attribution.models import FITTED_MODELS
from skeldir.attribution.store import queries
from skeldir.money import Cents

if TYPE_CHECKING:
    from skeldir.db import Connection


@dataclass(frozen=True, slots=True)
class CreditInterval:
    """The credit by a fit, multiplied by both ends of the channel's interval divided by its share in the fit."""

    lower_cents: Cents
    upper_cents: Cents


Ends: TypeAlias = Mapping[tuple[str, str], tuple[Fraction, Fraction]]
"""By model and channel: both ends of the interval, divided by the share."""


async def read_ends(
    connection: Connection, tenant_id: UUID, model_versions: Mapping[str, str]
) -> Ends:
    """Return the ends of channels with an interval, by the versions of models that are fitted."""
    fits = [model_versions[model] for model in FITTED_MODELS if model in model_versions]
    if not fits:
        return {}
    rows = await queries.select_intervals(connection, tenant_id=tenant_id, model_versions=fits)
    return {
        (row["model"], channel): (Fraction(lower, weight), Fraction(upper, weight))
        for row in rows
        for channel, weight, lower, upper in zip(
            row["channels"], row["weights"], row["lower_weights"], row["upper_weights"], strict=True
        )
        if lower is not None and upper is not None
    }


def interval_of(
    credited_cents: int, ends: tuple[Fraction, Fraction] | None
) -> CreditInterval | None:
    """Return the interval of an amount, rounded outwards; None without ends."""
    if ends is None:
        return None
    amounts = sorted(credited_cents * end for end in ends)
    return CreditInterval(floor(amounts[0]), ceil(amounts[1]))
