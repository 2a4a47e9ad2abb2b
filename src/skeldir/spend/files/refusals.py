"""Why an export is not imported: it leaves something open, or it contradicts itself. Nothing is written then."""

from __future__ import annotations

from skeldir.errors import SkeldirError


class ExportRefused(SkeldirError):
    """The export cannot be imported as it is."""

    code = "export_refused"
    status = 422
    title = "The export cannot be imported"


class ExportOpen(SkeldirError):
    """The export leaves something open that an option can say."""

    code = "export_open"
    status = 422
    title = "The export leaves something open"


class PlatformOpen(ExportOpen):
    """The header shows no known platform, or several."""

    code = "platform_open"


class AccountOpen(ExportOpen):
    """Nothing says whose campaigns they are."""

    code = "account_open"


class CurrencyOpen(ExportOpen):
    """Nothing says which currency the costs are in."""

    code = "currency_open"


class AmountsOpen(ExportOpen):
    """The decimal mark of the amounts cannot be seen."""

    code = "amounts_open"


class UnitOpen(ExportOpen):
    """Whole amounts of a platform that is not known may be in its currency's smallest unit."""

    code = "unit_open"


class DatesOpen(ExportOpen):
    """Which number of a date is the day cannot be seen."""

    code = "dates_open"


class ChannelOpen(ExportOpen):
    """Nothing says which channel the spend belongs to."""

    code = "channel_open"


class EndOpen(ExportOpen):
    """The file may have been cut off within its last row."""

    code = "end_open"


class ColumnsMissing(ExportRefused):
    """The file has no column of costs, or of campaigns."""

    code = "columns_missing"


class DaysMissing(ExportRefused):
    """The file has periods instead of days."""

    code = "days_missing"


class RowUnreadable(ExportRefused):
    """A cell of a row is not what its column holds."""

    code = "export_row_unreadable"


class RowsMissing(ExportRefused):
    """The file says that it has more rows, or a larger total."""

    code = "rows_missing"


class RowsRepeated(ExportRefused):
    """Rows of the file are there twice."""

    code = "rows_repeated"


class CurrencyContradicted(ExportRefused):
    """The file names two currencies for the same costs."""

    code = "spend_currency_contradicted"
