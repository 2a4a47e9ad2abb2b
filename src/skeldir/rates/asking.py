"""The parameters of a report that can be converted."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from skeldir.rates.refusals import ConvertOpen
from skeldir.rates.stating import read_currency

Convert = Annotated[
    bool,
    Field(
        description="convert money of every other currency to `currency`, by each day's rate; without it, `currency`"
        " leaves out the others"
    ),
]
"""Whether a report is converted, as a parameter of it."""
RateSource = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""By whose rates, as a parameter of a report."""
ABOUT_RATE_SOURCE: Final = "with `convert`: whose rates; needed if there are several sources"


def target_of(*, convert: bool, currency: str | None, rate_source: str | None) -> str | None:
    """Return the currency to convert to, or None if nothing is to be converted.

    Raises:
        ConvertOpen: there is no currency to convert to, or a source of rates without a conversion.
        RateUnreadable: it is not the code of a currency.
    """
    if not convert:
        if rate_source is not None:
            raise ConvertOpen(
                "A source of rates was named, and nothing is converted.",
                cure="Ask for convert=true, or leave out rate_source.",
            )
        return None
    if currency is None:
        raise ConvertOpen(
            "The currency to convert to is missing.", cure="Name it, such as currency=EUR."
        )
    return read_currency(currency, "currency")
