"""Reading amounts as pages write them, so that tests show that nothing is lost in writing."""

from __future__ import annotations

import re

from skeldir.money import minor_units
from skeldir.web import Formats
from skeldir.web.locales import MINUS, NO_BREAK


def read_money(formats: Formats, text: str, currency: str) -> int:
    """Return the minor units of an amount as `Formats.money` and `money_with_code` write it.

    Raises `ValueError` for what is not written so, also for separators in other places; `CurrencyUnknown`.
    """
    written = text.removesuffix(f"{NO_BREAK}{currency}")
    whole, _, fraction = written.removeprefix(MINUS).partition(formats.locale.point)
    point = "." if fraction else ""
    plain = f"{whole.replace(formats.locale.group, '')}{point}{fraction}"
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain):
        minor = minor_units(plain, currency) * (-1 if written.startswith(MINUS) else 1)
        if formats.money(minor, currency) == written:
            return minor
    raise ValueError(f"{text!r} is not an amount of {currency} in {formats.locale.tag}.")
