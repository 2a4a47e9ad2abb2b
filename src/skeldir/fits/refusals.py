"""Why a fit is not made."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class FitTooSmall(SkeldirError):
    """There are too few journeys to say anything; no number is better than one that means nothing."""

    code = "fit_too_small"
    status = 422
    title = "There is not enough data for a fit"


class FitUnknown(SkeldirError):
    """The tenant has no such fit."""

    code = "fit_unknown"
    status = 404
    title = "The fit is not known"


class FitInvalid(SkeldirError):
    """A fit cannot be made with these parameters; nothing was written."""

    code = "fit_invalid"
    status = 422
    title = "The fit's parameters are not valid"


class TouchesForgotten(SkeldirError):
    """Touches that the journeys of the days would need are not kept any more."""

    code = "touches_forgotten"
    status = 409
    title = "Touches of these days were forgotten"


class JourneyKeysUnreadable(SkeldirError):
    """Journey keys have another length than those that the program records."""

    code = "journey_keys_unreadable"
    status = 500
    title = "The journey keys cannot be read"
