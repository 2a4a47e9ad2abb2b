"""Fits: what channels earn by what journeys show, with intervals, as versions that stay. The door of the room."""

from skeldir.fits.activating import activate_fit, weigh_fit
from skeldir.fits.asking import (
    DEFAULT_DRAWS,
    DEFAULT_LEVEL_PERCENT,
    DEFAULT_LOOKBACK_DAYS,
    MARKOV,
    SHAPLEY,
    FitAsked,
)
from skeldir.fits.comparing import compare_fits
from skeldir.fits.fitting import FEWEST_CONVERSIONS, FEWEST_JOURNEYS, FEWEST_OF_CHANNEL, make_fit
from skeldir.fits.reading import read_journeys
from skeldir.fits.refusals import FitInvalid, FitTooSmall, FitUnknown, TouchesForgotten
from skeldir.fits.schemas import (
    ChannelFit,
    ComparedChannel,
    Fit,
    FitComparison,
    FitResult,
    FitSummary,
    Part,
)
from skeldir.fits.storing import find_fit, fit_model, list_fits

__all__ = [
    "DEFAULT_DRAWS",
    "DEFAULT_LEVEL_PERCENT",
    "DEFAULT_LOOKBACK_DAYS",
    "FEWEST_CONVERSIONS",
    "FEWEST_JOURNEYS",
    "FEWEST_OF_CHANNEL",
    "MARKOV",
    "SHAPLEY",
    "ChannelFit",
    "ComparedChannel",
    "Fit",
    "FitAsked",
    "FitComparison",
    "FitInvalid",
    "FitResult",
    "FitSummary",
    "FitTooSmall",
    "FitUnknown",
    "Part",
    "TouchesForgotten",
    "activate_fit",
    "compare_fits",
    "find_fit",
    "fit_model",
    "list_fits",
    "make_fit",
    "read_journeys",
    "weigh_fit",
]
