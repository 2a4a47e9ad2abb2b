"""Why a fit is not made."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class FitTooSmall(SkeldirError):
    """There are too few journeys to say anything; no number is better than one that means nothing."""

    code = "fit_too_small"
    status = 422
    title = "There is not enough data for a fit"


class FitTooLong(SkeldirError):
    """A worker would be kept from other work for too long."""

    code = "fit_too_long"
    status = 422
    title = "The fit would take too long"


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


class FitWaiting(SkeldirError):
    """A fit of the tenant that was asked for is not made yet."""

    code = "fit_waiting"
    status = 409
    title = "Another fit is waiting"


class FitRequestUnknown(SkeldirError):
    """The tenant has no such request for a fit."""

    code = "fit_request_unknown"
    status = 404
    title = "Such a fit was not asked for"


class FitAbandoned(SkeldirError):
    """The processes that made a fit ended, or could not reach the database, until no job was left."""

    code = "fit_abandoned"
    status = 500
    title = "The fit could not be made"


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
