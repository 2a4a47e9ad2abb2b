"""Why spend is refused: errors with their cures."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class DayStoredOtherwise(SkeldirError):
    """Days of the campaign are recorded under another name, account or currency, and would count twice."""

    code = "day_stored_otherwise"
    status = 409
    title = "The same days are recorded otherwise"


class LoadUnknown(SkeldirError):
    """The tenant has no load with this id."""

    code = "load_unknown"
    status = 404
    title = "There is no such load"


class ChannelUnknown(SkeldirError):
    """A channel that was given for spend is none of the tenant's."""

    code = "spend_channel_unknown"
    status = 422
    title = "The channel is not known"
