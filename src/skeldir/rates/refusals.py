"""Why rates are not recorded, or sums not converted: errors with their cures."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class RatesRefused(SkeldirError):
    """The file or request cannot be read as rates, or contradicts itself."""

    code = "rates_refused"
    status = 422
    title = "The rates cannot be recorded"


class RateUnreadable(RatesRefused):
    """A rate, day or currency is not written as it must be."""

    code = "rate_unreadable"


class RateRepeated(RatesRefused):
    """The same day and currency has two rates."""

    code = "rate_repeated"


class RatesOpen(SkeldirError):
    """The file leaves something open that an option can say."""

    code = "rates_open"
    status = 422
    title = "The rates leave something open"


class RateBaseOpen(RatesOpen):
    """Nothing says which currency the rates are for one unit of, and so their direction."""

    code = "rate_base_open"


class RateMarkOpen(RatesOpen):
    """A comma may be a decimal mark or a separator of thousands."""

    code = "rate_mark_open"


class RateJumps(RatesOpen):
    """A rate is at least twice, or at most half, that of a few days before, or of the same day."""

    code = "rate_jumps"


class RateBaseDiffers(SkeldirError):
    """The source's rates are stored with another base currency."""

    code = "rate_base_differs"
    status = 409
    title = "The source has another base currency"


class RateSourceUnknown(SkeldirError):
    """The tenant has no rates of this source."""

    code = "rate_source_unknown"
    status = 422
    title = "The source of rates is not known"


class RateSourceOpen(SkeldirError):
    """The tenant has rates of several sources."""

    code = "rate_source_open"
    status = 422
    title = "Which rates to convert by is open"


class ConvertOpen(SkeldirError):
    """Something that a conversion needs is missing, or was given without a conversion."""

    code = "convert_open"
    status = 422
    title = "The conversion leaves something open"
