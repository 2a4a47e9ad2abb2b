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
from skeldir.fits.keeping import read_journeys
from skeldir.fits.refusals import (
    FitInvalid,
    FitRequestUnknown,
    FitTooSmall,
    FitUnknown,
    FitWaiting,
    TouchesForgotten,
)
from skeldir.fits.request_schemas import FitRequest
from skeldir.fits.requests import find_latest_request, read_fit_request, request_fit
from skeldir.fits.schemas import (
    ChannelEarning,
    ChannelFit,
    ComparedChannel,
    Fit,
    FitComparison,
    FitResult,
    FitSummary,
    Part,
)
from skeldir.fits.storing import find_fit, find_fits, fit_model, list_fits

__all__ = [
    "DEFAULT_DRAWS",
    "DEFAULT_LEVEL_PERCENT",
    "DEFAULT_LOOKBACK_DAYS",
    "FEWEST_CONVERSIONS",
    "FEWEST_JOURNEYS",
    "FEWEST_OF_CHANNEL",
    "MARKOV",
    "SHAPLEY",
    "ChannelEarning",
    "ChannelFit",
    "ComparedChannel",
    "Fit",
    "FitAsked",
    "FitComparison",
    "FitInvalid",
    "FitRequest",
    "FitRequestUnknown",
    "FitResult",
    "FitSummary",
    "FitTooSmall",
    "FitUnknown",
    "FitWaiting",
    "Part",
    "TouchesForgotten",
    "activate_fit",
    "compare_fits",
    "find_fit",
    "find_fits",
    "find_latest_request",
    "fit_model",
    "list_fits",
    "make_fit",
    "read_fit_request",
    "read_journeys",
    "request_fit",
    "weigh_fit",
]
