"""What of a report leads to a person: the journey and the visit. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from skeldir.inbox.reporting import Report

ERASED: Final = "erased"
"""`payments.journey` of a payment whose traces were erased: later reports about it bring none."""


def without_traces(report: Report) -> Report:
    """Return a report as the function `erase_traces` of the database leaves it."""
    return replace(report, journey_hash=None, visit=None)
