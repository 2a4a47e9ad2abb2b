"""What a model credits against what an experiment measured. Pure."""

from __future__ import annotations

from typing import Literal

from skeldir.lifts.schemas import ModelFigure
from skeldir.lifts.stating import Measured, in_words


def compare(measured: Measured, version: str, credited: int, *, is_fit: bool) -> ModelFigure:
    """Return where a model's figure is by the test's interval; all in the units of the measurement."""
    position: Literal["below", "inside", "above"] = "inside"
    beyond = 0
    if credited < measured.lower:
        position, beyond = "below", measured.lower - credited
    elif credited > measured.upper:
        position, beyond = "above", credited - measured.upper
    return ModelFigure(
        version,
        is_fit,
        in_words(measured.key, credited),
        position,
        in_words(measured.key, beyond),
        in_words(measured.key, credited - measured.incremental),
    )
