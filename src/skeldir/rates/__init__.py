"""Exchange rates: what sources state per day, every revision, and converting sums by it. The door of the room."""

from skeldir.rates.asking import ABOUT_RATE_SOURCE, Convert, RateSource, target_of
from skeldir.rates.converter import Converter, open_converter
from skeldir.rates.converting import (
    MOST_DAYS_OLD,
    DayRate,
    as_text,
    convert_parts,
    find_rate,
    plain,
)
from skeldir.rates.files import ECB, one_rate, read_rates_file
from skeldir.rates.listing import list_rates
from skeldir.rates.recording import RatesRecorded, RestatedRate, record_rates
from skeldir.rates.refusals import (
    ConvertOpen,
    RateBaseDiffers,
    RateBaseOpen,
    RateJumps,
    RateMarkOpen,
    RateRepeated,
    RatesOpen,
    RateSourceOpen,
    RateSourceUnknown,
    RatesRefused,
    RateUnreadable,
)
from skeldir.rates.schemas import RateRevision
from skeldir.rates.shown import ConvertedBy, MissingRate, StatedRate, UsedRate
from skeldir.rates.stating import DecimalMark, Rate, StatedRates

__all__ = [
    "ABOUT_RATE_SOURCE",
    "ECB",
    "MOST_DAYS_OLD",
    "Convert",
    "ConvertOpen",
    "ConvertedBy",
    "Converter",
    "DayRate",
    "DecimalMark",
    "MissingRate",
    "Rate",
    "RateBaseDiffers",
    "RateBaseOpen",
    "RateJumps",
    "RateMarkOpen",
    "RateRepeated",
    "RateRevision",
    "RateSource",
    "RateSourceOpen",
    "RateSourceUnknown",
    "RateUnreadable",
    "RatesOpen",
    "RatesRecorded",
    "RatesRefused",
    "RestatedRate",
    "StatedRate",
    "StatedRates",
    "UsedRate",
    "as_text",
    "convert_parts",
    "find_rate",
    "list_rates",
    "one_rate",
    "open_converter",
    "plain",
    "read_rates_file",
    "record_rates",
    "target_of",
]
