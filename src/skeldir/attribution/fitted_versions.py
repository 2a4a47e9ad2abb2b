"""A fit as a model version: what it may credit, and by which weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from skeldir.attribution.models import FittedModel, ModelVersion
from skeldir.attribution.parameters import DEFAULT_HALF_LIFE_DAYS, CompleteParameters


@dataclass(frozen=True, slots=True)
class FittedVersion:
    """A numbered fit of a model, and the weight of each channel that it knows: see `whole_weights`.

    `intervals` has both ends of a weight where the fit has them. A journey begins again after each order, as the fit
    counted it.
    """

    model: FittedModel
    number: int
    lookback_days: int
    weights: Mapping[str, int]
    intervals: Mapping[str, tuple[int, int]]

    @property
    def name(self) -> str:
        """The version, such as markov@3."""
        return f"{self.model}@{self.number}"

    @property
    def parameters(self) -> CompleteParameters:
        """Its parameters, as every version has them; the half-life does not matter."""
        return CompleteParameters(self.lookback_days, "reset", DEFAULT_HALF_LIFE_DAYS)

    def as_version(self, name: str) -> ModelVersion:
        """Return it as a version with another name."""
        lookback = timedelta(days=self.lookback_days)
        return ModelVersion(name, self.model, lookback, "reset", weights=self.weights)
