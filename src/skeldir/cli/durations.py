"""Durations as people write them on the command line."""

from __future__ import annotations

import re
from datetime import timedelta

from skeldir.errors import InputInvalid

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def read_duration(text: str) -> timedelta:
    """Read a whole number with its unit, such as `90s`, `30m`, `24h` or `7d`; `0` needs none.

    Raises:
        InputInvalid: the text is not a duration.
    """
    if text == "0":
        return timedelta(0)
    if (found := _DURATION.fullmatch(text)) is None:
        raise InputInvalid(
            f"{text!r} is not a duration.",
            cure="Write a whole number with a unit, such as 90s, 30m, 24h or 7d, or 0.",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
